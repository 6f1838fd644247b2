"""Judge a version's windows by its rules, in a job: outside any transaction, then one command."""

from core.assets.intake import queries as intake
from core.assets.registry import queries as registry
from core.evidence.alerts import commands, queries, rules
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.performance import Metric
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM


def judge(context: JobContext) -> None:
    """Bring the alerts of a version up to what its profiles and metrics say."""
    version_id = str(context.payload["version_id"])
    context.progress(0.5, N_("Judging by the rules"))
    shipped = queries.default_rules()
    found: list[rules.Episode] = []
    with context.store.reading() as view:
        version = registry.version(view, version_id)
        task = registry.use_case_by_id(view, version.use_case_id).task.value
        evaluation = intake.evaluation(view, version_id)
        metrics = {} if evaluation is None else {name: one.value for name, one in evaluation.metrics.items()}
        for grain in {rule.grain for rule in shipped.rules}:
            drift = monitoring.drift(view, version_id, grain, tested=True)
            if drift is not None:
                found += rules.judge_drift(shipped, grain, drift.windows, drift.columns, drift.novel)
            wanted = [Metric(rule.metrics[task]) for rule in shipped.of(grain) if task in rule.metrics]
            measured = monitoring.measures(view, [version_id], grain, wanted).get(version_id, {})
            found += rules.judge_performance(shipped, grain, task, metrics, sorted(measured.items()))
    with context.store.unit_of_work(SYSTEM) as uow:
        commands.settle_alerts(uow, version_id, shipped, found)
