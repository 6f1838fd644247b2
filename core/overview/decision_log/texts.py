"""The words that were recorded with an entry of the log: which row of which noun holds them, still sealed."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlmodel import Session, SQLModel, col, select

from core.assurance.compliance.tables import AttestationRow, DutyRow, FormAnswerRow, ModificationRow
from core.decisions.findings.tables import FindingRow, WaiverRow
from core.decisions.incidents.tables import IncidentNoteRow, IncidentRow
from core.decisions.releases.tables import (
    ConditionRow,
    DebtRow,
    DelegationRow,
    DeploymentRow,
    PolicyRow,
    RequestRow,
    VoteRow,
)
from core.decisions.retraining.tables import RetrainingVoteRow
from core.evidence.alerts.tables import DeedRow, RulesRow
from core.evidence.kpis.tables import KpiRevisionRow
from core.platform.access.tables import AccessReviewRow
from core.platform.audit.queries import RecordedEvent
from core.platform.discussion.tables import CommentEditRow, CommentRow

Texts = Mapping[int, tuple[str, ...]]
Reader = Callable[[Session, Sequence[RecordedEvent]], Texts]


def texts(session: Session, events: Sequence[RecordedEvent]) -> Texts:
    """Return the texts of these entries by their index, in order; one statement for each place where some lie."""
    found: dict[int, tuple[str, ...]] = {}
    by_reader: dict[Reader, list[RecordedEvent]] = defaultdict(list)
    for event in events:
        for reader in READERS.get(event.action, ()):
            by_reader[reader].append(event)
    for reader, some in by_reader.items():
        for index, said in reader(session, some).items():
            found[index] = found.get(index, ()) + tuple(text for text in said if text)
    return found


def _row(model: type[SQLModel], *names: str, of: str = "", key: str = "id") -> Reader:
    """Texts of the row that the event names: its subject, or what stands in its data under `of`."""

    def read(session: Session, events: Sequence[RecordedEvent]) -> Texts:
        ids = {event.index: str(event.data.get(of, "")) if of else event.subject_id for event in events}
        where = col(getattr(model, key)).in_(set(ids.values()))
        rows: dict[str, Any] = {getattr(r, key): r for r in session.exec(select(model).where(where))}
        return {index: _of(rows[i], names) for index, i in ids.items() if i in rows}

    return read


def _moment(model: type[SQLModel], *names: str, of: str, by: str, at: str) -> Reader:
    """Texts of the rows that the event's actor wrote about its subject in the same transaction, at its very moment."""

    def read(session: Session, events: Sequence[RecordedEvent]) -> Texts:
        where = col(getattr(model, of)).in_({event.subject_id for event in events})
        rows: dict[tuple[object, ...], tuple[str, ...]] = defaultdict(tuple)
        for row in session.exec(select(model).where(where)):
            rows[getattr(row, of), getattr(row, by), getattr(row, at)] += _of(row, names)
        return {e.index: rows[e.subject_id, e.actor_id, e.time] for e in events}

    return read


def _of(row: SQLModel, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(getattr(row, name) for name in names)


def _comments(session: Session, events: Sequence[RecordedEvent]) -> Texts:
    """What a comment said from the event on: until the first edit after it, else until now."""
    ids = {event.subject_id for event in events}
    now = dict(session.exec(select(CommentRow.id, CommentRow.text).where(col(CommentRow.id).in_(ids))).all())
    edits: dict[str, list[CommentEditRow]] = defaultdict(list)
    earlier = select(CommentEditRow).where(col(CommentEditRow.comment_id).in_(ids))
    for row in session.exec(earlier.order_by(col(CommentEditRow.replaced_at), CommentEditRow.id)):
        edits[row.comment_id].append(row)
    return {
        e.index: (
            next((x.text for x in edits[e.subject_id] if x.replaced_at > e.time), now.get(e.subject_id, "")),
        )
        for e in events
    }


def _notes_of_requests(session: Session, events: Sequence[RecordedEvent]) -> Texts:
    """A new round may bring another note, which takes the place of the one before."""
    query = select(RequestRow).where(col(RequestRow.id).in_({event.subject_id for event in events}))
    rows = {row.id: row for row in session.exec(query)}
    return {
        e.index: (row.note,)
        for e in events
        if (row := rows.get(e.subject_id)) is not None and row.round == e.data.get("round")
    }


def _ends(session: Session, events: Sequence[RecordedEvent]) -> Texts:
    """Why a version made way for the one that was brought back; its deployment ended at that moment."""
    replaced = {str(event.data.get("replaced", "")) for event in events}
    rows = session.exec(select(DeploymentRow).where(col(DeploymentRow.version_id).in_(replaced))).all()
    notes = {(row.version_id, row.environment, row.ended_at): row.end_note for row in rows}
    return {
        e.index: (notes.get((e.data.get("replaced"), e.data.get("environment"), e.time), ""),)  # type: ignore[arg-type]  # compared with what is there
        for e in events
    }


def _access_reviews(session: Session, events: Sequence[RecordedEvent]) -> Texts:
    moments = {event.time for event in events}
    rows = session.exec(select(AccessReviewRow).where(col(AccessReviewRow.reviewed_at).in_(moments))).all()
    notes = {(row.reviewed_by, row.reviewed_at): row.note for row in rows}
    return {event.index: (notes.get((event.actor_id, event.time), ""),) for event in events}


def _kpis(session: Session, events: Sequence[RecordedEvent]) -> Texts:
    """The name and the question of the revision that the event is about."""
    query = select(KpiRevisionRow).where(col(KpiRevisionRow.kpi_id).in_({e.subject_id for e in events}))
    rows = {(row.kpi_id, row.number): row for row in session.exec(query)}
    return {
        e.index: (row.name, row.question)
        for e in events
        if (row := rows.get((e.subject_id, e.data.get("revision")))) is not None  # type: ignore[arg-type]  # as above
    }


_deed = _moment(DeedRow, "note", of="alert_id", by="by", at="at")

READERS: Mapping[str, tuple[Reader, ...]] = {
    "release.requested": (_notes_of_requests,),
    "release.resubmitted": (_notes_of_requests,),
    "release.signed": (
        _moment(VoteRow, "rationale", of="request_id", by="person_id", at="signed_at"),
        _moment(ConditionRow, "text", of="request_id", by="set_by", at="set_at"),
    ),
    "release.rolled_back": (_ends,),
    "release.retired": (_row(DeploymentRow, "end_note", of="deployment"),),
    "release.emergency": (_row(DebtRow, "reason", of="debt"),),
    "release.emergency_reviewed": (_row(DebtRow, "finding", of="debt"),),
    "retraining.answered": (
        _moment(RetrainingVoteRow, "reason", of="retraining_id", by="person_id", at="at"),
    ),
    "condition.met": (_row(ConditionRow, "met_note", of="condition"),),
    "delegation.given": (_moment(DelegationRow, "reason", of="person_id", by="person_id", at="starts_at"),),
    "finding.opened": (_row(FindingRow, "title", "text"),),
    "finding.resolved": (_row(FindingRow, "resolution"),),
    "finding.waived": (_row(WaiverRow, "reason", of="waiver"),),
    "incident.opened": (_row(IncidentRow, "title", "text"),),
    "incident.noted": (_moment(IncidentNoteRow, "text", of="incident_id", by="author_id", at="written_at"),),
    "incident.closed": (_row(IncidentRow, "resolution"),),
    "incident.told": (_moment(DutyRow, "note", of="incident_id", by="done_by", at="done_at"),),
    "alert.acknowledged": (_deed,),
    "alert.assigned": (_deed,),
    "alert.snoozed": (_deed,),
    "alert.woken": (_deed,),
    "alert.escalated": (_deed,),
    "attestation.signed": (
        _moment(AttestationRow, "statement", of="use_case_id", by="signed_by", at="signed_at"),
    ),
    "modification.answered": (_row(ModificationRow, "reason", key="version_id"),),
    "question.answered": (_row(FormAnswerRow, "text"),),
    "comment.written": (_comments,),
    "comment.edited": (_comments,),
    "access.reviewed": (_access_reviews,),
    # Words of nobody: what was published is everybody's.
    "policy.published": (_row(PolicyRow, "text", key="digest"),),
    "kpi.proposed": (_kpis,),
    "kpi.change_proposed": (_kpis,),
    "kpi.approved": (_kpis,),
    "kpi.declined": (_kpis,),
    "kpi.retired": (_kpis,),
    "alert.rules_published": (_row(RulesRow, "text", of="rules"),),
}
"""Where the words of an action lie; decisions without words of their own are not here, nor is what anybody wrote
about an affected person: of their requests the log says only that they were decided."""
