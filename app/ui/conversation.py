"""A conversation: threads, who said what, and a field for one's own words. Text is shown as typed, never as markup."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.text import md, paragraphs
from core.i18n import _, moment, ngettext
from core.platform.discussion.commands import MOST_CHARACTERS
from core.platform.discussion.mention import REACTIONS, Reaction, spelled
from core.platform.discussion.queries import Comment, Earlier

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Said:
    """What the reader did: said something new, or something with a comment."""

    kind: Literal["comment", "edit", "resolve", "reopen", "react"]
    text: str = ""
    comment_id: str = ""
    anchor: str = ""
    mentions: tuple[str, ...] = ()
    reaction: Reaction | None = None
    given: bool = True


@dataclass(frozen=True, slots=True)
class Talk:
    """What a conversation is drawn with: `names` by id, `people` who may be named, `anchors` and their words.

    `earlier` reads what a comment said before it was edited.
    """

    names: Mapping[str, str]
    people: Mapping[str, str]
    me: str
    may_comment: bool
    earlier: Callable[[str], Sequence[Earlier]]
    anchors: Mapping[str, str]
    key: str


def conversation(comments: Sequence[Comment], talk: Talk) -> Said | None:
    """Draw the newest threads and the field for a comment; return what the reader did, if anything."""
    said: Said | None = None
    answers: dict[str, list[Comment]] = defaultdict(list)
    known = {comment.id for comment in comments}
    for comment in comments:
        if comment.parent_id in known:
            answers[comment.parent_id].append(comment)
    threads = [c for c in comments if c.parent_id not in known]
    folded, shown = threads[:-SHOWN], threads[-SHOWN:]
    if folded:
        with st.expander(ngettext("{n} earlier comment", "{n} earlier comments", len(folded))):
            for comment in folded:
                said = _thread(comment, answers[comment.id], talk) or said
    for comment in shown:
        said = _thread(comment, answers[comment.id], talk) or said
    if not comments:
        st.caption(_("Nothing was said yet. What is said here stays with the decision."))
    if talk.may_comment:
        said = _form(talk) or said
    return said


def summary(comments: Sequence[Comment]) -> str:
    """Write how many are open, for the header of the card."""
    waiting = sum(comment.open for comment in comments)
    if not comments:
        return ""
    return (
        badge(ngettext("{n} open", "{n} open", waiting), Tone.WAIT)
        if waiting
        else badge(_("All settled"), Tone.GOOD)
    )


def _form(talk: Talk) -> Said | None:
    with st.form(f"say_{talk.key}", border=False, clear_on_submit=True):
        text = st.text_area(
            _("Comment"), max_chars=MOST_CHARACTERS, height=80, label_visibility="collapsed",
            placeholder=_("Ask, answer, or say what you saw"),
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="bottom"):
            named = st.multiselect(
                _("Tell"),
                list(talk.people),
                format_func=lambda one: talk.people[one],
                placeholder=_("People who should see this"),
                width=340,
                key=f"tell_{talk.key}",
            )
            anchor = ""
            if talk.anchors:
                anchor = st.selectbox(
                    _("About"),
                    ["", *talk.anchors],
                    format_func=lambda one: talk.anchors.get(one, _("The whole")),
                    width=240,
                    key=f"about_{talk.key}",
                )
            sent = st.form_submit_button(_("Comment"), icon=":material/chat:")
    if not (sent and text.strip()):
        return None
    return Said("comment", text, anchor=anchor, mentions=tuple(named))


def _thread(comment: Comment, answers: Sequence[Comment], talk: Talk) -> Said | None:
    said = _one(comment, talk)
    if answers:
        with st.container(horizontal=True, gap="small"):
            st.markdown(":gray[:material/subdirectory_arrow_right:]", width="content")
            with st.container():
                for answer in answers:
                    said = _one(answer, talk) or said
    return said


def _one(comment: Comment, talk: Talk) -> Said | None:
    who = talk.names.get(comment.author_id) or comment.author_id
    marks = [md(moment(comment.written_at))]
    if comment.anchor:
        kind_and_name = talk.anchors.get(comment.anchor, comment.anchor.partition(":")[2])
        marks.append(f":material/my_location: {md(kind_and_name)}")
    if comment.edited_at is not None:
        marks.append(md(_("edited {when}", when=moment(comment.edited_at))))
    if not comment.open:
        settled = _("settled by {who}", who=talk.names.get(comment.resolved_by) or comment.resolved_by)
        marks.append(f":material/check: {md(settled)}")
    for reaction, givers in comment.reactions.items():
        icon, word = REACTIONS[reaction]
        given = ", ".join(talk.names.get(one) or one for one in givers)
        marks.append(f":material/{icon}: {md(_(word))} ({md(given)})")
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{md(who)}**  :gray[:small[{' · '.join(marks)}]]", width="stretch")
            said = _menu(comment, talk) if talk.may_comment or comment.edits else None
        body = paragraphs(spelled(comment.text, talk.names))
        st.markdown(body if comment.open else f":gray[{body}]" if "\n" not in body else body)
    return said


def _menu(comment: Comment, talk: Talk) -> Said | None:
    """Draw what may be done with a comment; its earlier texts are read when it opens."""
    with st.popover(
        "", icon=":material/more_horiz:", type="tertiary", help=_("More"), key=f"more_{comment.id}"
    ):
        return (_answers(comment, talk) if talk.may_comment else None) or _history(comment, talk)


def _answers(comment: Comment, talk: Talk) -> Said | None:
    said: Said | None = None
    with st.container(horizontal=True, gap="xsmall"):
        for reaction, (icon, word) in REACTIONS.items():
            given = talk.me in comment.reactions.get(reaction, ())
            if st.button(
                "",
                key=f"react_{reaction.value}_{comment.id}",
                icon=f":material/{icon}:",
                help=_(word),
                type="primary" if given else "secondary",
            ):
                said = Said("react", comment_id=comment.id, reaction=reaction, given=not given)
    answer = st.text_area(
        _("Answer"), max_chars=MOST_CHARACTERS, key=f"answer_{comment.id}_{moment(comment.written_at)}"
    )
    if st.button(_("Answer"), key=f"send_{comment.id}", icon=":material/reply:") and answer.strip():
        return Said("comment", answer, comment_id=comment.id)
    if comment.open and st.button(_("Settle"), key=f"settle_{comment.id}", icon=":material/check:"):
        return Said("resolve", comment_id=comment.id)
    if not comment.open and st.button(_("Open again"), key=f"open_{comment.id}", icon=":material/undo:"):
        return Said("reopen", comment_id=comment.id)
    return said


def _history(comment: Comment, talk: Talk) -> Said | None:
    if talk.may_comment and comment.author_id == talk.me:
        shown = spelled(comment.text, talk.names)
        text = st.text_area(
            _("Edit"), shown, max_chars=MOST_CHARACTERS, key=f"text_{comment.id}_{comment.edits}"
        )
        if st.button(_("Save"), key=f"save_{comment.id}", icon=":material/save:"):
            return Said("edit", text, comment.id)
    if comment.edits:
        for before in talk.earlier(comment.id):
            st.caption(_("Until {when}:", when=moment(before.until)))
            st.markdown(paragraphs(spelled(before.text, talk.names)))
    return None
