"""The desk: requests with clocks, a human decision that is never the author's, letters, and erasure."""

from datetime import timedelta

import pytest

from core.assets.registry import RiskTier
from core.assets.registry import queries as registry
from core.assets.registry.commands import edit_use_case
from core.assets.registry.usecase import UseCaseEdit
from core.assurance.reviews import commands, drafting, queries
from core.assurance.reviews.case import Case, Change
from core.assurance.reviews.commands import Asked
from core.assurance.reviews.request import Kind, Outcome, State
from core.errors import Conflict, Invalid, Refused
from core.platform.access.subjects import find_subject, forget_subject
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM
from tests.core.decisions.conftest import bench_on

REASON = "You have a new job now. We looked at your new pay."
SECRETS = ("Ana Souza", "C-4711", "p-77", "Why was I refused", REASON)


@pytest.fixture
def bench(store, hands):
    bench = bench_on(store, hands, RiskTier.HIGH)
    bench.made = bench.version(bench.people["ana"])
    change = UseCaseEdit(owner_id="per_carl", human_oversight="The credit desk looks at each refusal.")
    with store.unit_of_work(SYSTEM) as uow:
        edit_use_case(uow, bench.use_case.id, change)
    return bench


def asked(**change):
    base = {
        "use_case": "credit", "kind": Kind.REVIEW, "law": "lgpd", "language": "en", "reference": "C-4711",
        "requester": "Ana Souza", "message": "Why was I refused?", "prediction_id": "p-77",
    }  # fmt: skip
    return Asked(**(base | change))


def do(bench, name, command, *args, **kwargs):
    actor = bench.people[name] if isinstance(name, str) else name
    with bench.store.unit_of_work(actor) as uow:
        return command(uow, *args, **kwargs)


def case_of(bench, **change):
    base = {
        "version_id": bench.made, "prediction_id": "p-77", "moment": None, "inputs": {"income": 1000}, "score": 0.7,
        "threshold": 0.5, "positive": True, "usable": True, "max_error": 1e-9,
        "reasons": {"en": ("Your debts are high.",), "pt_BR": ("As suas dívidas são altas.",)},
        "changes": (Change("debts", 1800, 900),),
        "told": {"en": ("Debts: 900 instead of 1,800",), "pt_BR": ("Dívidas: 900 em vez de 1.800",)},
    }  # fmt: skip
    return Case(**(base | change))


def taken(bench, **change):
    return do(bench, "carl", commands.take, asked(**change))


def test_a_request_starts_its_clock_and_asks_for_its_case(bench):
    review = bench.ask(queries.review, taken(bench))
    assert review.due_at == review.received_at + timedelta(days=15)
    assert not review.by_law
    (entry,) = bench.ask(audit.events, action="review.received")
    assert not any(secret in entry.body for secret in SECRETS)


def test_the_same_person_has_one_pseudonym_and_nobody_else_has_it(bench):
    first, second = (bench.ask(queries.review, taken(bench)) for _n in range(2))
    other = bench.ask(queries.review, taken(bench, reference="C-4712"))
    assert first.subject_id == second.subject_id != other.subject_id
    assert bench.ask(find_subject, "C-4711") == first.subject_id


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reference": " "}, "reference"),
        ({"requester": ""}, "requester"),
        ({"prediction_id": ""}, "prediction_id"),
        ({"law": "ai_act"}, "law"),
        ({"channel": "pigeon"}, "channel"),
    ],
)
def test_a_request_that_lacks_something_says_what(bench, change, field):
    with pytest.raises(Invalid) as caught:
        taken(bench, **change)
    assert caught.value.field == field


def test_a_request_from_the_future_is_refused(bench):
    with pytest.raises(Invalid):
        taken(bench, received_at=bench.hands() + timedelta(days=1))


def test_nothing_is_decided_before_the_case_is_found_and_never_by_the_author(bench):
    review = taken(bench)
    with pytest.raises(Conflict):
        do(bench, "carl", commands.decide, review, Outcome.UPHELD, reason=REASON)
    do(bench, SYSTEM, commands.keep_case, review, case_of(bench))
    with pytest.raises(Refused):
        do(bench, "ana", commands.decide, review, Outcome.UPHELD, reason=REASON)
    with pytest.raises(Invalid):
        do(bench, "carl", commands.decide, review, Outcome.UPHELD, reason="no")
    with pytest.raises(Invalid):
        do(bench, "carl", commands.decide, review, Outcome.GRANTED, reason=REASON)
    do(bench, "carl", commands.decide, review, Outcome.OVERTURNED, reason=REASON)
    with pytest.raises(Conflict):
        do(bench, "carl", commands.decide, review, Outcome.UPHELD, reason=REASON)
    case = bench.ask(registry.use_cases)[0]
    assert bench.ask(queries.overturned, case.id) == (1, 1)


def test_the_author_of_the_version_who_is_also_of_compliance_is_refused_with_an_entry(bench):
    review = taken(bench)
    do(bench, SYSTEM, commands.keep_case, review, case_of(bench))
    author = bench.people["ana"]
    both = type(author)(author.id, "person", author.roles | {"compliance"}, "page")
    with pytest.raises(Refused) as caught:
        do(bench, both, commands.decide, review, Outcome.UPHELD, reason=REASON)
    assert caught.value.code == "review.author"
    assert bench.ask(audit.events, action="refused", subject_id=review)


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Your debts are high."), ("pt_BR", "As suas dívidas são altas.")]
)
def test_from_the_decision_to_the_letter_that_was_sent(bench, language, words):
    review = taken(bench, language=language)
    do(bench, SYSTEM, commands.keep_case, review, case_of(bench))
    do(
        bench,
        "carl",
        commands.decide,
        review,
        Outcome.OVERTURNED,
        reason=REASON if language == "en" else "Você tem um novo trabalho. Vimos o seu novo salário.",
    )
    with bench.store.reading() as view:
        letter = drafting.draft(view, review)
    assert words in letter.text
    kept = do(bench, "carl", commands.write_letter, review, letter)
    bench.hands.forward(days=2)
    do(bench, "carl", commands.send_letter, kept)
    found = bench.ask(queries.review, review)
    assert found.state is State.ANSWERED
    clocks = bench.ask(queries.clocks, bench.hands())
    assert clocks[found.use_case_id, Kind.REVIEW] == (0, 0, 1, 0)
    actions = [e.action for e in bench.ask(audit.events, subject_id=review)]
    assert actions == [
        "letter.sent",
        "letter.written",
        "review.decided",
        "review.case_found",
        "review.received",
    ]


def test_a_late_answer_counts_as_late_and_an_open_one_as_overdue(bench):
    first = taken(bench)
    bench.hands.forward(days=16)
    use_case = bench.ask(queries.review, first).use_case_id
    assert bench.ask(queries.clocks, bench.hands())[use_case, Kind.REVIEW] == (1, 1, 0, 0)


def test_whoever_is_erased_is_gone_from_requests_cases_and_letters(bench):
    review = taken(bench)
    do(bench, SYSTEM, commands.keep_case, review, case_of(bench))
    do(bench, "carl", commands.decide, review, Outcome.OVERTURNED, reason=REASON)
    with bench.store.reading() as view:
        letter = drafting.draft(view, review)
    do(bench, "carl", commands.write_letter, review, letter)
    found = bench.ask(queries.review, review)
    do(bench, "carl", forget_subject, found.subject_id)
    after = bench.ask(queries.review, review)
    assert not any(secret in f"{after}" for secret in SECRETS)
    assert bench.ask(queries.found_case, review) is None
    (kept,) = bench.ask(queries.letters, review)
    assert kept.letter is None
    raw = (bench.store.settings.folder_path / "aval.db").read_bytes()
    assert not any(secret.encode() in raw for secret in SECRETS)
