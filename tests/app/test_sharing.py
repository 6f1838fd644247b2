"""The digest by a link and by its page: behind the real guard, without an account, without a way further in."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import digest
from app.addresses import Addresses
from app.doors import Doors
from app.downloads import Downloads
from app.guard import Guard
from app.sharing import FRESH_SECONDS, Shared
from core.evidence.kpis.definition import Definition, Direction, Status
from core.evidence.kpis.tables import ObservationRow
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.windows import Grain
from core.i18n import speaking
from core.platform.access import commands as access
from core.platform.access import queries as people
from core.platform.access import shares
from core.platform.access.ways_in import open_session
from core.platform.store import SYSTEM
from tests.core.evidence.monitoring.conftest import ready_version
from tests.kpis import in_force


class Ticks:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def client(store, ticks):
    with store.unit_of_work(SYSTEM) as uow:
        access.claim_house(uow, "own")
    routes = [*Shared(store, ticks=ticks).routes(), *Downloads(store).routes()]
    guarded = Guard(Starlette(routes=routes), Doors(store), Addresses.of(store.settings))
    with TestClient(guarded, base_url="http://127.0.0.1:8501", follow_redirects=False) as asking:
        yield asking


@pytest.fixture
def owner(store):
    with store.unit_of_work(SYSTEM) as uow:
        person_id = access.add_person(
            uow, name="Ana", email="ana@example.org", roles=["business"], language="pt_BR"
        )
    with store.reading() as view:
        return people.actor(view, person_id, "page")


@pytest.fixture
def watched(store, owner, actor):
    """A version with one KPI of two months: first on target, then critical."""
    it = ready_version(store)
    definition = Definition(
        "Ranks <b>well</b>", "Does it?", owner.id, Metric.ROC_AUC, "", Direction.HIGHER, 0.8, 0.75, 0.7, Grain.MONTH, 30
    )  # fmt: skip
    kpi = in_force(store, actor("operations"), it.use_case_id, definition)
    with store.unit_of_work(SYSTEM) as uow:
        for start, value, status in (
            (date(2026, 9, 1), 0.82, Status.ON_TARGET),
            (date(2026, 10, 1), 0.61, Status.CRITICAL),
        ):
            uow.session.add(
                ObservationRow(
                    revision_id=kpi.revision_id, version_id=it.version_id, place=start.toordinal(), start=start,
                    end=start + timedelta(days=30), value=value, low=value - 0.02, high=value + 0.02, n=500,
                    coverage=1.0, status=status.value, observed_at=uow.now,
                )
            )  # fmt: skip
        uow.record("test.observed", "kpi", kpi.id)
    return it


@pytest.fixture
def link(store, owner, watched):
    with store.unit_of_work(owner) as uow:
        return shares.share(uow, scope=watched.use_case_id, label="Board", language="pt_BR", days=30)


def opened(store):
    with store.reading() as view:
        return shares.shares(view, store.clock())[0].opened


def test_a_link_shows_the_week_in_its_language_to_anybody(client, store, link):
    told = client.get(f"/shared/{link[1]}")
    assert told.status_code == 200
    assert 'lang="pt-BR"' in told.text
    assert "0,610" in told.text
    assert "Ranks &lt;b&gt;well&lt;/b&gt;" in told.text
    assert "0 de 1 KPIs" in told.text
    assert told.headers["referrer-policy"] == "no-referrer"
    assert told.headers["cache-control"] == "no-store"
    assert "script" not in told.headers["content-security-policy"]
    assert "set-cookie" not in told.headers


def test_the_paper_says_the_same(client, link):
    told = client.get(f"/shared/{link[1]}?format=pdf")
    assert told.headers["content-type"] == "application/pdf"
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(told.content)).pages)
    assert "0,610" in text
    assert "Ranks <b>well</b>" in text


def test_what_was_made_is_sent_again_for_a_minute_and_counted_once(client, store, link, ticks):
    for _ in range(3):
        assert client.get(f"/shared/{link[1]}").status_code == 200
    assert opened(store) == 1
    ticks.now = FRESH_SECONDS
    client.get(f"/shared/{link[1]}")
    assert opened(store) == 2


def test_taken_back_it_shows_nothing_though_it_was_made_a_moment_ago(client, store, owner, link):
    client.get(f"/shared/{link[1]}")
    with store.unit_of_work(owner) as uow:
        shares.revoke_share(uow, link[0])
    told = client.get(f"/shared/{link[1]}")
    assert told.status_code == 404
    assert "0,610" not in told.text
    assert "0.610" not in told.text


def test_a_wrong_secret_tells_the_same_as_one_that_ran_out(client, link, hands):
    wrong = client.get("/shared/nothing")
    hands.forward(days=31)
    over = client.get(f"/shared/{link[1]}")
    assert (wrong.status_code, wrong.text) == (over.status_code, over.text)
    assert wrong.status_code == 404


def test_the_link_opens_no_other_door(client, link):
    for path in ("/download/digest", f"/shared/{link[1]}/../download/digest", "/shared/", "/models"):
        assert client.get(path).status_code in {302, 303, 307, 400, 404}, path
    assert client.post(f"/shared/{link[1]}").status_code in {303, 307, 403, 405}


def test_whoever_is_signed_in_takes_the_week_in_their_language(client, store, owner, watched):
    with store.unit_of_work(owner) as uow:
        client.cookies["aval"] = open_session(uow, owner.id, "password")
    told = client.get(f"/download/digest?use_case={watched.use_case_id}")
    assert told.status_code == 200
    assert "0,610" in told.text
    paper = client.get("/download/digest?format=pdf")
    assert paper.content.startswith(b"%PDF")
    assert client.get("/download/digest?use_case=use_none").status_code == 404


def test_before_and_now_stand_side_by_side(store, watched):
    with speaking("en"):
        facts = digest.document(store, "")
    ((row,),) = (case["rows"] for case in facts["cases"])
    assert row["change"] == "0.820"
    assert row["value"].startswith("0.610 [0.590; 0.630]")
    assert row["target"] == "≥ 0.800"
    assert (row["tone"], row["status"]) == ("bad", "Critical")
    assert facts["week"] == []
