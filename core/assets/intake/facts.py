"""What a model card can say without anybody typing."""

from core.assets.datasets.dataset import Dataset
from core.assets.intake.evaluation import Evaluation
from core.assets.registry.lawful_basis import basis_name
from core.assets.registry.usecase import RISK_NAMES, TASK_NAMES, UseCase
from core.assets.registry.version import Version
from core.i18n import _, day, number

MOST_LISTED = 40


def of(
    version: Version, use_case: UseCase, dataset: Dataset, evaluation: Evaluation | None
) -> dict[str, str]:
    """Return the facts by field of the card, in the reader's language."""
    missing = [f"{c.name} ({number(c.missing)})" for c in dataset.columns if c.missing]
    found = {
        "model.name": version.model_name,
        "model.version": str(version.number),
        "model.created": day(version.created_at),
        "model.format": version.format,
        "model.digest": version.artifact_digest,
        "model.output": _output(version, use_case),
        "use.purpose": use_case.purpose,
        "use.risk": _(RISK_NAMES[use_case.risk_tier]),
        "use.lawful_basis": _(basis_name(use_case.lawful_basis)),
        "use.affected": use_case.affected_people,
        "use.oversight": use_case.human_oversight,
        "data.name": dataset.name,
        "data.rows": number(dataset.rows),
        "data.features": _listed(version.signature.names),
        "data.label": version.label_column,
        "data.protected": _listed(dataset.protected) or _("none"),
        "data.personal": _listed(dataset.personal) or _("none"),
        "data.missing": _listed(tuple(missing)) or _("none"),
    }
    if evaluation is not None:
        found |= _measured(evaluation)
    return found


def _measured(evaluation: Evaluation) -> dict[str, str]:
    lines = [
        f"{name}: {number(m.value, 3)} ({number(m.low, 3)} – {number(m.high, 3)})"
        for name, m in evaluation.metrics.items()
    ]
    found = {
        "performance.metrics": "\n".join(lines),
        "performance.threshold": _("not used")
        if evaluation.threshold is None
        else number(evaluation.threshold, 3),
        "performance.latency": _(
            "half of the rows within {p50} ms, 95 % within {p95} ms",
            p50=number(evaluation.latency_p50_ms, 2),
            p95=number(evaluation.latency_p95_ms, 2),
        ),
        "performance.memory": _("{mib} MiB", mib=number(evaluation.memory_mb, 0)),
        "performance.reproducible": _("yes, bit for bit") if evaluation.reproducible else _("no"),
    }
    for note in evaluation.notes:
        if note.startswith("type: "):
            found["model.type"] = note.removeprefix("type: ")
    return found


def _output(version: Version, use_case: UseCase) -> str:
    if not version.signature.features:
        return ""
    classes = _listed(version.signature.classes)
    return f"{_(TASK_NAMES[use_case.task])}: {classes}" if classes else _(TASK_NAMES[use_case.task])


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (_(" and {n} more", n=more) if more > 0 else "")
