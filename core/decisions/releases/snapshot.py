"""What exactly a signature is bound to: one digest over every fact that was decided on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from core.i18n import N_


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The facts of one round. Digests are SHA-256 in hexadecimal; the bundle's is empty for a model alone."""

    artifact_digest: str
    dataset_digest: str
    evaluation_id: str
    thresholds_digest: str
    policy_digest: str
    card_revision: int
    kpi_versions: tuple[str, ...] = ()
    bundle_digest: str = ""


FACT_NAMES: Mapping[str, str] = {
    "artifact_digest": N_("model file"),
    "dataset_digest": N_("evaluation data"),
    "evaluation_id": N_("evaluation"),
    "thresholds_digest": N_("sealed thresholds"),
    "policy_digest": N_("policy"),
    "card_revision": N_("model card"),
    "kpi_versions": N_("pinned KPIs"),
    "bundle_digest": N_("further parts"),
}


def digest(snapshot: Snapshot) -> str:
    """SHA-256 over the canonical JSON (sorted keys, no spaces) of the facts."""
    return hashlib.sha256(canonical(asdict(snapshot))).hexdigest()


def subject(request_id: str, snapshot_digest: str) -> str:
    """What a signing ticket is good for: this request, as it was seen."""
    return f"{request_id}:{snapshot_digest}"


def canonical(value: Mapping[str, object]) -> bytes:
    """Canonical JSON: sorted keys, ASCII, no spaces; tuples are arrays."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def read(facts: Mapping[str, object]) -> Snapshot:
    """Rebuild a snapshot from its stored JSON."""
    pinned = facts["kpi_versions"]
    return Snapshot(
        artifact_digest=str(facts["artifact_digest"]),
        dataset_digest=str(facts["dataset_digest"]),
        evaluation_id=str(facts["evaluation_id"]),
        thresholds_digest=str(facts["thresholds_digest"]),
        policy_digest=str(facts["policy_digest"]),
        card_revision=int(str(facts["card_revision"])),
        kpi_versions=tuple(str(k) for k in pinned) if isinstance(pinned, list) else (),
        bundle_digest=str(facts.get("bundle_digest", "")),
    )


def changed(before: Snapshot, now: Snapshot) -> tuple[str, ...]:
    """Names of the facts that differ; a newer KPI version is not among them until a round adopts it."""
    return tuple(
        f.name
        for f in fields(Snapshot)
        if f.name != "kpi_versions" and getattr(before, f.name) != getattr(now, f.name)
    )
