"""Decisions as they were found: what was done and why, the words that were looked for marked, each with its proof."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui import badges
from app.ui.text import md
from core.i18n import _, moment, number
from core.overview.decision_log.kind import KIND_NAMES
from core.overview.decision_log.queries import Decision
from core.platform.search.words import excerpt, spans

MOST = 360
"""Characters of a text that are shown, around the first word that was looked for."""


def decision_rows(
    decisions: Sequence[Decision], names: Mapping[str, str], looked_for: frozenset[str], *, proof: bool
) -> None:
    """Draw the decisions in their order; with `proof`, each links to its entry in the audit trail."""
    with st.container(gap="medium"):
        for one in decisions:
            _row(one, names, looked_for, proof=proof)


def marked(text: str, looked_for: frozenset[str]) -> str:
    """Write a person's text as one line of Markdown, the words that were looked for on a coloured ground."""
    line = " ".join(text.split())
    parts, end = [], 0
    for start, stop in spans(line, looked_for):
        parts += [_plain(line[end:start]), f":orange-background[{md(line[start:stop])}]"]
        end = stop
    return "".join([*parts, _plain(line[end:])])


def _plain(text: str) -> str:
    """Escape, and keep the spaces at both ends."""
    if not text.strip():
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{md(text)}{after}"


def _row(one: Decision, names: Mapping[str, str], looked_for: frozenset[str], *, proof: bool) -> None:
    with st.container(gap=None, key=f"decision_{one.index}"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"
        ):
            _link(one)
            with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
                st.markdown(badges.badge(_(KIND_NAMES[one.kind])), width="content")
                if proof:
                    _proof(one)
        said = [f"**{marked(one.about, looked_for)}**"] if one.about else []
        shown = (excerpt(" ".join(text.split()), looked_for, MOST) for text in _shown(one, looked_for))
        said += [marked(text, looked_for) for text in shown]
        who = f":gray[:small[{md(_who(one, names))} · {md(moment(one.time))}]]"
        st.markdown("  \n".join([*said, who]))


def _proof(one: Decision) -> None:
    st.page_link(
        "../pages/audit_trail.py",
        label=f":small[{_('Entry {index}', index=number(one.index))}]",
        icon=":material/verified_user:",
        query_params={"entry": str(one.index)},
        width="content",
        help=_("The entry in the audit trail, and the proof that it was not changed since."),
    )


def _link(one: Decision) -> None:
    """Where it stands; what no page shows any more is named without a link."""
    version = "" if one.number is None else f" v{one.number}"
    where = f" · {md(one.title)}{version}" if one.title else ""
    label = f"**{md(one.words())}**{where}"
    if one.page:
        st.page_link(
            f"../pages/{one.page}.py",
            label=label,
            icon=f":material/{one.icon}:",
            query_params=dict(one.query),
            width="content",
        )
    else:
        st.markdown(f":material/{one.icon}: {label}", width="content")


def _shown(one: Decision, looked_for: frozenset[str]) -> list[str]:
    return [*one.texts, *(text for text in one.quoted if spans(text, looked_for))]


def _who(one: Decision, names: Mapping[str, str]) -> str:
    if one.actor_kind == "system":
        return "Aval"
    return names.get(one.actor_id) or one.actor_id
