"""Links for people without an account: made with a right, standing for a time, gone when taken back."""

import pytest

from core.errors import Conflict, Invalid, NotFound, Refused
from core.platform.access import commands, queries, shares
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM


@pytest.fixture
def house(any_store):
    with any_store.unit_of_work(SYSTEM) as uow:
        commands.claim_house(uow, "own")
    return any_store


@pytest.fixture
def person(house):
    def make(*roles):
        with house.unit_of_work(SYSTEM) as uow:
            person_id = commands.add_person(uow, name="Ana", email=f"{roles[0]}@example.org", roles=roles)
        with house.reading() as view:
            return queries.actor(view, person_id, "page")

    return make


def make(house, holder, **more):
    with house.unit_of_work(holder) as uow:
        return shares.share(uow, **{"scope": "", "label": "Board", "language": "en", "days": 30} | more)


def find(house, secret):
    with house.reading() as view:
        return shares.find_share(view, secret, house.clock())


def test_a_link_stands_until_its_day_and_its_secret_is_kept_nowhere(house, person, hands):
    share_id, secret = make(house, person("business"), scope="use_1", days=7)
    found = find(house, secret)
    assert (found.id, found.scope, found.label, found.opened) == (share_id, "use_1", "Board", 0)
    assert find(house, secret[:-1]) is None
    with house.engine.connect() as connection:
        rows = str(connection.exec_driver_sql("SELECT * FROM share").all())
    assert secret not in rows
    assert "Board" not in rows
    hands.forward(days=7)
    assert find(house, secret) is None


def test_taken_back_it_shows_nothing_and_every_step_is_in_the_log(house, person):
    holder = person("operations")
    share_id, secret = make(house, holder)
    with house.unit_of_work(SYSTEM) as uow:
        shares.note_opening(uow, share_id)
    with house.reading() as view:
        (listed,) = shares.shares(view, house.clock())
    assert (listed.opened, listed.opened_at) == (1, house.clock())
    with house.unit_of_work(person("compliance")) as uow:
        shares.revoke_share(uow, share_id)
    assert find(house, secret) is None
    with house.reading() as view:
        assert shares.shares(view, house.clock()) == ()
        told = [e.action for e in audit.events(view, subject_kind="share")]
    assert told == ["share.revoked", "share.created"]
    with pytest.raises(Conflict), house.unit_of_work(holder) as uow:
        shares.revoke_share(uow, share_id)


@pytest.mark.parametrize(
    "wrong", [{"label": " "}, {"label": "a" * 81}, {"days": 0}, {"days": 366}, {"language": "xx"}]
)
def test_what_is_wrong_is_named(house, person, wrong):
    with pytest.raises(Invalid) as told:
        make(house, person("business"), **wrong)
    assert told.value.code == f"share.{next(iter(wrong))}"


@pytest.mark.parametrize("role", ["viewer", "data_scientist", "validator"])
def test_others_may_neither_share_nor_take_back(house, person, role):
    share_id, _secret = make(house, person("business"))
    other = person(role)
    with pytest.raises(Refused):
        make(house, other)
    with pytest.raises(Refused), house.unit_of_work(other) as uow:
        shares.revoke_share(uow, share_id)


def test_an_unknown_link_is_not_found(house, person):
    with pytest.raises(NotFound), house.unit_of_work(person("business")) as uow:
        shares.revoke_share(uow, "shr_none")
