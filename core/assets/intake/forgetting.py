"""Take an erased person's rows out of what intake keeps beside the data sets: predictions, and tables on their way."""

from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import Session, col, select

from core.assets.datasets.schema import Column
from core.assets.intake.draft import TableFile
from core.assets.intake.tables import DraftRow, EvaluationRow
from core.platform.access.permissions import Permission, require
from core.platform.store import UnitOfWork


def waiting_tables(session: Session) -> dict[str, TableFile]:
    """Return the tables of uploads that were not submitted, by the upload's id."""
    query = select(DraftRow).where(DraftRow.version_id == "")
    return {row.id: TableFile.from_json(row.table) for row in session.exec(query) if row.table is not None}


def drop_table(uow: UnitOfWork, draft_id: str) -> None:
    """Take the table out of an upload that was not submitted: whoever sends it again sends it without the person."""
    require(uow.actor, Permission.ERASE_SUBJECT)
    row = uow.session.get(DraftRow, draft_id, with_for_update=True)
    if row is None or row.table is None:
        return
    old = TableFile.from_json(row.table).digest
    row.table = None
    uow.session.add(row)
    uow.record("draft.table_forgotten", "draft", draft_id, {"old": old, "reason": "subject.erased"})


def move_tables(uow: UnitOfWork, old: str, new: str, *, rows: int, columns: Sequence[Column]) -> None:
    """Have submitted uploads name the table in the place of `old`; part of an erasure, which has the event."""
    require(uow.actor, Permission.ERASE_SUBJECT)
    for row in uow.session.exec(select(DraftRow).where(col(DraftRow.version_id) != "")):
        held = None if row.table is None else TableFile.from_json(row.table)
        if held is not None and held.digest == old:
            moved = replace(held, digest=new, source_digest=new, rows=rows, columns=tuple(columns))
            row.table = moved.to_json()
            uow.session.add(row)


def replace_predictions(uow: UnitOfWork, version_id: str, new: str, *, rows: int) -> None:
    """Put predictions without the person's rows in the place of those with them; `rows` are gone.

    What was measured on all of them stays as it was measured: figures over many tell of nobody.
    """
    require(uow.actor, Permission.ERASE_SUBJECT)
    query = select(EvaluationRow).where(EvaluationRow.version_id == version_id)
    row = uow.session.exec(query.with_for_update()).one()
    old, row.predictions_digest = row.predictions_digest, new
    uow.session.add(row)
    uow.record(
        "predictions.forgotten",
        "version",
        version_id,
        {"old": old, "new": new, "rows": rows, "reason": "subject.erased"},
    )
