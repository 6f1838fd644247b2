"""People, roles, tokens, tickets and passwords."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from argon2 import extract_parameters

from core.errors import AvalError, Conflict, Invalid, Refused, Unauthenticated
from core.platform.access import commands, passwords, queries, secrets, ways_in
from core.platform.access.permissions import MATRIX, NEVER_FOR_SERVICES, Permission, Role, allowed
from core.platform.access.sessions import Purpose
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM, Actor


@pytest.fixture
def house(any_store):
    with any_store.unit_of_work(SYSTEM) as uow:
        commands.claim_house(uow, "own")
    return any_store


def add(store, name, *roles):
    with store.unit_of_work(SYSTEM) as uow:
        person_id = commands.add_person(uow, name=name, email=f"{name}@example.org", roles=roles)
    with store.reading() as view:
        return queries.actor(view, person_id, "page")


def make_token(store, holder, **more):
    with store.unit_of_work(holder) as uow:
        return commands.create_token(
            uow, **{"label": "t", "roles": holder.roles, "expires_at": uow.now + timedelta(days=1), **more}
        )


def who(store, text):
    with store.reading() as view:
        return queries.bearer(view, text, store.clock())


def ticket(store, holder, subject="drf_1"):
    with store.unit_of_work(holder) as uow:
        return ways_in.issue_ticket(uow, Purpose.UPLOAD, subject)


def redeem(store, secret, subject="drf_1", purpose=Purpose.UPLOAD):
    with store.unit_of_work(SYSTEM) as uow:
        return ways_in.redeem_ticket(uow, secret, purpose, subject)


def test_passwords_are_argon2id_at_least_as_costly_as_agreed():
    found = extract_parameters(passwords.protect("a" * 12))
    assert (found.type.name, found.memory_cost >= 19 * 1024, found.time_cost >= 2) == ("ID", True, True)
    assert passwords.matches("a" * 12, passwords.protect("a" * 12))
    assert not passwords.matches("a" * 13, passwords.protect("a" * 12))


@pytest.mark.parametrize("text", ["", "a" * 11, "a" * 257])
def test_a_password_has_12_to_256_characters(text):
    with pytest.raises(Invalid):
        passwords.protect(text)


def test_no_name_or_address_enters_the_log(house):
    add(house, "Margarida", "viewer")
    with house.reading() as view:
        assert "Margarida" not in "".join(event.body for event in audit.events(view))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"email": "nowhere"}, "email"),
        ({"roles": ["king"]}, "roles"),
        ({"roles": []}, "roles"),
    ],
)
def test_a_person_needs_a_name_an_address_and_known_roles(house, change, field):
    with pytest.raises(Invalid) as wrong, house.unit_of_work(SYSTEM) as uow:
        commands.add_person(uow, **{"name": "Ana", "email": "a@b.org", "roles": ["viewer"], **change})
    assert wrong.value.field == field


def test_an_address_belongs_to_one_person(house):
    add(house, "Ana", "viewer")
    with pytest.raises(Conflict):
        add(house, "ANA", "viewer")


def test_only_who_manages_people_does(house):
    ana, viewer = add(house, "Ana", "administrator"), add(house, "Bo", "viewer")
    with pytest.raises(Refused), house.unit_of_work(viewer) as uow:
        commands.set_roles(uow, viewer.id, ["administrator"])
    with house.unit_of_work(ana) as uow:
        commands.set_roles(uow, viewer.id, ["business", "viewer"])
    with house.reading() as view:
        assert queries.person(view, viewer.id).roles == {"business", "viewer"}
        event = audit.events(view, action="person.roles_set")[0]
        assert (event.data["before"], event.data["after"]) == (["viewer"], ["business", "viewer"])
        assert audit.events(view, action="refused")[0].actor_id == viewer.id


def test_the_last_administrator_stays(house):
    ana = add(house, "Ana", "administrator")
    for act in (commands.disable_person, lambda uow, who: commands.set_roles(uow, who, ["viewer"])):
        with pytest.raises(Conflict), house.unit_of_work(ana) as uow:
            act(uow, ana.id)
    add(house, "Bo", "administrator")
    with house.unit_of_work(ana) as uow:
        commands.disable_person(uow, ana.id)


def test_two_administrators_cannot_remove_each_other_at_once(house):
    pair = [add(house, "Ana", "administrator"), add(house, "Bo", "administrator")]

    def remove(n):
        try:
            with house.unit_of_work(pair[n]) as uow:
                commands.disable_person(uow, pair[1 - n].id)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, range(2))) == [False, True]


def test_two_administrators_cannot_take_each_others_role_at_once(house):
    pair = [add(house, "Ana", "administrator"), add(house, "Bo", "administrator")]
    together = Barrier(2)

    def take(n):
        together.wait()
        try:
            with house.unit_of_work(pair[n]) as uow:
                commands.set_roles(uow, pair[1 - n].id, ["viewer"])
                time.sleep(0.2)  # long enough for the other to look before this one is done
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(take, range(2))) == [False, True]


def test_a_token_acts_as_its_person_within_its_roles(house, hands):
    ana = add(house, "Ana", "data_scientist", "business")
    token_id, text = make_token(house, ana, roles=["data_scientist"])
    assert who(house, text)[:2] == (token_id, Actor(ana.id, "person", frozenset({"data_scientist"}), "api"))
    with house.unit_of_work(SYSTEM) as uow:
        commands.set_roles(uow, ana.id, ["business"])
    assert who(house, text)[1].roles == frozenset()
    hands.forward(days=1)
    assert who(house, text) is None


def test_the_store_holds_no_token(house):
    _, text = make_token(house, add(house, "Ana", "business"))
    with house.engine.connect() as connection:
        rows = str(connection.exec_driver_sql("SELECT * FROM api_token").all())
    assert secrets.parse_token(text)[1] not in rows


@pytest.mark.parametrize("end", ["revoke", "disable"])
def test_a_token_ends_with_its_revocation_or_its_person(house, end):
    add(house, "Root", "administrator")
    ana = add(house, "Ana", "business")
    token_id, text = make_token(house, ana)
    with house.unit_of_work(ana if end == "revoke" else SYSTEM) as uow:
        commands.revoke_token(uow, token_id) if end == "revoke" else commands.disable_person(uow, ana.id)
    assert who(house, text) is None


@pytest.mark.parametrize(
    "text", ["", "aval", "aval__", "aval_x_y", "Bearer", "aval_" + "x" * 500, "aval_é_ü"]
)
def test_what_is_no_token_opens_nothing(house, text):
    assert who(house, text) is None


def test_a_secret_of_another_token_opens_nothing(house):
    ana = add(house, "Ana", "business")
    (first, _), (_, other) = make_token(house, ana), make_token(house, ana)
    assert who(house, secrets.token(first, secrets.parse_token(other)[1])) is None


def test_a_token_carries_no_role_that_its_person_lacks(house):
    with pytest.raises(Refused):
        make_token(house, add(house, "Ana", "business"), roles=["compliance"])


def test_a_token_makes_no_token_and_lives_at_most_a_year(house):
    ana = add(house, "Ana", "business")
    with pytest.raises(Refused):
        make_token(house, Actor(ana.id, "person", ana.roles, "api"))
    with pytest.raises(Invalid):
        make_token(house, ana, expires_at=house.clock() + timedelta(days=400))
    with pytest.raises(Invalid):
        make_token(house, ana, expires_at=house.clock())


def test_only_who_manages_people_makes_a_service_and_it_never_decides(house):
    with pytest.raises(Refused):
        make_token(house, add(house, "Ana", "business"), kind="service")
    token_id, text = make_token(house, add(house, "Root", "administrator"), kind="service", roles=list(Role))
    actor = who(house, text)[1]
    assert (actor.id, actor.kind) == (token_id, "service")
    assert {each for each in Permission if not allowed(actor, each)} == NEVER_FOR_SERVICES


def test_somebody_elses_token_cannot_be_revoked(house):
    token_id, _ = make_token(house, add(house, "Ana", "business"))
    with pytest.raises(Refused), house.unit_of_work(add(house, "Bo", "business")) as uow:
        commands.revoke_token(uow, token_id)


def test_a_ticket_works_once_for_its_purpose_and_subject(house):
    ana = add(house, "Ana", "data_scientist")
    secret = ticket(house, ana)
    for wrong in ({"subject": "drf_2"}, {"purpose": Purpose.INVITATION}):
        with pytest.raises(Unauthenticated):
            redeem(house, secret, **wrong)
    assert redeem(house, secret) == ana
    with pytest.raises(Unauthenticated):
        redeem(house, secret)


def test_a_ticket_lives_ten_minutes_and_not_past_its_person(house, hands):
    add(house, "Root", "administrator")
    ana = add(house, "Ana", "data_scientist")
    late, orphan = ticket(house, ana), ticket(house, ana)
    with house.unit_of_work(SYSTEM) as uow:
        commands.disable_person(uow, ana.id)
    with pytest.raises(Unauthenticated):
        redeem(house, orphan)
    with house.unit_of_work(SYSTEM) as uow:
        commands.enable_person(uow, ana.id)
    hands.forward(minutes=10)
    with pytest.raises(Unauthenticated):
        redeem(house, late)


def test_of_many_that_bring_one_ticket_at_once_one_gets_in(house):
    secret = ticket(house, add(house, "Ana", "data_scientist"))

    def attempt(_n):
        try:
            return redeem(house, secret) is not None
        except AvalError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1


def test_the_set_up_link_makes_one_administrator(house):
    with house.unit_of_work(SYSTEM) as uow:
        first = ways_in.issue_ticket(uow, Purpose.SET_UP, queries.HOUSE)
        second = ways_in.issue_ticket(uow, Purpose.SET_UP, queries.HOUSE)
    protected = passwords.protect("a good long sentence")
    facts = {"name": "Ana", "email": "ana@example.org", "password": protected}
    with house.unit_of_work(SYSTEM) as uow:
        person_id = commands.set_up(uow, first, **facts)
    with house.reading() as view:
        assert queries.person(view, person_id).roles == {"administrator"}
    for used in (first, second):
        with pytest.raises(AvalError), house.unit_of_work(SYSTEM) as uow:
            commands.set_up(uow, used, **{**facts, "email": "eve@example.org"})
    with house.reading() as view:
        assert len(queries.people(view)) == 1


def test_only_administrators_issue_links_to_accounts(house):
    viewer = add(house, "Ana", "viewer")
    for purpose in (Purpose.SET_UP, Purpose.INVITATION):
        with pytest.raises(Refused), house.unit_of_work(viewer) as uow:
            ways_in.issue_ticket(uow, purpose, viewer.id)


def test_a_newer_invitation_replaces_the_older(house):
    root, ana = add(house, "Root", "administrator"), add(house, "Ana", "viewer")
    links = []
    for _ in range(2):
        with house.unit_of_work(root) as uow:
            links.append(ways_in.invite(uow, ana.id))
    protected = passwords.protect("a good long sentence")
    with pytest.raises(Unauthenticated), house.unit_of_work(SYSTEM) as uow:
        ways_in.accept_invitation(uow, links[0], protected)
    with house.unit_of_work(SYSTEM) as uow:
        assert ways_in.accept_invitation(uow, links[1], protected) == ana.id
    with house.reading() as view:
        assert passwords.matches("a good long sentence", queries.password_hash(view, ana.id))


def test_nobody_but_the_person_sets_a_password(house):
    root, ana = add(house, "Root", "administrator"), add(house, "Ana", "viewer")
    protected = passwords.protect("a good long sentence")
    for actor in (root, Actor(ana.id, "person", ana.roles, "api")):
        with pytest.raises(Refused), house.unit_of_work(actor) as uow:
            commands.change_password(uow, ana.id, protected)


def test_every_right_belongs_to_some_role_and_every_role_sees():
    assert set().union(*MATRIX.values()) == set(Permission)
    assert all(Permission.VIEW in rights for rights in MATRIX.values())
    assert set(MATRIX) == set(Role)
