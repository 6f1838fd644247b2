"""The policy editor: the text, what is wrong with it and where, and whom it would let pass."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.gates_table import threshold_missed
from app.ui.text import md
from core.decisions.releases import policies
from core.decisions.releases.drafting import line_of, line_of_problem
from core.decisions.releases.gates import GATES, GateVerdict
from core.decisions.releases.policies import Policy
from core.decisions.releases.preview import Foreseen
from core.errors import Invalid
from core.i18n import _, ngettext

HEIGHT = 520
_AROUND = 2


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the editor; `policy` is there when it can be read."""

    text: str
    policy: Policy | None


def policy_editor(text: str, *, key: str) -> Draft:
    """Draw the text for editing and what is wrong with it, with the lines around; return what stands there."""
    edited = st.text_area(
        _("Policy"), text, height=HEIGHT, max_chars=20_000, key=key, label_visibility="collapsed"
    )
    try:
        return Draft(edited, policies.read(edited))
    except Invalid as problem:
        _wrong(edited, problem)
        return Draft(edited, None)


def _wrong(text: str, problem: Invalid) -> None:
    line = line_of(text, problem.field) if problem.field else line_of_problem(problem.text())
    where = _("Line {n}", n=line) if line else _("Whole text")
    st.error(
        f"**{where}:** {md(problem.text())}  \n:material/lightbulb: {md(problem.fix_text())}"
        if problem.fix
        else f"**{where}:** {md(problem.text())}",
        icon=":material/edit_off:",
    )
    if line:
        rows = text.splitlines()
        first, last = max(1, line - _AROUND), min(len(rows), line + _AROUND)
        st.code(
            "\n".join(f"{'→' if n == line else ' '}{n:>4}  {rows[n - 1]}" for n in range(first, last + 1)),
            language=None,
        )


def foreseen(found: Sequence[Foreseen], left_out: int) -> None:
    """Draw who passes now and who would under the draft; those whose answer turns stand first."""
    if not found:
        st.caption(_("No model of this risk tier is ready, so nobody is touched today."))
        return
    turned = sum(one.changes for one in found)
    words = ngettext("{n} answer turns", "{n} answers turn", turned)
    st.markdown(badge(words, Tone.WARN if turned else Tone.PLAIN, "swap_horiz" if turned else "check"))
    st.table(
        {
            _("Model"): [_model(one) for one in found],
            _("Today"): [_answer(one.now) if one.now else "–" for one in found],
            _("Under this draft"): [_answer(one.then) for one in found],
        },
        border="horizontal",
        hide_index=True,
    )
    if left_out:
        st.caption(ngettext("{n} more use case is not shown.", "{n} more use cases are not shown.", left_out))
    st.caption(
        _(
            "Judged over stored evidence. Versions that are there keep the thresholds sealed for them;"
            " the draft holds for those that come after it."
        )
    )


def _model(one: Foreseen) -> str:
    live = " " + badge(_("Live"), Tone.GOOD, "rocket_launch") if one.live else ""
    return f"**{md(one.use_case.title)}** v{one.version.number}{live}"


def _answer(verdicts: Sequence[GateVerdict]) -> str:
    blocking = [v for v in verdicts if v.blocks]
    if not blocking:
        return badge(_("Pass"), Tone.GOOD)
    lines = [badge(_("Fail"), Tone.BLOCK)]
    lines += [f":small[{_(GATES[v.kind].name)}: {threshold_missed(v)}]" for v in blocking]
    return "  \n".join(lines)
