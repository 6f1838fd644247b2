"""Set a policy, propose a retraining, consent or decline, and keep what the run came to."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlmodel import col, select

from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.decisions.retraining import policy as rules
from core.decisions.retraining import queries, request
from core.decisions.retraining.policy import Policy, Trigger, TriggerKind
from core.decisions.retraining.request import OPEN, Recipe, Result, Snapshot, State
from core.decisions.retraining.tables import RetrainingPolicyRow, RetrainingRow, RetrainingVoteRow
from core.errors import AvalError, Conflict, Invalid, NotFound, Refused, preserve
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, Role, require
from core.platform.access.personal import digest_text, seal_text
from core.platform.jobs import commands as jobs
from core.platform.store import Json, UnitOfWork

REASON_CHARACTERS = 10
MOST_CHARACTERS = 4_000


def set_policy(uow: UnitOfWork, use_case_id: str, policy: Policy) -> None:
    """Say what proposes a retraining of a use case, and whose consent it needs. Raise `Invalid`."""
    require(uow.actor, Permission.DECIDE_RETRAINING)
    registry.use_case_by_id(uow.session, use_case_id)
    policy.check()
    row = uow.session.get(RetrainingPolicyRow, use_case_id, with_for_update=True)
    before = Policy() if row is None else Policy.from_json(row.body)
    if row is None:
        row = RetrainingPolicyRow(use_case_id=use_case_id, body={}, set_by="", set_at=uow.now)
    row.body, row.set_by, row.set_at = policy.to_json(), uow.actor.id, uow.now
    uow.session.add(row)
    uow.record(
        "retraining.policy_set",
        "use_case",
        use_case_id,
        {"before": before.to_json(), "after": policy.to_json()},
    )


def propose(uow: UnitOfWork, use_case_id: str, *, recipe: Recipe = Recipe.CLONE) -> str:
    """Ask for a retraining of the live version; return the request's id. Raise `Conflict` while one is open."""
    require(uow.actor, Permission.PROPOSE_RETRAINING)
    return _propose(uow, use_case_id, [Trigger(TriggerKind.PERSON)], recipe)


def consider(uow: UnitOfWork, use_case_id: str, today: date) -> str | None:
    """Propose a retraining where the policy says so; return its id. Whether it is made is for people to decide."""
    require(uow.actor, Permission.PROPOSE_RETRAINING)
    in_force = queries.policy(uow.session, use_case_id).policy
    found = rules.triggers(in_force, queries.facts(uow.session, use_case_id, in_force, today), today)
    if not found:
        return None
    before = queries.retrainings(uow.session, use_case_id)
    return _propose(uow, use_case_id, found, before[0].recipe if before else Recipe.CLONE)


def answer(uow: UnitOfWork, retraining_id: str, *, consents: bool, reason: str) -> State:
    """Consent or decline for the own area; return the state after it.

    The last consent starts the run, in the name of the data scientist who consented. Raise `Refused` for who has no
    seat left, `Conflict` once it is decided.
    """
    require(uow.actor, Permission.DECIDE_RETRAINING)
    row = _locked(uow, retraining_id)
    if row.state != State.PROPOSED:
        raise Conflict("retraining.decided", N_("This retraining is decided already."))
    said = reason.replace("\r\n", "\n").strip()
    if not REASON_CHARACTERS <= len(said) <= MOST_CHARACTERS:
        raise Invalid(
            "retraining.reason",
            N_("Give the reason in {least} to {most} characters."),
            field="reason",
            least=REASON_CHARACTERS,
            most=MOST_CHARACTERS,
        )
    found = queries.retraining(uow.session, retraining_id)
    area = request.seat(found.areas, found.votes, uow.actor.roles, uow.actor.id)
    if area is None:
        raise Refused(
            "retraining.no_seat",
            N_("You have answered already, or the areas that are asked are none of yours."),
            fix=N_("Somebody of another area answers for it."),
            subject_kind="retraining",
            subject_id=retraining_id,
        )
    uow.session.add(
        RetrainingVoteRow(
            retraining_id=retraining_id,
            area=area.value,
            person_id=uow.actor.id,
            consents=consents,
            reason=seal_text(uow, uow.actor.id, said),
            at=uow.now,
        )
    )
    uow.session.flush()
    facts: dict[str, Json] = {"area": area.value, "consents": consents, "use_case": row.use_case_id}
    uow.record(
        "retraining.answered",
        "retraining",
        retraining_id,
        {**facts, "reason_hmac": digest_text(uow, uow.actor.id, said)},
    )
    votes = queries.retraining(uow.session, retraining_id).votes
    state = request.after(found.areas, votes, Recipe(row.recipe))
    if state is not State.PROPOSED:
        row.decided_at = uow.now
        _move(uow, row, state, "retraining.decided", {"version": row.champion})
    if state is State.RUNNING:
        scientist = next(vote.person_id for vote in votes if vote.area is Role.DATA_SCIENTIST)
        payload: Mapping[str, Json] = {"retraining_id": retraining_id, "person_id": scientist}
        jobs.enqueue(uow, queries.RUN_JOB, queries.SUBJECT_KIND, retraining_id, payload)
    return state


def keep_snapshot(uow: UnitOfWork, retraining_id: str, snapshot: Snapshot) -> None:
    """Keep what rows a run is made of, before anything is trained on them."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    row = _locked(uow, retraining_id)
    row.snapshot = snapshot.to_json()
    uow.session.add(row)
    uow.record("retraining.snapshot_taken", "retraining", retraining_id, snapshot.to_json())


def move_snapshots(uow: UnitOfWork, old: str, new: str) -> None:
    """Have snapshots name the file without an erased person's rows; part of an erasure, which has the event.

    How many rows a model was trained on stays as it was: it was trained on them.
    """
    require(uow.actor, Permission.ERASE_SUBJECT)
    for one in queries.trained_on(uow.session, old):
        row = _locked(uow, one.id)
        row.snapshot = {**(row.snapshot or {}), "digest": new}
        uow.session.add(row)


def answer_with(
    uow: UnitOfWork, retraining_id: str, version_id: str, *, waits: State = State.OUTSIDE
) -> None:
    """Name the version that a retraining made: the team's own pipeline does, or the run itself while it is `RUNNING`.

    Raise `Conflict` where it waits for none, `Invalid` for a version of another use case or the champion itself.
    """
    require(uow.actor, Permission.UPLOAD_MODEL)
    row = _locked(uow, retraining_id)
    if row.state != waits or row.challenger:
        raise Conflict("retraining.no_answer_wanted", N_("This retraining waits for no version."))
    version = registry.version(uow.session, version_id)
    if version.use_case_id != row.use_case_id or version_id == row.champion:
        raise Invalid(
            "retraining.other_version",
            N_("Version {number} of {use_case} is no challenger of this retraining."),
            fix=N_("Name a new version of the same use case."),
            field="version",
            number=version.number,
            use_case=version.use_case_slug,
        )
    row.challenger = version_id
    _move(uow, row, State.CHECKING, "retraining.challenger_registered", {"version": version_id})
    if version.state in {VersionState.READY, VersionState.REFUSED}:
        settle_for(uow, version_id, version.state)


def settle_for(uow: UnitOfWork, version_id: str, state: VersionState) -> None:
    """Go on with the retraining that made a version once its checks are over, as a part of another command."""
    query = select(RetrainingRow).where(
        RetrainingRow.challenger == version_id, RetrainingRow.state == State.CHECKING.value
    )
    row = uow.session.exec(query.with_for_update()).first()
    if row is None:
        return
    if state is VersionState.READY:
        payload: Mapping[str, Json] = {"retraining_id": row.id}
        jobs.enqueue(uow, queries.COMPARE_JOB, queries.SUBJECT_KIND, row.id, payload)
    elif state is VersionState.REFUSED:
        fail(
            uow,
            row.id,
            Conflict(
                "retraining.refused",
                N_("The challenger was refused by the checks."),
                fix=N_("Open the version: it says why."),
            ),
        )


def finish(uow: UnitOfWork, retraining_id: str, result: Result) -> None:
    """Keep how the challenger compares; what becomes of it is a release decision like any other."""
    require(uow.actor, Permission.RUN_CHECKS)
    row = _locked(uow, retraining_id)
    row.result, row.ended_at = result.to_json(), uow.now
    better: list[str] = [one.metric for one in result.metrics if one.better]
    worse: list[str] = [one.metric for one in result.metrics if one.better is False]
    _move(
        uow,
        row,
        State.DONE,
        "retraining.compared",
        {"version": row.challenger, "rows": result.rows, "better": list(better), "worse": list(worse)},
    )


def fail(uow: UnitOfWork, retraining_id: str, problem: AvalError) -> None:
    """Keep why there is no challenger; somebody may propose again."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    row = _locked(uow, retraining_id)
    if State(row.state) not in OPEN:
        return
    row.problem, row.ended_at = dict(preserve(problem)), uow.now
    _move(uow, row, State.FAILED, "retraining.failed", {"code": problem.code})


def _propose(uow: UnitOfWork, use_case_id: str, triggers: Sequence[Trigger], recipe: Recipe) -> str:
    case = registry.use_case_by_id(uow.session, use_case_id)
    live = queries.champion(uow.session, use_case_id)
    if live is None:
        raise Conflict(
            "retraining.nothing_live",
            N_("No version of {use_case} is live in production, so there is nothing to retrain."),
            fix=N_("Upload a version and have it released."),
            use_case=case.slug,
        )
    open_states = [state.value for state in OPEN]
    held = select(RetrainingRow.id).where(
        RetrainingRow.use_case_id == use_case_id, col(RetrainingRow.state).in_(open_states)
    )
    if uow.session.exec(held.with_for_update()).first():
        raise Conflict(
            "retraining.open_already",
            N_("A retraining of {use_case} is under way already."),
            fix=N_("Open it, and answer there."),
            use_case=case.slug,
        )
    in_force = queries.policy(uow.session, use_case_id).policy
    row = RetrainingRow(
        id=new_id("ret"),
        use_case_id=use_case_id,
        champion=live,
        state=State.PROPOSED.value,
        recipe=recipe.value,
        triggers=[one.to_json() for one in triggers],
        areas=[area.value for area in in_force.areas],
        proposed_by=uow.actor.id,
        proposed_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    kinds: list[str] = [one.kind.value for one in triggers]
    refs: list[str] = [ref for one in triggers for ref in one.refs]
    uow.record(
        "retraining.proposed",
        "retraining",
        row.id,
        {
            "use_case": use_case_id,
            "version": live,
            "recipe": recipe.value,
            "triggers": list(kinds),
            "refs": list(refs),
            "areas": list(row.areas),
        },
    )
    return row.id


def _move(uow: UnitOfWork, row: RetrainingRow, state: State, action: str, facts: Mapping[str, Json]) -> None:
    row.state = state.value
    if state in {State.DECLINED, State.FAILED, State.DONE}:
        row.ended_at = row.ended_at or uow.now
    uow.session.add(row)
    uow.session.flush()
    told: dict[str, Json] = {"state": state.value, "use_case": row.use_case_id, "recipe": row.recipe, **facts}
    uow.record(action, "retraining", row.id, told)


def _locked(uow: UnitOfWork, retraining_id: str) -> RetrainingRow:
    row = uow.session.exec(
        select(RetrainingRow).where(RetrainingRow.id == retraining_id).with_for_update()
    ).first()
    if row is None:
        raise NotFound("retraining.unknown", N_("There is no retraining {id}."), id=retraining_id)
    return row
