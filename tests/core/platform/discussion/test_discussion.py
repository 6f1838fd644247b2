"""Conversations: said, edited with its history, settled; sealed per person, and forgotten with them."""

import pytest
from sqlmodel import select

from core.errors import Conflict, Invalid, NotFound, Refused
from core.platform.access import commands as access
from core.platform.access.erasure import erase_person
from core.platform.access.personal import same_text
from core.platform.audit import queries as audit
from core.platform.discussion import commands, queries
from core.platform.discussion.tables import CommentEditRow, CommentRow
from core.platform.store import SYSTEM, Actor

SECRET = "The **threshold** of `Ana` is <b>wrong</b>\nsee line 2"


@pytest.fixture
def talk(any_store, hands):
    class Talk:
        store = any_store
        clock = hands

        def person(self, name, role="compliance"):
            with any_store.unit_of_work(SYSTEM) as uow:
                who = access.add_person(uow, name=name, email=f"{name}@example.org", roles=[role])
            return Actor(who, "person", frozenset({role}))

        def do(self, actor, command, *args, **kwargs):
            with any_store.unit_of_work(actor) as uow:
                return command(uow, *args, **kwargs)

        def say(self, actor, text=SECRET, subject="rel_1"):
            return self.do(actor, commands.comment, subject_kind="release", subject_id=subject, text=text)

        def ask(self, query, *args):
            with any_store.reading() as view:
                return query(view, *args)

    return Talk()


def test_a_comment_is_kept_as_typed_and_the_log_holds_no_word(talk):
    ana = talk.person("ana")
    said = talk.say(ana)
    talk.say(ana, "elsewhere", subject="rel_2")
    (found,) = talk.ask(queries.comments, "release", "rel_1")
    assert (found.text, found.author_id, found.open, found.edits) == (SECRET, ana.id, True, 0)
    event = next(e for e in talk.ask(audit.events) if e.subject_id == said)
    assert (event.action, event.data["characters"]) == ("comment.written", len(SECRET))
    assert talk.ask(same_text, ana.id, SECRET, event.data["text_hmac"])
    assert not talk.ask(same_text, ana.id, SECRET + "!", event.data["text_hmac"])
    everything = "\n".join(talk.ask(lambda v: list(audit.bodies(v))))
    assert "threshold" not in everything


def test_an_edit_keeps_what_stood_there(talk):
    ana, carl = talk.person("ana"), talk.person("carl")
    said = talk.say(ana, "first")
    talk.clock.forward(minutes=1)
    talk.do(ana, commands.edit, said, text="second")
    talk.do(ana, commands.edit, said, text="second")
    found = talk.ask(queries.comment, said)
    assert (found.text, found.edits, found.edited_at) == ("second", 1, talk.clock.now)
    assert [e.text for e in talk.ask(queries.history, said)] == ["first"]
    with pytest.raises(Refused):
        talk.do(carl, commands.edit, said, text="third")
    assert talk.ask(queries.comment, said).text == "second"


def test_it_is_settled_and_opened_again(talk):
    ana, carl = talk.person("ana"), talk.person("carl")
    said = talk.say(ana)
    talk.do(carl, commands.resolve, said)
    assert talk.ask(queries.comment, said).resolved_by == carl.id
    with pytest.raises(Conflict):
        talk.do(ana, commands.resolve, said)
    talk.do(ana, commands.reopen, said)
    assert talk.ask(queries.comment, said).open
    with pytest.raises(Conflict):
        talk.do(ana, commands.reopen, said)


def test_whoever_is_erased_is_silent_and_the_conversation_stands(talk):
    ana, alma = talk.person("ana"), talk.person("alma", "administrator")
    said = talk.say(ana)
    talk.do(ana, commands.edit, said, text="threshold again")
    talk.say(alma, "answered")
    talk.do(alma, erase_person, ana.id)
    texts = {comment.text for comment in talk.ask(queries.comments, "release", "rel_1")}
    assert len(texts) == 2
    assert "answered" in texts
    assert not any("threshold" in text for text in texts)
    assert "threshold" not in talk.ask(queries.history, said)[0].text
    with talk.store.reading() as view:
        stored = [*view.exec(select(CommentRow.text)), *view.exec(select(CommentEditRow.text))]
    assert not any("threshold" in text or "answered" in text for text in stored)


def test_what_cannot_be_said(talk):
    ana, eva = talk.person("ana"), talk.person("eva", "viewer")
    with pytest.raises(Refused):
        talk.say(eva)
    for text in ("", "  \n ", "x" * (commands.MOST_CHARACTERS + 1)):
        with pytest.raises(Invalid):
            talk.say(ana, text)
    with pytest.raises(NotFound):
        talk.do(ana, commands.edit, "cmt_none", text="x")
    with pytest.raises(NotFound):
        talk.ask(queries.comment, "cmt_none")


def test_the_newest_are_read_oldest_first(talk):
    ana = talk.person("ana")
    for n in range(5):
        talk.clock.forward(seconds=1)
        talk.say(ana, f"comment {n}")
    with talk.store.reading() as view:
        assert [c.text for c in queries.comments(view, "release", "rel_1", limit=2)] == [
            "comment 3",
            "comment 4",
        ]
