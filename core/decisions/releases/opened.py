"""Reading of which evidence was opened, by one person, or by the signers of what is live."""

from sqlmodel import Session, col, select

from core.decisions.releases.oversight import in_order
from core.decisions.releases.quorum import APPROVING
from core.decisions.releases.states import PRODUCTION
from core.decisions.releases.tables import DeploymentRow, EvidenceViewRow, RequestRow, RoundRow, VoteRow


def opened_by(session: Session, version_id: str, person_id: str) -> list[str]:
    """Return the parts of a version's evidence that a person has opened, in the order of pages."""
    query = select(EvidenceViewRow.part).where(
        EvidenceViewRow.version_id == version_id, EvidenceViewRow.person_id == person_id
    )
    return in_order(session.exec(query))


def opened_by_signers(session: Session, environment: str = PRODUCTION) -> dict[str, list[list[str] | None]]:
    """Return what each approving signer of what is live had opened, by use case id; none where it was not recorded."""
    query = (
        select(DeploymentRow.use_case_id, VoteRow.opened)
        .join(DeploymentRow, col(DeploymentRow.request_id) == VoteRow.request_id)
        .join(RequestRow, col(RequestRow.id) == VoteRow.request_id)
        .join(RoundRow, (col(RoundRow.id) == VoteRow.round_id) & (col(RoundRow.number) == RequestRow.round))
        .where(
            DeploymentRow.environment == environment,
            col(DeploymentRow.ended_at).is_(None),
            col(VoteRow.meaning).in_([m.value for m in APPROVING]),
        )
        .order_by(VoteRow.id)
    )
    found: dict[str, list[list[str] | None]] = {}
    for use_case_id, parts in session.exec(query):
        found.setdefault(use_case_id, []).append(None if parts is None else list(parts))
    return found
