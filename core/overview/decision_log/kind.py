"""Which entries of the audit log are decisions, of which kind, and how each is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.assurance.reviews.request import OUTCOME_NAMES, Outcome
from core.decisions.releases.quorum import MEANING_DONE, Meaning
from core.i18n import N_
from core.platform.access.permissions import Permission
from core.platform.audit.queries import RecordedEvent


class Kind(StrEnum):
    """What a decision is about."""

    SIGNATURE = "signature"
    RELEASE = "release"
    EMERGENCY = "emergency"
    RETRAINING = "retraining"
    WAIVER = "waiver"
    FINDING = "finding"
    INCIDENT = "incident"
    ALERT = "alert"
    POLICY = "policy"
    VALUE = "value"
    MODEL = "model"
    COMPLIANCE = "compliance"
    REVIEW = "review"
    COMMENT = "comment"
    ACCESS = "access"


KIND_NAMES: Mapping[Kind, str] = {
    Kind.SIGNATURE: N_("Signatures"),
    Kind.RELEASE: N_("Releases"),
    Kind.EMERGENCY: N_("Emergency releases"),
    Kind.RETRAINING: N_("Retraining"),
    Kind.WAIVER: N_("Waivers"),
    Kind.FINDING: N_("Findings"),
    Kind.INCIDENT: N_("Incidents"),
    Kind.ALERT: N_("Alerts"),
    Kind.POLICY: N_("Policies and rules"),
    Kind.VALUE: N_("KPIs and values"),
    Kind.MODEL: N_("Use cases and models"),
    Kind.COMPLIANCE: N_("Compliance"),
    Kind.REVIEW: N_("Reviews"),
    Kind.COMMENT: N_("Comments"),
    Kind.ACCESS: N_("Access reviews"),
}

ONLY_WITH: Mapping[Kind, Permission] = {Kind.ACCESS: Permission.MANAGE_PEOPLE}
"""Kinds that not everybody who may see decisions may see: what is read nowhere else is not found here."""


@dataclass(frozen=True, slots=True)
class Act:
    """What was done, in words and as an icon."""

    kind: Kind
    words: str
    icon: str


def _of(kind: Kind, **said: tuple[str, str]) -> dict[str, Act]:
    return {name.replace("__", "."): Act(kind, words, icon) for name, (words, icon) in said.items()}


ACTS: Mapping[str, Act] = {
    **_of(Kind.SIGNATURE, release__signed=(N_("Signed"), "draw")),
    **_of(
        Kind.RELEASE,
        release__requested=(N_("Release requested"), "approval"),
        release__resubmitted=(N_("New round opened"), "restart_alt"),
        release__withdrawn=(N_("Request withdrawn"), "undo"),
        release__rolled_back=(N_("Brought back by a roll-back"), "undo"),
        release__retired=(N_("Taken out of service"), "inventory_2"),
        release__expired=(N_("Expired without a decision"), "timer_off"),
        release__lapsed=(N_("The approval lapsed"), "pause_circle"),
        release__restored=(N_("The approval holds again"), "play_circle"),
        condition__met=(N_("Condition met"), "task_alt"),
        delegation__given=(N_("Seat lent"), "person_edit"),
        delegation__ended=(N_("Lent seat taken back"), "person_edit"),
    ),
    **_of(
        Kind.EMERGENCY,
        release__emergency=(N_("Emergency release"), "emergency_home"),
        release__emergency_reviewed=(N_("Emergency release reviewed"), "fact_check"),
        release__reviewer_named=(N_("Another reviewer named"), "person_edit"),
    ),
    **_of(
        Kind.RETRAINING,
        retraining__policy_set=(N_("Retraining policy set"), "tune"),
        retraining__proposed=(N_("Retraining proposed"), "model_training"),
        retraining__answered=(N_("Retraining answered"), "how_to_vote"),
        retraining__decided=(N_("Retraining decided"), "gavel"),
        retraining__compared=(N_("Challenger compared"), "balance"),
        retraining__failed=(N_("Retraining failed"), "error"),
        shadow__started=(N_("Shadow run started"), "visibility"),
        shadow__ended=(N_("Shadow run ended"), "visibility_off"),
    ),
    **_of(
        Kind.WAIVER,
        finding__waived=(N_("Finding waived"), "hourglass_top"),
        finding__waiver_revoked=(N_("Waiver revoked"), "hourglass_disabled"),
    ),
    **_of(
        Kind.FINDING,
        finding__opened=(N_("Finding opened"), "report"),
        finding__resolved=(N_("Finding resolved"), "task_alt"),
    ),
    **_of(
        Kind.INCIDENT,
        incident__opened=(N_("Incident opened"), "emergency_home"),
        incident__noted=(N_("Incident noted"), "edit_note"),
        incident__classified=(N_("Incident classified"), "label"),
        incident__told=(N_("Told of an incident"), "campaign"),
        incident__closed=(N_("Incident closed"), "task_alt"),
    ),
    **_of(
        Kind.ALERT,
        alert__acknowledged=(N_("Alert acknowledged"), "visibility"),
        alert__assigned=(N_("Alert assigned"), "person_edit"),
        alert__snoozed=(N_("Alert put off"), "snooze"),
        alert__woken=(N_("Alert taken up again"), "alarm"),
        alert__escalated=(N_("Alert escalated"), "arrow_upward"),
    ),
    **_of(
        Kind.POLICY,
        policy__published=(N_("Policy published"), "policy"),
        alert__rules_published=(N_("Monitoring rules published"), "rule"),
        law__followed=(N_("Law followed"), "balance"),
        law__left=(N_("Law no longer followed"), "balance"),
    ),
    **_of(
        Kind.VALUE,
        kpi__proposed=(N_("KPI proposed"), "target"),
        kpi__change_proposed=(N_("Change of a KPI proposed"), "target"),
        kpi__approved=(N_("KPI put in force"), "target"),
        kpi__declined=(N_("KPI declined"), "block"),
        kpi__retired=(N_("KPI retired"), "inventory_2"),
        cost_matrix__proposed=(N_("Values of decisions proposed"), "payments"),
        cost_matrix__signed=(N_("Values of decisions signed"), "payments"),
        threshold__frozen=(N_("Threshold chosen"), "tune"),
    ),
    **_of(
        Kind.MODEL,
        use_case__created=(N_("Use case defined"), "deployed_code"),
        use_case__edited=(N_("Use case changed"), "edit"),
        version__names_approved=(N_("Names in the file approved"), "policy"),
        version__refused=(N_("Version refused"), "block"),
        dataset__flags_confirmed=(N_("Personal data confirmed"), "shield_person"),
        dataset__purposes_written=(N_("Purposes of data written"), "shield_person"),
        fairness__declared=(N_("Groups to compare declared"), "groups"),
        recourse__limits_set=(N_("Limits of recourse set"), "alt_route"),
    ),
    **_of(
        Kind.COMPLIANCE,
        attestation__signed=(N_("Attested"), "verified_user"),
        modification__answered=(N_("Substantial modification answered"), "difference"),
        question__answered=(N_("Question of a document answered"), "quiz"),
        document__approved=(N_("Document approved"), "description"),
    ),
    **_of(Kind.REVIEW, review__decided=(N_("Request of an affected person decided"), "support_agent")),
    **_of(
        Kind.COMMENT,
        comment__written=(N_("Comment written"), "chat"),
        comment__edited=(N_("Comment edited"), "edit"),
    ),
    **_of(Kind.ACCESS, access__reviewed=(N_("Access reviewed"), "badge")),
}
"""By action. What is none of these is work, measurement or bookkeeping, and stands in the audit trail alone."""


def words_of(event: RecordedEvent) -> str:
    """Return what was done as a catalogue key: of a signature its meaning, of a request what was decided."""
    meaning, outcome = (str(event.data.get(name, "")) for name in ("meaning", "outcome"))
    if event.action == "release.signed" and meaning in set(Meaning):
        return MEANING_DONE[Meaning(meaning)]
    if event.action == "review.decided" and outcome in set(Outcome):
        return OUTCOME_NAMES[Outcome(outcome)]
    return ACTS[event.action].words
