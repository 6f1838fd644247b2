"""What rules would have raised over a stretch of the log: tried before they are published."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlmodel import Session

from core.assets.intake import queries as intake
from core.assets.registry import queries as registry
from core.evidence.alerts import queries
from core.evidence.alerts.judging import Episode, Verdicts, judge_drift, judge_performance
from core.evidence.alerts.rules import DISTRIBUTION, QUALITY, Rule, RuleKind, RuleSet
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.season import Against

YEAR = 366


@dataclass(frozen=True, slots=True)
class Replayed:
    """What would have been raised, by the day on which each could be known; `windows` were judged."""

    episodes: tuple[Episode, ...]
    windows: int
    first: date | None
    last: date | None

    @property
    def days(self) -> tuple[date, ...]:
        """The day of each alert: the last one of the window that told."""
        return tuple(sorted(one.known.end - timedelta(days=1) for one in self.episodes))

    @property
    def by_kind(self) -> dict[RuleKind, int]:
        """How many of each kind."""
        return dict(Counter(one.rule.kind for one in self.episodes))


def judged(session: Session, version_id: str, rules: RuleSet, *, since: date | None = None) -> Verdicts:
    """Judge a version's windows by `rules`, from `since` on."""
    version = registry.version(session, version_id)
    task = registry.use_case_by_id(session, version.use_case_id).task.value
    evaluation = intake.evaluation(session, version_id)
    expected = {} if evaluation is None else {name: one.value for name, one in evaluation.metrics.items()}
    expected |= queries.baseline(session, version_id)
    against = rules.against.resolved(whole_year=monitoring.covers_year(session, version_id))
    found = Verdicts()
    for grain in rules.grains:
        for kinds, reference in ((QUALITY, Against.EVALUATION), (DISTRIBUTION, against)):
            asked = replace(
                rules, rules=tuple(_patient(rules, r, reference) for r in rules.of(grain) if r.kind in kinds)
            )
            drift = (
                monitoring.drift(
                    session, version_id, grain, since=since, tested=kinds is DISTRIBUTION, against=reference
                )
                if asked.rules
                else None
            )
            if drift is not None:
                found.join(judge_drift(asked, grain, drift.windows, drift.columns, drift.novel))
        wanted = [Metric(rule.metrics[task]) for rule in rules.of(grain) if task in rule.metrics]
        measured = monitoring.measures(session, [version_id], grain, wanted).get(version_id, {})
        kept = [
            (window, one) for window, one in sorted(measured.items()) if since is None or window.end > since
        ]
        found.join(judge_performance(rules, grain, task, expected, kept))
    return found


def _patient(rules: RuleSet, rule: Rule, against: Against) -> Rule:
    if against != Against.SEASON:
        return rule
    return replace(rule, windows=max(rule.windows, rules.seasonal_windows))


def replay(session: Session, version_id: str, rules: RuleSet, *, days: int = YEAR) -> Replayed:
    """Try rules on the last `days` days of a version's log; nothing is stored."""
    held = monitoring.coverage(session, version_id)
    if held is None:
        return Replayed((), 0, None, None)
    since = max(held.first, held.last - timedelta(days=days - 1))
    found = judged(session, version_id, rules, since=since).episodes
    windows = _windows(session, version_id, rules, since)
    return Replayed(tuple(sorted(found, key=lambda e: e.known)), windows, since, held.last)


def _windows(session: Session, version_id: str, rules: RuleSet, since: date) -> int:
    sizes = [monitoring.drift(session, version_id, grain, since=since) for grain in rules.grains]
    return sum(len(one.windows) for one in sizes if one is not None)


def told(found: Sequence[Replayed]) -> int:
    """How many alerts several versions would have raised together."""
    return sum(len(one.episodes) for one in found)
