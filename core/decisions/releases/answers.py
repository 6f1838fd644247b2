"""What the live version says of the rows that another was evaluated on: so the two are compared in pairs."""

from sqlmodel import Session

from core.assets.registry import Version
from core.assets.registry import queries as registry
from core.decisions.releases.tables import ChampionAnswersRow
from core.platform.access.permissions import Permission, require
from core.platform.store import UnitOfWork


def kept(session: Session, version: Version, champion_id: str) -> str:
    """Return the digest of a champion's predictions on a version's evaluation rows; empty where none stand for them."""
    row = session.get(ChampionAnswersRow, version.id)
    stands = row is not None and row.champion == champion_id and row.table_digest == version.table_digest
    return row.predictions_digest if row is not None and stands else ""


def keep(uow: UnitOfWork, version_id: str, champion_id: str, predictions_digest: str) -> None:
    """Keep a champion's predictions, coded and numbered by row as an evaluation has them; they replace earlier ones."""
    require(uow.actor, Permission.RUN_CHECKS)
    version = registry.version(uow.session, version_id)
    uow.session.merge(
        ChampionAnswersRow(
            version_id=version_id,
            champion=champion_id,
            table_digest=version.table_digest,
            predictions_digest=predictions_digest,
            made_at=uow.now,
        )
    )
    uow.record(
        "champion.answered",
        "version",
        version_id,
        {"champion": champion_id, "table": version.table_digest, "predictions": predictions_digest},
    )


def forget(uow: UnitOfWork, version_id: str) -> str:
    """Drop the predictions on a table from which somebody was erased; return the file's digest, empty where none was.

    A part of the erasure, which has the event.
    """
    require(uow.actor, Permission.ERASE_SUBJECT)
    row = uow.session.get(ChampionAnswersRow, version_id, with_for_update=True)
    if row is None:
        return ""
    uow.session.delete(row)
    return row.predictions_digest
