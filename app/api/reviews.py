"""Requests of affected people over REST: taken from a form, an application or a file; decided by people only."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status
from pydantic import AwareDatetime, BaseModel, Field

from app.api.identity import actor
from app.api.repeats import Key, once
from app.wiring import reading, store
from core.assurance.reviews import commands, drafting, letter_export, queries
from core.assurance.reviews.queries import Review
from core.assurance.reviews.request import Kind, Outcome, State
from core.i18n import day
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor, UnitOfWork

router = APIRouter(tags=["reviews"])
Caller = Annotated[Actor, Depends(actor)]


class RequestIn(BaseModel):
    """What a person asks; `reference` is your own name for the person and is kept as a pseudonym only."""

    use_case: str
    kind: Kind
    law: str = "lgpd"
    language: str = "en"
    reference: str = Field(max_length=200)
    requester: str = Field(max_length=200)
    message: str = Field(default="", max_length=4000)
    prediction_id: str = Field(default="", max_length=200)
    version: int | None = Field(default=None, ge=1)
    received_at: AwareDatetime | None = None


class ReviewOut(BaseModel):
    """A request; names and words of the person are left out, people are pseudonyms."""

    id: str
    use_case_id: str
    kind: Kind
    law: str
    article: str
    by_law: bool
    subject: str
    state: State
    received_at: datetime
    due_at: datetime
    overdue: bool
    assigned_to: str
    outcome: Outcome | None
    decided_by: str
    decided_at: datetime | None
    answered_at: datetime | None


class AssignIn(BaseModel):
    """To whom."""

    person: str


class CorrectionIn(BaseModel):
    """Values by feature."""

    values: dict[str, str | float | bool | None]


class DecisionIn(BaseModel):
    """The decision of a human being, with the reason that stands in the letter."""

    outcome: Outcome
    reason: str = Field(max_length=4000)
    trade_secret: str = Field(default="", max_length=1000)


class LetterOut(BaseModel):
    """A letter as it was kept."""

    id: str
    language: str
    template: str
    ease: float
    elements: list[str]
    text: str
    sha256: str


@router.post(
    "/reviews", status_code=status.HTTP_201_CREATED, summary="Take a request", response_model=ReviewOut
)
def take(body: RequestIn, request: Request, caller: Caller, key: Key = None) -> Response:
    """Take a request of an affected person; its legal clock starts when it was received."""

    def do(uow: UnitOfWork) -> ReviewOut:
        made = commands.take(uow, commands.Asked(**body.model_dump(), channel="api"))
        uow.session.flush()
        return _out(queries.review(uow.session, made), uow.now)

    return once(caller, request, key, body, do)


@router.get("/reviews", summary="Requests that wait")
def list_waiting(caller: Caller) -> list[ReviewOut]:
    """Answer every request that waits for its answer, the nearest deadline first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return [_out(r, store().clock()) for r in queries.reviews(view, waiting=True)]


@router.get("/reviews/{review}", summary="One request")
def get_one(review: str, caller: Caller) -> ReviewOut:
    """Answer a request."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return _out(queries.review(view, review), store().clock())


@router.post(
    "/reviews/{review}/assignee", status_code=status.HTTP_204_NO_CONTENT, summary="Hand a request over"
)
def assign(review: str, body: AssignIn, caller: Caller) -> None:
    """Hand a request to a person who may decide it."""
    with store().unit_of_work(caller) as uow:
        commands.assign(uow, review, body.person)


@router.post(
    "/reviews/{review}/correction", status_code=status.HTTP_202_ACCEPTED, summary="Correct data, score anew"
)
def correct(review: str, body: CorrectionIn, caller: Caller) -> None:
    """Correct what the decision was taken on; the case is found and scored anew."""
    with store().unit_of_work(caller) as uow:
        commands.correct(uow, review, dict(body.values))


@router.post("/reviews/{review}/decision", status_code=status.HTTP_204_NO_CONTENT, summary="Decide a request")
def decide(review: str, body: DecisionIn, caller: Caller) -> None:
    """Decide as a human being; refused for service tokens and for the author of the model."""
    with store().unit_of_work(caller) as uow:
        commands.decide(uow, review, body.outcome, reason=body.reason, trade_secret=body.trade_secret)


@router.post("/reviews/{review}/letter", status_code=status.HTTP_201_CREATED, summary="Write the letter")
def write_letter(review: str, caller: Caller) -> LetterOut:
    """Write the letter of a decided request, in its language."""
    with reading() as view:
        letter = drafting.draft(view, review)
    with store().unit_of_work(caller) as uow:
        commands.write_letter(uow, review, letter)
    with reading() as view:
        kept = queries.letters(view, review)[0]
    return LetterOut(
        id=kept.id, language=letter.language, template=letter.template, ease=letter.ease,
        elements=list(letter.elements), text=letter.text, sha256=kept.digest,
    )  # fmt: skip


@router.get("/reviews/{review}/letter.pdf", summary="The letter as PDF")
def get_letter(review: str, caller: Caller) -> Response:
    """Answer the newest letter; only for those who may decide requests."""
    require(caller, Permission.DECIDE_REVIEW)
    with reading() as view:
        found = queries.review(view, review)
        kept = next((one for one in queries.letters(view, review) if one.letter is not None), None)
    if kept is None or kept.letter is None:
        return Response(status_code=status.HTTP_404_NOT_FOUND)
    made = letter_export.as_pdf(kept.letter, place=f"{found.id[-8:].upper()} · {day(kept.written_at)}")
    return Response(made, media_type="application/pdf", headers={"cache-control": "no-store"})


@router.post(
    "/letters/{letter}/sent", status_code=status.HTTP_204_NO_CONTENT, summary="Say that a letter was sent"
)
def sent(letter: str, caller: Caller) -> None:
    """Stop the clock: the letter is on its way."""
    with store().unit_of_work(caller) as uow:
        commands.send_letter(uow, letter)


def _out(found: Review, now: datetime) -> ReviewOut:
    return ReviewOut(
        id=found.id, use_case_id=found.use_case_id, kind=found.kind, law=found.law, article=found.article,
        by_law=found.by_law, subject=found.subject_id, state=found.state, received_at=found.received_at,
        due_at=found.due_at, overdue=found.overdue(now), assigned_to=found.assigned_to, outcome=found.outcome,
        decided_by=found.decided_by, decided_at=found.decided_at, answered_at=found.answered_at,
    )  # fmt: skip
