"""What a draft, or a version, changes: line by line, what went and what came."""

import streamlit as st

from app.ui.text import code
from core.decisions.releases.drafting import Line, Mark, difference
from core.i18n import _, ngettext

_SIGNS = {Mark.SAME: " ", Mark.GONE: "-", Mark.NEW: "+", Mark.SKIPPED: "⋯"}


def policy_difference(before: str, after: str, *, against: str) -> None:
    """Draw the difference between two texts; `against` names the older one."""
    lines = difference(before, after)
    if not lines:
        st.caption(_("Nothing differs from {name}.", name=code(against)))
        return
    gone = sum(line.mark is Mark.GONE for line in lines)
    new = sum(line.mark is Mark.NEW for line in lines)
    st.markdown(
        f":red[−{gone}] :green[+{new}] :gray[:small["
        + _("against {name}", name=code(against))
        + f" · {ngettext('{n} line', '{n} lines', gone + new)}]]"
    )
    st.code("\n".join(map(_written, lines)), language=None, wrap_lines=True)


def _written(line: Line) -> str:
    number = "" if line.number is None else str(line.number)
    return f"{_SIGNS[line.mark]}{number:>4}  {line.text}"
