"""Erase a person from tables: rows that name them, or equal what was logged of them, and what came of those.

A table, the predictions on it and the attributions of its rows hang together by position: all are written anew or
deleted in one transaction, and what they told is measured again. Each change leaves a tombstone in the log. What a
retraining froze of a log holds their rows too, and so does the table on which its challenger was judged.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.assets.datasets import commands as datasets_commands
from core.assets.datasets import queries as datasets
from core.assets.datasets import whose
from core.assets.datasets.dataset import Dataset
from core.assets.datasets.reading import to_parquet
from core.assets.datasets.schema import infer
from core.assets.datasets.whose import Flags
from core.assets.intake import forgetting
from core.assets.intake import queries as intake
from core.assets.registry import commands as registry_commands
from core.assets.registry import queries as registry
from core.assets.registry.version import Version, VersionState
from core.decisions.releases import answers
from core.decisions.retraining import commands as retraining_commands
from core.decisions.retraining import queries as retraining
from core.errors import Conflict
from core.evidence import measuring
from core.evidence.explain import commands as explain
from core.i18n import N_
from core.platform.store import Actor, Store

Places = npt.NDArray[np.intp]
Inputs = Mapping[str, Sequence[Mapping[str, object]]]
"""What was logged of the person, by version."""
Asked = Sequence[tuple[Version, Sequence[Mapping[str, object]]]]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Rows taken out of tables, files written anew as (old, new), and the versions that were evaluated on them."""

    rows: int = 0
    files: tuple[tuple[str, str], ...] = ()
    versions: frozenset[str] = frozenset()


def erase(store: Store, actor: Actor, theirs: Callable[[str], bool], inputs: Inputs) -> Cleaned:
    """Take a person out of every table of the house; `theirs` knows a reference of theirs.

    Raise `Conflict` while a version is being checked on one of the tables; asking again later finishes what was begun.
    """
    with store.reading() as view:
        held = datasets.by_digest(view)
        waiting = forgetting.waiting_tables(view)
        asked = [(version, inputs[version.id]) for version in registry.versions_by_id(view, inputs.keys())]
    for draft_id, table in waiting.items():
        if _named(store, table.digest, table.personal, theirs).any():
            with store.unit_of_work(actor) as uow:
                forgetting.drop_table(uow, draft_id)
            _remove(store, {table.digest, table.source_digest} - held.keys())
    found = [
        one
        for digest, those in sorted(held.items())
        if (one := _of_table(store, actor, digest, those, theirs, asked)) is not None
    ]
    return Cleaned(
        sum(one.rows for one in found),
        tuple(pair for one in found for pair in one.files),
        frozenset[str]().union(*(one.versions for one in found)),
    )


def _of_table(
    store: Store,
    actor: Actor,
    digest: str,
    those: Sequence[Dataset],
    theirs: Callable[[str], bool],
    asked: Asked,
) -> Cleaned | None:
    with store.reading() as view:
        versions = registry.versions_on(view, digest)
        trained = retraining.trained_on(view, digest)
        champions = registry.versions_by_id(view, {one.champion for one in trained})
    gone = _named(store, digest, {name for one in those for name in one.personal}, theirs)
    logged = {v.id: rows for v in (*versions, *champions) if (rows := _logged(v, asked))}
    if logged:
        table = datasets.frame(store.files, digest)
        for version in versions:
            if version.id in logged:
                gone |= whose.alike(version.features_of(table), logged[version.id])
        for champion in champions:  # a snapshot calls each feature as the model does
            if champion.id in logged:
                gone |= whose.alike(table[list(champion.signature.names)], logged[champion.id])
    if not gone.any():
        return None
    busy = next((v for v in versions if v.state in {VersionState.CHECKING, VersionState.RECEIVED}), None)
    if busy is not None:
        raise Conflict(
            "erasure.version_busy",
            N_("Version {number} of {use_case} is being checked on a table that holds the person."),
            fix=N_("Ask again once it is settled; what was begun is finished then."),
            number=busy.number,
            use_case=busy.use_case_slug,
        )
    found = _cleaned(store, actor, digest, those, versions, gone)
    return replace(found, versions=found.versions | {one.challenger for one in trained if one.challenger})


def _logged(version: Version, asked: Asked) -> Sequence[Mapping[str, object]]:
    """Return what any version of the use case that takes the same features was asked about the person."""
    names, case = version.signature.names, version.use_case_id
    kin = [inputs for v, inputs in asked if v.use_case_id == case and v.signature.names == names]
    return [one for inputs in kin for one in inputs] if names else []


def _cleaned(
    store: Store,
    actor: Actor,
    digest: str,
    those: Sequence[Dataset],
    versions: Sequence[Version],
    gone: Flags,
) -> Cleaned:
    table = datasets.frame(store.files, digest)
    left = table[~gone].reset_index(drop=True)
    new = store.files.put_bytes(to_parquet(left)).digest
    columns = infer(left)
    before = {digest, *(one.source_digest for one in those)}
    files = [(digest, new)]
    with store.reading() as view:
        evaluations = {v.id: intake.evaluation(view, v.id) for v in versions}
    predicted = {
        v.id: (
            one.predictions_digest,
            *_predictions(store, one.predictions_digest, _labelled(table, v), gone),
        )
        for v in versions
        if (one := evaluations[v.id]) is not None
    }
    with store.unit_of_work(actor) as uow:
        datasets_commands.replace_table(uow, digest, new, rows=len(left), columns=columns)
        retraining_commands.move_snapshots(uow, digest, new)
        registry_commands.move_table(uow, digest, new)
        forgetting.move_tables(uow, digest, new, rows=len(left), columns=columns)
        for version_id, (old, fresh, rows) in predicted.items():
            forgetting.replace_predictions(uow, version_id, fresh, rows=rows)
            files.append((old, fresh))
            before |= {old, explain.forget(uow, version_id), answers.forget(uow, version_id)}
        for version in versions:
            if version.state is VersionState.READY and len(left):
                measuring.enqueue_all(uow, version.id, loads=bool(version.signature.features))
    _remove(store, before - {new, *(fresh for _old, fresh, _rows in predicted.values()), ""})
    return Cleaned(int(gone.sum()), tuple(files), frozenset(v.id for v in versions))


def _named(
    store: Store, digest: str, columns: Sequence[str] | set[str], theirs: Callable[[str], bool]
) -> Flags:
    path = store.files.path(digest)
    schema = pq.read_schema(path)
    asked = [name for name in schema.names if name in set(columns)]
    if not asked:
        return np.zeros(pq.read_metadata(path).num_rows, dtype=bool)
    return whose.named(pd.read_parquet(path, columns=asked), asked, theirs)


def _labelled(table: pd.DataFrame, version: Version) -> Places:
    """Return the positions of the rows that a version was measured on, in the order of its predictions."""
    return np.flatnonzero(table[version.label_column].notna().to_numpy())


def _predictions(store: Store, digest: str, rows: Places, gone: Flags) -> tuple[str, int]:
    """Write predictions without the rows of `gone`, each under its new position; return the digest and how many went."""
    table = pq.read_table(store.files.path(digest))
    stays = ~gone[rows]
    place = np.cumsum(~gone) - 1
    kept = table.filter(pa.array(stays))
    at = kept.column_names.index("row")
    kept = kept.set_column(
        at, kept.schema.field(at), pa.array(place[rows[stays]], kept.schema.field(at).type)
    )
    buffer = io.BytesIO()
    pq.write_table(kept, buffer, compression="zstd")
    return store.files.put_bytes(buffer.getvalue()).digest, int((~stays).sum())


def _remove(store: Store, digests: set[str]) -> None:
    """Remove files that no data set names any more."""
    for digest in sorted(digests):
        with store.reading() as view:
            held = datasets.holds(view, digest)
        if not held:
            store.files.remove(digest)
