"""What a draft would do: the gates of today's models judged anew under it, over stored evidence. Decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from core.assets.registry import UseCase, Version, VersionState
from core.assets.registry import queries as registry
from core.decisions.releases import queries
from core.decisions.releases.champion import by_intervals
from core.decisions.releases.evidence import Subject, finish, read, subject
from core.decisions.releases.gates import GateKind, GateVerdict, Measured, Reading, judge
from core.decisions.releases.policies import Policy
from core.i18n import N_
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
            about = subject(session, version_id, draft.environment, now)
            found.append(
                Foreseen(
                    case,
                    about.version,
                    live is not None and live.version_id == version_id,
                    _judged(session, files, about, in_force) if in_force else (),
                    _judged(session, files, about, draft),
                )
            )
    found.sort(key=lambda f: (not f.changes, f.passes_then, f.use_case.title, -f.version.number))
    return tuple(found), max(0, len(cases) - MOST)


def _judged(session: Session, files: Files, about: Subject, policy: Policy) -> tuple[GateVerdict, ...]:
    rules = [r for r in policy.rules[about.use_case.task.value] if r.kind is not GateKind.SEALED]
    begun = [
        _difference(session, about, rule.metric)
        if rule.kind is GateKind.CHAMPION and about.champion
        else read(session, about, (rule,))[0]
        for rule in rules
    ]
    return tuple(judge(rule, found) for rule, found in zip(rules, finish(begun, files), strict=True))


def _difference(session: Session, about: Subject, metric: str) -> Reading:
    """The difference to the champion as it was measured last, or by the intervals: a preview compares no rows."""
    found = _measured_last(session, about, metric)
    ours, theirs = about.evaluated.evaluation, about.champion.evaluation if about.champion else None
    if found is None and ours is not None and theirs is not None:
        found = by_intervals(ours, theirs, metric)
    return Reading(found, reason="" if found else N_("One of the two evaluations holds no such metric."))


def _measured_last(session: Session, about: Subject, metric: str) -> Measured | None:
    """The paired difference of the last judged round in which this version met this champion."""
    champion = ("evaluation", about.champion.version.id if about.champion else "")
    for request in queries.releases(session, version_id=about.version.id, limit=3):
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
