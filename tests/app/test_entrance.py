"""Sign-in, set-up, invitation, sign-out and the demo's door, against a real server."""

import re

import httpx
import pytest

from core.platform.access import commands, queries, secrets, ways_in
from core.platform.access.sessions import Purpose
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM
from tests.app.edge import PASSWORD, serving


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("entrance")) as served:
        served.log = served.store.settings.folder_path / "server.log"
        yield served


@pytest.fixture(scope="module")
def link(edge):
    """The set-up link that the first run printed."""
    return re.search(r"/set-up\?ticket=\S+", edge.log.read_text()).group()


def alive(edge, key):
    with edge.store.reading() as view:
        return queries.open_session(view, secrets.digest(key), edge.store.clock())


def test_the_first_run_makes_one_administrator_by_its_link(edge, link):
    """Runs first: the store has nobody yet."""
    fields = {"name": "Root", "email": "root@example.org", "ticket": link.split("=")[1]}
    with edge.browser() as page:
        assert "set-up link" in page.get("/sign-in").text
        short = edge.form(page, link, **fields, password="short", again="short")
        assert (short.status_code, "12" in short.text) == (422, True)
        differs = edge.form(page, link, **fields, password=PASSWORD, again=PASSWORD + "x")
        assert differs.status_code == 422
        done = edge.form(page, link, **fields, password=PASSWORD, again=PASSWORD)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert page.get("/").status_code == 200
    with edge.store.reading() as view:
        people = queries.people(view)
        assert [(p.name, p.roles) for p in people] == [("Root", {"administrator"})]
        edge.people["root"] = queries.actor(view, people[0].id, "page")
    again = edge.browser().get(link)
    assert again.status_code == 401
    assert "Root" not in again.text
    edge.add("ana", "data_scientist")


def test_a_password_opens_a_session_with_a_cookie_that_scripts_cannot_read(edge):
    with edge.browser() as page:
        answer = edge.form(
            page,
            "/sign-in?next=/models%3Fx%3D1",
            email="ana@example.org",
            password=PASSWORD,
            next="/models?x=1",
        )
        assert (answer.status_code, answer.headers["location"]) == (303, "/models?x=1")
        cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("aval="))
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert "Secure" not in cookie
        assert "Domain" not in cookie
        assert page.get("/").status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/%0d%0ax",
        "/api/v1/me",
        "/sign-out",
    ],
)
def test_a_sign_in_leads_nowhere_else(edge, target):
    with edge.browser() as page:
        answer = edge.form(page, "/sign-in", email="ana@example.org", password=PASSWORD, next=target)
        assert answer.status_code == 303
        assert answer.headers["location"] in {"/", "/%0d%0ax"}


def test_a_planted_session_does_not_become_the_victims(edge):
    planted = edge.key("ana")
    with edge.browser(planted) as page:
        answer = edge.form(page, "/sign-in", email="root@example.org", password=PASSWORD)
        fresh = answer.cookies["aval"]
    assert fresh != planted
    assert alive(edge, planted) is None
    assert alive(edge, fresh).person_id == edge.people["root"].id
    assert edge.browser(planted).get("/").status_code == 303
    with edge.browser("chosen-by-the-attacker-" + "x" * 20) as page:
        answer = edge.form(page, "/sign-in", email="ana@example.org", password=PASSWORD)
        assert "chosen" not in answer.cookies["aval"]


@pytest.mark.parametrize("path", ["/sign-in", "/set-up", "/invitation", "/enter"])
def test_a_form_without_its_token_does_nothing(edge, path):
    fields = {
        "email": "ana@example.org",
        "password": PASSWORD,
        "again": PASSWORD,
        "ticket": "x",
        "person": "x",
    }
    with edge.browser() as page:
        assert page.post(path, data=fields).status_code == 403
        page.get("/sign-in")
        answer = page.post(path, data={**fields, "csrf": "guessed"})
        assert answer.status_code == 403
        assert "aval" not in answer.cookies


def test_strangers_get_one_answer_and_the_sixth_try_waits(edge):
    edge.add("bo", "viewer")
    with edge.browser() as page:
        texts = set()
        for email in ("nobody@example.org", "bo@example.org"):
            answer = edge.form(page, "/sign-in", email=email, password="wrong password")
            assert answer.status_code == 401
            texts.add(re.sub(r'value="[^"]*"', "", answer.text))
        assert len(texts) == 1
        codes = [
            edge.form(page, "/sign-in", email="bo@example.org", password="wrong password").status_code
            for _ in range(5)
        ]
        assert codes[-1] == 429
        assert edge.form(page, "/sign-in", email="bo@example.org", password=PASSWORD).status_code == 429
    # The address of this machine is closed for the other tests, unless its tries are forgotten.
    with edge.store.engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM sign_in_attempt")
        connection.commit()


def test_what_was_typed_is_text(edge):
    typed = '"><script>alert(1)</script>'
    with edge.browser() as page:
        answer = edge.form(page, "/sign-in", email=typed, password="x", next=typed)
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_signing_out_ends_the_session_at_once(edge):
    key = edge.key("ana")
    with edge.browser(key) as page:
        assert page.get("/").status_code == 200
        answer = page.post("/sign-out")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        assert 'aval=""' in answer.headers["set-cookie"]
    assert alive(edge, key) is None
    assert edge.browser(key).get("/").status_code == 303


def test_a_link_from_elsewhere_does_not_sign_out(edge):
    key = edge.key("ana")
    answer = httpx.get(
        f"{edge.url}/sign-out", cookies={"aval": key}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 200
    assert "<form" in answer.text
    assert alive(edge, key) is not None


def test_an_invitation_sets_a_password_once(edge):
    with edge.store.unit_of_work(SYSTEM) as uow:
        person_id = commands.add_person(uow, name="Caio", email="caio@example.org", roles=["business"])
        ticket = ways_in.invite(uow, person_id)
    path = f"/invitation?ticket={ticket}"
    with edge.browser() as page:
        done = edge.form(page, path, ticket=ticket, password=PASSWORD, again=PASSWORD)
        assert done.status_code == 303
        assert alive(edge, done.cookies["aval"]).person_id == person_id
    with edge.browser() as page:
        assert page.get(path).status_code == 401
        assert edge.form(page, "/sign-in", email="caio@example.org", password=PASSWORD).status_code == 303


def test_one_click_entry_is_not_there_outside_the_demo(edge):
    with edge.browser() as page:
        answer = edge.form(page, "/sign-in", email="x", password="x")
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.get("/sign-in").text).group(1)
        answer = page.post("/enter", data={"csrf": csrf, "person": edge.people["root"].id})
        assert answer.status_code == 403
        assert "aval" not in answer.cookies
        assert edge.people["root"].id not in page.get("/sign-in").text


@pytest.mark.parametrize(
    ("headers", "query", "lang"),
    [
        ({}, "", "en"),
        ({"Accept-Language": "pt-BR,pt;q=0.9"}, "", "pt-BR"),
        ({"Accept-Language": "pt-BR"}, "?lang=en", "en"),
        ({"Accept-Language": "xx"}, "", "en"),
    ],
)
def test_the_page_speaks_the_readers_language(edge, headers, query, lang):
    assert f'<html lang="{lang}">' in edge.browser(**headers).get(f"/sign-in{query}").text


def test_a_form_too_large_is_refused(edge):
    with edge.browser() as page:
        page.get("/sign-in")
        assert page.post("/sign-in", content=b"a=" + b"x" * 20_000).status_code == 413


def test_coming_and_going_is_in_the_log_without_names(edge):
    with edge.store.reading() as view:
        events = audit.events(view, limit=500)
    assert {
        "house.claimed",
        "person.added",
        "session.opened",
        "session.ended",
        "password.changed",
        "sign_in.limit_reached",
    } <= {e.action for e in events}
    assert "example.org" not in "".join(event.body for event in events)


def test_the_printed_link_is_the_only_copy(edge, link):
    ticket = link.split("=")[1]
    with edge.store.engine.connect() as connection:
        assert ticket not in str(connection.exec_driver_sql("SELECT * FROM ticket").all())
    assert Purpose.SET_UP.value == "set_up"
