"""Writing of uploads, submissions and what their checks found."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import col, select

from core.assets.datasets import commands as datasets
from core.assets.datasets import personal, reading, schema
from core.assets.intake import formats, queries, verdict
from core.assets.intake.draft import ArtifactFile, Draft, FileKind, TableFile
from core.assets.intake.evaluation import Confusion, Curves, Estimate
from core.assets.intake.tables import DraftRow, EvaluationRow, NamesReviewRow
from core.assets.registry import commands as registry
from core.assets.registry import queries as registered
from core.assets.registry.usecase import Task
from core.assets.registry.version import Refusal, Signature, VersionState
from core.errors import AvalError, Conflict, Invalid, NotFound, Refused, preserve
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.jobs.commands import enqueue
from core.platform.store import Actor, Json, Store, StoredFile, UnitOfWork

JOB = "intake.evaluate"


def open_draft(uow: UnitOfWork) -> str:
    """Begin an upload and return its id."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    row = DraftRow(id=new_id("draft"), author_id=uow.actor.id, created_at=uow.now)
    uow.session.add(row)
    uow.record("draft.opened", "draft", row.id)
    return row.id


def receive_file(
    store: Store, actor: Actor, draft_id: str, kind: FileKind, stored: StoredFile, name: str
) -> Draft:
    """Examine a file that has been stored, then keep it in the draft; a second one replaces the first.

    The file is read before the transaction begins: nobody waits for it. Raise `Invalid` for what is no model or
    no table; nothing is kept then.
    """
    require(actor, Permission.UPLOAD_MODEL)
    with store.reading() as view:
        _own(queries.draft(view, draft_id), actor)
    examined = _artifact(store, stored, name) if kind == "artifact" else _table(store, stored, name)
    with store.unit_of_work(actor) as uow:
        row = _locked(uow, draft_id)
        _own(queries.draft(uow.session, draft_id), actor)
        if row.version_id:
            raise _submitted()
        if isinstance(examined, ArtifactFile):
            row.artifact = examined.to_json()
        else:
            row.table = examined.to_json()
        uow.session.add(row)
        uow.record(
            "draft.file_received",
            "draft",
            draft_id,
            {"kind": kind, "digest": stored.digest, "size": stored.size},
        )
        uow.session.flush()
        return queries.draft(uow.session, draft_id)


def submit_draft(
    uow: UnitOfWork,
    draft_id: str,
    *,
    use_case: str,
    label_column: str,
    positive_label: str = "",
    operating_threshold: float | None = None,
    protected: Sequence[str] = (),
    model_name: str = "",
    note: str = "",
    lawful_basis: str = "",
) -> tuple[str, str]:
    """Freeze a version of the use case and ask for its evaluation; return the version's and the job's id."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    row = _locked(uow, draft_id)
    draft = queries.draft(uow.session, draft_id)
    _own(draft, uow.actor)
    if draft.version_id:
        raise _submitted()
    if draft.artifact is None or draft.table is None:
        raise Invalid(
            "draft.incomplete",
            N_("The upload is not complete: the model file or the evaluation table is missing."),
            fix=N_("Send both files, then submit."),
            field="artifact" if draft.artifact is None else "table",
        )
    case = registered.use_case(uow.session, use_case)
    names = [c.name for c in draft.table.columns]
    reading.require_column(label_column, names, name=draft.table.name)
    for column in protected:
        reading.require_column(column, names, name=draft.table.name)
    if operating_threshold is not None and not 0.0 <= operating_threshold <= 1.0:
        raise Invalid(
            "submission.threshold",
            N_("The operating threshold must lie between 0 and 1."),
            field="operating_threshold",
        )
    dataset = datasets.add_dataset(
        uow,
        digest=draft.table.digest,
        source_digest=draft.table.source_digest,
        name=draft.table.name,
        rows=draft.table.rows,
        columns=draft.table.columns,
        protected=protected,
        personal=draft.table.personal,
        lawful_basis=lawful_basis or case.lawful_basis,
    )
    version = registry.add_version(
        uow,
        use_case=case,
        model_name=model_name.strip() or case.slug,
        artifact_digest=draft.artifact.digest,
        artifact_name=draft.artifact.name,
        artifact_size=draft.artifact.size,
        format=draft.artifact.format,
        dataset_id=dataset.id,
        dataset_digest=dataset.digest,
        label_column=label_column,
        positive_label=positive_label,
        operating_threshold=operating_threshold if case.task is Task.BINARY else None,
        note=note,
    )
    row.version_id = version.id
    uow.session.add(row)
    job = enqueue(uow, JOB, "version", version.id, {"version": version.id})
    uow.record(
        "version.submitted",
        "version",
        version.id,
        {
            "use_case": case.id,
            "number": version.number,
            "artifact": version.artifact_digest,
            "dataset": dataset.digest,
            "source": dataset.source_digest,
            "threshold": None if operating_threshold is None else repr(operating_threshold),
        },
    )
    return version.id, job


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


def ask_for_review(uow: UnitOfWork, version_id: str, unknown: Sequence[str], *, list_version: str) -> None:
    """Let a version wait until a person has looked at the names beyond the list."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    registry.set_standing(
        uow, version_id, VersionState.RECEIVED, verdict=verdict.Verdict.REVIEW.value, names=unknown
    )
    uow.record(
        "version.review_asked",
        "version",
        version_id,
        {"names": verdict.names_digest(unknown), "count": len(unknown), "list": list_version},
    )


def approve_names(uow: UnitOfWork, version_id: str, *, list_version: str) -> str:
    """Approve the unknown names of a waiting version, for these bytes and this list; return the job's id."""
    require(uow.actor, Permission.REVIEW_NAMES)
    version = registered.version(uow.session, version_id)
    if version.author_id == uow.actor.id:
        raise Refused(
            "review.own",
            N_("Nobody reviews the names in a file of their own."),
            fix=N_("Ask another reviewer."),
            subject_kind="version",
            subject_id=version_id,
        )
    if version.state is not VersionState.RECEIVED:
        raise Conflict("review.not_waiting", N_("This version does not wait for a review."))
    digest = verdict.names_digest(version.names)
    if not queries.names_approved(uow.session, version.artifact_digest, digest, list_version):
        uow.session.add(
            NamesReviewRow(
                id=new_id("rev"),
                artifact_digest=version.artifact_digest,
                names_digest=digest,
                list_version=list_version,
                reviewer_id=uow.actor.id,
                reviewed_at=uow.now,
            )
        )
    registry.set_standing(uow, version_id, VersionState.CHECKING, names=version.names)
    uow.record(
        "version.names_approved",
        "version",
        version_id,
        {"artifact": version.artifact_digest, "names": digest, "list": list_version},
    )
    return enqueue(uow, JOB, "version", version_id, {"version": version_id})


def refuse_names(uow: UnitOfWork, version_id: str) -> None:
    """Refuse a waiting version because of the names in its file."""
    require(uow.actor, Permission.REVIEW_NAMES)
    version = registered.version(uow.session, version_id)
    if version.state is not VersionState.RECEIVED:
        raise Conflict("review.not_waiting", N_("This version does not wait for a review."))
    refusal = Refusal(
        "review.refused",
        N_("A reviewer refused the names that the file asks for."),
        N_("Save the model without the code that needs them."),
    )
    registry.set_standing(uow, version_id, VersionState.REFUSED, names=version.names, refusal=refusal)
    uow.record(
        "version.refused", "version", version_id, {"code": refusal.code, "artifact": version.artifact_digest}
    )


def _artifact(store: Store, stored: StoredFile, name: str) -> ArtifactFile:
    with store.files.open(stored.digest) as file:
        found = formats.recognise(file, name=name)
    return ArtifactFile(stored.digest, stored.size, name, found.value)


def _table(store: Store, stored: StoredFile, name: str) -> TableFile:
    table = reading.read_table(store.files.path(stored.digest), name=name)
    kept = store.files.put_bytes(reading.to_parquet(table))
    columns = schema.infer(table)
    names = [c.name for c in columns]
    return TableFile(
        digest=kept.digest,
        source_digest=stored.digest,
        size=stored.size,
        name=name,
        rows=len(table),
        columns=columns,
        personal=personal.personal(names),
        protected=personal.protected(names),
    )


def _locked(uow: UnitOfWork, draft_id: str) -> DraftRow:
    row = uow.session.exec(select(DraftRow).where(col(DraftRow.id) == draft_id).with_for_update()).first()
    if row is None:
        raise NotFound("draft.unknown", N_("There is no upload {id}."), id=draft_id)
    return row


def _own(draft: Draft, actor: Actor) -> None:
    if draft.author_id != actor.id:
        raise NotFound("draft.unknown", N_("There is no upload {id}."), id=draft.id)


def _submitted() -> Conflict:
    return Conflict(
        "draft.submitted",
        N_("This upload has been submitted already."),
        fix=N_("Begin a new upload for a new version."),
    )
