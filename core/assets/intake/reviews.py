"""Reviews of unknown names: a version waits, and a named person with the right decides."""

from collections.abc import Sequence

from core.assets.intake import queries, verdict
from core.assets.intake.draft import JOB
from core.assets.intake.tables import NamesReviewRow
from core.assets.registry import commands as registry
from core.assets.registry import queries as registered
from core.assets.registry.version import Refusal, VersionState
from core.errors import Conflict, Refused
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.jobs.commands import enqueue
from core.platform.store import UnitOfWork


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
