"""Where a version came from in MLflow and what its run logged there, kept apart from what Aval measured."""

import streamlit as st

from app.ui import badges
from app.ui.card import card
from app.ui.text import code, md
from core.assets.registry.upstream import Upstream
from core.i18n import _, number


def upstream_view(found: Upstream) -> None:
    """Draw the card: the place in the registry, then metrics and parameters as they were logged."""
    with card(_("Reported by MLflow"), badges.row(*(_alias(name) for name in found.aliases))):
        st.caption(
            _("As logged by whoever trained it, when it was imported. Aval did not measure these values.")
        )
        st.markdown("  \n".join(upstream_lines(found)))
        if found.metrics:
            _table(_("Metric"), {md(name): number(value, 4) for name, value in found.metrics.items()})
        if found.params:
            with st.expander(_("Parameters")):
                _table(_("Parameter"), {md(name): md(value) for name, value in found.params.items()})


def upstream_lines(found: Upstream) -> tuple[str, ...]:
    """Say in Markdown where the version stood in MLflow."""
    run = (_("run {id}", id=code(found.run_id)),) if found.run_id else ()
    return (_("{name} on {server}", name=f"**{md(found.name)}**", server=code(found.server)), *run)


def _alias(name: str) -> str:
    return badges.badge(f"@{name}", icon="sell")


def _table(head: str, values: dict[str, str]) -> None:
    """Draw names and values, both Markdown."""
    st.table(
        {head: list(values), _("Value"): list(values.values())},
        border="horizontal",
        hide_index=True,
    )
