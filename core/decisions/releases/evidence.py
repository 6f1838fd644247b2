"""What the gates look at: one reader per gate over recorded facts; what must be computed is computed with no open view.

Evidence of a later wing is read by a reader that the composition root provides (`provide`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pandas as pd
from sqlmodel import Session

from core.assets.intake import queries as intake
from core.assets.intake.verdict import Verdict
from core.assets.registry import UseCase, Version, VersionState
from core.assets.registry import queries as registry
from core.decisions.findings import queries as findings
from core.decisions.releases import answers, effective, queries
from core.decisions.releases.champion import COMPARED, Contender, compare, measured
from core.decisions.releases.gates import GateKind, Measured, Reading, Rule
from core.decisions.releases.queries import Sealed
from core.evidence.alerts import likeness as alike
from core.evidence.alerts import queries as alerts
from core.evidence.explain import queries as explain
from core.evidence.fairness import queries as fairness
from core.evidence.kpis import backtesting
from core.evidence.robustness import queries as robustness
from core.i18n import N_
from core.platform.store import Files

SCORES = Verdict.EVIDENCE.value
"""The verdict on a version that is governed by scores: there is no file, or Aval does not load it."""
Later = Callable[[Files], Reading]
"""A reading that takes computing: it is called once the view is closed."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A version that stands before the gates of an environment, and what is live there; read once for all gates.

    `answers` names what the live version said of the rows that this one was evaluated on, where it was asked.
    """

    version: Version
    evaluated: Contender
    use_case: UseCase
    environment: str
    now: datetime
    sealed: Sealed | None
    champion: Contender | None
    draws: int
    answers: str = ""


Reader = Callable[[Session, Subject, Rule], Reading | Later]


def subject(session: Session, version_id: str, environment: str, now: datetime) -> Subject:
    """Read what every gate of a version for an environment asks about."""
    version = registry.version(session, version_id)
    sealed = queries.sealed(session, version_id, environment)
    live = queries.live_deployment(session, version.use_case_id, environment)
    champion = (
        None if live is None or live.version_id == version_id else registry.version(session, live.version_id)
    )
    return Subject(
        version=version,
        evaluated=Contender(version, intake.evaluation(session, version_id)),
        use_case=registry.use_case_by_id(session, version.use_case_id),
        environment=environment,
        now=now,
        sealed=sealed,
        champion=Contender(champion, intake.evaluation(session, champion.id)) if champion else None,
        answers=answers.kept(session, version, champion.id) if champion else "",
        draws=queries.policy(session, sealed.policy_digest).bootstrap_draws if sealed else 0,
    )


def read(session: Session, about: Subject, rules: Sequence[Rule]) -> list[Reading | Later]:
    """Read the evidence of each gate; where nothing is kept that it could read, that is said."""
    readers = {**_PROVIDED, **READERS}
    return [readers.get(rule.kind, _unread)(session, about, rule) for rule in rules]


def finish(found: Sequence[Reading | Later], files: Files) -> list[Reading]:
    """Compute what was left to compute; call it with no open view."""
    return [one if isinstance(one, Reading) else one(files) for one in found]


def provide(kind: GateKind, reader: Reader) -> None:
    """Say who reads the evidence of a gate that a later wing keeps; `app.wiring` calls this."""
    _PROVIDED[kind] = reader


def _unread(_session: Session, _about: Subject, _rule: Rule) -> Reading:
    return Reading(reason=N_("This installation keeps no evidence of this kind."))


def _sealed(_session: Session, about: Subject, _rule: Rule) -> Reading:
    evaluation, at = about.evaluated.evaluation, ("version", about.version.id)
    if about.sealed is None:
        return Reading(holds=False, reason=N_("No thresholds were sealed for this version."), evidence=at)
    if evaluation is None:
        return Reading(reason=N_("The version is not evaluated yet."), evidence=at)
    if about.sealed.sealed_at < evaluation.started_at:
        return Reading(holds=True, evidence=at)
    late = N_("The thresholds were sealed after the evaluation had started.")
    return Reading(holds=False, reason=late, evidence=at)


def _artifact(_session: Session, about: Subject, _rule: Rule) -> Reading:
    """The verdict on the file; one that waited for a person has been reviewed once the version is ready."""
    version = about.version
    if not version.verdict:
        return Reading(reason=N_("The file is not checked yet."), evidence=("version", version.id))
    if version.verdict == SCORES:
        return _scores_only(
            N_("Nothing is loaded here: scores stand for the model."), ("version", version.id)
        )
    reviewed = version.verdict == "review" and version.state is VersionState.READY
    return Reading(said="reviewed" if reviewed else version.verdict, evidence=("version", version.id))


def _reproducible(_session: Session, about: Subject, _rule: Rule) -> Reading:
    evaluation = about.evaluated.evaluation
    if evaluation is None:
        return Reading(reason=N_("The version is not evaluated yet."), evidence=_evaluation(about))
    if about.version.verdict == SCORES:
        return _scores_only(N_("Nothing is asked twice: scores stand for the model."), _evaluation(about))
    reason = "" if evaluation.reproducible else N_("Predicting twice gave different values.")
    return Reading(holds=evaluation.reproducible, reason=reason, evidence=_evaluation(about))


def _metric_floor(_session: Session, about: Subject, rule: Rule) -> Reading:
    evaluation = about.evaluated.evaluation
    found = measured(evaluation).get(rule.metric) if evaluation else None
    reason = "" if found else N_("The evaluation holds no such metric.")
    return Reading(found, reason=reason, evidence=_evaluation(about))


def _champion(_session: Session, about: Subject, rule: Rule) -> Reading | Later:
    at = ("evaluation", about.champion.version.id) if about.champion else _evaluation(about)

    def compared(files: Files) -> Reading:
        def rows(digest: str) -> pd.DataFrame:
            return pd.read_parquet(files.path(digest))

        found, reason = compare(
            about.evaluated, about.champion, rule.metric, rows, draws=about.draws, answers=about.answers
        )
        return Reading(found, reason=COMPARED.get(found.compared_by, "") if found else reason, evidence=at)

    return compared


def _latency(_session: Session, about: Subject, _rule: Rule) -> Reading:
    evaluation = about.evaluated.evaluation
    if evaluation is None:
        return Reading(reason=N_("Latency is not measured yet."), evidence=_evaluation(about))
    if about.version.verdict == SCORES:
        return _scores_only(N_("Nothing is timed here: scores stand for the model."), _evaluation(about))
    return Reading(Measured(evaluation.latency_p95_ms), evidence=_evaluation(about))


def _explanation(session: Session, about: Subject, _rule: Rule) -> Reading:
    found, at = explain.explanation(session, about.version.id), ("explanation", about.version.id)
    if found is None:
        return Reading(reason=N_("No explanation is stored for this version."), evidence=at)
    return Reading(Measured(found.max_error), evidence=at)


def _explanation_trial(session: Session, about: Subject, _rule: Rule) -> Reading:
    found, at = explain.trial(session, about.version.id), ("explanation", about.version.id)
    if found is None:
        return Reading(reason=N_("The explanation of this version has not been on trial."), evidence=at)
    return Reading(Measured(found.failed), evidence=at)


def _fairness(session: Session, about: Subject, rule: Rule) -> Reading:
    at = ("fairness", about.version.id)
    declared = fairness.declaration(session, about.version.use_case_id)
    if declared is not None and declared.none_reason:
        return Reading(holds=True, said=N_("no protected attribute applies"), evidence=at)
    worst = fairness.worst(session, about.version.id)
    if worst is None:
        return Reading(reason=N_("No fairness report is stored for this version."), evidence=at)
    found = worst.get(rule.metric)
    if found is None:
        return Reading(reason=N_("The fairness report holds no such gap."), evidence=at)
    return Reading(_measured(found), reason=N_("Over each protected attribute by itself."), evidence=at)


def _stability(session: Session, about: Subject, _rule: Rule) -> Reading:
    return _shaken(session, about, "noise", drop=False)


def _robustness(session: Session, about: Subject, rule: Rule) -> Reading:
    return _shaken(session, about, rule.metric, drop=True)


def _shaken(session: Session, about: Subject, kind: str, *, drop: bool) -> Reading:
    """Read what the standard shake of a kind did; a model that refuses such rows does not pass."""
    at = ("robustness", about.version.id)
    stored = robustness.shaken(session, about.version.id)
    line = stored.report.standard(kind) if stored else None
    if line is None:
        return Reading(
            reason=N_("No robustness report of this kind is stored for this version."), evidence=at
        )
    if line.refusal:
        return Reading(holds=False, reason=N_("The model does not answer such rows."), evidence=at)
    found = line.drop if drop else line.changed
    if found is None:
        return Reading(reason=N_("The metric has no value on these rows."), evidence=at)
    return Reading(_measured(found), evidence=at)


class _Figure(Protocol):
    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def n(self) -> int: ...


def _measured(found: _Figure) -> Measured:
    """A figure of the evidence as a gate takes it; an end that is not known is none."""
    low, high = (None if math.isnan(end) else end for end in (found.low, found.high))
    return Measured(found.value, low, high, found.n)


def _card(session: Session, about: Subject, _rule: Rule) -> Reading:
    share = intake.card(session, about.version.id).completeness
    return Reading(Measured(share), evidence=("card", about.version.id))


def _lawful_basis(_session: Session, about: Subject, _rule: Rule) -> Reading:
    basis = about.use_case.lawful_basis.strip()
    reason = "" if basis else N_("The use case names no lawful basis.")
    return Reading(holds=bool(basis), said=basis, reason=reason, evidence=("use_case", about.use_case.slug))


def _findings(session: Session, about: Subject, rule: Rule) -> Reading:
    least = effective.blocking_severity((rule,))
    found = findings.blocking(session, about.version.id, least, about.now) if least else ()
    return Reading(Measured(float(len(found))), evidence=("findings", about.version.id))


def _scores_only(reason: str, at: tuple[str, str]) -> Reading:
    """What cannot be seen of a model that Aval does not load; a policy may accept it for the tiers it names."""
    return Reading(reason=reason, without=SCORES, evidence=at)


def _drift(session: Session, about: Subject, _rule: Rule) -> Reading | Later:
    at = ("monitoring", about.version.id)
    if about.champion is None:
        return Reading(
            reason=N_("No version is live yet, so there is no live data to compare with."), evidence=at
        )
    at = ("monitoring", about.champion.version.id)
    found = alike.live(session, about.version, about.champion.version.id)
    limit = alerts.rules_of(session, about.use_case.id).drift_limit
    if found is None:
        return Reading(reason=N_("The live version has no predictions to compare with."), evidence=at)

    def later(files: Files) -> Reading:
        answer = alike.likeness(found, files, limit)
        if answer is None:
            return Reading(reason=N_("The live version shares no feature that can be compared."), evidence=at)
        return Reading(Measured(answer.share, n=found.rows), evidence=at)

    return later


def _kpi_backtest(session: Session, about: Subject, _rule: Rule) -> Reading | Later:
    evaluation = about.evaluated.evaluation
    if evaluation is None:
        return Reading(reason=N_("The version is not evaluated yet."), evidence=_evaluation(about))
    at = ("kpis", about.use_case.slug)
    found = backtesting.asked(session, about.version, evaluation)
    if found is None:
        return Reading(reason=N_("No KPI is in force."), evidence=at)

    def later(files: Files) -> Reading:
        tested = backtesting.answered(found, files)
        if not tested:
            return Reading(
                reason=N_("No KPI in force can be worked out on the evaluation rows."), evidence=at
            )
        missed = sum(not one.kept for one in tested)
        each = ", ".join(f"{'✓' if one.kept else '✗'} {one.definition.name}" for one in tested)
        return Reading(Measured(float(missed), n=len(tested)), said=each, evidence=at)

    return later


def _evaluation(about: Subject) -> tuple[str, str]:
    return ("evaluation", about.version.id)


READERS: Mapping[GateKind, Reader] = {
    GateKind.SEALED: _sealed,
    GateKind.ARTIFACT: _artifact,
    GateKind.REPRODUCIBLE: _reproducible,
    GateKind.METRIC_FLOOR: _metric_floor,
    GateKind.CHAMPION: _champion,
    GateKind.LATENCY: _latency,
    GateKind.EXPLANATION: _explanation,
    GateKind.EXPLANATION_TRIAL: _explanation_trial,
    GateKind.FAIRNESS: _fairness,
    GateKind.STABILITY: _stability,
    GateKind.ROBUSTNESS: _robustness,
    GateKind.CARD: _card,
    GateKind.LAWFUL_BASIS: _lawful_basis,
    GateKind.DRIFT: _drift,
    GateKind.KPI_BACKTEST: _kpi_backtest,
    GateKind.FINDINGS: _findings,
}
_PROVIDED: dict[GateKind, Reader] = {}
