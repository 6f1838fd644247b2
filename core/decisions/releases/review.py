"""Everything the review screen and the queue need, read once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from core.assets.intake import queries as intake
from core.assets.intake.evaluation import Evaluation
from core.assets.registry import UseCase, Version
from core.assets.registry import queries as registry
from core.decisions.findings import queries as findings
from core.decisions.findings.queries import Finding
from core.decisions.releases import effective, facts, pledges, queries, quorum
from core.decisions.releases.delegation import Delegation, lent
from core.decisions.releases.eligibility import Bar, Involvement, bars, signing_bars
from core.decisions.releases.opened import opened_by
from core.decisions.releases.policies import Policy
from core.decisions.releases.quorum import Meaning, Seat, Vote
from core.decisions.releases.release import Condition, Debt, GateResult, Live, Release, Signed
from core.decisions.releases.snapshot import changed
from core.decisions.releases.states import OPEN, ReleaseState
from core.platform.access import queries as access
from core.platform.access.permissions import AREAS
from core.platform.store import Actor


class Scope(StrEnum):
    """Which requests a list shows."""

    MINE = "mine"
    ALL = "all"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class SeatView:
    """A seat of the quorum: who took it, or who could."""

    areas: tuple[str, ...]
    signed: Signed | None
    able: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoundChange:
    """One round, and the facts that differ from the round before."""

    number: int
    opened_by: str
    opened_at: datetime
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """A request as its reviewers see it; `void` names the facts that changed since the round began.

    `lent` are the seats that others lent to the reader; `alone` says that one person decides by themselves here.
    `here` is what is live in the environment, by whichever request; `opened` are the parts of the evidence that the
    reader has opened.
    """

    release: Release
    use_case: UseCase
    policy: Policy
    snapshot_digest: str
    judged_at: datetime | None
    void: tuple[str, ...]
    gates: tuple[GateResult, ...]
    signatures: tuple[Signed, ...]
    seats: tuple[SeatView, ...]
    bars: tuple[Bar, ...]
    my_areas: tuple[str, ...]
    evaluation: Evaluation | None
    champion: Version | None
    champion_evaluation: Evaluation | None
    here: Live | None
    lent: tuple[Delegation, ...]
    conditions: tuple[Condition, ...]
    debt: Debt | None
    findings: tuple[Finding, ...]
    rounds: tuple[RoundChange, ...]
    newer_kpis: bool
    alone: bool
    opened: tuple[str, ...]

    @property
    def blocked(self) -> bool:
        """Whether a gate stands in the way of an approval."""
        return any(g.verdict.blocks for g in self.gates)

    @property
    def live(self) -> Live | None:
        """What is live by this very request, with what its standing rests on."""
        mine = self.here is not None and self.here.deployment.request_id == self.release.id
        return self.here if mine and self.release.state is ReleaseState.LIVE else None

    @property
    def may_sign(self) -> bool:
        """Whether the reader can sign now."""
        return self.release.state is ReleaseState.IN_REVIEW and not self.bars and not self.void


def review(session: Session, request_id: str, actor: Actor, now: datetime) -> Review:
    """Read a request for `actor`; raise `NotFound`."""
    release = queries.release(session, request_id)
    version = release.version
    policy = queries.policy(session, release.policy_digest)
    rounds = queries.rounds(session, request_id)
    current = rounds[-1]
    given = queries.signatures(session, request_id, release.round)
    hands = facts.involvements(session, version, release.policy_digest)
    champion = _champion(session, release)
    moved: tuple[str, ...] = ()
    newer = False
    if release.state in OPEN:
        seen = facts.snapshot(session, version, release.environment)
        moved = changed(current.snapshot, seen)
        newer = seen.kpi_versions != current.snapshot.kpi_versions
    lending = _Lending(session, given, hands, version, now)
    lent = lending.to(actor.id)
    return Review(
        release=release,
        use_case=registry.use_case_by_id(session, version.use_case_id),
        policy=policy,
        snapshot_digest=current.snapshot_digest,
        judged_at=current.judged_at,
        void=moved,
        gates=queries.gates(session, current.id),
        signatures=queries.signatures(session, request_id),
        seats=_seats(session, policy, given, hands, version, lending),
        bars=_bars(actor, policy, given, hands, version, lent),
        my_areas=tuple(a for a in policy.areas if a in actor.roles),
        evaluation=intake.evaluation(session, version.id),
        champion=champion,
        champion_evaluation=intake.evaluation(session, champion.id) if champion else None,
        here=effective.live(session, version.use_case_slug, release.environment),
        lent=tuple(d for d in lent if d.area in policy.areas),
        conditions=pledges.conditions(session, request_id),
        debt=pledges.debt_of(session, request_id) if release.emergency else None,
        findings=findings.findings(session, version.id),
        rounds=tuple(
            RoundChange(
                r.number,
                r.opened_by,
                r.opened_at,
                changed(rounds[n - 1].snapshot, r.snapshot) if n else (),
            )
            for n, r in enumerate(rounds)
        ),
        newer_kpis=newer,
        alone=facts.alone(session, policy),
        opened=tuple(opened_by(session, version.id, actor.id)),
    )


def queue(
    session: Session, scope: Scope | str, actor: Actor, now: datetime | None = None, *, limit: int = 60
) -> tuple[Release, ...]:
    """Return requests for a list: those that wait for `actor`, all open ones, or the newest decided ones.

    Seats that were lent count at `now`; without a moment they do not.
    """
    scope = Scope(scope)
    if scope is Scope.DONE:
        decided = tuple(s for s in ReleaseState if s not in OPEN)
        return queries.releases(session, states=decided, limit=limit)
    waiting = queries.open_releases(session)
    if scope is Scope.ALL:
        return waiting
    return tuple(r for r in waiting if waits_for(session, r, actor, now))


def waits_for(session: Session, release: Release, actor: Actor, now: datetime | None) -> bool:
    """Say whether a request waits for `actor`: for changes of theirs, or for a seat that they may take at `now`."""
    if release.state is ReleaseState.CHANGES_REQUESTED:
        return actor.id in {release.requested_by, release.version.author_id}
    if release.state is not ReleaseState.IN_REVIEW:
        return False
    policy = queries.policy(session, release.policy_digest)
    given = queries.signatures(session, release.id, release.round)
    hands = facts.involvements(session, release.version, release.policy_digest)
    lent = _Lending(session, given, hands, release.version, now).to(actor.id) if now else ()
    if _bars(actor, policy, given, hands, release.version, lent):
        return False
    free = [s for s in _taken(policy, given) if s.person_id is None]
    areas = actor.roles | {d.area for d in lent}
    return any(set(seat.areas) & areas for seat in free)


def _champion(session: Session, release: Release) -> Version | None:
    """What the version is held against: live now, or what it replaced when it has been live itself."""
    all_here = queries.deployments(session, release.version.use_case_id, release.environment)
    mine = [d for d in all_here if d.version_id != release.version.id]
    started = [d.started_at for d in all_here if d.request_id == release.id]
    if started:
        mine = [d for d in mine if d.started_at < min(started)]
    elif release.state in OPEN:
        mine = [d for d in mine if d.ended_at is None]
    elif release.closed_at is not None:
        mine = [d for d in mine if d.started_at <= release.closed_at]
    return registry.version(session, mine[0].version_id) if mine else None


class _Lending:
    """The seats that were lent and count in one round, by who may take them."""

    def __init__(
        self,
        session: Session,
        given: tuple[Signed, ...],
        hands: tuple[Involvement, ...],
        version: Version,
        now: datetime,
    ) -> None:
        known = pledges.delegations(session)
        holders = {p.id: p for p in access.people(session)} if known else {}
        held = [d for d in known if (p := holders.get(d.person_id)) and not p.disabled and d.area in p.roles]
        barred = {i for d in held for i in (d.person_id, d.delegate_id) if bars(i, hands, version.created_at)}
        deciding = [s for s in given if s.meaning is not Meaning.REVIEWED]
        signed = {s.person_id for s in deciding} | {s.on_behalf_of for s in deciding}
        self._found = {
            who: lent(held, who, barred=barred, signed=signed, now=now)
            for who in {d.delegate_id for d in held}
        }

    def to(self, person_id: str) -> tuple[Delegation, ...]:
        """What this person may sign in place of others."""
        return self._found.get(person_id, ())


def _bars(
    actor: Actor,
    policy: Policy,
    given: tuple[Signed, ...],
    hands: tuple[Involvement, ...],
    version: Version,
    lent: tuple[Delegation, ...],
) -> tuple[Bar, ...]:
    return signing_bars(
        person_id=actor.id,
        areas=(actor.roles & set(AREAS)) | {d.area for d in lent},
        asked_areas=policy.areas,
        voted=[s.person_id for s in given if s.meaning is not Meaning.REVIEWED]
        + [s.on_behalf_of for s in given],
        involvements=hands,
        registered_at=version.created_at,
    )


def _taken(policy: Policy, given: tuple[Signed, ...]) -> tuple[Seat, ...]:
    return quorum.seats(policy.quorum, [Vote(s.person_id, s.area, s.meaning) for s in given])


def _seats(
    session: Session,
    policy: Policy,
    given: tuple[Signed, ...],
    hands: tuple[Involvement, ...],
    version: Version,
    lending: _Lending,
) -> tuple[SeatView, ...]:
    by_person = {s.person_id: s for s in given if s.meaning is not Meaning.REVIEWED}
    people = []
    for p in access.people(session):
        seats = lending.to(p.id)
        actor = Actor(p.id, "person", frozenset(p.roles))
        if not p.disabled and not _bars(actor, policy, given, hands, version, seats):
            people.append((p.id, p.roles | {d.area for d in seats}))
    return tuple(
        SeatView(
            seat.areas,
            by_person.get(seat.person_id) if seat.person_id else None,
            () if seat.person_id else tuple(i for i, areas in people if set(seat.areas) & areas),
        )
        for seat in _taken(policy, given)
    )
