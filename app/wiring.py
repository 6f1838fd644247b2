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
from core.platform.jobs.handling import Handler, JobContext
from core.platform.jobs.queue import Queue
from core.platform.notices.outbox import append
from core.platform.store import SYSTEM, Actor, Store, UnitOfWork
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


RUNNER_TASKS = ("core.evidence.explain.isolated", "core.evidence.recourse.isolated")
"""What may be asked of the isolated runner besides intake's own tasks."""


def start_runner(settings: Settings) -> "Runner":
    """Start the isolated runner; call it before a store is opened, so that its helper inherits no connection."""
    from core.assets.intake.runner import Runner  # noqa: PLC0415 - the server's own process never loads it

    runner = Runner(
        RUNNER_TASKS, memory=int(settings.runner_mib) << 20, seconds=float(settings.runner_seconds)
    )
    runner.start()
    return runner


def _explaining(runner: "Runner") -> Mapping[str, Handler]:
    from core.evidence.explain import commands, partial_work, trial_work, work  # noqa: PLC0415
    from core.evidence.recourse import work as recourse  # noqa: PLC0415

    def explain(context: JobContext) -> None:
        """Explain, then put the explanation on trial."""
        work.explain(context, runner)
        with context.store.unit_of_work(SYSTEM) as uow:
            commands.enqueue_trial_for(uow, str(context.payload["version_id"]))

    return {
        "explain.compute": explain,
        "explain.partial": partial(partial_work.work_out, runner=runner),
        "explain.trial": partial(trial_work.put_on_trial, runner=runner),
        "recourse.case": partial(recourse.answer_case, runner=runner),
    }


def handlers(runner: "Runner") -> Mapping[str, Handler]:
    """Return what runs each kind of job; the worker's libraries are loaded here, not in the server's process."""
    from core.assets.intake import work as intake  # noqa: PLC0415
    from core.assets.registry import queries as registry  # noqa: PLC0415
    from core.assets.registry.version import VersionState  # noqa: PLC0415
    from core.assurance.reviews import work as reviews  # noqa: PLC0415
    from core.decisions.releases import work as releases  # noqa: PLC0415
    from core.evidence import measuring  # noqa: PLC0415
    from core.evidence.alerts import work as alerts  # noqa: PLC0415
    from core.evidence.attribution_drift import commands as attribution_commands  # noqa: PLC0415
    from core.evidence.attribution_drift import work as attribution_drift  # noqa: PLC0415
    from core.evidence.fairness import commands as fairness_commands  # noqa: PLC0415
    from core.evidence.fairness import queries as fairness_queries  # noqa: PLC0415
    from core.evidence.fairness import work as fairness  # noqa: PLC0415
    from core.evidence.kpis import work as kpis  # noqa: PLC0415
    from core.evidence.monitoring import joint_work, payload_work, tidying  # noqa: PLC0415
    from core.evidence.monitoring import work as monitoring  # noqa: PLC0415
    from core.evidence.robustness import work as robustness  # noqa: PLC0415
    from core.evidence.slices import work as slices  # noqa: PLC0415
    from core.evidence.worth import queries as worth_queries  # noqa: PLC0415
    from core.evidence.worth import work as worth  # noqa: PLC0415

    def evaluate(context: JobContext) -> None:
        """Evaluate, then explain and measure: assets know nothing of evidence, so the next steps are asked for here."""
        version_id = str(context.payload["version"])
        loaded = intake.evaluate(context, runner)
        with context.store.reading() as view:
            ready = registry.version(view, version_id).state is VersionState.READY
        if not ready:
            return
        with context.store.unit_of_work(SYSTEM) as uow:
            measuring.enqueue_all(uow, version_id, loads=loaded)

    def profile(context: JobContext) -> None:
        """Profile the log; then follow what drives it, and the groups in it where a table joins its predictions."""
        monitoring.profile(context)
        version_id = str(context.payload["version_id"])
        with context.store.reading() as view:
            declared = fairness_queries.declaration(view, registry.version(view, version_id).use_case_id)
        with context.store.unit_of_work(SYSTEM) as uow:
            if declared is not None and declared.dataset_id:
                fairness_commands.follow_for(uow, version_id)
            attribution_commands.follow_for(uow, version_id)

    def observe(context: JobContext) -> None:
        """Observe KPIs, then what the version's promises came to."""
        kpis.observe(context)
        if context.payload.get("version_id"):
            worth.follow(context)

    return {
        "intake.evaluate": evaluate,
        **_explaining(runner),
        "attribution_drift.measure": partial(attribution_drift.measure, runner=runner),
        "reviews.find_case": partial(reviews.find_case, runner=runner),
        "releases.judge": releases.judge_round,
        "releases.check": releases.judge_check,
        "monitoring.joint": joint_work.measure,
        "monitoring.payloads": payload_work.collect,
        "monitoring.rebuild": monitoring.rebuild,
        "monitoring.tidy": tidying.tidy,
        "alerts.judge": alerts.judge,
        "alerts.split": alerts.split,
        "fairness.measure": fairness.measure,
        "robustness.shake": partial(robustness.shake, runner=runner),
        "slices.find": slices.analyse,
        "fairness.follow": fairness.follow,
        "monitoring.profile": profile,
        "kpis.observe": observe,
        "worth.follow": worth.follow,
        worth_queries.EXPLORE_JOB: worth.explore,
        worth_queries.FREEZE_JOB: worth.freeze_asked,
    }
