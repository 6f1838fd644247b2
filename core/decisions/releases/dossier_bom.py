"""A CycloneDX 1.6 ML-BOM of one version: the model with its card, and the data it was evaluated on.

Format: https://cyclonedx.org/docs/1.6/json/.
"""

import uuid
from datetime import datetime

from core.assets.intake.evaluation import Evaluation
from core.assets.registry import UseCase, Version

_NAMESPACE = uuid.UUID("6f8a2c1e-0b7d-5c7e-9a53-2d6f1b8e4a90")
_TASKS = {"binary": "classification", "multiclass": "classification", "regression": "regression"}


def bom(
    use_case: UseCase, version: Version, evaluation: Evaluation | None, *, aval: str, at: datetime
) -> dict[str, object]:
    """Return the document as JSON values; the same release gives the same serial number."""
    data_ref, model_ref = f"dataset:{version.dataset_id}", f"version:{version.id}"
    model: dict[str, object] = {
        "type": "machine-learning-model",
        "bom-ref": model_ref,
        "name": version.model_name,
        "version": str(version.number),
        "description": use_case.title,
        "modelCard": {
            "modelParameters": {
                "task": _TASKS.get(use_case.task.value, use_case.task.value),
                "datasets": [{"ref": data_ref}],
                "inputs": [{"format": f"{c.name}: {c.kind}"} for c in version.signature.features],
                "outputs": [{"format": version.signature.output}],
            },
            **_figures(evaluation),
            "considerations": {"useCases": [use_case.purpose or use_case.title]},
        },
        "properties": [
            {"name": "aval:use_case", "value": use_case.slug},
            {"name": "aval:risk_tier", "value": use_case.risk_tier.value},
            {"name": "aval:format", "value": version.format},
            {"name": "aval:file_verdict", "value": version.verdict},
            {"name": "aval:isolation", "value": version.isolation},
        ],
        **_hashes(version.artifact_digest),
    }
    data: dict[str, object] = {
        "type": "data",
        "bom-ref": data_ref,
        "name": version.dataset_id,
        **_hashes(version.dataset_digest),
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, version.id)}",
        "version": 1,
        "metadata": {
            "timestamp": at.isoformat(),
            "tools": {"components": [{"type": "application", "name": "Aval", "version": aval}]},
        },
        "components": [model, data],
        "dependencies": [{"ref": model_ref, "dependsOn": [data_ref]}, {"ref": data_ref}],
    }


def _figures(evaluation: Evaluation | None) -> dict[str, object]:
    if evaluation is None:
        return {}
    return {
        "quantitativeAnalysis": {
            "performanceMetrics": [
                {
                    "type": name,
                    "value": repr(found.value),
                    "confidenceInterval": {"lowerBound": repr(found.low), "upperBound": repr(found.high)},
                }
                for name, found in evaluation.metrics.items()
            ]
        }
    }


def _hashes(digest: str) -> dict[str, object]:
    whole = len(digest) == 64 and set(digest) <= set("0123456789abcdef")
    return {"hashes": [{"alg": "SHA-256", "content": digest}]} if whole else {}
