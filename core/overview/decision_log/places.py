"""Where an entry of the log belongs: the use case, what it is about in a few words, and the page that shows it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, SQLModel, col, select

from core.assets.registry.tables import UseCaseRow, VersionRow
from core.assurance.compliance.tables import DocumentRow, FormAnswerRow
from core.assurance.reviews.tables import ReviewRow
from core.decisions.findings.tables import FindingRow
from core.decisions.incidents.tables import IncidentRow
from core.decisions.releases.tables import PolicyRow, RequestRow
from core.decisions.retraining.tables import RetrainingRow
from core.evidence.alerts.tables import AlertRow
from core.evidence.kpis.tables import KpiRow
from core.platform.audit.queries import RecordedEvent
from core.platform.discussion.tables import CommentRow

_ROWS: Mapping[str, tuple[type[SQLModel], str]] = {
    "release": (RequestRow, "id"),
    "retraining": (RetrainingRow, "id"),
    "finding": (FindingRow, "id"),
    "incident": (IncidentRow, "id"),
    "alert": (AlertRow, "id"),
    "kpi": (KpiRow, "id"),
    "document": (DocumentRow, "id"),
    "compliance_answer": (FormAnswerRow, "id"),
    "review": (ReviewRow, "id"),
    "policy": (PolicyRow, "digest"),
    "version": (VersionRow, "id"),
    "use_case": (UseCaseRow, "id"),
}
"""The row behind each kind of subject; it names a version, a use case, or both."""


@dataclass(frozen=True, slots=True)
class Place:
    """`title` is of the use case, `number` of the version; `about` names the subject, sealed where a person wrote it."""

    use_case_id: str = ""
    slug: str = ""
    title: str = ""
    number: int | None = None
    about: str = ""
    page: str = ""
    query: Mapping[str, str] = field(default_factory=dict)


def places(session: Session, events: Sequence[RecordedEvent]) -> dict[int, Place]:
    """Return the place of each entry by its index; what is gone from the tables has none but the log itself."""
    comments = _by_id(
        session, CommentRow, "id", {e.subject_id for e in events if e.subject_kind == "comment"}
    )
    subjects = {e.index: _subject(e, comments) for e in events}
    wanted: dict[str, set[str]] = defaultdict(set)
    for kind, subject_id in subjects.values():
        wanted[kind].add(subject_id)
    rows = {kind: _by_id(session, *_ROWS[kind], wanted[kind]) for kind in wanted if kind in _ROWS}
    found = {index: rows.get(kind, {}).get(subject) for index, (kind, subject) in subjects.items()}
    versions = _by_id(session, VersionRow, "id", {getattr(r, "version_id", "") for r in found.values()})
    versions |= rows.get("version", {})
    cases = _by_id(
        session,
        UseCaseRow,
        "id",
        {getattr(r, "use_case_id", "") for r in (*found.values(), *versions.values())},
    )
    cases |= rows.get("use_case", {})
    releases = _releases(session, {row.version_id for row in rows.get("finding", {}).values()})
    return {
        index: _place(kind, subject, found[index], versions, cases, releases)
        for index, (kind, subject) in subjects.items()
    }


def _releases(session: Session, versions: set[str]) -> dict[str, str]:
    """The newest request of each version: where its findings are shown and settled."""
    if not versions:
        return {}
    query = select(RequestRow.version_id, RequestRow.id).where(col(RequestRow.version_id).in_(versions))
    return dict(session.exec(query.order_by(col(RequestRow.requested_at), RequestRow.id)).all())


def _subject(event: RecordedEvent, comments: Mapping[str, Any]) -> tuple[str, str]:
    """A comment belongs where its conversation is, a thing handed on where it lives."""
    if event.subject_kind == "item":
        noun, _colon, subject_id = event.subject_id.partition(":")
        return ("use_case" if noun == "alerts" else noun), subject_id
    said = comments.get(event.subject_id) if event.subject_kind == "comment" else None
    return (event.subject_kind, event.subject_id) if said is None else (said.subject_kind, said.subject_id)


def _by_id(session: Session, model: type[SQLModel], key: str, ids: Iterable[str]) -> dict[str, Any]:
    asked = set(ids) - {""}
    if not asked:
        return {}
    return {
        getattr(row, key): row
        for row in session.exec(select(model).where(col(getattr(model, key)).in_(asked)))
    }


def _place(
    kind: str,
    subject: str,
    row: Any,
    versions: Mapping[str, Any],
    cases: Mapping[str, Any],
    releases: Mapping[str, str],
) -> Place:
    version = row if kind == "version" else versions.get(getattr(row, "version_id", ""))
    case = (
        row
        if kind == "use_case"
        else cases.get(getattr(row, "use_case_id", "") or getattr(version, "use_case_id", ""))
    )
    slug, number = getattr(case, "slug", ""), getattr(version, "number", None)
    page, query = _page(kind, subject, row, slug, number)
    if kind == "finding" and row is not None and row.version_id in releases:
        page, query = "release_review", {"release": releases[row.version_id]}
    return Place(
        use_case_id=getattr(case, "id", ""),
        slug=slug,
        title=getattr(case, "title", ""),
        number=number,
        about=_about(kind, row),
        page=page,
        query=query,
    )


def _about(kind: str, row: Any) -> str:
    if row is None:
        return ""
    if kind in {"finding", "incident"}:
        return str(row.title)
    return f"{row.name} {row.version}" if kind == "policy" else ""


def _page(kind: str, subject: str, row: Any, slug: str, number: int | None) -> tuple[str, dict[str, str]]:
    """The screen and what it is opened with; without one, the entry is shown in the audit trail alone."""
    case = {"use_case": slug}
    version = case | ({"version": str(number)} if number is not None else {})
    if row is None:
        return {"house": "settings", "law": "compliance", "person": "releases"}.get(kind, ""), {}
    return {
        "release": ("release_review", {"release": subject}),
        "retraining": ("retraining", case | {"retraining": subject}),
        "incident": ("incident", {"incident": subject}),
        "alert": ("alert", {"alert": subject}),
        "kpi": ("kpis", case | {"kpi": subject}),
        "review": ("reviews", {"review": subject}),
        "policy": ("policies", {"policy": subject}),
        "document": ("document", case | {"kind": getattr(row, "kind", "")}),
        "compliance_answer": ("compliance", case),
        "finding": ("model", version | {"tab": "versions"}),
        "version": ("model", version | {"tab": "versions"}),
        "use_case": ("model", case | {"tab": "use_case"}),
    }[kind]
