"""What goes together in a formula: kinds, units, moments, and columns inside one aggregate each."""

from datetime import UTC, datetime

from core.evidence.kpis.formula import AGGREGATES, KIND_NAMES, Kind, Node, Op, Unit, unit_text
from core.evidence.kpis.formula_error import FormulaError
from core.i18n import N_, _


class Checker:
    """Checks nodes of one formula; every refusal points at a character of its text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def fail(self, why: str, template: str, at: int, fix: str = "", **params: object) -> FormulaError:
        """Return the refusal, for the caller to raise."""
        return FormulaError(why, template, text=self.text, at=at, fix=fix, **params)

    def expect(self, node: Node, kind: Kind) -> Node:
        """Return the node where it is of this kind, or missing; refuse it else."""
        if node.kind in (None, kind):
            return node
        raise self.fail(
            "kind",
            N_("Here stands {found}; {wanted} is needed."),
            node.at,
            found=_(KIND_NAMES[node.kind or kind]),
            wanted=_(KIND_NAMES[kind]),
        )

    def check_levels(self, root: Node) -> None:
        """Every column inside one aggregate, none of these inside another, and at least one of them."""
        if not any(one.op in AGGREGATES for one in root.walk()):
            raise self.fail(
                "no_aggregate",
                N_("The formula does not say how rows become one number."),
                root.at,
                fix=N_("Put the columns into sum(…), avg(…), share(…) or count(*)."),
            )
        self._level(root, inside=False)

    def _level(self, node: Node, *, inside: bool) -> None:
        if node.op in AGGREGATES and inside:
            raise self.fail(
                "nested", N_("{name} stands inside another sum or count."), node.at, name=node.op.value
            )
        if node.op == Op.COLUMN and not inside:
            raise self.fail(
                "bare_column",
                N_("The column {name} stands outside of any sum or count."),
                node.at,
                fix=N_("Put it into sum(…), avg(…), share(…) or count(…)."),
                name=str(node.value),
            )
        for one in node.args:
            self._level(one, inside=inside or node.op in AGGREGATES)

    def one_unit(self, *nodes: Node) -> Unit | None:
        """Return the unit that all share, those without one aside."""
        known = [one for one in nodes if one.unit is not None]
        for one in known[1:]:
            if one.unit != known[0].unit:
                raise self.fail(
                    "unit",
                    N_("{left} and {right} do not go together."),
                    one.at,
                    fix=N_("Convert one of them first, or keep two KPIs."),
                    left=unit_text(known[0].unit or ()) or "1",
                    right=unit_text(one.unit or ()) or "1",
                )
        return known[0].unit if known else None

    def moment(self, node: Node) -> Node:
        """Read a written text as a moment where one stands beside a moment."""
        if node.op != Op.LITERAL or not isinstance(node.value, str):
            return node
        try:
            read = datetime.fromisoformat(node.value)
        except ValueError:
            raise self.fail(
                "moment",
                N_("{written} is not a moment."),
                node.at,
                fix=N_("Write it as 2026-11-23."),
                written=node.value[:40],
            ) from None
        value = read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
        return Node(Op.LITERAL, value=value, kind=Kind.MOMENT, at=node.at)

    def one_kind(self, *nodes: Node) -> Kind | None:
        """Return the kind that all share, missing ones aside."""
        known = [one for one in nodes if one.kind is not None]
        for one in known[1:]:
            if one.kind != known[0].kind:
                quoted = {one.kind, known[0].kind} == {Kind.NUMBER, Kind.TEXT}
                raise self.fail(
                    "kind",
                    N_("{left} and {right} do not go together."),
                    one.at,
                    fix=N_("Put the text in single quotation marks, such as '1'.") if quoted else "",
                    left=_(KIND_NAMES[known[0].kind or Kind.TEXT]),
                    right=_(KIND_NAMES[one.kind or Kind.TEXT]),
                )
        return known[0].kind if known else None
