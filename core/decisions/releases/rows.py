"""The rows of a request, locked first, so that whoever decides sees every decision before it."""

from sqlmodel import select

from core.decisions.releases.tables import RequestRow, RoundRow
from core.errors import NotFound
from core.i18n import N_
from core.platform.store import UnitOfWork


def locked(uow: UnitOfWork, request_id: str) -> RequestRow:
    query = select(RequestRow).where(RequestRow.id == request_id).with_for_update()
    row = uow.session.exec(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound("release.unknown", N_("There is no release request {id}."), id=request_id)
    return row


def round_of(uow: UnitOfWork, row: RequestRow) -> RoundRow:
    query = select(RoundRow).where(RoundRow.request_id == row.id, RoundRow.number == row.round)
    return uow.session.exec(query).one()
