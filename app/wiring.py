"""The composition root: the one place that knows every part and puts them together."""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache, partial
from typing import TYPE_CHECKING

from sqlmodel import Session

from core.assurance.compliance import attesting, impact
from core.assurance.reviews.measured import measured
from core.clock import Clock, system
from core.decisions.releases import effective, evidence
from core.decisions.releases.gates import GateKind
from core.evidence.kpis import sources
from core.evidence.monitoring.performance import DESK
from core.overview.decision_log.kind import ACTS
from core.platform.jobs.handling import Handler
from core.platform.jobs.queue import Queue
from core.platform.notices import shapes
from core.platform.notices.outbox import append
from core.platform.store import Actor, Store, UnitOfWork
from core.settings import Settings

if TYPE_CHECKING:
    from core.assets.intake.runner import Runner

_lock = threading.Lock()


def open_store(
    settings: Settings, *, clock: Clock = system, announce: Callable[[str], None] | None = None
) -> Store:
    """Open the rows and files of an installation, with the log that every command appends to."""
    evidence.provide(GateKind.IMPACT_ASSESSMENT, impact.read)
    effective.provide(attesting.overdue)
    sources.provide(DESK, measured)
    shapes.ACTS.update({action: act.words for action, act in ACTS.items()})
    return Store(settings, append, clock=clock, announce=announce or Queue(settings).announce)


@cache
def _process_store() -> Store:
    return open_store(Settings.from_environment())


def store() -> Store:
    """Return this process's store, opened at first use from the environment."""
    with _lock:
        return _process_store()


def unit_of_work(actor: Actor) -> AbstractContextManager[UnitOfWork]:
    """Begin a command in the name of `actor`."""
    return store().unit_of_work(actor)


def reading() -> AbstractContextManager[Session]:
    """Open a view for queries."""
    return store().reading()


RUNNER_TASKS = (
    "core.decisions.retraining.isolated",
    "core.evidence.explain.isolated",
    "core.evidence.recourse.isolated",
)
"""What may be asked of the isolated runner besides intake's own tasks."""


def start_runner(settings: Settings) -> "Runner":
    """Start the isolated runner; call it before a store is opened, so that its helper inherits no connection."""
    from core.assets.intake.runner import Runner  # noqa: PLC0415 - the server's own process never loads it

    runner = Runner(
        RUNNER_TASKS, memory=int(settings.runner_mib) << 20, seconds=float(settings.runner_seconds)
    )
    runner.start()
    return runner


def handlers(runner: "Runner") -> Mapping[str, Handler]:
    """Return what runs each kind of job; the worker's libraries are loaded here, not in the server's process."""
    from app import next_steps as steps  # noqa: PLC0415
    from app.submission import submit_like  # noqa: PLC0415
    from core.assurance.reviews import work as reviews  # noqa: PLC0415
    from core.decisions.releases import work as releases  # noqa: PLC0415
    from core.decisions.retraining import work as retraining  # noqa: PLC0415
    from core.decisions.shadow import work as shadow  # noqa: PLC0415
    from core.evidence.alerts import work as alerts  # noqa: PLC0415
    from core.evidence.attribution_drift import work as attribution_drift  # noqa: PLC0415
    from core.evidence.explain import partial_work, trial_work  # noqa: PLC0415
    from core.evidence.fairness import work as fairness  # noqa: PLC0415
    from core.evidence.monitoring import joint_work, payload_work  # noqa: PLC0415
    from core.evidence.monitoring import work as monitoring  # noqa: PLC0415
    from core.evidence.recourse import work as recourse  # noqa: PLC0415
    from core.evidence.robustness import work as robustness  # noqa: PLC0415
    from core.evidence.slices import work as slices  # noqa: PLC0415
    from core.evidence.worth import queries as worth_queries  # noqa: PLC0415
    from core.evidence.worth import work as worth  # noqa: PLC0415

    return {
        "intake.evaluate": partial(steps.evaluate, runner=runner),
        "explain.compute": partial(steps.explain, runner=runner),
        "explain.partial": partial(partial_work.work_out, runner=runner),
        "explain.trial": partial(trial_work.put_on_trial, runner=runner),
        "recourse.case": partial(recourse.answer_case, runner=runner),
        "attribution_drift.measure": partial(attribution_drift.measure, runner=runner),
        "reviews.find_case": partial(reviews.find_case, runner=runner),
        "releases.judge": releases.judge_round,
        "releases.check": releases.judge_check,
        "retraining.run": partial(retraining.run, runner=runner, submit=submit_like),
        "retraining.compare": partial(steps.compare, runner=runner),
        "shadow.score": partial(shadow.score, runner=runner),
        "monitoring.joint": joint_work.measure,
        "monitoring.payloads": payload_work.collect,
        "monitoring.rebuild": monitoring.rebuild,
        "monitoring.tidy": steps.tidy,
        "monitoring.profile": steps.profile,
        "alerts.judge": steps.judge,
        "alerts.split": alerts.split,
        "fairness.measure": fairness.measure,
        "fairness.follow": fairness.follow,
        "robustness.shake": partial(robustness.shake, runner=runner),
        "slices.find": slices.analyse,
        "kpis.observe": steps.observe,
        "worth.follow": worth.follow,
        worth_queries.EXPLORE_JOB: worth.explore,
        worth_queries.FREEZE_JOB: worth.freeze_asked,
    }
