"""Reading of the registry."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from core.assets.registry.bundle import Bundle, Part, PartKind
from core.assets.registry.card import CardRevision
from core.assets.registry.tables import CardRevisionRow, ModelRow, PartRow, UseCaseRow, VersionRow
from core.assets.registry.usecase import RiskTier, Task, UseCase
from core.assets.registry.version import Refusal, Signature, Version, VersionState
from core.errors import NotFound
from core.i18n import N_

__all__ = ["RiskTier", "Signature", "Task", "UseCase", "Version", "VersionState"]


def use_cases(session: Session) -> tuple[UseCase, ...]:
    """Return every use case, by title."""
    rows = session.exec(select(UseCaseRow).order_by(col(UseCaseRow.title), col(UseCaseRow.id)))
    return tuple(_use_case(row) for row in rows)


def use_case(session: Session, slug: str) -> UseCase:
    """Return the use case of that slug; raise `NotFound` naming a near one."""
    row = session.exec(select(UseCaseRow).where(UseCaseRow.slug == slug)).first()
    if row is None:
        near = difflib.get_close_matches(slug, session.exec(select(UseCaseRow.slug)).all(), n=1)
        raise NotFound(
            "use_case.unknown",
            N_("There is no use case {slug}."),
            fix=N_("Did you mean {near}?") if near else "",
            field="use_case",
            slug=slug,
            near=near[0] if near else "",
        )
    return _use_case(row)


def use_case_by_id(session: Session, use_case_id: str) -> UseCase:
    """Return the use case of that id; raise `NotFound`."""
    row = session.get(UseCaseRow, use_case_id)
    if row is None:
        raise NotFound("use_case.unknown", N_("There is no use case {slug}."), slug=use_case_id)
    return _use_case(row)


def versions(session: Session, use_case_id: str | None = None) -> tuple[Version, ...]:
    """Return the versions of a use case, newest first; of all use cases without an id."""
    query = _VERSIONS.order_by(col(VersionRow.created_at).desc(), col(VersionRow.number).desc())
    if use_case_id is not None:
        query = query.where(VersionRow.use_case_id == use_case_id)
    return tuple(_version(*found) for found in session.exec(query))


def version(session: Session, version_id: str) -> Version:
    """Return a version; raise `NotFound`."""
    found = session.exec(_VERSIONS.where(VersionRow.id == version_id)).first()
    if found is None:
        raise NotFound("version.unknown", N_("There is no version {id}."), id=version_id)
    return _version(*found)


def version_by_number(session: Session, slug: str, number: int) -> Version:
    """Return the version of that number within its use case; raise `NotFound`."""
    found = session.exec(_VERSIONS.where(UseCaseRow.slug == slug, VersionRow.number == number)).first()
    if found is None:
        raise NotFound(
            "version.unknown_number", N_("{slug} has no version {number}."), slug=slug, number=number
        )
    return _version(*found)


def newest_ready(session: Session) -> tuple[Version, ...]:
    """Return the newest evaluated version of each use case."""
    place = func.row_number().over(
        partition_by=VersionRow.use_case_id, order_by=col(VersionRow.number).desc()
    )
    ready = VersionRow.state == VersionState.READY.value
    ranked = select(VersionRow.id, place.label("place")).where(ready).subquery()
    query = _VERSIONS.join(ranked, ranked.c.id == VersionRow.id).where(ranked.c.place == 1)
    return tuple(_version(*found) for found in session.exec(query))


def versions_by_id(session: Session, ids: Collection[str]) -> tuple[Version, ...]:
    """Return these versions, in no order; unknown ids are left out."""
    return tuple(_version(*found) for found in session.exec(_VERSIONS.where(col(VersionRow.id).in_(ids))))


def typed_cards(session: Session, ids: Collection[str]) -> dict[str, Mapping[str, str]]:
    """Return what people typed last on the cards of these versions; a version without a revision is left out."""
    query = select(CardRevisionRow.version_id, CardRevisionRow.values).where(
        col(CardRevisionRow.version_id).in_(ids)
    )
    return dict(session.exec(query.order_by(col(CardRevisionRow.number))).all())


def versions_of_artifact(session: Session, digest: str) -> tuple[Version, ...]:
    """Return the versions that hold these very bytes, oldest first."""
    query = _VERSIONS.where(VersionRow.artifact_digest == digest).order_by(col(VersionRow.created_at))
    return tuple(_version(*found) for found in session.exec(query))


def model_names(session: Session, use_case_id: str) -> tuple[str, ...]:
    """Return the names of the models of a use case, in order."""
    query = select(ModelRow.name).where(ModelRow.use_case_id == use_case_id).order_by(ModelRow.name)
    return tuple(session.exec(query))


def bundle(session: Session, version_id: str) -> Bundle:
    """Return the further parts of a version; its digests and its `digest` belong to what a release is signed for."""
    return _bundle(session, col(PartRow.version_id) == version_id)


def bundle_of_upload(session: Session, upload_id: str) -> Bundle:
    """Return the parts that were attached to an upload so far."""
    return _bundle(session, col(PartRow.upload_id) == upload_id)


def _bundle(session: Session, which: ColumnElement[bool]) -> Bundle:
    rows = session.exec(select(PartRow).where(which)).all()
    order = list(PartKind)
    parts = [Part(r.id, PartKind(r.kind), r.name, r.digest, r.size, r.added_by, r.added_at) for r in rows]
    return Bundle(tuple(sorted(parts, key=lambda p: (order.index(p.kind), p.name))))


def versions_on(session: Session, table_digest: str) -> tuple[Version, ...]:
    """Return the versions whose evaluation table is this file."""
    held = func.coalesce(func.nullif(col(VersionRow.table_digest), ""), VersionRow.dataset_digest)
    return tuple(_version(*row) for row in session.exec(_VERSIONS.where(held == table_digest)))


def card_revisions(session: Session, version_id: str) -> tuple[CardRevision, ...]:
    """Return the revisions of a model card's typed fields, oldest first."""
    query = (
        select(CardRevisionRow)
        .where(CardRevisionRow.version_id == version_id)
        .order_by(col(CardRevisionRow.number))
    )
    return tuple(
        CardRevision(row.number, row.values, row.author_id, row.created_at) for row in session.exec(query)
    )


_VERSIONS = (
    select(VersionRow, UseCaseRow.slug, ModelRow.name)
    .join(UseCaseRow, col(UseCaseRow.id) == VersionRow.use_case_id)
    .join(ModelRow, col(ModelRow.id) == VersionRow.model_id)
)


def _use_case(row: UseCaseRow) -> UseCase:
    return UseCase(
        id=row.id,
        slug=row.slug,
        title=row.title,
        purpose=row.purpose,
        owner_id=row.owner_id,
        task=Task(row.task),
        risk_tier=RiskTier(row.risk_tier),
        lawful_basis=row.lawful_basis,
        affected_people=row.affected_people,
        human_oversight=row.human_oversight,
        applications=tuple(row.applications),
        currency=row.currency,
        created_at=row.created_at,
        risk_answers=row.risk_answers,
    )


def _version(row: VersionRow, slug: str, model_name: str) -> Version:
    return Version(
        id=row.id,
        use_case_id=row.use_case_id,
        use_case_slug=slug,
        model_id=row.model_id,
        model_name=model_name,
        number=row.number,
        state=VersionState(row.state),
        author_id=row.author_id,
        created_at=row.created_at,
        artifact_digest=row.artifact_digest,
        artifact_name=row.artifact_name,
        artifact_size=row.artifact_size,
        format=row.format,
        verdict=row.verdict,
        names=tuple(row.names),
        isolation=row.isolation,
        refusal=_refusal(row.refusal),
        dataset_id=row.dataset_id,
        dataset_digest=row.dataset_digest,
        table_digest=row.table_digest or row.dataset_digest,
        label_column=row.label_column,
        positive_label=row.positive_label,
        operating_threshold=row.operating_threshold,
        signature=Signature.from_json(row.signature),
        note=row.note,
        mapping=row.mapping,
        score_column=row.score_column,
        origin=row.origin,
    )


def _refusal(value: Mapping[str, object] | None) -> Refusal | None:
    if value is None:
        return None
    params = cast("Mapping[str, object]", value.get("params", {}))
    kept = {
        k: tuple(v) if isinstance(v, Sequence) and not isinstance(v, str) else v for k, v in params.items()
    }
    return Refusal(str(value["code"]), str(value["template"]), str(value.get("fix", "")), kept)
