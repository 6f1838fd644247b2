"""Who is told, once each; what waits for whom; what is handed on, escalated, put off."""

import threading
from datetime import timedelta

import pytest
from sqlmodel import select

from core.decisions.findings import commands as findings
from core.decisions.findings.severity import Severity
from core.errors import Invalid, NotFound, Refused
from core.overview.inbox import commands, queries, work
from core.overview.inbox.kinds import NoticeKind, Way
from core.overview.inbox.preferences import Preferences
from core.overview.inbox.tables import NoticeRow
from core.platform.access.erasure import erase_person
from core.platform.audit import queries as audit
from core.platform.discussion import commands as discussion
from core.platform.notices import work as courier
from core.platform.store import Actor
from tests.core.decisions.conftest import bench_on
from tests.mail_server import mail_server


@pytest.fixture
def bench(any_store, hands):
    found = bench_on(any_store, hands)
    work.step(found.store)  # the cursor stands at the end of the log
    return found


def told(bench, name, **kwargs):
    work.catch_up(bench.store)
    with bench.store.reading() as view:
        return queries.told(view, bench.people[name].id, **kwargs)


def inbox(bench, name):
    with bench.store.reading() as view:
        return queries.inbox(view, bench.people[name], bench.store.clock())


def say(bench, name, text, subject, **more):
    return bench.do(
        bench.people[name], discussion.comment, subject_kind="release", subject_id=subject, text=text, **more
    )


@pytest.fixture
def request_id(bench):
    return bench.request(bench.people["bea"], bench.version(bench.people["ana"]))


def test_whoever_is_named_is_told_once_with_the_words_and_the_place(bench, request_id):
    told(bench, "otto")
    say(bench, "carl", f"Is this right, @[{bench.people['otto'].id}]?", request_id)
    found = [n for n in told(bench, "otto") if n.kind is NoticeKind.MENTION]
    assert len(found) == 1
    assert found[0].said.startswith("Is this right, @")
    assert "[" not in found[0].said
    assert (found[0].page, dict(found[0].query)) == ("release_review", {"release": request_id})
    assert not [n for n in told(bench, "carl") if n.kind in {NoticeKind.MENTION, NoticeKind.TALK}]
    say(bench, "otto", "It is.", request_id)
    assert NoticeKind.TALK in {n.kind for n in told(bench, "carl")}


def test_who_may_sign_is_told_when_the_gates_are_judged_and_the_author_is_not(bench, request_id):
    kinds = {name: {n.kind for n in told(bench, name)} for name in ("otto", "carl", "ana", "bea")}
    assert NoticeKind.SIGN in kinds["otto"]
    assert NoticeKind.SIGN in kinds["carl"]
    assert NoticeKind.SIGN not in kinds["ana"]
    bench.sign(bench.people["otto"], request_id)
    assert NoticeKind.RELEASE in {n.kind for n in told(bench, "bea")}


def test_a_mention_of_nobody_is_refused_and_nothing_is_kept(bench, request_id):
    with pytest.raises(Invalid, match="per_ghost"):
        say(bench, "carl", "@[per_ghost] see this", request_id)


def test_two_workers_tell_each_person_once(bench, request_id):
    for _ in range(5):
        say(bench, "carl", f"@[{bench.people['otto'].id}] again", request_id)
    workers = [threading.Thread(target=work.catch_up, args=(bench.store,)) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    with bench.store.reading() as view:
        rows = view.exec(
            select(NoticeRow).where(
                NoticeRow.person_id == bench.people["otto"].id, NoticeRow.kind == "mention"
            )
        ).all()
    assert len(rows) == len({row.log_index for row in rows}) == 5


def test_at_once_daily_or_never_and_not_in_quiet_hours(bench, request_id, hands):
    otto = bench.people["otto"]
    told(bench, "otto")
    with mail_server() as server:
        store = bench.store
        store.settings = store.settings.with_(
            mail_server=server.url, mail_from="aval@example.org", public_url="https://aval.example.org"
        )
        now = store.clock()
        minute = now.hour * 60 + now.minute
        wanted = Preferences(
            {NoticeKind.MENTION: Way.NOW, NoticeKind.TALK: Way.DAILY, NoticeKind.RELEASE: Way.NEVER},
            quiet_from=(minute - 30) % 1440,
            quiet_to=(minute + 30) % 1440,
            zone="UTC",
            summary_at=(minute + 120) % 1440,
        )
        bench.do(otto, commands.choose, wanted)
        say(bench, "carl", f"Pst, @[{otto.id}]: the threshold", request_id)
        work.catch_up(store)
        assert courier.carry_waiting(store) == 0
        hands.forward(minutes=31)
        courier.carry_waiting(store)
        assert [to for to, _letter in server.got].count("otto@example.org") == 1
        text = next(letter for to, letter in server.got if to == "otto@example.org").get_content()
        assert "Pst" not in text
        assert "Credit" not in text
        assert f"https://aval.example.org/release_review?release={request_id}" in text
        say(bench, "otto", "Seen.", request_id)
        say(bench, "carl", "And once more.", request_id)
        say(bench, "carl", "And again.", request_id)
        while work.step(store):
            pass
        with store.reading() as view:
            waiting = view.exec(
                select(NoticeRow).where(NoticeRow.mail == "daily", NoticeRow.person_id == otto.id)
            ).all()
        assert len(waiting) == 2
        work.catch_up(store)  # the first summary is due at once
        courier.carry_waiting(store)
        summaries = [
            le for to, le in server.got if to == "otto@example.org" and le["Subject"].startswith("Aval: 2 ")
        ]
        assert len(summaries) == 1


def test_details_are_named_only_where_the_house_allows_it(bench, request_id):
    otto = bench.people["otto"]
    told(bench, "otto")
    with mail_server() as server:
        bench.store.settings = bench.store.settings.with_(
            mail_server=server.url, mail_from="aval@example.org", mail_details="yes"
        )
        say(bench, "carl", f"@[{otto.id}] the threshold", request_id)
        work.catch_up(bench.store)
        courier.carry_waiting(bench.store)
        (letter,) = [letter for to, letter in server.got if to == "otto@example.org"]
    assert "the threshold" in letter.get_content()
    assert "Credit" in letter["Subject"]


def test_what_is_handed_on_waits_for_the_other_until_it_is_settled(bench, request_id):
    finding = bench.do(
        bench.people["carl"], findings.open_finding, version_id=bench.version(bench.people["ana"]),
        title="Leak", text="The target stands in a column.", severity=Severity.HIGH,
        owner_id=bench.people["bea"].id, due_at=bench.store.clock() + timedelta(days=3),
    )  # fmt: skip
    key = f"finding:{finding.id}"
    assert inbox(bench, "bea").find(key) in inbox(bench, "bea").mine
    assert inbox(bench, "otto").find(key) in inbox(bench, "otto").team
    bench.do(bench.people["bea"], commands.hand_over, key, to=bench.people["otto"].id, note="You know it.")
    entry = inbox(bench, "otto").find(key)
    assert entry in inbox(bench, "otto").mine
    assert entry.handover.note == "You know it."
    assert inbox(bench, "bea").find(key) in inbox(bench, "bea").handed_on
    (notice,) = [n for n in told(bench, "otto") if n.kind is NoticeKind.HANDED]
    assert "Credit" in notice.words
    bench.do(
        bench.people["otto"], commands.hand_over, key, to=bench.people["carl"].id, note="Now.", escalated=True
    )
    first = inbox(bench, "carl").mine[0]
    assert (first.item.key, first.handover.escalated) == (key, True)
    events = [e.action for e in _events(bench, "item", key)]
    assert events == ["inbox.escalated", "inbox.handed_over"]
    assert "Now." not in str([e.data for e in _events(bench, "item", key)])


def _events(bench, kind, subject):
    with bench.store.reading() as view:
        return audit.events(view, subject_kind=kind, subject_id=subject)


def test_an_escalation_needs_a_reason_and_somebody_else(bench):
    bea = bench.people["bea"]
    with pytest.raises(Invalid, match="why"):
        bench.do(bea, commands.hand_over, "finding:x", to=bench.people["otto"].id, escalated=True)
    with pytest.raises(Invalid, match="somebody else"):
        bench.do(bea, commands.hand_over, "finding:x", to=bea.id, note="x", escalated=True)
    with pytest.raises(Invalid, match="access"):
        bench.do(bea, commands.hand_over, "finding:x", to="per_ghost", note="x")
    viewer = Actor("per_vera", "person", frozenset({"viewer"}))
    with pytest.raises(Refused):
        bench.do(viewer, commands.hand_over, "finding:x", to=bea.id)


def test_put_off_it_is_gone_for_me_alone_and_comes_back(bench, request_id, hands):
    key = f"release:{request_id}"
    otto = bench.people["otto"]
    assert inbox(bench, "otto").find(key) in inbox(bench, "otto").mine
    bench.do(otto, commands.put_off, key, bench.store.clock() + timedelta(days=1))
    assert inbox(bench, "otto").find(key) in inbox(bench, "otto").put_off
    assert inbox(bench, "carl").find(key) in inbox(bench, "carl").mine
    bench.do(otto, commands.take_up, key)
    assert inbox(bench, "otto").find(key) in inbox(bench, "otto").mine
    with pytest.raises(NotFound):
        bench.do(otto, commands.take_up, key)
    bench.do(otto, commands.put_off, key, bench.store.clock() + timedelta(days=1))
    hands.forward(hours=25)
    assert inbox(bench, "otto").find(key) in inbox(bench, "otto").mine
    for wrong in (timedelta(0), timedelta(days=91)):
        with pytest.raises(Invalid):
            bench.do(otto, commands.put_off, key, bench.store.clock() + wrong)


def test_read_is_read_by_whoever_was_told_and_nobody_else(bench, request_id):
    (notice, *_rest) = told(bench, "otto", only_unread=True)
    bench.do(bench.people["carl"], commands.note_read, [notice.id])
    assert notice.id in {n.id for n in told(bench, "otto", only_unread=True)}
    bench.do(bench.people["otto"], commands.note_read, [notice.id])
    assert notice.id not in {n.id for n in told(bench, "otto", only_unread=True)}
    bench.do(bench.people["otto"], commands.note_read)
    assert told(bench, "otto", only_unread=True) == ()


def test_the_erased_are_told_nothing_more(bench, request_id):
    admin = Actor("per_admin", "person", frozenset({"administrator"}))
    told(bench, "otto")
    with bench.store.reading() as view:
        before = len(queries.told(view, bench.people["otto"].id))
    say(bench, "carl", f"@[{bench.people['otto'].id}]", request_id)
    bench.do(admin, erase_person, bench.people["otto"].id)
    assert len(told(bench, "otto")) == before
