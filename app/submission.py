"""Submit an upload: the same for page, API and command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlmodel import Session

from core.assets.datasets import commands as datasets
from core.assets.datasets import queries as tables
from core.assets.intake import commands as intake
from core.assets.intake import queries as drafts
from core.assets.intake.draft import Draft
from core.assets.registry import commands as registered
from core.assets.registry import queries as registry
from core.assets.registry.upstream import Upstream
from core.assets.registry.version import Version
from core.decisions.releases import commands as releases
from core.errors import NotFound
from core.i18n import N_
from core.platform.store import Actor, UnitOfWork


@dataclass(frozen=True, slots=True)
class Submission:
    """What a person says about the files of a draft; `positive_label` is empty where none applies.

    `mapping` names the table's column for each feature that is called otherwise there; `score_column` holds the scores
    of a model that Aval does not load, or that was not sent at all.
    """

    use_case: str
    label_column: str
    positive_label: str = ""
    operating_threshold: float | None = None
    protected_columns: tuple[str, ...] = ()
    model_name: str = ""
    note: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    score_column: str = ""
    imported: Upstream | None = None
    """Its place in the MLflow registry that it comes from."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The frozen version, and the job that evaluates it."""

    version: Version
    job_id: str


def submit(uow: UnitOfWork, draft_id: str, submission: Submission) -> Submitted:
    """Freeze the version with its parts, seal the thresholds of its policy, ask for its evaluation: one transaction.

    The worker sees the job only once the transaction is committed, so the seal is always older than what it is
    held against. What was said of the columns of the use case's last table holds for this one until corrected.
    """
    version_id, job_id = intake.submit_draft(
        uow,
        draft_id,
        use_case=submission.use_case,
        label_column=submission.label_column,
        positive_label=submission.positive_label,
        operating_threshold=submission.operating_threshold,
        protected=submission.protected_columns,
        model_name=submission.model_name,
        note=submission.note,
        mapping=submission.mapping,
        score_column=submission.score_column,
        imported=submission.imported,
    )
    version = registry.version(uow.session, version_id)
    registered.bind_parts(uow, draft_id, version_id)
    earlier = next(
        (v for v in registry.versions(uow.session, version.use_case_id) if v.number < version.number), None
    )
    if earlier is not None:
        datasets.inherit(uow, version.dataset_id, earlier.dataset_id)
    releases.seal_thresholds(uow, version_id)
    return Submitted(version, job_id)


def submit_again(uow: UnitOfWork, version_id: str, mapping: Mapping[str, str]) -> tuple[str, Submitted]:
    """Submit the files of an own version again with another column mapping; return the upload's id too.

    Everything else that was said of it is said again, its parts among it.
    """
    version = registry.version(uow.session, version_id)
    draft_id = intake.draft_again(uow, version_id)
    registered.copy_parts(uow, version_id, draft_id)
    protected = tables.dataset(uow.session, version.dataset_id).protected
    said = replace(
        _like(version, protected), mapping={**version.mapping, **mapping}, imported=version.upstream
    )
    return draft_id, submit(uow, draft_id, said)


def own_draft(view: Session, draft_id: str, actor: Actor) -> Draft:
    """Return an upload of this person; raise `NotFound` for anybody else's, as for one that does not exist."""
    found = drafts.draft(view, draft_id)
    if found.author_id != actor.id:
        raise NotFound("draft.unknown", N_("There is no upload {id}."), id=draft_id)
    return found


def submit_like(uow: UnitOfWork, draft_id: str, version: Version, protected: Sequence[str]) -> str:
    """Submit a challenger as its champion was submitted, its table under the model's own names; return its id."""
    return submit(uow, draft_id, replace(_like(version, protected), mapping={}, note="")).version.id


def _like(version: Version, protected: Sequence[str]) -> Submission:
    return Submission(
        use_case=version.use_case_slug,
        label_column=version.label_column,
        positive_label=version.positive_label,
        operating_threshold=version.operating_threshold,
        protected_columns=tuple(protected),
        model_name=version.model_name,
        note=version.note,
        mapping=version.mapping,
        score_column=version.score_column,
    )
