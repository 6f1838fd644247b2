"""An explanation on trial: what was tried, what it showed, and permutation importance beside the values."""

import streamlit as st

from app.ui import badges
from app.ui.card import card
from app.ui.empty import note
from app.ui.importance_bars import importance_bars
from app.ui.text import md
from core.evidence.explain.trial import AT_MOST, TEST_NAMES, TEST_QUESTIONS, WARNINGS, Finding, Trial
from core.evidence.explain.words import significant
from core.i18n import _, ngettext


def trial_banner(trial: Trial | None) -> None:
    """Say at the top that values which failed a test stay out of letters."""
    if trial is not None and not trial.passed:
        st.error(
            ngettext(
                "Do not use in a letter: this explanation failed {n} test.",
                "Do not use in a letter: this explanation failed {n} tests.",
                trial.failed,
            ),
            icon=":material/gavel:",
        )


def trial_panel(trial: Trial | None, *, unit: str) -> None:
    """Draw each test with its value and limit."""
    with card(_("The explanation on trial")):
        if trial is None:
            note(_("Not tried yet: the tests follow the explanation by themselves."))
            return
        st.table([_row(f) for f in trial.findings], border="horizontal", hide_index=True)
        with st.expander(_("What shuffling each column does"), icon=":material/shuffle:"):
            importance_bars(
                trial.permuted,
                unit=unit,
                key="permuted",
                axis=_("mean change of the output, {unit}", unit=unit),
            )
            note(_("Each column is shuffled by itself; whiskers span five repeats."))


def _row(finding: Finding) -> dict[str, str]:
    measured = finding.value == finding.value
    side = "≤" if finding.test in AT_MOST else "≥"
    if finding.passed:
        badge = badges.badge(_("Passed"), badges.Tone.GOOD, "check")
    elif finding.test in WARNINGS:
        badge = badges.badge(_("Warning"), badges.Tone.WARN, "warning")
    else:
        badge = badges.badge(_("Failed"), badges.Tone.BLOCK, "close")
    return {
        _("Test"): f"**{md(_(TEST_NAMES[finding.test]))}**  \n:small[{md(_(TEST_QUESTIONS[finding.test]))}]",
        _("Found"): md(significant(finding.value, 3) if measured else "–"),
        _("Limit"): md(f"{side} {significant(finding.limit, 3)}"),
        _("Result"): badge,
    }
