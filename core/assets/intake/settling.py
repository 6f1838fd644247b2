"""Writing of what a version's checks found: an evaluation, or the reason of a refusal."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.assets.intake.evaluation import Confusion, Curves, Estimate
from core.assets.intake.tables import EvaluationRow
from core.assets.registry import commands as registry
from core.assets.registry import queries as registered
from core.assets.registry.version import Refusal, Signature, VersionState
from core.errors import AvalError, preserve
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.store import Json, UnitOfWork


def record_evaluation(
    uow: UnitOfWork,
    version_id: str,
    *,
    started_at: datetime,
    rows: int,
    metrics: Mapping[str, Estimate],
    threshold: float | None,
    confusion: Confusion | None,
    curves: Curves,
    latency_p50_ms: float,
    latency_p95_ms: float,
    memory_mb: float,
    reproducible: bool,
    predictions_digest: str,
    notes: Sequence[str],
    verdict: str,
    isolation: str,
    signature: Signature,
    names: Sequence[str] = (),
    origin: Mapping[str, object] | None = None,
) -> bool:
    """Store an evaluation and make its version ready; return false when it was settled meanwhile.

    `names` are all names in the file, each known or approved: later loads trust exactly these.
    """
    require(uow.actor, Permission.UPLOAD_MODEL)
    version = registered.version(uow.session, version_id)
    if version.state is not VersionState.CHECKING:
        return False
    row = EvaluationRow(
        id=new_id("eval"),
        version_id=version_id,
        dataset_id=version.dataset_id,
        started_at=started_at,
        finished_at=uow.now,
        rows=rows,
        metrics={name: estimate.to_json() for name, estimate in metrics.items()},
        threshold=threshold,
        confusion=None
        if confusion is None
        else {"labels": list(confusion.labels), "counts": confusion.counts},
        curves={name: dict(series) for name, series in curves.items()},
        latency_p50_ms=latency_p50_ms,
        latency_p95_ms=latency_p95_ms,
        memory_mb=memory_mb,
        reproducible=reproducible,
        predictions_digest=predictions_digest,
        notes=list(notes),
    )
    uow.session.add(row)
    registry.set_standing(
        uow,
        version_id,
        VersionState.READY,
        verdict=verdict,
        isolation=isolation,
        names=names,
        signature=signature,
        operating_threshold=threshold,
        origin=origin,
    )
    measured: dict[str, Json] = {name: f"{estimate.value:.6g}" for name, estimate in metrics.items()}
    uow.record(
        "version.evaluated",
        "version",
        version_id,
        {
            "artifact": version.artifact_digest,
            "dataset": version.dataset_digest,
            "predictions": predictions_digest,
            "verdict": verdict,
            "isolation": isolation,
            "reproducible": reproducible,
            "rows": rows,
            "metrics": measured,
        },
    )
    return True


def refuse_version(
    uow: UnitOfWork,
    version_id: str,
    reason: AvalError,
    *,
    verdict: str,
    isolation: str,
    names: Sequence[str] = (),
    origin: Mapping[str, object] | None = None,
) -> None:
    """Settle a version as refused, with the reason; does nothing when it was settled meanwhile."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    version = registered.version(uow.session, version_id)
    if version.state in {VersionState.READY, VersionState.REFUSED}:
        return
    kept = preserve(reason)
    params = kept["params"] if isinstance(kept["params"], dict) else {}
    refusal = Refusal(reason.code, reason.template, reason.fix, params)
    registry.set_standing(
        uow,
        version_id,
        VersionState.REFUSED,
        verdict=verdict,
        isolation=isolation,
        names=names,
        refusal=refusal,
        origin=origin,
    )
    uow.record(
        "version.refused",
        "version",
        version_id,
        {
            "code": reason.code,
            "artifact": version.artifact_digest,
            "verdict": verdict,
            "isolation": isolation,
        },
    )
