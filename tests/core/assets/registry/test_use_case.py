"""A use case may be edited: who, what, never below its own answers, and what the log says of it."""

import pytest

from core.assets.registry import RiskTier, Task, commands, queries
from core.assets.registry.usecase import UseCaseEdit
from core.errors import Conflict, Invalid, NotFound, Refused
from core.platform.audit import queries as audit

ANSWERS = {"listed": True, "people": True}


@pytest.fixture
def made(store, actor):
    with store.unit_of_work(actor("data_scientist")) as uow:
        return commands.create_use_case(
            uow,
            slug="credit",
            title="Credit",
            purpose="Decide on loans",
            task=Task.BINARY,
            risk_tier=RiskTier.HIGH,
            risk_answers=ANSWERS,
            lawful_basis="credit_protection",
        )


def edit(store, who, case_id, **changes):
    with store.unit_of_work(who) as uow:
        return commands.edit_use_case(uow, case_id, UseCaseEdit(**changes))


def test_what_changed_is_kept_and_told_without_free_text(store, actor, made):
    changed = edit(
        store, actor("business"), made.id, purpose="Price loans of Maria", lawful_basis="consent",
        applications=["Counter", " "], title="Credit",
    )  # fmt: skip
    assert changed == ("purpose", "lawful_basis", "applications")
    with store.reading() as view:
        case = queries.use_case(view, "credit")
        event = audit.events(view, action="use_case.edited")[0]
    assert (case.purpose, case.lawful_basis, case.applications) == (
        "Price loans of Maria",
        "consent",
        ("Counter",),
    )
    assert case.risk_answers == ANSWERS
    assert event.data["changed"]["lawful_basis"] == ["credit_protection", "consent"]
    assert "Maria" not in str(event.data)
    assert event.data["changed"]["purpose"][0] != event.data["changed"]["purpose"][1]


def test_the_same_again_is_a_conflict(store, actor, made):
    with pytest.raises(Conflict):
        edit(store, actor("business"), made.id, purpose=" Decide on loans ")


def test_a_tier_is_never_below_the_answers(store, actor, made):
    with pytest.raises(Invalid) as raised:
        edit(store, actor("business"), made.id, risk_tier=RiskTier.LIMITED)
    assert raised.value.field == "risk_tier"
    assert "risk_tier" in edit(
        store,
        actor("business"),
        made.id,
        risk_tier=RiskTier.LIMITED,
        risk_answers={"people": True},
    )
    with pytest.raises(Invalid, match="no question"):
        edit(store, actor("business"), made.id, risk_answers={"weather": True})


def test_a_higher_tier_than_the_answers_stands(store, actor, made):
    edit(store, actor("business"), made.id, risk_answers={})
    with store.reading() as view:
        assert queries.use_case(view, "credit").risk_tier is RiskTier.HIGH


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"title": " "}, Invalid), ({"purpose": ""}, Invalid), ({"owner_id": "per_nobody"}, NotFound)],
)
def test_what_may_not_be(store, actor, made, changes, error):
    with pytest.raises(error):
        edit(store, actor("business"), made.id, **changes)
    with store.reading() as view:
        assert queries.use_case(view, "credit") == made


def test_who_may_not(store, actor, made):
    with pytest.raises(Refused):
        edit(store, actor("compliance"), made.id, title="Other")
    with pytest.raises(NotFound):
        edit(store, actor("business"), "uc_none", title="Other")
