"""Writing of data sets."""

from collections.abc import Mapping, Sequence

from sqlmodel import col, select

from core.assets.datasets import personal as inspection
from core.assets.datasets import queries
from core.assets.datasets.dataset import Dataset
from core.assets.datasets.schema import Column
from core.assets.datasets.tables import DatasetRow
from core.errors import Conflict, Invalid, NotFound
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.store import Json, UnitOfWork

MOST_PURPOSE = 500


def add_dataset(
    uow: UnitOfWork,
    *,
    digest: str,
    source_digest: str,
    name: str,
    rows: int,
    columns: Sequence[Column],
    protected: Sequence[str] = (),
    personal: Sequence[str] = (),
    lawful_basis: str = "",
) -> Dataset:
    """Keep a table that has been read and stored; part of the command that calls it, whose event names it.

    `personal` are columns that identify somebody; what is sensitive or says how a person is (sex, age) is proposed as
    personal too (LGPD art. 5, I and II).
    """
    require(uow.actor, Permission.UPLOAD_MODEL)
    return _kept(
        uow,
        digest=digest,
        source_digest=source_digest,
        name=name,
        rows=rows,
        columns=columns,
        protected=protected,
        personal=personal,
        lawful_basis=lawful_basis,
    )


def add_people_table(
    uow: UnitOfWork,
    *,
    digest: str,
    source_digest: str,
    name: str,
    rows: int,
    columns: Sequence[Column],
    key: str,
    lawful_basis: str,
) -> Dataset:
    """Keep a table of protected attributes that no model sees, joined by `key`; part of the command that declares them.

    Every column but the key counts as sensitive, confirmed by whoever sends it.
    """
    require(uow.actor, Permission.DESCRIBE_DATA)
    people = [c.name for c in columns if c.name != key]
    kept = _kept(
        uow,
        digest=digest,
        source_digest=source_digest,
        name=name,
        rows=rows,
        columns=columns,
        protected=people,
        personal=[c.name for c in columns],
        lawful_basis=lawful_basis,
    )
    row = _locked(uow, kept.id)
    row.sensitive = people
    row.flags_confirmed_by, row.flags_confirmed_at = uow.actor.id, uow.now
    uow.session.add(row)
    return queries.dataset(uow.session, row.id)


def inherit(uow: UnitOfWork, dataset_id: str, earlier_id: str) -> None:
    """Take over what people said of the columns of an earlier table; part of a submission, whose event names both.

    Flags come over as proposals: somebody confirms them for this table again.
    """
    require(uow.actor, Permission.UPLOAD_MODEL)
    row, earlier = _locked(uow, dataset_id), queries.dataset(uow.session, earlier_id)
    names = {str(c["name"]) for c in row.columns}
    row.purposes = {**{n: text for n, text in earlier.purposes.items() if n in names}, **row.purposes}
    if earlier.flags_confirmed_at is not None:
        known = {c.name for c in earlier.columns}
        for flag in ("personal", "sensitive"):
            kept = {n for n in getattr(row, flag) if n not in known} | {
                n for n in getattr(earlier, flag) if n in names
            }
            setattr(row, flag, [str(c["name"]) for c in row.columns if c["name"] in kept])
    uow.session.add(row)


def confirm_flags(
    uow: UnitOfWork, dataset_id: str, *, personal: Sequence[str], sensitive: Sequence[str]
) -> None:
    """Say which columns are personal data, and which of them sensitive; confirming twice the same is a conflict."""
    require(uow.actor, Permission.DESCRIBE_DATA)
    row = _locked(uow, dataset_id)
    _known(row, [*personal, *sensitive])
    order = [str(c["name"]) for c in row.columns]
    # Sensitive data is personal data by its definition (LGPD art. 5, II).
    people = [n for n in order if n in {*personal, *sensitive}]
    delicate = [n for n in order if n in set(sensitive)]
    if row.flags_confirmed_at is not None and (row.personal, row.sensitive) == (people, delicate):
        raise Conflict("dataset.unchanged", N_("Nothing changed in what is known of the data."))
    row.personal, row.sensitive = people, delicate
    row.flags_confirmed_by, row.flags_confirmed_at = uow.actor.id, uow.now
    uow.session.add(row)
    uow.record(
        "dataset.flags_confirmed",
        "dataset",
        dataset_id,
        {"personal": list(people), "sensitive": list(delicate), "digest": row.digest},
    )


def write_purposes(uow: UnitOfWork, dataset_id: str, purposes: Mapping[str, str]) -> None:
    """Write for what columns are used (LGPD art. 6, I–III); an empty text takes a note away."""
    require(uow.actor, Permission.DESCRIBE_DATA)
    row = _locked(uow, dataset_id)
    _known(row, purposes)
    written = {name: text.strip() for name, text in purposes.items()}
    long = next((name for name, text in written.items() if len(text) > MOST_PURPOSE), None)
    if long is not None:
        raise Invalid(
            "dataset.purpose_long",
            N_("The purpose of {column} is longer than {most} characters."),
            fix=N_("Say it in one or two sentences."),
            field=long,
            column=long,
            most=MOST_PURPOSE,
        )
    before = dict(row.purposes)
    after = {n: text for n, text in {**before, **written}.items() if text}
    if after == before:
        raise Conflict("dataset.unchanged", N_("Nothing changed in what is known of the data."))
    row.purposes = after
    uow.session.add(row)
    changed: list[str] = sorted(n for n in {*before, *after} if before.get(n) != after.get(n))
    uow.record(
        "dataset.purposes_written",
        "dataset",
        dataset_id,
        {"columns": list(changed), "written": len(after), "digest": row.digest},
    )


def replace_table(uow: UnitOfWork, old: str, new: str, *, rows: int, columns: Sequence[Column]) -> None:
    """Put a table without an erased person's rows in the place of one with them; each event is a tombstone.

    What arrived is gone too: from now on the new table stands for it. `rows` are left, and `columns` are read anew,
    since the categories of a column may have named the person.
    """
    require(uow.actor, Permission.ERASE_SUBJECT)
    query = select(DatasetRow).where(col(DatasetRow.digest) == old).order_by(col(DatasetRow.id))
    for row in uow.session.exec(query.with_for_update()).all():
        facts: dict[str, Json] = {
            "old": old,
            "source": row.source_digest,
            "new": new,
            "rows": row.rows - rows,
        }
        row.digest = row.source_digest = new
        row.rows = rows
        row.columns = [c.to_json() for c in columns]
        uow.session.add(row)
        uow.record("dataset.forgotten", "dataset", row.id, {**facts, "reason": "subject.erased"})


def _kept(
    uow: UnitOfWork,
    *,
    digest: str,
    source_digest: str,
    name: str,
    rows: int,
    columns: Sequence[Column],
    protected: Sequence[str],
    personal: Sequence[str],
    lawful_basis: str,
) -> Dataset:
    names = [c.name for c in columns]
    sensitive = inspection.sensitive(names)
    about_people = {*personal, *sensitive, *inspection.protected(names)}
    row = DatasetRow(
        id=new_id("ds"),
        digest=digest,
        source_digest=source_digest,
        name=name,
        rows=rows,
        columns=[c.to_json() for c in columns],
        protected=list(protected),
        personal=[name for name in names if name in about_people],
        sensitive=list(sensitive),
        lawful_basis=lawful_basis,
        created_by=uow.actor.id,
        created_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    return queries.dataset(uow.session, row.id)


def _known(row: DatasetRow, names: Sequence[str] | Mapping[str, str]) -> None:
    columns = {str(c["name"]) for c in row.columns}
    unknown = next((n for n in names if n not in columns), None)
    if unknown is not None:
        raise Invalid(
            "table.column_unknown",
            N_("The table has no column {column}."),
            field="column",
            column=unknown,
        )


def _locked(uow: UnitOfWork, dataset_id: str) -> DatasetRow:
    row = uow.session.exec(
        select(DatasetRow).where(col(DatasetRow.id) == dataset_id).with_for_update()
    ).first()
    if row is None:
        raise NotFound("dataset.unknown", N_("There is no data set {id}."), id=dataset_id)
    return row
