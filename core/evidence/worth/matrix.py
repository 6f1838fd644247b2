"""What a decision is worth: a value for each way in which it can turn out, as an amount or an expression per row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from core.errors import Invalid
from core.evidence.kpis.formula import Column, Node, unit_named, unit_text
from core.i18n import N_, _


class Cell(StrEnum):
    """How a decision turned out."""

    TRUE_POSITIVE = "tp"
    FALSE_POSITIVE = "fp"
    TRUE_NEGATIVE = "tn"
    FALSE_NEGATIVE = "fn"


CELL_NAMES: Mapping[Cell, str] = {
    Cell.TRUE_POSITIVE: N_("Said yes, was yes"),
    Cell.FALSE_POSITIVE: N_("Said yes, was no"),
    Cell.TRUE_NEGATIVE: N_("Said no, was no"),
    Cell.FALSE_NEGATIVE: N_("Said no, was yes"),
}
LONGEST_CELL = 90


class MatrixState(StrEnum):
    """A matrix counts once the business owner has signed it; a newer signed one takes its place."""

    PROPOSED = "proposed"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class CostMatrix:
    """One version of a use case's values; each cell is an amount of money or an expression over a row's columns."""

    id: str
    use_case_id: str
    number: int
    currency: str
    cells: Mapping[Cell, str]
    money_columns: tuple[str, ...]
    state: MatrixState
    author_id: str
    created_at: datetime
    signed_by: str
    signed_at: datetime | None
    confirmed_by: str

    @property
    def formula(self) -> str:
        """The matrix as one formula over the log: the value of all decisions whose outcome is known."""
        tp, fp, tn, fn = (self.cells[one] for one in Cell)
        return (
            f"sum(case when predicted_positive then case when actual_positive then {tp} else {fp} end "
            f"when actual_positive then {fn} else {tn} end)"
        )

    @property
    def amounts(self) -> Mapping[Cell, Decimal] | None:
        """The cells as money, where none of them depends on the row."""
        found = {cell: amount_of(text) for cell, text in self.cells.items()}
        known = {cell: value for cell, value in found.items() if value is not None}
        return known if len(known) == len(Cell) else None

    def break_even(self) -> Decimal | None:
        """The probability above which saying yes is worth more than saying no; none where it depends on the row.

        p·tp + (1−p)·fp = p·fn + (1−p)·tn (Elkan 2001, section 2).
        """
        held = self.amounts
        if held is None:
            return None
        gain = held[Cell.TRUE_NEGATIVE] - held[Cell.FALSE_POSITIVE]
        whole = gain + held[Cell.TRUE_POSITIVE] - held[Cell.FALSE_NEGATIVE]
        return gain / whole if whole > 0 and 0 <= gain <= whole else None


def signing_subject(matrix_id: str) -> str:
    """What the ticket of a matrix's signature is good for."""
    return f"cost_matrix:{matrix_id}"


def amount_of(text: str) -> Decimal | None:
    """Read a written amount; none where it is an expression."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def read_cells(
    cells: Mapping[Cell, str], columns: Sequence[Column], currency: str, money_columns: Sequence[str]
) -> dict[Cell, Node]:
    """Check each cell and return its row expression; raise `Invalid` with the cell as the field."""
    from core.evidence.kpis.formula_error import FormulaError  # noqa: PLC0415 - they load the parser
    from core.evidence.kpis.formula_reading import read_formula  # noqa: PLC0415

    known = {one.name for one in columns}
    for name in money_columns:
        if name not in known:
            raise Invalid("cost.column", N_("There is no column {name}."), field="money_columns", name=name)
    priced = [
        Column(c.name, c.kind, unit_named(currency) if c.name in money_columns else c.unit, c.outcome)
        for c in columns
        if not c.outcome
    ]
    found = {}
    for cell in Cell:
        text = cells.get(cell, "").strip()
        if not text or len(text) > LONGEST_CELL:
            raise Invalid(
                "cost.cell",
                N_("“{cell}” needs an amount or an expression of at most {most} characters."),
                fix=N_("Write -450.00, or 0.09 * amount."),
                field=cell.value,
                cell=_(CELL_NAMES[cell]),
                most=LONGEST_CELL,
            )
        try:
            read = read_formula(f"sum({text})", priced)
        except FormulaError as error:
            raise Invalid(
                "cost.expression",
                N_("“{cell}” cannot be taken: {reason}"),
                field=cell.value,
                cell=_(CELL_NAMES[cell]),
                reason=str(error),
            ) from error
        if read.unit not in (None, (), unit_named(currency)):
            raise Invalid(
                "cost.currency",
                N_("“{cell}” gives {unit}, the matrix is in {currency}."),
                field=cell.value,
                cell=_(CELL_NAMES[cell]),
                unit=unit_text(read.unit or ()),
                currency=currency,
            )
        found[cell] = read.root.args[0]
    return found
