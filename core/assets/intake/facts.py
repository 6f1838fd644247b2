"""What a model card can say without anybody typing."""

from collections.abc import Mapping, Sequence

from core.assets.datasets.dataset import Dataset
from core.assets.intake.evaluation import Evaluation
from core.assets.intake.metric_names import metric_name
from core.assets.registry.bundle import PART_NAMES, Bundle
from core.assets.registry.lawful_basis import basis_name
from core.assets.registry.usecase import RISK_NAMES, TASK_NAMES, UseCase
from core.assets.registry.version import Version
from core.i18n import _, day, number, percent

MOST_LISTED = 40


def of(
    version: Version,
    use_case: UseCase,
    dataset: Dataset,
    evaluation: Evaluation | None,
    *,
    bundle: Bundle,
    owner: str,
) -> dict[str, str]:
    """Return the facts by field of the card, in the reader's language; `owner` is a name, empty where it is not known."""
    missing = [f"{c.name} ({number(c.missing)})" for c in dataset.columns if c.missing]
    found = {
        "model.name": version.model_name,
        "model.version": str(version.number),
        "model.created": day(version.created_at),
        "model.format": version.format,
        "model.digest": version.artifact_digest,
        "model.output": _output(version, use_case),
        "model.libraries": libraries(version),
        "model.parts": _parts(bundle),
        "model.contact": _("{name}, owner of the use case", name=owner) if owner else "",
        "use.purpose": use_case.purpose,
        "use.risk": _(RISK_NAMES[use_case.risk_tier]),
        "use.lawful_basis": _(basis_name(use_case.lawful_basis)),
        "use.affected": use_case.affected_people,
        "use.oversight": use_case.human_oversight,
        "use.applications": _listed(use_case.applications),
        "data.name": dataset.name,
        "data.rows": number(dataset.rows),
        "data.features": _listed(version.signature.names),
        "data.label": version.label_column,
        "data.protected": _listed(dataset.protected) or _("none"),
        "data.personal": _flagged(dataset.personal, dataset),
        "data.sensitive": _flagged(dataset.sensitive, dataset),
        "data.purposes": _purposes(version, dataset),
        "data.missing": _listed(tuple(missing)) or _("none"),
    }
    if evaluation is not None:
        found |= _measured(evaluation)
    return found


def _measured(evaluation: Evaluation) -> dict[str, str]:
    lines = [
        f"{metric_name(name)}: {number(m.value, 3)} ({number(m.low, 3)} – {number(m.high, 3)})"
        for name, m in evaluation.metrics.items()
    ]
    unseen = (
        "" if evaluation.ran else _("not seen: Aval does not run this model, its scores came with the data")
    )
    found = {
        "performance.metrics": "\n".join(lines),
        "performance.threshold": _("not used")
        if evaluation.threshold is None
        else number(evaluation.threshold, 3),
        "performance.latency": unseen
        or _(
            "half of the rows within {p50} ms, 95 % within {p95} ms",
            p50=number(evaluation.latency_p50_ms, 2),
            p95=number(evaluation.latency_p95_ms, 2),
        ),
        "performance.memory": unseen or _("{mib} MiB", mib=number(evaluation.memory_mb, 0)),
        "performance.reproducible": unseen or (_("yes, bit for bit") if evaluation.reproducible else _("no")),
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


def _flagged(names: tuple[str, ...], dataset: Dataset) -> str:
    """Name the flagged columns; what nobody has confirmed says so."""
    found = _listed(names) or _("none")
    return (
        found
        if dataset.flags_confirmed_at is not None
        else _("{found} (proposed by inspection)", found=found)
    )


def _purposes(version: Version, dataset: Dataset) -> str:
    written = [c for c in version.table_columns if dataset.purposes.get(c)]
    if not written:
        return ""
    lines = [f"{c}: {dataset.purposes[c]}" for c in written[:MOST_LISTED]]
    share = percent(dataset.described(version.table_columns), 0)
    return "\n".join([*lines, _("{share} of the features are described.", share=share)])


def _parts(bundle: Bundle) -> str:
    """Name every part with its digest; a model without any is released alone."""
    if not bundle.parts:
        return _("nothing else: the model file alone")
    return "\n".join(f"{_(PART_NAMES[p.kind])}: {p.name} ({p.digest[:12]}…)" for p in bundle.parts)


_LIBRARIES: Mapping[str, str] = {
    "python": "Python",
    "sklearn": "scikit-learn",
    "xgb": "XGBoost",
    "xgboost": "XGBoost",
    "lgb": "LightGBM",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
    "onnx": "ONNX",
    "mlflow_version": "MLflow",
}


def libraries(version: Version) -> str:
    """Say what the file says of its making: versions, and the listed requirements of an MLflow folder."""
    said = version.origin
    named = [f"{title} {said[key]}" for key, title in _LIBRARIES.items() if said.get(key)]
    listed = said.get("requirements")
    lines = [", ".join(named)] if named else []
    if isinstance(listed, Sequence) and not isinstance(listed, str) and listed:
        lines.append(_listed(tuple(str(x) for x in listed)))
    return "\n".join(lines)


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (_(" and {n} more", n=more) if more > 0 else "")
