"""A policy at a glance: what is in force where, and what a version asks, in words."""

from collections.abc import Sequence

import streamlit as st

from app.ui import badges
from app.ui.release_words import area_names, environment_name
from app.ui.text import md
from core.decisions.releases import policies
from core.decisions.releases.book import Published
from core.i18n import _, day, ngettext


def policy_shelf(in_force: Sequence[Published]) -> None:
    """Draw what is in force: a row per risk tier, a column per environment, each a link to its text."""
    environments = sorted({p.environment for p in in_force}, key=lambda e: (e == "production", e))
    found = {(p.tier, p.environment): p for p in in_force}
    st.table(
        {
            _("Risk tier"): [badges.tier(tier) for tier in policies.TIERS],
            **{
                environment_name(environment): [
                    _cell(found.get((tier, environment))) for tier in policies.TIERS
                ]
                for environment in environments
            },
        },
        border="horizontal",
        hide_index=True,
    )


def policy_facts(found: Published, publisher: str) -> None:
    """Say who published a policy, how many were decided under it, and what it asks of people."""
    policy = policies.read(found.text)
    asked = "; ".join(
        f"{requirement.count} × {area_names(requirement.areas)}" for requirement in policy.quorum
    )
    who = publisher or found.published_by
    st.markdown(
        md(_("Published by {who} on {day}.", who=who, day=day(found.published_at)))
        + " "
        + md(
            ngettext(
                "{n} release was asked for under it.",
                "{n} releases were asked for under it.",
                found.decisions,
            )
        )
    )
    st.markdown(
        badges.row(
            badges.badge(ngettext("{n} signature", "{n} signatures", policy.signatures), icon="draw"),
            badges.badge(ngettext("due in {n} day", "due in {n} days", policy.due_days), icon="event"),
            badges.badge(
                ngettext("approval holds {n} day", "approval holds {n} days", policy.approval_days),
                icon="timer",
            ),
        )
    )
    st.caption(md(_("Who signs: {areas}.", areas=asked)))


def _cell(found: Published | None) -> str:
    if found is None:
        return "–"
    asked = policies.read(found.text)
    signatures = ngettext("{n} signature", "{n} signatures", asked.signatures)
    small = md(f"{signatures} · {day(found.published_at)}")
    return f"[{md(found.version)}](policies?policy={found.digest})  \n:gray[:small[{small}]]"
