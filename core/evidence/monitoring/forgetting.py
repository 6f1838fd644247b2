"""Take one person out of a version's log: files are written anew without their rows, and each leaves a tombstone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlmodel import col, select

from core.errors import Conflict
from core.evidence.monitoring import partition, queries
from core.evidence.monitoring.batches import HASH, WHOM, BatchKind
from core.evidence.monitoring.logged import days_of, read_parts
from core.evidence.monitoring.partition import Written
from core.evidence.monitoring.records import LogPart
from core.evidence.monitoring.tables import PartRow
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor, Store, UnitOfWork

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was taken out: rows of predictions with what went in, rows of labels, and files as (old, new) digests.

    The new digest is empty where nothing of a file was left.
    """

    inputs: tuple[Mapping[str, object], ...]
    labels: int
    files: tuple[tuple[str, str], ...]


def forget(store: Store, actor: Actor, version_id: str, pseudonym: str) -> Forgotten:
    """Take the rows about a person out of a version's log. Profiles stay: they are counts of many.

    Raise `Conflict` while a batch is being counted; asking again later finishes what was begun.
    """
    gone: list[Mapping[str, object]] = []
    hashes: list[npt.NDArray[np.uint64]] = []

    def of_person(table: pa.Table) -> Flags:
        if WHOM not in table.column_names:
            return np.zeros(table.num_rows, dtype=bool)
        return np.asarray(pc.fill_null(pc.equal(table[WHOM], pseudonym), fill_value=False))

    def note(table: pa.Table) -> None:
        hashes.append(table[HASH].to_numpy())
        gone.extend({k: v for k, v in row.items() if not k.startswith("aval:")} for row in table.to_pylist())

    files = _rewritten(store, actor, version_id, BatchKind.PREDICTIONS, of_person, note)
    labels = 0
    if hashes:
        theirs = np.concatenate(hashes)

        def count(table: pa.Table) -> None:
            nonlocal labels
            labels += table.num_rows

        files += _rewritten(
            store, actor, version_id, BatchKind.LABELS, lambda t: np.isin(t[HASH].to_numpy(), theirs), count
        )
    return Forgotten(tuple(gone), labels, tuple(files))


def _rewritten(
    store: Store,
    actor: Actor,
    version_id: str,
    kind: BatchKind,
    chosen: Callable[[pa.Table], Flags],
    note: Callable[[pa.Table], None],
) -> list[tuple[str, str]]:
    with store.reading() as view:
        parts = queries.parts(view, version_id, kind)
    done = []
    for digest, some in groupby(sorted(parts, key=lambda p: (p.digest, p.row_group)), key=lambda p: p.digest):
        held = list(some)
        table = read_parts(store.files, held)
        theirs = chosen(table)
        if not theirs.any():
            continue
        fresh: tuple[Written, ...] = ()
        new = ""
        if not theirs.all():
            body, fresh = partition.write(table.filter(pa.array(~theirs)), days_of(held)[~theirs])
            new = store.files.put_bytes(body).digest
        with store.unit_of_work(actor) as uow:
            forget_rows(uow, version_id, kind, held, new, fresh)
        note(table.filter(pa.array(theirs)))
        with store.reading() as view:
            still = queries.is_log_file(view, digest)
        if not still:
            store.files.remove(digest)
        done.append((digest, new))
    return done


def forget_rows(
    uow: UnitOfWork,
    version_id: str,
    kind: BatchKind,
    old: Sequence[LogPart],
    digest: str,
    fresh: Sequence[Written],
) -> None:
    """Put the parts of a file without a person's rows in the place of those with them; the event is the tombstone."""
    require(uow.actor, Permission.ERASE_SUBJECT)
    wanted = [part.id for part in old]
    rows = uow.session.exec(select(PartRow).where(col(PartRow.id).in_(wanted)).with_for_update()).all()
    if len(rows) != len(wanted) or not all(row.profiled for row in rows):
        raise Conflict(
            "prediction_log.busy",
            N_("The log of this version is being worked on."),
            fix=N_("Ask again in a minute; what was begun is finished then."),
        )
    newest = max(rows, key=lambda row: row.sequence)
    batch_id, sequence = newest.batch_id, newest.sequence
    before = sum(row.rows for row in rows)
    for row in rows:
        uow.session.delete(row)
    for part in fresh:
        uow.session.add(
            PartRow(
                id=new_id("prt"),
                version_id=version_id,
                batch_id=batch_id,
                kind=kind.value,
                sequence=sequence,
                day=part.day,
                digest=digest,
                row_group=part.group,
                rows=part.rows,
                profiled=True,
            )
        )
    uow.record(
        "prediction_log.forgotten",
        "version",
        version_id,
        {
            "kind": kind.value,
            "old": old[0].digest,
            "new": digest,
            "rows": before - sum(part.rows for part in fresh),
            "reason": "subject.erased",
        },
    )
