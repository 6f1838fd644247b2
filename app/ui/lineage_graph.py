"""Where a version comes from and where its answers go, as a graph: one row per station, top to bottom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.ui.charts import Palette, chart, palette
from app.ui.plot import Plot
from app.ui.text import label, shorten
from core.i18n import _

ROW = 88
HALF, HALF_OF_ONE = 0.29, 0.2
"""Half of a box of two lines and of one, in rows: arrows begin and end at boxes, not behind them."""
WIDE, NARROW = 26, 16
"""Characters of a node's line alone or with one beside it, and in a row of three, which a phone still holds."""

Tone = Literal["plain", "accent", "good", "muted"]


@dataclass(frozen=True, slots=True)
class Node:
    """One box; `row` counts from the top, `detail` is plain text."""

    id: str
    row: int
    title: str
    detail: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Graph:
    """Boxes and the pairs of ids between which something flows; `rows` names the stations from the top."""

    rows: tuple[str, ...]
    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]

    def words(self) -> str:
        """Say the graph in one sentence per edge, for who cannot see it."""
        titles = {node.id: node.title for node in self.nodes}
        return "; ".join(f"{titles[a]} → {titles[b]}" for a, b in self.edges)


def lineage_graph(graph: Graph, *, key: str) -> None:
    """Draw the boxes and the arrows between them."""
    colours = palette()
    places = _places(graph.nodes)
    details = {node.id: node.detail for node in graph.nodes}
    figure = Plot()
    figure.add_scatter(
        x=[0, 1], y=[0.4, -len(graph.rows) + 0.4], mode="markers", marker={"opacity": 0}, hoverinfo="skip"
    )
    for a, b in graph.edges:
        (ax, ay), (x, y) = places[a], places[b]
        out, into = (HALF if details[end] else HALF_OF_ONE for end in (a, b))
        figure.add_annotation(
            x=x, y=y + into, ax=ax, ay=ay - out, xref="x", yref="y", axref="x", ayref="y", text="", showarrow=True,
            arrowhead=2, arrowwidth=1.4, arrowcolor=colours.muted,
        )  # fmt: skip
    for node in graph.nodes:
        x, y = places[node.id]
        wide = WIDE if sum(other.row == node.row for other in graph.nodes) < 3 else NARROW
        lines = [f"<b>{label(shorten(node.title, wide))}</b>"]
        if node.detail:
            lines.append(label(shorten(node.detail, wide + 8)))
        figure.add_annotation(
            x=x, y=y, text="<br>".join(lines), showarrow=False, bordercolor=_border(node.tone, colours), borderwidth=1.4,
            borderpad=7, bgcolor=colours.background, font={"size": 12, "color": colours.text}, align="center",
        )  # fmt: skip
    figure.update_xaxes(visible=False, range=[-0.02, 1.02], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-len(graph.rows) + 0.45, 0.55], fixedrange=True)
    figure.update_layout(plot_bgcolor="rgba(0,0,0,0)")
    chart(
        figure,
        reads="lineage",
        alt=_("Lineage: {edges}.", edges=graph.words()),
        key=key,
        height=ROW * len(graph.rows),
        legend=False,
        data=False,
    )


def _places(nodes: Sequence[Node]) -> dict[str, tuple[float, float]]:
    """Spread the boxes of a row evenly over its width."""
    places = {}
    for node in nodes:
        row = [other.id for other in nodes if other.row == node.row]
        places[node.id] = ((row.index(node.id) + 0.5) / len(row), -float(node.row))
    return places


def _border(tone: Tone, colours: Palette) -> str:
    return {
        "plain": colours.line,
        "accent": colours.accent,
        "good": colours.good,
        "muted": colours.line,
    }[tone]
