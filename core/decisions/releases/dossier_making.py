"""Put a decided release into a dossier: read what was decided, sign it, stream it."""

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from sqlmodel import Session, col, select

from core.assets.intake import queries as intake
from core.assets.registry import queries as registry
from core.decisions.releases import dossier as parts
from core.decisions.releases import queries, snapshot
from core.decisions.releases.dossier import Part, Streamed
from core.decisions.releases.dossier_bom import bom
from core.decisions.releases.dossier_signing import canonical, public_pem, sign_artifact, sign_statement
from core.decisions.releases.release import GateResult, Release
from core.decisions.releases.states import OPEN
from core.decisions.releases.tables import PolicyRow, SealedRow
from core.errors import Conflict
from core.i18n import N_
from core.platform.audit import queries as audit
from core.platform.audit.keys import dossier_key, signing_key
from core.platform.audit.proof import proof_of
from core.platform.audit.queries import KeptCheckpoint
from core.platform.audit.verify_log import read_note
from core.platform.audit.work import seal
from core.platform.store import Store

README = """This is the dossier of one release decision, made by Aval. It can be checked without Aval:

    python verify.py DOSSIER.zip            (Python 3.9 or later, and the package `cryptography`)

It answers: are these the exact bytes? who approved? under which policy? is it in the log?
People are pseudonyms. Take verify.py from a dossier or an installation that you trust, and compare the log's key
(keys/log.vkey) with the one you were given: --log-key ORIGIN+ID+BASE64.
The model file's own signature follows OpenSSF Model Signing: unpack, then

    model_signing verify key artifact --signature artifact.sig --public_key keys/dossier.pem
"""
ENDORSEMENT_PURPOSE = b"aval dossier key\n"


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything a dossier says, but the artifact's bytes."""

    release: Release
    predicate: Mapping[str, object]
    documents: tuple[Part, ...]
    checkpoint: KeptCheckpoint


def write_dossier(store: Store, release_id: str, sink: BinaryIO, *, artifact: bool = True) -> None:
    """Write the dossier of a decided release into a seekable file; without the model's bytes where not wanted.

    Seals the log first, where the decision is not sealed yet. Raise `NotFound`; `Conflict` for a release that is not
    decided or a file that is no longer the one that was approved.
    """
    seal(store)
    key = dossier_key(store.settings)
    with store.reading() as session:
        decision = _read(session, release_id)
    version = decision.release.version
    name = parts.artifact_name(version.artifact_name)
    held = artifact and store.files.exists(version.artifact_digest)
    size = store.files.size(version.artifact_digest) if held else version.artifact_size
    included = held and size <= parts.LARGEST
    others = [
        Part(parts.ARTIFACT_SIGNATURE, sign_artifact(Path(name).name, version.artifact_digest, key)),
        *decision.documents,
        *_keys(store, decision.checkpoint, key),
        Part(parts.README, README.encode()),
        Part(parts.VERIFIER, verifier_text()),
    ]
    subjects = {others[0].name: others[0].digest, name: version.artifact_digest}
    subjects |= {part.name: part.digest for part in others[1:]}
    described = {"name": name, "digest": version.artifact_digest, "size": size, "included": included}
    statement = Part(
        parts.STATEMENT, sign_statement(subjects, {**decision.predicate, "artifact": described}, key)
    )
    try:
        if not included:
            parts.write(sink, [statement, *others])
            return
        with store.files.open(version.artifact_digest) as source:
            streamed = Streamed(name, source, size, version.artifact_digest)
            parts.write(sink, [statement, others[0], streamed, *others[1:]])
    except ValueError as problem:
        raise Conflict(
            "dossier.artifact_altered",
            N_("The stored model file is no longer the one that was approved."),
            fix=N_("Restore it from a backup; `aval scrub` names every such file."),
        ) from problem


def dossier_name(release: Release) -> str:
    """Return the file name that a dossier is offered under."""
    return f"{release.version.use_case_slug}-v{release.version.number}-{release.environment}-{release.id}.zip"


def verifier_text() -> bytes:
    """Return the one file that checks a dossier offline."""
    return Path(__file__).with_name("verify_dossier.py").read_bytes()


def _read(session: Session, release_id: str) -> Decision:
    release = queries.release(session, release_id)
    if release.state in OPEN:
        raise Conflict(
            "dossier.undecided",
            N_("This release is not decided yet, so there is nothing to certify."),
            fix=N_("Come back when it is approved, rejected or withdrawn."),
        )
    current = queries.rounds(session, release_id)[-1]
    policy = queries.policy(session, release.policy_digest)
    use_case = registry.use_case_by_id(session, release.version.use_case_id)
    evaluation = intake.evaluation(session, release.version.id)
    proofs = [
        proof_of(session, event.index)
        for event in audit.events(session, subject_kind="release", subject_id=release_id, limit=1_000)[::-1]
    ]
    covered = [proof for proof in proofs if proof is not None]
    if not covered:
        raise Conflict("dossier.unsealed", N_("The log holds no sealed event of this release."))
    last = covered[-1].checkpoint
    size, root = read_note(last.note, last.key)
    decided = release.closed_at or release.approved_at
    text = session.exec(select(PolicyRow.text).where(PolicyRow.digest == release.policy_digest)).one()
    thresholds = session.exec(
        select(SealedRow.thresholds).where(
            SealedRow.version_id == release.version.id,
            col(SealedRow.digest) == current.snapshot.thresholds_digest,
        )
    ).first()
    predicate = {
        "version": 1,
        "release": release.id,
        "use_case": release.version.use_case_slug,
        "risk_tier": release.tier,
        "environment": release.environment,
        "state": release.state.value,
        "round": release.round,
        "emergency": release.emergency,
        "requested_at": release.requested_at.isoformat(),
        "decided_at": decided.isoformat() if decided else None,
        "expires_at": release.expires_at.isoformat() if release.expires_at else None,
        "model": {
            "version_id": release.version.id,
            "number": release.version.number,
            "name": release.version.model_name,
            "format": release.version.format,
            "verdict": release.version.verdict,
            "isolation": release.version.isolation,
        },
        "snapshot": {"digest": current.snapshot_digest, "facts": asdict(current.snapshot)},
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "signatures": [
            {
                "person": s.person_id,
                "area": s.area,
                "meaning": s.meaning.value,
                "signed_at": s.signed_at.isoformat(),
                "on_behalf_of": s.on_behalf_of,
                "confirmed_by": s.confirmed_by,
                "snapshot": s.snapshot_digest or current.snapshot_digest,
            }
            for s in queries.signatures(session, release_id, release.round)
        ],
        "gates": [_gate(gate) for gate in queries.gates(session, current.id)],
        "log": {"size": size, "root": root.hex(), "key": last.key},
    }
    document = bom(
        use_case, release.version, evaluation, aval=installed("aval"), at=decided or release.requested_at
    )
    return Decision(
        release,
        predicate,
        (
            Part(parts.BOM, canonical(document)),
            Part(parts.POLICY, text.replace("\r\n", "\n").encode()),
            Part(parts.THRESHOLDS, snapshot.canonical(thresholds or {})),
            Part(
                parts.PROOFS,
                canonical(
                    [
                        {"index": p.event.index, "body": p.event.body, "path": [n.hex() for n in p.path]}
                        for p in covered
                    ]
                ),
            ),
            Part(parts.CHECKPOINT, last.note.encode()),
        ),
        last,
    )


def _keys(store: Store, checkpoint: KeptCheckpoint, key: EllipticCurvePrivateKey) -> list[Part]:
    """The public keys, and the log key's word that this is the dossiers' key: who pins one has both."""
    pem = public_pem(key)
    signature = signing_key(store.settings).sign(ENDORSEMENT_PURPOSE + pem)
    return [
        Part(parts.DOSSIER_KEY, pem),
        Part(parts.ENDORSEMENT, base64.b64encode(signature) + b"\n"),
        Part(parts.LOG_KEY, checkpoint.key.encode() + b"\n"),
    ]


def _gate(gate: GateResult) -> dict[str, object]:
    found = gate.verdict
    return {
        "kind": found.kind.value,
        "verdict": found.verdict.value,
        "blocks": found.blocks,
        "metric": found.metric,
        "measured": _decimal(found.measured),
        "low": _decimal(found.low),
        "high": _decimal(found.high),
        "n": found.n,
        "limit": _decimal(found.limit),
        "comparison": found.comparison.value,
        "judged_at": gate.judged_at.isoformat(),
    }


def _decimal(value: float | None) -> str | None:
    return None if value is None else repr(float(value))
