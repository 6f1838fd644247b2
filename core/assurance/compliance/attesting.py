"""An attestation as the standing of a live version rests on it: once somebody stood in for a use case, it falls due."""

from itertools import zip_longest

from sqlmodel import Session, col, select

from core.assurance.compliance.tables import AttestationRow
from core.decisions.releases.standing import Fact, FactKind


def overdue(session: Session, use_case_id: str) -> tuple[Fact, ...]:
    """Return from when each attestation was overdue, until the next one was signed."""
    rows = session.exec(
        select(AttestationRow.signed_at, AttestationRow.until)
        .where(AttestationRow.use_case_id == use_case_id)
        .order_by(col(AttestationRow.signed_at), AttestationRow.id)
    ).all()
    renewed = [signed_at for signed_at, _until in rows[1:]]
    return tuple(
        Fact(FactKind.ATTESTATION_OVERDUE, until, signed_at, then)
        for (signed_at, until), then in zip_longest(rows, renewed)
    )
