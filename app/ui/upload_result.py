"""What became of an upload: ready with its metrics, waiting for a reviewer, or refused with the way out."""

import streamlit as st

from app.ui import badges
from app.ui.card import card
from app.ui.evaluation import headline, metric_table
from app.ui.text import code, digest, md
from core.assets.intake.evaluation import Evaluation
from core.assets.intake.formats import FORMAT_NAMES, Format
from core.assets.registry.version import Version, VersionState
from core.i18n import _, ngettext, size

MOST_NAMES = 30


def upload_result(version: Version, evaluation: Evaluation | None) -> None:
    """Draw the outcome for the version's state; nothing while it is still being checked."""
    if version.state is VersionState.REFUSED:
        _refused(version)
    elif version.state is VersionState.RECEIVED:
        _waiting(version)
    elif version.state is VersionState.READY and evaluation is not None:
        _ready(version, evaluation)


def version_facts(version: Version) -> str:
    """Write the version's badges: number, format, size, verdict, isolation, digest."""
    return badges.row(
        badges.badge(f"v{version.number}", badges.Tone.INFO, "tag"),
        badges.badge(format_name(version.format), icon="draft"),
        badges.badge(size(version.artifact_size), icon="database"),
        badges.badge(_("isolation: {level}", level=version.isolation), icon="lock")
        if version.isolation
        else "",
        f"sha256 {digest(version.artifact_digest)}",
    )


def format_name(value: str) -> str:
    """Return the words for a format; an unknown one stands for itself."""
    return _(FORMAT_NAMES[Format(value)]) if value in set(Format) else value


def _ready(version: Version, evaluation: Evaluation) -> None:
    address = {"use_case": version.use_case_slug, "version": str(version.number)}
    with card(_("Registered and evaluated"), badges.status(version.state.value)):
        st.markdown(version_facts(version))
        headline(evaluation)
        with st.expander(_("Every metric with its interval")):
            metric_table(evaluation.metrics)
        with st.container(horizontal=True, gap="medium"):
            st.page_link(
                "../pages/model.py",
                label=_("Open the record"),
                icon=":material/deployed_code:",
                query_params=address,
            )
            st.page_link(
                "../pages/explainability.py",
                label=_("Explain"),
                icon=":material/account_tree:",
                query_params=address,
            )
            st.page_link(
                "../pages/model.py",
                label=_("Request release"),
                icon=":material/approval:",
                query_params={**address, "request": "1"},
            )


def _refused(version: Version) -> None:
    with card(_("Refused by the checks"), badges.status(version.state.value)):
        st.markdown(version_facts(version))
        refusal = version.refusal
        reason = refusal.text() if refusal else _("No reason was recorded.")
        lines = [f"**{md(reason)}**"]
        if refusal and refusal.fix_text():
            lines.append(f":material/lightbulb: {md(refusal.fix_text())}")
        if refusal:
            lines.append(f":small[:gray[{code(refusal.code)}]]")
        st.error("  \n".join(lines), icon=":material/block:")
        st.markdown(
            _(
                "Nothing else was changed. Mend the file or the table and upload again: it becomes the next version."
            )
        )


def _waiting(version: Version) -> None:
    with card(_("Waiting for a reviewer"), badges.status(version.state.value)):
        st.markdown(version_facts(version))
        st.warning(
            ngettext(
                "The file asks for {n} name beyond the reviewed list: a reviewer looks at it before it is loaded.",
                "The file asks for {n} names beyond the reviewed list: a reviewer looks at them before it is loaded.",
                len(version.names),
            ),
            icon=":material/policy:",
        )
        st.markdown("  \n".join(code(name) for name in version.names[:MOST_NAMES]))
        if len(version.names) > MOST_NAMES:
            st.caption(ngettext("and {n} more", "and {n} more", len(version.names) - MOST_NAMES))
