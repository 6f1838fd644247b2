"""A conversation on a page: a card of its own that redraws alone when somebody says something."""

from collections.abc import Mapping

import streamlit as st

from app.ui.card import card
from app.ui.conversation import Said, Talk, conversation, summary
from app.ui.refused import refusals
from app.wiring import reading, unit_of_work
from core.i18n import _
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed
from core.platform.discussion import commands, queries
from core.platform.discussion.mention import marked, mentioned
from core.platform.discussion.queries import Comment, Earlier
from core.platform.store import Actor


@st.fragment
def talk(subject_kind: str, subject_id: str, actor: Actor, anchors: Mapping[str, str] | None = None) -> None:
    """Draw the conversation about a subject as a card; what the reader says is kept and drawn.

    `anchors` are parts of the subject that a comment may point at, with their words.
    """
    may_comment = allowed(actor, Permission.COMMENT)
    with reading() as view:
        comments = queries.comments(view, subject_kind, subject_id)
        people = {p.id: p.name for p in access.people(view) if not p.disabled}
        names = people | access.names(view, _ids(comments) - set(people))
    with card(_("Conversation"), summary(comments)), refusals():
        said = conversation(
            comments,
            Talk(
                names,
                {one: name for one, name in people.items() if one != actor.id},
                actor.id,
                may_comment,
                _earlier,
                anchors or {},
                f"{subject_kind}_{subject_id}",
            ),
        )
        if said is not None:
            _keep(actor, subject_kind, subject_id, said, people)
            st.rerun()


def _ids(comments: tuple[Comment, ...]) -> set[str]:
    found = {c.author_id for c in comments} | {c.resolved_by for c in comments if c.resolved_by}
    for comment in comments:
        found.update(mentioned(comment.text), *comment.reactions.values())
    return found


def _earlier(comment_id: str) -> tuple[Earlier, ...]:
    with reading() as view:
        return queries.history(view, comment_id)


def _keep(actor: Actor, subject_kind: str, subject_id: str, said: Said, people: Mapping[str, str]) -> None:
    text = marked(said.text, people)
    with unit_of_work(actor) as uow:
        match said.kind:
            case "comment":
                missing = [one for one in said.mentions if one not in mentioned(text)]
                commands.comment(
                    uow,
                    subject_kind=subject_kind,
                    subject_id=subject_id,
                    text=" ".join([*(f"@[{one}]" for one in missing), text.strip()]),
                    parent_id=said.comment_id,
                    anchor=said.anchor,
                )
            case "edit":
                commands.edit(uow, said.comment_id, text=text)
            case "resolve":
                commands.resolve(uow, said.comment_id)
            case "reopen":
                commands.reopen(uow, said.comment_id)
            case "react":
                if said.reaction is not None:
                    commands.react(uow, said.comment_id, said.reaction, given=said.given)
