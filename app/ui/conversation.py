"""A conversation: what was said, by whom, and a field for one's own words. Text is shown as typed, never as markup."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.text import md, paragraphs
from core.i18n import _, moment, ngettext
from core.platform.discussion.commands import MOST_CHARACTERS
from core.platform.discussion.queries import Comment, Earlier

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Said:
    """What the reader did: said something new, or something with a comment."""

    kind: Literal["comment", "edit", "resolve", "reopen"]
    text: str = ""
    comment_id: str = ""


def conversation(
    comments: Sequence[Comment],
    names: Mapping[str, str],
    me: str,
    *,
    may_comment: bool,
    earlier: Callable[[str], Sequence[Earlier]],
    key: str,
) -> Said | None:
    """Draw the newest comments and the field for another; return what the reader did, if anything.

    `earlier` reads what a comment said before it was edited.
    """
    said: Said | None = None
    folded, shown = comments[:-SHOWN], comments[-SHOWN:]
    if folded:
        with st.expander(ngettext("{n} earlier comment", "{n} earlier comments", len(folded))):
            for comment in folded:
                said = _one(comment, names, me, may_comment=may_comment, earlier=earlier) or said
    for comment in shown:
        said = _one(comment, names, me, may_comment=may_comment, earlier=earlier) or said
    if not comments:
        st.caption(_("Nothing was said yet. What is said here stays with the decision."))
    if may_comment:
        with st.form(f"say_{key}", border=False, clear_on_submit=True):
            text = st.text_area(
                _("Comment"), max_chars=MOST_CHARACTERS, height=80, label_visibility="collapsed",
                placeholder=_("Ask, answer, or say what you saw"),
            )  # fmt: skip
            if st.form_submit_button(_("Comment"), icon=":material/chat:") and text.strip():
                said = Said("comment", text)
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


def _one(
    comment: Comment,
    names: Mapping[str, str],
    me: str,
    *,
    may_comment: bool,
    earlier: Callable[[str], Sequence[Earlier]],
) -> Said | None:
    who = names.get(comment.author_id) or comment.author_id
    marks = [md(moment(comment.written_at))]
    if comment.edited_at is not None:
        marks.append(md(_("edited {when}", when=moment(comment.edited_at))))
    if not comment.open:
        settled = _("settled by {who}", who=names.get(comment.resolved_by) or comment.resolved_by)
        marks.append(f":material/check: {md(settled)}")
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{md(who)}**  :gray[:small[{' · '.join(marks)}]]", width="stretch")
            said = _menu(comment, me, earlier) if may_comment or comment.edits else None
        body = paragraphs(comment.text)
        st.markdown(body if comment.open else f":gray[{body}]" if "\n" not in body else body)
    return said


def _menu(comment: Comment, me: str, earlier: Callable[[str], Sequence[Earlier]]) -> Said | None:
    """Draw what may be done with a comment; its earlier texts are read when it opens."""
    with st.popover(
        "", icon=":material/more_horiz:", type="tertiary", help=_("More"), key=f"more_{comment.id}"
    ):
        if comment.open and st.button(_("Settle"), key=f"settle_{comment.id}", icon=":material/check:"):
            return Said("resolve", comment_id=comment.id)
        if not comment.open and st.button(_("Open again"), key=f"open_{comment.id}", icon=":material/undo:"):
            return Said("reopen", comment_id=comment.id)
        if comment.author_id == me:
            text = st.text_area(
                _("Edit"), comment.text, max_chars=MOST_CHARACTERS, key=f"text_{comment.id}_{comment.edits}"
            )
            if st.button(_("Save"), key=f"save_{comment.id}", icon=":material/save:"):
                return Said("edit", text, comment.id)
        if comment.edits:
            for before in earlier(comment.id):
                st.caption(_("Until {when}:", when=moment(before.until)))
                st.markdown(paragraphs(before.text))
    return None
