"""A cost matrix: what each outcome of a decision is worth, who signed it, and the form for a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from app.ui.text import code, md
from core.evidence.worth.matrix import CELL_NAMES, LONGEST_CELL, Cell, CostMatrix, MatrixState, amount_of
from core.i18n import _, moment, money, percent

_ROWS = (
    (Cell.TRUE_POSITIVE, Cell.FALSE_POSITIVE),
    (Cell.FALSE_NEGATIVE, Cell.TRUE_NEGATIVE),
)


@dataclass(frozen=True)
class MatrixDraft:
    """What was written into the form."""

    cells: Mapping[Cell, str]
    money_columns: tuple[str, ...]


def cost_matrix(held: CostMatrix, people: Mapping[str, str]) -> None:
    """Draw a matrix as the table it is, and under it who stands for it."""
    st.table(
        {
            _("Decision"): [_("Model says yes"), _("Model says no")],
            _("It was yes"): [_cell(held, row[0]) for row in _ROWS],
            _("It was no"): [_cell(held, row[1]) for row in _ROWS],
        }
    )
    said = _(
        "Version {n}, written by {who}.", n=held.number, who=md(people.get(held.author_id, held.author_id))
    )
    if held.state is MatrixState.SIGNED and held.signed_at is not None:
        signer = md(people.get(held.signed_by, held.signed_by))
        said += " " + _("Signed by {who}, {when}.", who=signer, when=moment(held.signed_at))
    else:
        said += " " + _("Not signed yet: nothing is judged by it.")
    st.caption(said)
    even = held.break_even()
    if even is not None:
        st.caption(_("Break-even: saying yes pays above a probability of {share}.", share=percent(even)))


def cost_matrix_form(held: CostMatrix | None, columns: Sequence[str], currency: str) -> MatrixDraft | None:
    """Draw the form; return what was written once it is sent."""
    with st.form("cost_matrix", border=False):
        st.caption(
            _("An amount in {currency}, or an expression over the row such as 0.09 * amount. Losses are negative.",
              currency=currency)
        )  # fmt: skip
        left, right = st.columns(2)
        cells = {
            cell: (left if at % 2 == 0 else right).text_input(
                _(CELL_NAMES[cell]),
                value=held.cells[cell] if held else "",
                max_chars=LONGEST_CELL,
                key=f"cell_{cell.value}",
            )
            for at, cell in enumerate(Cell)
        }
        named = st.multiselect(
            _("Columns in this currency"),
            list(columns),
            default=[one for one in held.money_columns if one in columns] if held else [],
        )
        sent = st.form_submit_button(_("Propose the matrix"), icon=":material/send:")
    return MatrixDraft(cells, tuple(named)) if sent else None


def _cell(held: CostMatrix, cell: Cell) -> str:
    amount = amount_of(held.cells[cell])
    return code(held.cells[cell]) if amount is None else md(money(amount, held.currency))
