"""Take a request of an affected person, decide it as a human being, write and send the letter."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlmodel import col, select

from core.assets.registry import queries as registry
from core.assurance.reviews.case import Case
from core.assurance.reviews.clock import clock_for
from core.assurance.reviews.letter import Letter
from core.assurance.reviews.request import OF_A_DECISION, Kind, Outcome, State, outcomes
from core.assurance.reviews.tables import CaseRow, LetterRow, ReviewRow
from core.errors import Conflict, Invalid, NotFound, Refused
from core.evidence.kpis.commands import OBSERVE_JOB
from core.i18n import N_, nearest
from core.ids import new_id
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed, require
from core.platform.access.personal import seal_text
from core.platform.access.subjects import subject_of
from core.platform.jobs.commands import enqueue
from core.platform.store import UnitOfWork

SHORTEST_REASON = 20
CASE_JOB = "reviews.find_case"
CHANNELS = ("form", "api", "import", "letter", "phone")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in: `reference` is the organisation's own name for the person (a customer number)."""

    use_case: str
    kind: Kind
    law: str
    language: str
    reference: str
    requester: str
    message: str
    prediction_id: str = ""
    version: int | None = None
    received_at: datetime | None = None
    channel: str = "form"


def take(uow: UnitOfWork, asked: Asked) -> str:
    """Take a request; its legal clock starts when it was received. Return the id.

    Raise `Invalid` naming the field at fault: no reference, a day in the future, a law without a clock for the kind, or
    no prediction id where the request speaks of a decision.
    """
    require(uow.actor, Permission.TAKE_REVIEW)
    case = registry.use_case(uow.session, asked.use_case)
    clock = clock_for(asked.law, asked.kind)
    received = asked.received_at or uow.now
    _check(uow, asked, received)
    version = registry.version_by_number(uow.session, case.slug, asked.version) if asked.version else None
    subject = subject_of(uow, asked.reference)
    row = ReviewRow(
        id=new_id("rev"),
        use_case_id=case.id,
        kind=asked.kind.value,
        law=clock.law,
        article=clock.article,
        by_law=clock.by_law,
        language=nearest(asked.language),
        channel=asked.channel,
        subject_id=subject,
        requester=seal_text(uow, subject, asked.requester.strip()),
        message=seal_text(uow, subject, asked.message.strip()),
        version_id=version.id if version else "",
        prediction_id=seal_text(uow, subject, asked.prediction_id.strip()),
        received_at=received,
        due_at=clock.due(received),
        taken_by=uow.actor.id,
        state=State.OPEN.value,
    )
    uow.session.add(row)
    uow.record(
        "review.received",
        "review",
        row.id,
        {
            "use_case": case.id,
            "kind": row.kind,
            "law": row.law,
            "article": row.article,
            "channel": row.channel,
            "received": received.isoformat(),
            "due": row.due_at.isoformat(),
        },
    )
    if asked.kind in OF_A_DECISION:
        uow.session.flush()
        enqueue(uow, CASE_JOB, subject_kind="review", subject_id=row.id, payload={"review": row.id})
    return row.id


def assign(uow: UnitOfWork, review_id: str, person_id: str) -> None:
    """Hand a request to a person who may decide it."""
    require(uow.actor, Permission.TAKE_REVIEW)
    row = _locked(uow, review_id)
    _still(row, State.OPEN)
    person = access.person(uow.session, person_id)
    if person.disabled or not allowed(access.actor(uow.session, person_id, "page"), Permission.DECIDE_REVIEW):
        raise Invalid(
            "review.assignee",
            N_("This person may not decide requests."),
            fix=N_("Choose somebody with the right “decide requests of affected people”."),
            field="person",
        )
    row.assigned_to = person_id
    uow.session.add(row)
    uow.record("review.assigned", "review", row.id, {"to": person_id})


def correct(uow: UnitOfWork, review_id: str, values: dict[str, object]) -> None:
    """Correct what the decision was taken on, and have the case found and scored anew."""
    require(uow.actor, Permission.DECIDE_REVIEW)
    row = _locked(uow, review_id)
    _still(row, State.OPEN)
    if not values:
        raise Invalid("review.no_correction", N_("Nothing is corrected."), field="values")
    uow.record("review.corrected", "review", row.id, {"features": sorted(values)})
    sealed = seal_text(uow, row.subject_id, json.dumps(values))
    enqueue(
        uow,
        CASE_JOB,
        subject_kind="review",
        subject_id=row.id,
        payload={"review": row.id, "corrected": sealed},
    )


def find_again(uow: UnitOfWork, review_id: str) -> None:
    """Look the case up again: after a prediction arrived late, or after the job failed."""
    require(uow.actor, Permission.TAKE_REVIEW)
    row = _locked(uow, review_id)
    _still(row, State.OPEN)
    uow.record("review.case_asked", "review", row.id)
    enqueue(uow, CASE_JOB, subject_kind="review", subject_id=row.id, payload={"review": row.id})


def keep_case(uow: UnitOfWork, review_id: str, found: Case) -> str:
    """Keep what a job found of the decision, under the key of the person it is about."""
    require(uow.actor, Permission.TAKE_REVIEW)
    row = _locked(uow, review_id)
    kept = CaseRow(
        id=new_id("case"),
        review_id=row.id,
        version_id=found.version_id,
        prediction_id=row.prediction_id,
        usable=found.usable,
        corrected=bool(found.corrected),
        body=seal_text(uow, row.subject_id, json.dumps(found.to_json())),
        found_at=uow.now,
    )
    row.version_id = found.version_id
    uow.session.add(kept)
    uow.session.add(row)
    uow.record(
        "review.case_found",
        "review",
        row.id,
        {"version": found.version_id, "usable": found.usable, "corrected": kept.corrected},
    )
    return kept.id


def decide(uow: UnitOfWork, review_id: str, outcome: Outcome, *, reason: str, trade_secret: str = "") -> None:
    """Decide a request as a human being; never by whoever made the version that decided.

    A `trade_secret` names what is held back and why; it stands in the letter.
    """
    require(uow.actor, Permission.DECIDE_REVIEW)
    row = _locked(uow, review_id)
    _still(row, State.OPEN)
    kind = Kind(row.kind)
    if outcome not in outcomes(kind):
        raise Invalid("review.outcome", N_("This cannot be decided on such a request."), field="outcome")
    if kind in OF_A_DECISION and _newest_case(uow, row.id) is None:
        raise Conflict(
            "review.no_case",
            N_("The decision that this request speaks of is not found yet."),
            fix=N_("Give the prediction id, wait for the search, or correct the version."),
        )
    if row.version_id and registry.version(uow.session, row.version_id).author_id == uow.actor.id:
        raise Refused(
            "review.author",
            N_("You made the model that decided, so somebody else reviews its decision."),
            fix=N_("Assign the request to another person."),
            subject_kind="review",
            subject_id=row.id,
        )
    said = reason.strip()
    if len(said) < SHORTEST_REASON:
        raise Invalid(
            "review.reason",
            N_("Give the reason in at least {n} characters: it stands in the letter."),
            field="reason",
            n=SHORTEST_REASON,
        )
    row.state, row.outcome = State.DECIDED.value, outcome.value
    row.reason = seal_text(uow, row.subject_id, said)
    row.trade_secret = seal_text(uow, row.subject_id, trade_secret.strip())
    row.decided_by, row.decided_at = uow.actor.id, uow.now
    uow.session.add(row)
    uow.record(
        "review.decided",
        "review",
        row.id,
        {
            "outcome": outcome.value,
            "trade_secret": bool(trade_secret.strip()),
            "in_time": uow.now <= row.due_at,
        },
    )
    _observe(uow, row)


def write_letter(uow: UnitOfWork, review_id: str, letter: Letter) -> str:
    """Keep a letter as written; raise `Invalid` where it is too hard to read."""
    require(uow.actor, Permission.DECIDE_REVIEW)
    row = _locked(uow, review_id)
    _still(row, State.DECIDED)
    if letter.hard:
        raise Invalid(
            "letter.hard",
            N_("The letter is too hard to read: {ease}."),
            fix=N_("Shorten the sentences of the reason, or use shorter words."),
            field="reason",
            ease=letter.ease,
        )
    body = json.dumps(letter.to_json(), ensure_ascii=False, sort_keys=True)
    query = (
        select(LetterRow.number).where(LetterRow.review_id == row.id).order_by(col(LetterRow.number).desc())
    )
    kept = LetterRow(
        id=new_id("let"),
        review_id=row.id,
        number=(uow.session.exec(query).first() or 0) + 1,
        language=letter.language,
        template=letter.template,
        body=seal_text(uow, row.subject_id, body),
        digest=sha256(body.encode()).hexdigest(),
        ease=letter.ease,
        elements=list(letter.elements),
        written_by=uow.actor.id,
        written_at=uow.now,
    )
    uow.session.add(kept)
    uow.record(
        "letter.written",
        "review",
        row.id,
        {
            "letter": kept.id,
            "template": f"{letter.language} {letter.template}",
            "elements": list(letter.elements),
        },
    )
    return kept.id


def send_letter(uow: UnitOfWork, letter_id: str) -> None:
    """Say that a letter was sent: the request is answered, and its clock stops."""
    require(uow.actor, Permission.DECIDE_REVIEW)
    kept = uow.session.get(LetterRow, letter_id)
    if kept is None:
        raise NotFound("letter.unknown", N_("There is no letter {id}."), id=letter_id)
    row = _locked(uow, kept.review_id)
    _still(row, State.DECIDED)
    kept.sent_at = row.answered_at = uow.now
    row.state = State.ANSWERED.value
    uow.session.add_all([kept, row])
    uow.record("letter.sent", "review", row.id, {"letter": kept.id, "in_time": uow.now <= row.due_at})
    _observe(uow, row)


def withdraw(uow: UnitOfWork, review_id: str) -> None:
    """Close a request that the person took back."""
    require(uow.actor, Permission.TAKE_REVIEW)
    row = _locked(uow, review_id)
    _still(row, State.OPEN)
    row.state, row.answered_at = State.WITHDRAWN.value, uow.now
    uow.session.add(row)
    uow.record("review.withdrawn", "review", row.id)


def _check(uow: UnitOfWork, asked: Asked, received: datetime) -> None:
    def refuse(name: str, template: str, fix: str = "") -> Invalid:
        return Invalid(f"review.{name}", template, fix=fix, field=name)

    if not asked.reference.strip():
        raise refuse(
            "reference",
            N_("Say whom the request is about."),
            N_("Give your own reference, such as a customer number."),
        )
    if not asked.requester.strip():
        raise refuse("requester", N_("Say to whom the letter goes."))
    if asked.channel not in CHANNELS:
        raise refuse("channel", N_("There is no such channel."))
    if received > uow.now:
        raise refuse("received_at", N_("A request cannot come from the future."))
    if asked.kind in OF_A_DECISION and not asked.prediction_id.strip():
        raise refuse(
            "prediction_id",
            N_("Name the decision: its prediction id."),
            N_("Your application keeps it with each decision that it sent to Aval."),
        )


def _observe(uow: UnitOfWork, row: ReviewRow) -> None:
    """Have the KPIs of the desk measured anew."""
    if row.version_id:
        enqueue(uow, OBSERVE_JOB, "version", row.version_id, {"version_id": row.version_id})


def _newest_case(uow: UnitOfWork, review_id: str) -> CaseRow | None:
    query = select(CaseRow).where(CaseRow.review_id == review_id).order_by(col(CaseRow.found_at).desc())
    return uow.session.exec(query).first()


def _locked(uow: UnitOfWork, review_id: str) -> ReviewRow:
    row = uow.session.exec(select(ReviewRow).where(ReviewRow.id == review_id).with_for_update()).first()
    if row is None:
        raise NotFound("review.unknown", N_("There is no request {id}."), id=review_id)
    return row


def _still(row: ReviewRow, state: State) -> None:
    if row.state != state.value:
        raise Conflict(
            "review.state",
            N_("This request is no longer where that is possible."),
            fix=N_("Load the page again to see where it stands."),
        )
