"""Writing of the parts of a bundle: attached to an upload, bound to its version on submission, then fixed."""

from sqlmodel import col, select

from core.assets.registry import queries
from core.assets.registry.bundle import MOST_PARTS, Part, PartKind, image_digest
from core.assets.registry.tables import PartRow
from core.errors import Conflict, Invalid, NotFound
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.store import StoredFile, UnitOfWork


def attach_file(uow: UnitOfWork, upload_id: str, kind: PartKind, name: str, stored: StoredFile) -> Part:
    """Attach a stored file to an upload; one of the same kind and name is replaced.

    Its bytes are kept and hashed, never opened: what a part does is nothing that Aval judges.
    """
    require(uow.actor, Permission.UPLOAD_MODEL)
    if kind is PartKind.IMAGE:
        raise Invalid(
            "bundle.image_file",
            N_("A container image is named by its reference, not sent."),
            fix=N_("Give its reference with the digest: name@sha256:…"),
            field="kind",
        )
    return _attach(uow, upload_id, kind, name, stored.digest, stored.size)


def attach_image(uow: UnitOfWork, upload_id: str, reference: str) -> Part:
    """Attach a container image by a reference that is pinned to a digest; raise `Invalid` for one that is not."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    reference = reference.strip()
    digest = image_digest(reference)
    if not digest:
        raise Invalid(
            "bundle.image",
            N_("{reference} does not say which image exactly."),
            fix=N_(
                "End the reference with its digest: name@sha256: and 64 digits. A tag may be moved later."
            ),
            field="image",
            reference=reference[:120] or "–",
        )
    return _attach(uow, upload_id, PartKind.IMAGE, reference, digest, 0)


def detach(uow: UnitOfWork, upload_id: str, part_id: str) -> None:
    """Take a part off an upload that has not been submitted."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    row = uow.session.get(PartRow, part_id)
    if row is None or row.upload_id != upload_id:
        raise NotFound("bundle.unknown", N_("There is no part {id} in this upload."), id=part_id)
    _open(row)
    uow.session.delete(row)
    uow.record("bundle.detached", "draft", upload_id, {"kind": row.kind, "digest": row.digest})


def bind_parts(uow: UnitOfWork, upload_id: str, version_id: str) -> str:
    """Bind an upload's parts to its version and return the digest of the bundle; part of a submission."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    for row in _rows(uow, upload_id):
        row.version_id = version_id
        uow.session.add(row)
    uow.session.flush()
    found = queries.bundle(uow.session, version_id)
    if found.parts:
        uow.record(
            "bundle.bound",
            "version",
            version_id,
            {"bundle": found.digest, "parts": [[p.kind.value, p.digest] for p in found.parts]},
        )
    return found.digest


def copy_parts(uow: UnitOfWork, version_id: str, upload_id: str) -> None:
    """Attach the parts of a version to a new upload of the same files."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    for part in queries.bundle(uow.session, version_id).parts:
        _attach(uow, upload_id, part.kind, part.name, part.digest, part.size)


def _attach(uow: UnitOfWork, upload_id: str, kind: PartKind, name: str, digest: str, size: int) -> Part:
    rows = _rows(uow, upload_id)
    for row in rows:
        _open(row)
    same = next((row for row in rows if (row.kind, row.name) == (kind.value, name)), None)
    if same is not None:
        uow.session.delete(same)
    elif len(rows) >= MOST_PARTS:
        raise Conflict("bundle.full", N_("An upload takes at most {most} further parts."), most=MOST_PARTS)
    row = PartRow(
        id=new_id("part"),
        upload_id=upload_id,
        kind=kind.value,
        name=name[:255],
        digest=digest,
        size=size,
        added_by=uow.actor.id,
        added_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    uow.record("bundle.attached", "draft", upload_id, {"kind": row.kind, "digest": digest, "size": size})
    return next(p for p in queries.bundle_of_upload(uow.session, upload_id).parts if p.id == row.id)


def _rows(uow: UnitOfWork, upload_id: str) -> list[PartRow]:
    return list(
        uow.session.exec(select(PartRow).where(col(PartRow.upload_id) == upload_id).with_for_update())
    )


def _open(row: PartRow) -> None:
    if row.version_id is not None:
        raise Conflict(
            "bundle.bound",
            N_("The version has been submitted; its parts are fixed."),
            fix=N_("Begin a new upload for a new version."),
        )
