"""The ten invariants of a release, asked of a store after any history; and the hands that make histories."""

from collections import Counter

from sqlmodel import select

from core.assets.intake import queries as intake
from core.assets.registry import queries as registry
from core.decisions.releases import effective, pledges, queries
from core.decisions.releases.quorum import APPROVING, Meaning
from core.decisions.releases.states import ReleaseState
from core.decisions.releases.tables import DeploymentRow, RequestRow, RoundRow
from core.platform.audit import queries as audit

EVERYTHING = 100_000


def check(view, use_case, now):
    """Assert what can be asked of rows at any time: invariants 2 to 9."""
    requests = queries.releases(view, limit=EVERYTHING)
    live = queries.deployments(view, use_case.id, only_live=True)
    places = Counter((d.use_case_id, d.environment) for d in live)
    assert not places or max(places.values()) == 1, "5: two versions are live"
    assert {r.id for r in requests if r.state is ReleaseState.LIVE} == {d.request_id for d in live}, "5"
    for request in requests:
        _check_request(view, request)
    for deployed in live:
        found = effective.live(view, use_case.slug, deployed.environment)
        assert found.deployment.id == deployed.id
        assert found.snapshot_digest == queries.rounds(view, deployed.request_id)[-1].snapshot_digest, "2"
        found.standing(now)
    for row in view.exec(select(DeploymentRow)):
        request = next(r for r in requests if r.id == row.request_id)
        assert request.approved_at is not None or request.emergency, "7: deployed without approval or debt"
        if request.emergency:
            debt = pledges.debt_of(view, request.id)
            assert debt is not None, "8: an emergency without its debt"
            assert debt.due_at > debt.opened_at, "8"
            assert debt.reviewer_id not in {debt.opened_by, request.version.author_id}, "8"


def _check_request(view, request):
    rounds = {r.number: r for r in queries.rounds(view, request.id)}
    votes = queries.signatures(view, request.id)
    deciding = [v for v in votes if v.meaning is not Meaning.REVIEWED]
    counted = Counter((v.round, v.person_id) for v in deciding)
    assert not counted or max(counted.values()) == 1, "one vote per person and round"
    lent = Counter((v.round, v.on_behalf_of) for v in votes if v.on_behalf_of)
    assert not lent or max(lent.values()) == 1, "one vote per lent seat"
    sealed = queries.sealed(view, request.version.id, request.environment)
    evaluation = intake.evaluation(view, request.version.id)
    assert sealed.sealed_at < evaluation.started_at, "4"
    edits = registry.card_revisions(view, request.version.id)
    for vote in votes:
        assert vote.person_id.startswith("per_"), "9: a program decided"
        assert vote.confirmed_by, "9: signed without a confirmation"
        assert vote.snapshot_digest == rounds[vote.round].snapshot_digest, "2: a vote of another snapshot"
        assert vote.person_id != request.version.author_id, "3: the author decided"
        assert vote.on_behalf_of != request.version.author_id, "3: the author lent a seat"
        editors = {e.author_id for e in edits if e.created_at <= vote.signed_at}
        assert not {vote.person_id, vote.on_behalf_of} & editors, "3: an editor decided"
    if request.approved_at is not None and not request.emergency:
        approving = [v for v in votes if v.round == request.round and v.meaning in APPROVING]
        under = queries.policy(view, request.policy_digest)
        assert len({v.person_id for v in approving}) >= under.signatures, "the quorum"
        assert len({v.area for v in approving}) >= under.different_areas, "the areas"
        assert len({v.on_behalf_of or v.person_id for v in approving}) >= under.signatures, (
            "one seat, one voice"
        )


def check_log(view):
    """Assert invariant 1: every state has its event and every event its row, and the log is whole."""
    assert audit.verify(view).ok
    events = Counter(e.action for e in audit.events(view, limit=EVERYTHING))
    requests = list(view.exec(select(RequestRow)))
    rounds = list(view.exec(select(RoundRow)))
    votes = sum(len(queries.signatures(view, r.id)) for r in requests)
    emergencies = sum(r.emergency for r in requests)
    states = Counter(r.state for r in requests)
    assert events["release.signed"] == votes
    assert events["release.emergency"] == emergencies
    assert events["release.requested"] + events["release.resubmitted"] + emergencies == len(rounds)
    assert events["release.withdrawn"] == states["withdrawn"]
    assert events["release.expired"] == states["expired"]
