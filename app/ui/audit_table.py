"""The audit log as a table, and one entry in full."""

import json
from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui.text import md
from core.i18n import _, moment, number
from core.platform.audit.proof import Proof
from core.platform.audit.queries import RecordedEvent, Verification


def audit_table(events: Sequence[RecordedEvent], names: Mapping[str, str]) -> int | None:
    """Draw the entries, newest first; return the index of the one to be shown in full."""
    found = st.dataframe(
        {
            "index": [event.index for event in events],
            "time": [moment(event.time) for event in events],
            "action": [event.action for event in events],
            "actor": [names.get(event.actor_id, event.actor_id) for event in events],
            "via": [event.via for event in events],
            "subject": [f"{event.subject_kind} {event.subject_id}" for event in events],
        },
        column_config={
            "index": st.column_config.NumberColumn(_("Number"), width="small", format="localized"),
            "time": st.column_config.TextColumn(_("Time"), width="medium"),
            "action": st.column_config.TextColumn(_("Action"), width="medium"),
            "actor": st.column_config.TextColumn(_("Who"), width="medium"),
            "via": st.column_config.TextColumn(_("Through"), width="small"),
            "subject": st.column_config.TextColumn(_("Subject"), width="large"),
        },
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="audit_table",
        alt=_("Entries of the audit trail, newest first"),
    )
    rows = found["selection"]["rows"]
    return events[rows[0]].index if rows else None


def audit_event(event: RecordedEvent, names: Mapping[str, str], proof: Proof | None = None) -> None:
    """Draw one entry: who, what, when, what changed, the exact text that its hash is computed from, and its proof."""
    st.markdown(
        "  \n".join(
            (
                f"**{md(event.action)}**",
                f"{md(names.get(event.actor_id, event.actor_id))} · {md(moment(event.time))} · {md(event.via)}",
                f":gray[{md(event.subject_kind)} {md(event.subject_id)}]",
            )
        )
    )
    if {"before", "after"} <= set(event.data):
        st.subheader(_("Before and after"), anchor=False)
        before, after = st.columns(2)
        before.code(_written(event.data["before"]), language=None, wrap_lines=True)
        after.code(_written(event.data["after"]), language=None, wrap_lines=True)
    if event.data:
        st.subheader(_("What it says"), anchor=False)
        st.table(
            {
                _("Field"): [md(key) for key in event.data],
                _("Value"): [md(_written(value)) for value in event.data.values()],
            },
            border="horizontal",
            hide_index=True,
        )
    st.subheader(_("The entry as it is hashed"), anchor=False)
    st.code(event.body, language="json", wrap_lines=True)
    st.caption(_("SHA-256 of the byte 0 and this text (RFC 9162):"))
    st.code(event.leaf, language=None, wrap_lines=True)
    _proof(event, proof)


def _proof(event: RecordedEvent, proof: Proof | None) -> None:
    st.subheader(_("That it is in the log"), anchor=False)
    if proof is None:
        st.caption(
            ":material/hourglass_top: " + _("Not yet sealed: the next checkpoint comes within a minute.")
        )
        return
    st.markdown(
        ":material/verified: "
        + _(
            "Sealed by the checkpoint of {size} entries. Hashed with these {n} in turn, it gives the signed root.",
            size=number(proof.checkpoint.size),
            n=number(len(proof.path)),
        )
    )
    with st.expander(_("Inclusion path")):
        st.code("\n".join(node.hex() for node in proof.path) or "–", language=None, wrap_lines=True)
        st.code(proof.checkpoint.note, language=None, wrap_lines=True)
    st.download_button(
        _("Download the proof"),
        json.dumps(proof.to_json(), ensure_ascii=False, indent=1).encode(),
        file_name=f"proof-{event.index}.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
    )


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def verification(found: Verification, when: str) -> None:
    """Say what the recomputation found; a broken log takes the full width."""
    if found.ok:
        st.success(
            f"**{_('Every entry is in its place.')}** "
            + _("{size} entries, recomputed {when}.", size=number(found.size), when=when)
            + " "
            + (
                _("All are sealed.")
                if found.sealed == found.size
                else _("{n} not yet sealed.", n=number(found.size - found.sealed))
            )
            + f"  \n`{found.root}`",
            icon=":material/verified:",
        )
    elif found.first_bad is None:
        st.error(
            f"**{_('The audit trail is broken.')}** {_('The stored root does not follow from the entries.')}",
            icon=":material/gpp_bad:",
        )
    elif found.last_bad is not None and found.last_bad > found.first_bad:
        st.error(
            f"**{_('The audit trail is broken.')}** "
            + _(
                "The first entry at fault is one of {first} to {last} ({reason}).",
                first=number(found.first_bad),
                last=number(found.last_bad),
                reason=found.reason,
            )
            + "  \n"
            + _("Compare with a backup or an exported copy; nothing before it was touched."),
            icon=":material/gpp_bad:",
        )
    else:
        st.error(
            f"**{_('The audit trail is broken.')}** "
            + _(
                "Entry {index} is the first at fault ({reason}).",
                index=number(found.first_bad),
                reason=found.reason,
            )
            + "  \n"
            + _("Compare with a backup or an exported copy; nothing before it was touched."),
            icon=":material/gpp_bad:",
        )
