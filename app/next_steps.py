"""What a job is followed by: earlier wings know nothing of later ones, so the next step is asked for here.

Only workers load this module.
"""

from core.assets.intake import work as intake
from core.assets.intake.runner import Runner
from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.decisions.releases import queries as releases
from core.decisions.releases.states import PRODUCTION
from core.decisions.retraining import commands as retraining
from core.decisions.retraining import queries as retrainings
from core.decisions.retraining import work as retraining_work
from core.decisions.retraining.request import State
from core.decisions.shadow import commands as shadow
from core.evidence import measuring
from core.evidence.alerts import commands as alert_commands
from core.evidence.alerts import work as alerts
from core.evidence.attribution_drift import commands as attribution_drift
from core.evidence.explain import commands as explain_commands
from core.evidence.explain import work as explain_work
from core.evidence.fairness import commands as fairness_commands
from core.evidence.fairness import queries as fairness_queries
from core.evidence.kpis import work as kpis
from core.evidence.monitoring import tidying
from core.evidence.monitoring import work as monitoring
from core.evidence.worth import work as worth
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM


def evaluate(context: JobContext, runner: Runner) -> None:
    """Evaluate, then explain and measure; a challenger's retraining goes on."""
    version_id = str(context.payload["version"])
    loaded = intake.evaluate(context, runner)
    with context.store.reading() as view:
        state = registry.version(view, version_id).state
    with context.store.unit_of_work(SYSTEM) as uow:
        retraining.settle_for(uow, version_id, state)
        if state is VersionState.READY:
            measuring.enqueue_all(uow, version_id, loads=loaded)


def explain(context: JobContext, runner: Runner) -> None:
    """Explain, then put the explanation on trial."""
    explain_work.explain(context, runner)
    with context.store.unit_of_work(SYSTEM) as uow:
        explain_commands.enqueue_trial_for(uow, str(context.payload["version_id"]))


def compare(context: JobContext, runner: Runner) -> None:
    """Compare a challenger with its champion, then let it answer what the champion is asked."""
    retraining_work.compare(context, runner)
    with context.store.unit_of_work(SYSTEM) as uow:
        found = retrainings.retraining(uow.session, str(context.payload["retraining_id"]))
        if found.state is State.DONE:
            shadow.start_for(uow, found.challenger)


def profile(context: JobContext) -> None:
    """Profile the log; then follow what drives it, its groups where a table joins it, and whoever runs in its shadow."""
    monitoring.profile(context)
    version_id = str(context.payload["version_id"])
    with context.store.reading() as view:
        declared = fairness_queries.declaration(view, registry.version(view, version_id).use_case_id)
    with context.store.unit_of_work(SYSTEM) as uow:
        if declared is not None and declared.dataset_id:
            fairness_commands.follow_for(uow, version_id)
        attribution_drift.follow_for(uow, version_id)
        shadow.follow_for(uow, version_id)


def observe(context: JobContext) -> None:
    """Observe KPIs, then what the version's promises came to, then whether a retraining is to be proposed."""
    kpis.observe(context)
    if context.payload.get("version_id"):
        worth.follow(context)
        _consider(context)


def judge(context: JobContext) -> None:
    """Judge alert rules; the live version takes over from those before it; then whether to propose a retraining."""
    version_id = str(context.payload["version_id"])
    with context.store.reading() as view:
        former = releases.succeeded(view, version_id, PRODUCTION)
    if former:
        with context.store.unit_of_work(SYSTEM) as uow:
            alert_commands.take_back(uow, version_id)
    said = alerts.judge(context)
    if former:
        with context.store.unit_of_work(SYSTEM) as uow:
            alert_commands.hand_over(uow, former, version_id, said)
    _consider(context)


def tidy(context: JobContext) -> None:
    """Tidy the log; a model comes of age even while nothing happens."""
    tidying.tidy(context)
    _consider(context)


def _consider(context: JobContext) -> None:
    with context.store.unit_of_work(SYSTEM) as uow:
        version = registry.version(uow.session, str(context.payload["version_id"]))
        retraining.consider(uow, version.use_case_id, uow.now.date())
