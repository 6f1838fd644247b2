"""A conversation on a page: a card of its own that redraws alone when somebody says something."""

import streamlit as st

from app.ui.card import card
from app.ui.conversation import Said, conversation, summary
from app.ui.refused import refusals
from app.wiring import reading, unit_of_work
from core.i18n import _
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed
from core.platform.discussion import commands, queries
from core.platform.discussion.queries import Earlier
from core.platform.store import Actor


@st.fragment
def talk(subject_kind: str, subject_id: str, actor: Actor) -> None:
    """Draw the conversation about a subject as a card; what the reader says is kept and drawn."""
    with reading() as view:
        comments = queries.comments(view, subject_kind, subject_id)
        people = {c.author_id for c in comments} | {c.resolved_by for c in comments if c.resolved_by}
        names = access.names(view, people)
    with card(_("Conversation"), summary(comments)), refusals():
        said = conversation(
            comments,
            names,
            actor.id,
            may_comment=allowed(actor, Permission.COMMENT),
            earlier=_earlier,
            key=f"{subject_kind}_{subject_id}",
        )
        if said is not None:
            _keep(actor, subject_kind, subject_id, said)
            st.rerun()


def _earlier(comment_id: str) -> tuple[Earlier, ...]:
    with reading() as view:
        return queries.history(view, comment_id)


def _keep(actor: Actor, subject_kind: str, subject_id: str, said: Said) -> None:
    with unit_of_work(actor) as uow:
        match said.kind:
            case "comment":
                commands.comment(uow, subject_kind=subject_kind, subject_id=subject_id, text=said.text)
            case "edit":
                commands.edit(uow, said.comment_id, text=said.text)
            case "resolve":
                commands.resolve(uow, said.comment_id)
            case "reopen":
                commands.reopen(uow, said.comment_id)
