"""Writing of uploads and submissions; what their checks find is written in `settling`, reviews in `reviews`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlmodel import col, select

from core.assets.datasets import commands as datasets
from core.assets.datasets import personal
from core.assets.datasets import queries as tables
from core.assets.intake import formats, queries, submission, tabular
from core.assets.intake.draft import JOB, ArtifactFile, Draft, FileKind, TableFile
from core.assets.intake.formats import Format
from core.assets.intake.reviews import approve_names, refuse_names
from core.assets.intake.tables import DraftRow
from core.assets.registry import commands as registry
from core.assets.registry import queries as registered
from core.assets.registry.upstream import Upstream
from core.assets.registry.usecase import Task, UseCase
from core.errors import Conflict, Invalid, NotFound
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.jobs.commands import enqueue
from core.platform.store import Actor, Json, Store, StoredFile, UnitOfWork

__all__ = ["JOB", "approve_names", "refuse_names"]

Examined = Format | tabular.Read
"""What a look at a file found: the format of a model, or a table read and kept as Parquet."""


def open_draft(uow: UnitOfWork) -> str:
    """Begin an upload and return its id."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    row = DraftRow(id=new_id("draft"), author_id=uow.actor.id, created_at=uow.now)
    uow.session.add(row)
    uow.record("draft.opened", "draft", row.id)
    return row.id


def draft_again(uow: UnitOfWork, version_id: str) -> str:
    """Begin an upload with the files of an own version, to submit them with other facts; return its id."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    version = registered.version(uow.session, version_id)
    if version.author_id != uow.actor.id:
        raise NotFound("version.unknown", N_("There is no version {id}."), id=version_id)
    held = tables.dataset(uow.session, version.dataset_id)
    table = TableFile(
        digest=held.digest,
        source_digest=held.source_digest,
        size=uow.files.size(held.source_digest),
        name=held.name,
        rows=held.rows,
        columns=held.columns,
        personal=held.personal,
        protected=held.protected,
    )
    artifact = ArtifactFile(
        version.artifact_digest, version.artifact_size, version.artifact_name, version.format
    )
    row = DraftRow(
        id=new_id("draft"),
        author_id=uow.actor.id,
        created_at=uow.now,
        artifact=None if version.format == Format.BLACK_BOX else artifact.to_json(),
        table=table.to_json(),
    )
    uow.session.add(row)
    uow.record("draft.opened", "draft", row.id, {"version": version_id})
    return row.id


def examine(store: Store, kind: FileKind, path: Path, name: str) -> Examined:
    """Look at a file before it is kept; raise `Invalid` or `TooLarge` for what is no model or no table.

    A model file is looked at from outside; a table is read in an isolated child and kept as Parquet.
    """
    if kind == "artifact":
        with path.open("rb") as file:
            return formats.recognise(file, name=name)
    return tabular.read(store.files, path, name=name, memory=int(store.settings.runner_mib) << 20)


def receive_file(
    store: Store,
    actor: Actor,
    draft_id: str,
    kind: FileKind,
    stored: StoredFile,
    name: str,
    *,
    examined: Examined | None = None,
) -> Draft:
    """Keep a stored file in the draft; a second one replaces the first.

    Without `examined` the file is looked at here, before the transaction begins: nobody waits for it.
    """
    require(actor, Permission.UPLOAD_MODEL)
    with store.reading() as view:
        _own(queries.draft(view, draft_id), actor)
    if examined is None:
        examined = examine(store, kind, store.files.path(stored.digest), name)
    with store.unit_of_work(actor) as uow:
        row = _locked(uow, draft_id)
        _own(queries.draft(uow.session, draft_id), actor)
        if row.version_id:
            raise _submitted()
        if isinstance(examined, Format):
            row.artifact = ArtifactFile(stored.digest, stored.size, name, examined.value).to_json()
        else:
            row.table = _table(stored, name, examined).to_json()
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
    mapping: Mapping[str, str] | None = None,
    score_column: str = "",
    imported: Upstream | None = None,
) -> tuple[str, str]:
    """Freeze a version of the use case and ask for its evaluation; return the version's and the job's id.

    `mapping` names the table's column for each feature that is called otherwise there. `score_column` holds the scores
    of a model that Aval does not load; without any model file, it is a black box. `imported` is its place in another
    registry, as whoever sends it says.
    """
    require(uow.actor, Permission.UPLOAD_MODEL)
    row = _locked(uow, draft_id)
    draft = queries.draft(uow.session, draft_id)
    _own(draft, uow.actor)
    if draft.version_id:
        raise _submitted()
    if draft.table is None or (draft.artifact is None and not score_column):
        raise Invalid(
            "draft.incomplete",
            N_("The upload is not complete: the model file or the evaluation table is missing."),
            fix=N_("Send both files, or name the column that holds a black box's scores; then submit."),
            field="table" if draft.table is None else "artifact",
        )
    case = registered.use_case(uow.session, use_case)
    submission.require_columns(draft.table, label_column, protected, score_column)
    mapping = submission.sound_mapping(draft.table, mapping or {}, label_column)
    if operating_threshold is not None and not 0.0 <= operating_threshold <= 1.0:
        raise Invalid(
            "submission.threshold",
            N_("The operating threshold must lie between 0 and 1."),
            field="operating_threshold",
        )
    name = model_name.strip() or case.slug
    artifact = draft.artifact or _declared(uow, case, name, draft.table, score_column)
    submission.require_scores(artifact, score_column)
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
        model_name=name,
        artifact_digest=artifact.digest,
        artifact_name=artifact.name,
        artifact_size=artifact.size,
        format=artifact.format,
        dataset_id=dataset.id,
        dataset_digest=dataset.digest,
        label_column=label_column,
        positive_label=positive_label,
        operating_threshold=operating_threshold if case.task is Task.BINARY else None,
        note=note,
        mapping=mapping,
        score_column=score_column,
        imported=imported,
    )
    row.version_id = version.id
    uow.session.add(row)
    job = enqueue(uow, JOB, "version", version.id, {"version": version.id})
    renamed: dict[str, Json] = dict(mapping)
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
            "mapping": renamed,
            "scores": score_column,
            **({} if imported is None else {"imported": list(imported.place)}),
        },
    )
    return version.id, job


def _table(stored: StoredFile, name: str, read: tabular.Read) -> TableFile:
    names = [c.name for c in read.columns]
    return TableFile(
        digest=read.digest,
        source_digest=stored.digest,
        size=stored.size,
        name=name,
        rows=read.rows,
        columns=read.columns,
        personal=personal.personal(names),
        protected=personal.protected(names),
    )


def _declared(uow: UnitOfWork, case: UseCase, name: str, table: TableFile, scores: str) -> ArtifactFile:
    """Keep what stands in for the file of a black box: a statement of which scores it is governed by."""
    said = {"model": name, "scores": scores, "table": table.source_digest, "use_case": case.slug}
    text = json.dumps({"black_box": said}, sort_keys=True, ensure_ascii=True).encode()
    kept = uow.files.put_bytes(text)
    return ArtifactFile(kept.digest, kept.size, f"{name}.black-box.json", Format.BLACK_BOX.value)


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
