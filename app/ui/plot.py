"""A chart as plain data: Plotly's own vocabulary without its validators, which cost the server time and memory.

Names are those of `plotly.graph_objects`; `marker_color="red"` stands for `marker={"color": "red"}` as it does there.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Self

_WITH_LINE = ("error_x", "error_y", "error_z", "plot_bgcolor", "paper_bgcolor")
"""Plotly's names that hold an underscore of their own."""
TEMPLATE = {"data": {"scatter": [{"marker": {"line": {"width": 0}}}]}, "layout": {}}
"""What the browser fills with the theme's fonts and colours."""


class Plot:
    """Traces and their layout; every method that adds or changes returns the plot itself."""

    def __init__(self) -> None:
        self.traces: list[dict[str, object]] = []
        self.layout: dict[str, object] = {"template": TEMPLATE}

    def to_dict(self) -> dict[str, object]:
        """Return what Plotly draws, as JSON knows it."""
        return {"data": _plain(self.traces), "layout": _plain(self.layout)}

    def add(self, kind: str, **properties: object) -> Self:
        """Add a trace of any kind that Plotly knows."""
        self.traces.append(_merged({"type": kind}, properties))
        return self

    def add_scatter(self, **properties: object) -> Self:
        """Add lines or points."""
        return self.add("scatter", **properties)

    def add_interval(
        self, x: Sequence[object], low: Sequence[object], high: Sequence[object], **properties: object
    ) -> Self:
        """Fill between two lines over the same `x`; nothing without a point."""
        if not x:
            return self
        there = {"x": [*x, *reversed(x)], "y": [*high, *reversed(low)], "fill": "toself", "mode": "lines"}
        return self.add_scatter(**there, line={"width": 0}, hoverinfo="skip", **properties)

    def add_bar(self, **properties: object) -> Self:
        """Add bars."""
        return self.add("bar", **properties)

    def add_box(self, **properties: object) -> Self:
        """Add boxes."""
        return self.add("box", **properties)

    def add_heatmap(self, **properties: object) -> Self:
        """Add a field of coloured cells."""
        return self.add("heatmap", **properties)

    def add_waterfall(self, **properties: object) -> Self:
        """Add steps that add up."""
        return self.add("waterfall", **properties)

    def add_hline(
        self, y: object, *, annotation: Mapping[str, object] | None = None, **properties: object
    ) -> Self:
        """Draw a line across at `y`, with its name above the left end."""
        self._shape(
            {"type": "line", "xref": "x domain", "yref": "y", "x0": 0, "x1": 1, "y0": y, "y1": y}, properties
        )
        if annotation:
            place = {"xref": "x domain", "yref": "y", "x": 0, "y": y, "xanchor": "left", "yanchor": "bottom"}
            self.add_annotation(**{"showarrow": False, **place, **annotation})
        return self

    def add_vline(
        self, x: object, *, annotation: Mapping[str, object] | None = None, **properties: object
    ) -> Self:
        """Draw a line from bottom to top at `x`, with its name to the right of the upper end."""
        self._shape(
            {"type": "line", "xref": "x", "yref": "y domain", "x0": x, "x1": x, "y0": 0, "y1": 1}, properties
        )
        if annotation:
            place = {"xref": "x", "yref": "y domain", "x": x, "y": 1, "xanchor": "left", "yanchor": "top"}
            self.add_annotation(**{"showarrow": False, **place, **annotation})
        return self

    def add_hrect(self, y0: object, y1: object, **properties: object) -> Self:
        """Shade a band across from `y0` to `y1`."""
        place = {"type": "rect", "xref": "x domain", "yref": "y", "x0": 0, "x1": 1, "y0": y0, "y1": y1}
        return self._shape(place, properties)

    def add_vrect(self, x0: object, x1: object, **properties: object) -> Self:
        """Shade a band from bottom to top between `x0` and `x1`."""
        place = {"type": "rect", "xref": "x", "yref": "y domain", "x0": x0, "x1": x1, "y0": 0, "y1": 1}
        return self._shape(place, properties)

    def add_annotation(self, **properties: object) -> Self:
        """Write words on the chart."""
        self._listed("annotations").append(_merged({}, properties))
        return self

    def update_layout(self, **properties: object) -> Self:
        """Change the layout."""
        _merged(self.layout, properties)
        return self

    def update_traces(self, **properties: object) -> Self:
        """Change every trace."""
        for trace in self.traces:
            _merged(trace, properties)
        return self

    def update_xaxes(self, **properties: object) -> Self:
        """Change every axis across."""
        return self._axes("x", properties)

    def update_yaxes(self, **properties: object) -> Self:
        """Change every axis upwards."""
        return self._axes("y", properties)

    def axes(self, letter: str) -> Iterator[dict[str, object]]:
        """Give the axes of a direction, `x` or `y`; the first is there always."""
        self.layout.setdefault(f"{letter}axis", {})
        for name, found in self.layout.items():
            if name.startswith(f"{letter}axis") and isinstance(found, dict):
                yield found

    def _axes(self, letter: str, properties: Mapping[str, object]) -> Self:
        for axis in self.axes(letter):
            _merged(axis, properties)
        return self

    def _shape(self, place: dict[str, object], properties: Mapping[str, object]) -> Self:
        self._listed("shapes").append(_merged(place, properties))
        return self

    def _listed(self, name: str) -> list[object]:
        found = self.layout.setdefault(name, [])
        if not isinstance(found, list):
            raise TypeError(name)
        return found


def _plain(value: object) -> object:
    """The value without numpy's and pandas' types; what is no number is missing."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    listed = getattr(value, "tolist", None)
    return value if listed is None else _plain(listed())


def _parted(name: str) -> tuple[str, str]:
    """Part a name at its first underscore that means a level."""
    own = next((known for known in _WITH_LINE if name.startswith(known)), "")
    at = name.find("_", len(own))
    return (name, "") if at < 0 else (name[:at], name[at + 1 :])


def _merged(into: dict[str, object], properties: Mapping[str, object]) -> dict[str, object]:
    """Lay properties over what is there, level by level; None means not said, a title may be its bare text."""
    for name, value in properties.items():
        first, rest = _parted(name)
        if value is None:
            continue
        given = (
            {rest: value}
            if rest
            else {"text": value}
            if first == "title" and isinstance(value, str)
            else value
        )
        if isinstance(given, Mapping):
            there = into.get(first)
            into[first] = _merged(dict(there) if isinstance(there, Mapping) else {}, given)
        else:
            into[first] = given
    return into
