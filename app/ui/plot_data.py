"""The figures behind a chart as a table, read off what is drawn: nobody has to measure a picture."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from app.ui.plot import Plot


def plot_frame(figure: Plot) -> pd.DataFrame:
    """Return one row per drawn point: its series, x, y and, where it has them, z and the ends of its interval.

    What `Plot.add_interval` fills becomes the interval of its x; what is drawn without values is left out.
    """
    rows: list[dict[str, object]] = []
    for at, trace in enumerate(figure.traces, 1):
        series = str(trace.get("name") or at)
        if trace.get("type") == "heatmap":
            rows += _cells(trace, series)
        elif trace.get("fill") == "toself":
            rows += _band(trace, series)
        else:
            rows += _points(trace, series)
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def _points(trace: Mapping[str, object], series: str) -> Iterable[dict[str, object]]:
    x, y = _values(trace, "x"), _values(trace, "y")
    base = _values(trace, "base")
    sideways = "error_x" in trace
    around, error = x if sideways else y, trace.get("error_x" if sideways else "error_y")
    up = _values(error, "array") if isinstance(error, Mapping) else []
    down = (_values(error, "arrayminus") or up) if isinstance(error, Mapping) else []
    count = max(len(x), len(y))
    for at in range(count):
        row: dict[str, object] = {"series": series, "x": _at(x, at), "y": _at(y, at)}
        if base:
            row |= {"low": _at(base, at), "high": _sum(_at(base, at), _at(y, at))}
        if up:
            row |= {
                "low": _sum(_at(around, at), _at(down, at), -1),
                "high": _sum(_at(around, at), _at(up, at)),
            }
        yield row


def _band(trace: Mapping[str, object], series: str) -> Iterable[dict[str, object]]:
    x, y = _values(trace, "x"), _values(trace, "y")
    half = len(x) // 2
    for at in range(half):
        yield {"series": series, "x": x[at], "low": y[-1 - at], "high": y[at]}


def _cells(trace: Mapping[str, object], series: str) -> Iterable[dict[str, object]]:
    x, y = _values(trace, "x"), _values(trace, "y")
    for i, line in enumerate(_values(trace, "z")):
        for j, cell in enumerate(line if isinstance(line, Iterable) else ()):
            yield {"series": series, "x": _at(x, j), "y": _at(y, i), "z": cell}


def _values(place: Mapping[str, object], name: str) -> Sequence[object]:
    held = place.get(name)
    return list(held) if isinstance(held, Iterable) and not isinstance(held, str) else []


def _at(values: Sequence[object], at: int) -> object:
    return values[at] if at < len(values) else None


def _sum(one: object, other: object, sign: int = 1) -> object:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one + sign * other
    return None
