"""What a draft would do: the gates of today's models judged anew under it, over stored evidence. Decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from core.assets.registry import UseCase, Version, VersionState
from core.assets.registry import queries as registry
from core.decisions.findings import queries as findings
from core.decisions.releases import effective, paired, queries
from core.decisions.releases.evidence import Collected, collect, evidence, measured
from core.decisions.releases.gates import Evidence, GateKind, GateVerdict, Measured, Rule, judge
from core.decisions.releases.policies import Policy
from core.platform.store import Files

MOST = 100
"""Use cases that are judged; a preview is an answer on a page, not a report."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One version: whether it is live, what blocks it under the policy in force, and what would under the draft."""

    use_case: UseCase
    version: Version
    live: bool
    now: tuple[GateVerdict, ...]
    then: tuple[GateVerdict, ...]

    @property
    def passes_now(self) -> bool:
        return not any(v.blocks for v in self.now)

    @property
    def passes_then(self) -> bool:
        return not any(v.blocks for v in self.then)

    @property
    def changes(self) -> bool:
        """Whether the draft turns the answer."""
        return self.passes_now != self.passes_then


def foresee(
    session: Session, files: Files, draft: Policy, in_force: Policy | None, now: datetime
) -> tuple[tuple[Foreseen, ...], int]:
    """Judge the live version of each use case of the draft's tier and its newest one that is ready.

    Returns what was found, those whose answer turns first, and how many use cases were left out. Sealing is not judged: a
    published draft is sealed for versions that come after it. The comparison with the champion uses the difference that
    was measured last, or the intervals of the two evaluations; the release itself compares the rows.
    """
    cases = [c for c in registry.use_cases(session) if c.risk_tier.value == draft.tier]
    found: list[Foreseen] = []
    for case in cases[:MOST]:
        live = queries.live_deployment(session, case.id, draft.environment)
        ready = [v for v in registry.versions(session, case.id) if v.state is VersionState.READY]
        newest = max(ready, key=lambda v: v.number, default=None)
        wanted = dict.fromkeys(i for i in (live.version_id if live else "", newest.id if newest else "") if i)
        for version_id in wanted:
            one = collect(session, version_id, draft.environment, now)
            found.append(
                Foreseen(
                    case,
                    one.version,
                    live is not None and live.version_id == version_id,
                    _judged(session, files, one, in_force, now) if in_force else (),
                    _judged(session, files, one, draft, now),
                )
            )
    found.sort(key=lambda f: (not f.changes, f.passes_then, f.use_case.title, -f.version.number))
    return tuple(found), max(0, len(cases) - MOST)


def _judged(
    session: Session, files: Files, found: Collected, policy: Policy, now: datetime
) -> tuple[GateVerdict, ...]:
    rules = [r for r in policy.rules[found.use_case.task.value] if r.kind is not GateKind.SEALED]
    least = effective.blocking_severity(rules)
    blocking = len(findings.blocking(session, found.version.id, least, now)) if least else 0
    seen = evidence(replace(found, sealed=None, blocking_findings=blocking), files)
    return tuple(judge(rule, _with_difference(session, found, seen, rule)) for rule in rules)


def _with_difference(session: Session, found: Collected, seen: Evidence, rule: Rule) -> Evidence:
    if rule.kind is not GateKind.CHAMPION or found.champion is None:
        return seen
    return replace(
        seen, difference=_measured_last(session, found, rule.metric) or _by_intervals(found, rule.metric)
    )


def _measured_last(session: Session, found: Collected, metric: str) -> Measured | None:
    """The paired difference of the last judged round in which this version met this champion."""
    champion = ("evaluation", found.champion.id if found.champion else "")
    for request in queries.releases(session, version_id=found.version.id, limit=3):
        current: Sequence[queries.Round] = queries.rounds(session, request.id)
        for gate in queries.gates(session, current[-1].id):
            verdict = gate.verdict
            if (
                verdict.kind is GateKind.CHAMPION
                and verdict.metric == metric
                and verdict.measured is not None
                and (gate.evidence_kind, gate.evidence_id) == champion
            ):
                return Measured(verdict.measured, verdict.low, verdict.high, verdict.n, "paired")
    return None


def _by_intervals(found: Collected, metric: str) -> Measured | None:
    if found.evaluation is None or found.champion_evaluation is None:
        return None
    ours, other = measured(found.evaluation).get(metric), measured(found.champion_evaluation).get(metric)
    return paired.interval_difference(ours, other) if ours and other else None
