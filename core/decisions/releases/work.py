"""Work outside transactions: judging gates, hashing live files, and the sweep that the worker calls."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from core.decisions.releases import pledges, queries
from core.decisions.releases.checking import check, keep_check
from core.decisions.releases.commands import keep_judgement
from core.decisions.releases.evidence import finish, read, subject
from core.decisions.releases.gates import GateKind, GateVerdict, Rule, judge
from core.decisions.releases.release import Release
from core.decisions.releases.states import OPEN, ReleaseState
from core.decisions.releases.tables import DeploymentRow, RequestRow, RoundRow
from core.decisions.releases.timeouts import next_nudge
from core.decisions.releases.watching import keep_artifact_check, note_standing, nudge, stale_since
from core.errors import NotFound
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM, Store

log = logging.getLogger("aval.releases")
AT_ONCE = 200
SWEEP_SECONDS = 30
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did."""

    nudged: int = 0
    hashed: int = 0
    changed: int = 0


def judge_round(context: JobContext, runner: object = None) -> None:
    """Judge the gates of the round in `payload["round_id"]`; a round that has been closed meanwhile is left alone."""
    del runner  # the gates read stored predictions; no model runs here
    round_id = str(context.payload["round_id"])
    context.progress(0.1, N_("Collecting the evidence"))
    with context.store.reading() as view:
        request = queries.release_of_round(view, round_id)
        current = queries.rounds(view, request.id)[-1]
        if current.id != round_id or not judgeable(request):
            return
    verdicts, found = _judged(context, request.version.id, request.environment)
    with context.store.unit_of_work(SYSTEM) as uow:
        keep_judgement(uow, round_id, verdicts, found)


def judge_check(context: JobContext, runner: object = None) -> None:
    """Judge the gates of the check in `payload["check_id"]`."""
    del runner
    check_id = str(context.payload["check_id"])
    with context.store.reading() as view:
        asked = check(view, check_id)
    verdicts, _sources = _judged(context, asked.version_id, asked.environment)
    with context.store.unit_of_work(SYSTEM) as uow:
        keep_check(uow, check_id, verdicts)


def judgeable(request: Release) -> bool:
    """Whether gates may be judged: while people decide, and for the review that an emergency release owes."""
    waiting = {ReleaseState.SUBMITTED, ReleaseState.IN_REVIEW}
    return request.state in waiting or (request.emergency and request.state is ReleaseState.LIVE)


def sweep(store: Store) -> Swept:
    """Do what time asks: nudge what waits, hash one live file again, write down each changed standing.

    Safe to call from any number of workers: each step locks its row and looks again. What fails is logged and
    tried again at the next sweep.
    """
    nudged = sum(_try(store, nudge, request_id) for request_id in _waiting_too_long(store))
    hashed = _hash_one(store)
    changed = sum(_try(store, note_standing, deployment_id) for deployment_id in _some_deployments(store))
    return Swept(nudged, hashed, changed)


def _try(store: Store, command: object, subject_id: str) -> int:
    if not callable(command):
        raise TypeError(command)
    try:
        with store.unit_of_work(SYSTEM) as uow:
            return int(command(uow, subject_id) is not None)
    except Exception:
        log.warning("the sweep could not finish with %s", subject_id, exc_info=True)
        return 0


def _waiting_too_long(store: Store) -> Sequence[str]:
    now = store.clock()
    with store.reading() as view:
        waiting = view.exec(
            select(RequestRow, RoundRow.opened_at)
            .join(
                RoundRow,
                (col(RoundRow.request_id) == RequestRow.id) & (col(RoundRow.number) == RequestRow.round),
            )
            .where(col(RequestRow.state).in_([s.value for s in OPEN]))
        ).all()
        policies = {row.policy_digest: None for row, _ in waiting}
        patience = {digest: queries.policy(view, digest).patience for digest in policies}
    return [
        row.id
        for row, opened_at in waiting
        if next_nudge(
            opened_at,
            patience[row.policy_digest],
            reminded=row.reminded_at is not None,
            escalated=row.escalated_at is not None,
            now=now,
        )
    ]


def _hash_one(store: Store) -> int:
    """Hash the live file whose last check lies back the furthest, if any is due; one per sweep, for large files."""
    now = store.clock()
    with store.reading() as view:
        due = []
        for deployed, request in view.exec(_LIVE):
            last = next(iter(pledges.artifact_checks(view, deployed.id)), None)
            policy = queries.policy(view, request.policy_digest)
            if stale_since(now, last.last_at if last else None, policy.recheck_hours):
                due.append((last.last_at.timestamp() if last else 0.0, deployed.id, deployed.artifact_digest))
    if not due:
        return 0
    _at, deployment_id, digest = min(due)
    found = _hash(store, digest)
    with store.unit_of_work(SYSTEM) as uow:
        keep_artifact_check(uow, deployment_id, found)
    return 1


def _hash(store: Store, digest: str) -> str:
    """SHA-256 of the bytes that lie under a digest; empty where there is no file."""
    found = hashlib.sha256()
    try:
        with store.files.open(digest) as file:
            while chunk := file.read(CHUNK):
                found.update(chunk)
    except (NotFound, FileNotFoundError):
        return ""
    return found.hexdigest()


def _some_deployments(store: Store) -> Sequence[str]:
    """Every live deployment; of very many a different part at each sweep."""
    with store.reading() as view:
        found = _live_ids(view)
    if len(found) <= AT_ONCE:
        return found
    start = int(store.clock().timestamp()) // SWEEP_SECONDS * AT_ONCE % len(found)
    return [*found, *found][start : start + AT_ONCE]


def _live_ids(view: Session) -> list[str]:
    query = select(DeploymentRow.id).where(col(DeploymentRow.ended_at).is_(None))
    return list(view.exec(query.order_by(DeploymentRow.id)))


_LIVE = (
    select(DeploymentRow, RequestRow)
    .join(RequestRow, col(RequestRow.id) == DeploymentRow.request_id)
    .where(col(DeploymentRow.ended_at).is_(None))
)


def _judged(
    context: JobContext, version_id: str, environment: str
) -> tuple[list[GateVerdict], tuple[tuple[str, str], ...]]:
    with context.store.reading() as view:
        about = subject(view, version_id, environment, context.store.clock())
        rules = about.sealed.rules if about.sealed else (Rule(GateKind.SEALED),)
        begun = read(view, about, rules)
    context.progress(0.3, N_("Comparing with the live version"))
    readings = finish(begun, context.store.files)
    verdicts = [judge(rule, reading) for rule, reading in zip(rules, readings, strict=True)]
    return verdicts, tuple(reading.evidence for reading in readings)
