"""Collect what the gates look at: rows first, then the comparison over stored predictions, with no open view."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from sqlmodel import Session

from core.assets.intake import queries as intake
from core.assets.intake.evaluation import Evaluation
from core.assets.registry import UseCase, Version, VersionState
from core.assets.registry import queries as registry
from core.decisions.findings import queries as findings
from core.decisions.releases import effective, paired, queries
from core.decisions.releases.gates import Evidence, GateKind, Measured, Rule
from core.decisions.releases.queries import Sealed
from core.evidence.explain import queries as explain
from core.evidence.explain.queries import Explanation
from core.i18n import N_
from core.platform.store import Files


@dataclass(frozen=True, slots=True)
class Collected:
    """Everything read about a version and its champion; the rest is computed from it."""

    version: Version
    use_case: UseCase
    sealed: Sealed | None
    evaluation: Evaluation | None
    champion: Version | None
    champion_evaluation: Evaluation | None
    explanation: Explanation | None
    card_share: float
    blocking_findings: int
    draws: int


def collect(session: Session, version_id: str, environment: str, now: datetime) -> Collected:
    """Read what the gates of a version for an environment need."""
    version = registry.version(session, version_id)
    sealed = queries.sealed(session, version_id, environment)
    live = queries.live_deployment(session, version.use_case_id, environment)
    champion = (
        None if live is None or live.version_id == version_id else registry.version(session, live.version_id)
    )
    least = effective.blocking_severity(sealed.rules) if sealed else None
    return Collected(
        version=version,
        use_case=registry.use_case_by_id(session, version.use_case_id),
        sealed=sealed,
        evaluation=intake.evaluation(session, version_id),
        champion=champion,
        champion_evaluation=intake.evaluation(session, champion.id) if champion else None,
        explanation=explain.explanation(session, version_id),
        card_share=intake.card(session, version_id).completeness,
        blocking_findings=len(findings.blocking(session, version_id, least, now)) if least else 0,
        draws=queries.policy(session, sealed.policy_digest).bootstrap_draws if sealed else 0,
    )


def evidence(found: Collected, files: Files) -> Evidence:
    """Turn what was read into what the gates judge; computes the paired comparison."""
    evaluation = found.evaluation
    rule = _champion_rule(found.sealed.rules if found.sealed else ())
    difference, reason = compare(found, rule.metric, files) if rule else (None, "")
    return Evidence(
        verdict=_verdict(found.version),
        reproducible=evaluation.reproducible if evaluation else None,
        metrics=measured(evaluation) if evaluation else {},
        difference=difference,
        no_difference_reason=reason,
        latency_p95_ms=evaluation.latency_p95_ms if evaluation else None,
        explanation_error=found.explanation.max_error if found.explanation else None,
        card_share=found.card_share,
        lawful_basis=found.use_case.lawful_basis,
        blocking_findings=found.blocking_findings,
        sealed_at=found.sealed.sealed_at if found.sealed else None,
        evaluation_started_at=evaluation.started_at if evaluation else None,
    )


def sources(found: Collected, rules: Sequence[Rule]) -> tuple[tuple[str, str], ...]:
    """Name the kind and id of what each gate was judged on."""
    version, use_case = ("version", found.version.id), ("use_case", found.use_case.slug)
    evaluation = ("evaluation", found.version.id)
    where: Mapping[GateKind, tuple[str, str]] = {
        GateKind.REPRODUCIBLE: evaluation,
        GateKind.METRIC_FLOOR: evaluation,
        GateKind.LATENCY: evaluation,
        GateKind.CHAMPION: ("evaluation", found.champion.id) if found.champion else evaluation,
        GateKind.EXPLANATION: ("explanation", found.version.id),
        GateKind.CARD: ("card", found.version.id),
        GateKind.LAWFUL_BASIS: use_case,
        GateKind.FINDINGS: ("findings", found.version.id),
    }
    return tuple(where.get(rule.kind, version) for rule in rules)


def measured(evaluation: Evaluation) -> dict[str, Measured]:
    """The evaluation's metrics as the gates read them."""
    return {name: Measured(e.value, e.low, e.high, e.n) for name, e in evaluation.metrics.items()}


def compare(found: Collected, metric: str, files: Files) -> tuple[Measured | None, str]:
    """Candidate minus champion in `metric`, and the reason where there is none.

    On the same rows by paired bootstrap, otherwise by the intervals of the two evaluations.
    """
    if found.champion is None:
        return None, N_("No version is live yet.")
    mine, theirs = found.evaluation, found.champion_evaluation
    if mine is None or theirs is None:
        return None, N_("One of the two versions is not evaluated.")
    same = (
        found.version.dataset_digest == found.champion.dataset_digest
        and found.version.label_column == found.champion.label_column
        and found.version.positive_label == found.champion.positive_label
    )
    if same and metric in paired.METRICS:
        a = pd.read_parquet(files.path(mine.predictions_digest)).set_index("row").sort_index()
        b = pd.read_parquet(files.path(theirs.predictions_digest)).set_index("row").sort_index()
        lacking = metric == "roc_auc" and not {"probability"} <= set(a.columns) & set(b.columns)
        if a.index.equals(b.index) and not lacking:
            seed = hashlib.sha256(f"{mine.predictions_digest}{theirs.predictions_digest}".encode()).digest()
            difference = paired.paired_difference(
                metric_of(metric, a),
                metric_of(metric, b),
                len(a),
                draws=found.draws,
                seed=int.from_bytes(seed[:8]),
            )
            return difference, "" if difference else N_("The metric is not defined on these rows.")
    ours, other = measured(mine).get(metric), measured(theirs).get(metric)
    if ours is None or other is None:
        return None, N_("One of the two evaluations holds no such metric.")
    return paired.interval_difference(ours, other), ""


def metric_of(metric: str, predictions: pd.DataFrame) -> paired.WeightedMetric:
    """The weighted metric of stored predictions: `label`, `prediction`, and `probability` of a binary task.

    The label of a binary task is 1 for the positive class.
    """
    if metric == "roc_auc":
        truth = predictions["label"].to_numpy(dtype=int) == 1
        return paired.roc_auc(truth, predictions["probability"].to_numpy(dtype=float))
    if metric == "r2":
        return paired.r2(
            predictions["label"].to_numpy(dtype=float), predictions["prediction"].to_numpy(dtype=float)
        )
    both = pd.concat([predictions["label"].astype(str), predictions["prediction"].astype(str)])
    codes = pd.factorize(both)[0].astype(np.int64)
    return paired.METRICS[metric](codes[: len(predictions)], codes[len(predictions) :])


def _champion_rule(rules: Sequence[Rule]) -> Rule | None:
    return next((r for r in rules if r.kind is GateKind.CHAMPION), None)


def _verdict(version: Version) -> str | None:
    """The verdict on the file; one that waited for a person has been reviewed once the version is ready."""
    if version.verdict == "review" and version.state is VersionState.READY:
        return "reviewed"
    return version.verdict or None
