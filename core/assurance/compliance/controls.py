"""Controls: each asks one question of the facts and answers met, partly or not met, with the reason and a link.

A control names the facts it rests on (`needs`): turning one of them off turns exactly the provisions that name the
control, and a test holds that for each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from core.assurance.compliance.facts import Clocks, Facts, HouseFacts
from core.i18n import N_, _, day, number, percent

ENOUGH_CARD = 0.8
FRESH_PREDICTIONS = timedelta(days=35)
FRESH_ACCESS_REVIEW = timedelta(days=365)
FRESH_CHECKPOINT = timedelta(days=2)


class Met(StrEnum):
    """How a provision or control stands."""

    MET = "met"
    PARTLY = "partly"
    NOT_MET = "not_met"
    NOT_OURS = "not_ours"
    NOT_APPLICABLE = "not_applicable"


MET_NAMES: Mapping[Met, str] = {
    Met.MET: N_("Met"),
    Met.PARTLY: N_("Partly"),
    Met.NOT_MET: N_("Not met"),
    Met.NOT_OURS: N_("Not ours"),
    Met.NOT_APPLICABLE: N_("Does not apply"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a control found: `template` is a catalogue key filled with `params`; `page` and `query` lead to evidence."""

    met: Met
    template: str
    params: Mapping[str, object] = field(default_factory=dict)
    page: str = ""
    query: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """What was found, in the reader's language: days, shares and counts as the reader writes them."""
        return _(self.template, **{name: _shown(name, value) for name, value in self.params.items()})


@dataclass(frozen=True, slots=True)
class Control:
    """A named question with the facts it rests on."""

    id: str
    question: str
    needs: tuple[str, ...]
    ask: Callable[[Facts, HouseFacts, datetime], Answer]


def _shown(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return day(value)
    if name == "share" and isinstance(value, float):
        return percent(value, 0)
    return number(value) if isinstance(value, int) else value


def _answer(met: bool | None, template: str, page: str, f: Facts, **params: object) -> Answer:
    """Answer yes, no, or in part (`None`)."""
    found = Met.PARTLY if met is None else Met.MET if met else Met.NOT_MET
    query = {"use_case": f.slug}
    if page in {"model", "explainability", "monitoring", "fairness"} and f.version_number is not None:
        query["version"] = str(f.version_number)
    return Answer(found, template, params, page, query)


def _purpose(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    said = bool(f.purpose.strip())
    text = N_("The use case states its purpose.") if said else N_("The use case states no purpose.")
    return _answer(said, text, "model", f)


def _feature_purposes(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if not f.version_id:
        return _answer(False, _NO_VERSION, "upload", f)
    every = f.features > 0 and f.features_with_purpose >= f.features
    none = f.features_with_purpose == 0
    text = N_("{some} of {all} features say what they are needed for.")
    return _answer(
        every or (False if none else None), text, "model", f, some=f.features_with_purpose, all=f.features
    )


def _lawful_basis(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    named = [bool(f.lawful_basis.strip()), bool(f.data_basis.strip()) or not f.version_id]
    if all(named):
        return _answer(True, N_("Use case and data name their lawful basis."), "model", f)
    if not any(named) or not named[0]:
        return _answer(False, N_("The use case names no lawful basis."), "model", f)
    return _answer(None, N_("The use case names a lawful basis; its data names none."), "model", f)


def _data_flags(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if not f.version_id:
        return _answer(False, _NO_VERSION, "upload", f)
    if f.data_flags_confirmed:
        return _answer(True, N_("A person confirmed which columns are personal or sensitive."), "model", f)
    text = N_("Nobody has confirmed which columns are personal or sensitive.")
    return _answer(False, text, "model", f)


def _dataset_sheet(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    return _share(f.data_sheet_share, N_("The data sheet is filled to {share}."), f)


def _model_card(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    return _share(f.card_share, N_("The model card is filled to {share}."), f)


def _share(share: float | None, text: str, f: Facts) -> Answer:
    if share is None:
        return _answer(False, _NO_VERSION, "upload", f)
    met = True if share >= ENOUGH_CARD else None if share > 0 else False
    return _answer(met, text, "model", f, share=share)


def _sealed(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if f.sealed_first is None:
        return _answer(False, N_("No version was evaluated under sealed thresholds yet."), "model", f)
    if f.sealed_first:
        return _answer(True, N_("The thresholds were sealed before the evaluation started."), "policies", f)
    return _answer(False, N_("The thresholds were sealed after the evaluation had started."), "policies", f)


def _declared_metrics(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if not f.metrics:
        return _answer(False, N_("No metric was measured yet."), "model", f)
    whole = f.metrics_with_interval == f.metrics
    text = N_("{some} of {all} metrics carry an interval.")
    return _answer(whole or None, text, "model", f, some=f.metrics_with_interval, all=f.metrics)


def _fairness(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if not f.fairness_reported:
        return _answer(False, N_("No fairness report is stored for this version."), "fairness", f)
    return _answer(True, N_("A fairness report by group, with intervals, is stored."), "fairness", f)


def _robustness(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if f.robustness_at is None:
        return _answer(False, N_("The model was not tried under disturbed inputs yet."), "fairness", f)
    text = N_("The model was tried under disturbed inputs on {day}.")
    return _answer(True, text, "fairness", f, day=f.robustness_at)


def _explanation(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if f.explanation_usable is None:
        return _answer(False, N_("No explanation is stored for this version."), "explainability", f)
    if f.explanation_usable:
        text = N_("Single decisions can be explained; the explanation passed its check.")
        return _answer(True, text, "explainability", f)
    text = N_("The explanation failed its check: it may not be used in a letter.")
    return _answer(None, text, "explainability", f)


def _oversight(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if f.human_oversight.strip():
        text = N_("The use case says who oversees it, and a live version can be stopped on its page.")
        return _answer(True, text, "model", f)
    return _answer(False, N_("The use case does not say who oversees it."), "model", f)


def _affected(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if f.affected_people.strip():
        return _answer(True, N_("The use case says whom it affects."), "model", f)
    return _answer(False, N_("The use case does not say whom it affects."), "model", f)


def _oversight_log(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if f.looked_before_signing is None:
        return _answer(False, N_("No decision records what its signers had opened."), "releases", f)
    if not f.signatures or f.looked_before_signing < f.signatures:
        text = N_("{some} of {all} signers had opened the evidence before they signed.")
        met = None if f.looked_before_signing else False
        return _answer(met, text, "releases", f, some=f.looked_before_signing, all=f.signatures)
    return _answer(True, N_("Every signer had opened the evidence before signing."), "releases", f)


def _signed_release(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if not f.live:
        return _answer(False, N_("No version is live by a signed decision."), "releases", f)
    if f.emergency_unpaid:
        text = N_("The live version came by an emergency release whose review is still owed.")
        return _answer(None, text, "releases", f)
    text = N_(
        "The live version was signed by {n} people of {areas} areas, each by password and with a meaning."
    )
    return _answer(f.signatures > 0, text, "releases", f, n=f.signatures, areas=len(f.areas))


def _independent(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if "validator" in f.areas:
        return _answer(True, N_("Independent validation signed the live version."), "releases", f)
    if f.live:
        return _answer(False, N_("Independent validation has not signed the live version."), "releases", f)
    return _answer(False, N_("No version is live by a signed decision."), "releases", f)


def _policy(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if f.policy_in_force:
        return _answer(True, N_("A published policy rules releases of this tier."), "policies", f)
    return _answer(False, N_("No policy is published for this tier."), "policies", f)


def _inventory(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if f.owner_id and f.tier_answered:
        return _answer(
            True, N_("Registered with an owner and a tier found by the questionnaire."), "model", f
        )
    text = N_("Registered with an owner; the tier was set without the questionnaire.")
    return _answer(None if f.owner_id else False, text, "model", f)


def _tier(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if f.tier_answered:
        return _answer(True, N_("The tier was found by the questionnaire."), "model", f)
    return _answer(False, N_("The tier was set without the questionnaire."), "model", f)


def _vendor(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if not f.version_id:
        return _answer(False, _NO_VERSION, "upload", f)
    if f.evidence_only:
        text = N_("A vendor's model, governed by its predictions like any other.")
        return _answer(f.metrics > 0, text, "model", f)
    return _answer(True, N_("Not a vendor's model: its file is registered and was read."), "model", f)


def _monitored(f: Facts, _h: HouseFacts, now: datetime) -> Answer:
    if not f.live:
        return _answer(False, N_("No version is live by a signed decision."), "releases", f)
    if f.last_prediction_at is None:
        return _answer(False, N_("No prediction of the live version has arrived."), "monitoring", f)
    fresh = now - f.last_prediction_at <= FRESH_PREDICTIONS
    text = N_("The newest prediction is of {day}; it is compared with the reference.")
    return _answer(True if fresh and f.profiled else None, text, "monitoring", f, day=f.last_prediction_at)


def _predictions_logged(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if f.last_prediction_at is None:
        return _answer(False, N_("No prediction of the live version has arrived."), "monitoring", f)
    text = N_("Predictions are logged; the newest is of {day}.")
    return _answer(True, text, "monitoring", f, day=f.last_prediction_at)


def _outcomes(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if not f.realised_windows:
        return _answer(False, N_("No outcome has been held against the predictions yet."), "monitoring", f)
    text = N_("Realised performance is measured for {n} windows.")
    return _answer(True, text, "monitoring", f, n=f.realised_windows)


def _findings(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    text = N_("{n} findings are open, {late} past their due day.")
    return _answer(not f.findings_overdue, text, "model", f, n=f.findings_open, late=f.findings_overdue)


def _clock(clocks: Clocks, page: str, f: Facts) -> Answer:
    text = N_("{open} open, {overdue} past the deadline; {in_time} answered in time, {late} late.")
    met = False if clocks.overdue else None if clocks.late else True
    return _answer(
        met, text, page, f, open=clocks.open, overdue=clocks.overdue, in_time=clocks.in_time, late=clocks.late
    )


def _incidents(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    return _clock(f.incidents, "compliance", f)


def _requests(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    return _clock(f.requests, "reviews", f)


def _reviews(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    return _clock(f.reviews, "reviews", f)


def _erasures(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    return _clock(f.erasures, "reviews", f)


def _event_log(f: Facts, h: HouseFacts, now: datetime) -> Answer:
    if h.checkpoint_at is None:
        return _answer(False, N_("The audit log has no signed checkpoint yet."), "audit_trail", f)
    if not h.sealed_size:
        text = N_("{n} entries are logged; no checkpoint is held outside the store.")
        return _answer(None, text, "audit_trail", f, n=h.log_size)
    stale = now - h.checkpoint_at > FRESH_CHECKPOINT
    text = N_("{n} entries are logged; a checkpoint outside the store holds {sealed} of them.")
    return _answer(None if stale else True, text, "audit_trail", f, n=h.log_size, sealed=h.sealed_size)


def _access_review(f: Facts, h: HouseFacts, now: datetime) -> Answer:
    if h.access_reviewed_at is None:
        return _answer(False, N_("Nobody has reviewed who may do what."), "settings", f)
    met = True if now - h.access_reviewed_at <= FRESH_ACCESS_REVIEW else None
    return _answer(met, N_("Who may do what was reviewed on {day}."), "settings", f, day=h.access_reviewed_at)


def _retention(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if f.retention_days is None:
        return _answer(False, N_("Nothing says how long logged predictions are kept."), "settings", f)
    text = N_("Logged predictions are kept for {n} days.")
    return _answer(True, text, "settings", f, n=f.retention_days)


def _modification(f: Facts, _h: HouseFacts, _now: datetime) -> Answer:
    if not f.version_id:
        return _answer(False, _NO_VERSION, "upload", f)
    if f.modification_answered:
        return _answer(
            True, N_("Whether this version is a substantial modification was answered."), "compliance", f
        )
    text = N_("Nobody has said whether this version is a substantial modification.")
    return _answer(False, text, "compliance", f)


def _attestation(f: Facts, _h: HouseFacts, now: datetime) -> Answer:
    if f.attested_until is None:
        return _answer(
            False, N_("Nobody independent of the owner has attested to this use case."), "compliance", f
        )
    if f.attested_until < now:
        return _answer(False, N_("The attestation lapsed on {day}."), "compliance", f, day=f.attested_until)
    return _answer(
        True, N_("Attested; the next attestation is due on {day}."), "compliance", f, day=f.attested_until
    )


def _impact(f: Facts, h: HouseFacts, now: datetime) -> Answer:
    answers = [document_control(kind).ask(f, h, now) for kind in ("ripd", "dpia", "fria")]
    return max(answers, key=lambda a: (a.met is Met.MET, a.met is Met.PARTLY))


def _file_kept(f: Facts, _h: HouseFacts, now: datetime) -> Answer:
    held = f.documents.get("technical_file")
    if held is None:
        return _answer(False, N_("The document is not approved yet."), "compliance", f)
    kept = held.kept_until is not None and held.kept_until > now
    text = (
        N_("The technical file is kept until {day}.")
        if kept
        else N_("The technical file has no retention lock.")
    )
    return _answer(kept, text, "compliance", f, day=held.kept_until)


_NO_VERSION = N_("No version is registered yet.")

_ALL: tuple[Control, ...] = (
    Control("purpose", N_("Purpose is stated"), ("purpose",), _purpose),
    Control(
        "feature_purposes",
        N_("Each feature says what it is for"),
        ("features_with_purpose",),
        _feature_purposes,
    ),
    Control("lawful_basis", N_("Lawful basis is named"), ("lawful_basis",), _lawful_basis),
    Control(
        "data_flags", N_("Personal and sensitive data is marked"), ("data_flags_confirmed",), _data_flags
    ),
    Control("dataset_sheet", N_("Data sheet"), ("data_sheet_share",), _dataset_sheet),
    Control("model_card", N_("Model card"), ("card_share",), _model_card),
    Control("sealed_thresholds", N_("Thresholds set before the test"), ("sealed_first",), _sealed),
    Control("declared_metrics", N_("Metrics with intervals"), ("metrics",), _declared_metrics),
    Control("fairness_report", N_("Fairness report"), ("fairness_reported",), _fairness),
    Control("robustness_report", N_("Robustness"), ("robustness_at",), _robustness),
    Control(
        "individual_explanation",
        N_("Single decisions can be explained"),
        ("explanation_usable",),
        _explanation,
    ),
    Control("human_oversight", N_("Human oversight"), ("human_oversight",), _oversight),
    Control("affected_people", N_("Affected people are named"), ("affected_people",), _affected),
    Control("oversight_log", N_("Signers saw the evidence"), ("looked_before_signing",), _oversight_log),
    Control("signed_release", N_("Signed decision"), ("live",), _signed_release),
    Control("independent_validation", N_("Independent validation"), ("areas",), _independent),
    Control("policy_in_force", N_("Policy"), ("policy_in_force",), _policy),
    Control("inventory", N_("Inventory"), ("owner_id", "tier_answered"), _inventory),
    Control("risk_tier", N_("Risk tier"), ("tier_answered",), _tier),
    Control("vendor_models", N_("Vendor models"), ("version_id",), _vendor),
    Control("monitored", N_("Monitoring"), ("last_prediction_at",), _monitored),
    Control("predictions_logged", N_("Predictions are logged"), ("last_prediction_at",), _predictions_logged),
    Control("outcomes", N_("Outcomes"), ("realised_windows",), _outcomes),
    Control("findings_in_time", N_("Findings are handled in time"), ("findings_overdue",), _findings),
    Control("incidents_in_time", N_("Incidents are reported in time"), ("incidents",), _incidents),
    Control("requests_in_time", N_("People's requests are answered in time"), ("requests",), _requests),
    Control("reviews_in_time", N_("Reviews of decisions are answered in time"), ("reviews",), _reviews),
    Control("erasures_in_time", N_("Erasures are done in time"), ("erasures",), _erasures),
    Control("event_log", N_("Audit log"), ("checkpoint_at",), _event_log),
    Control("access_review", N_("Access review"), ("access_reviewed_at",), _access_review),
    Control("retention", N_("Retention"), ("retention_days",), _retention),
    Control(
        "substantial_modification", N_("Substantial modification"), ("modification_answered",), _modification
    ),
    Control("attestation", N_("Attestation"), ("attested_until",), _attestation),
    Control("impact_assessment", N_("Impact assessment"), ("documents",), _impact),
    Control("technical_file_kept", N_("Technical file is kept"), ("documents",), _file_kept),
)

DOCUMENT_KINDS: Mapping[str, str] = {
    "card_public": N_("Model card for the public"),
    "processing_record": N_("Record of processing"),
    "ripd": N_("Impact report (RIPD)"),
    "dpia": N_("Data protection impact assessment"),
    "technical_file": N_("Technical documentation"),
    "instructions_for_use": N_("Instructions for use"),
    "fria": N_("Fundamental rights impact assessment"),
    "monitoring_plan": N_("Post-market monitoring plan"),
    "monitoring_report": N_("Post-market monitoring report"),
    "validation_report": N_("Validation report"),
}


@cache
def document_control(kind: str) -> Control:
    """Return the control that asks for an approved document of this kind."""

    def ask(f: Facts, _h: HouseFacts, now: datetime) -> Answer:
        held = f.documents.get(kind)
        if held is None:
            return _answer(False, N_("The document is not approved yet."), "compliance", f)
        if held.review_by < now:
            text = N_("Version {n} was approved; its review was due on {day}.")
            return _answer(None, text, "compliance", f, n=held.number, day=held.review_by)
        return _answer(
            True,
            N_("Version {n} is approved since {day}."),
            "compliance",
            f,
            n=held.number,
            day=held.approved_at,
        )

    return Control(f"document:{kind}", DOCUMENT_KINDS[kind], ("documents",), ask)


CONTROLS: Mapping[str, Control] = {
    control.id: control for control in (*_ALL, *(document_control(kind) for kind in DOCUMENT_KINDS))
}
