"""The impact assessment as a gate looks at it: an approved report whose review is not past due."""

from sqlmodel import Session

from core.assets.registry.lawful_basis import LawfulBasis
from core.assurance.compliance import queries
from core.decisions.releases.evidence import Subject
from core.decisions.releases.gates import Reading, Rule
from core.i18n import N_

ASSESSMENTS = ("ripd", "dpia", "fria")
"""The documents that assess the effect on people, of which one suffices."""


def read(session: Session, about: Subject, _rule: Rule) -> Reading:
    """Say whether an impact assessment of the use case is in force; none is asked where no personal data is used."""
    at = ("compliance", about.use_case.id)
    if about.use_case.lawful_basis == LawfulBasis.NO_PERSONAL_DATA:
        return Reading(holds=True, reason=N_("No personal data is used, so none is asked."), evidence=at)
    held = queries.documents_held(session).get(about.use_case.id, {})
    found = [held[kind] for kind in ASSESSMENTS if kind in held]
    if not found:
        return Reading(reason=N_("No impact assessment of the use case is approved."), evidence=at)
    if all(document.review_by < about.now for document in found):
        late = N_("The review of the impact assessment is past due.")
        return Reading(holds=False, reason=late, evidence=at)
    return Reading(holds=True, evidence=at)
