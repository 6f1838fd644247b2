"""Plotly's Python package kept out of the process that serves: 20 MB of schema, for charts that are plain data already.

Streamlit builds a template from it when it is imported, and asks it to validate and to write JSON for each chart. The
pages make `app.ui.plot.Plot`, which the tests let Plotly itself validate; here the two functions pass it on.
"""

import json
import sys
from collections.abc import Mapping
from types import ModuleType

NAMES = ("plotly", "plotly.io", "plotly.tools")


def stand_in() -> None:
    """Put the stand-in in Plotly's place, before Streamlit is imported; no effect once Plotly is there."""
    if "plotly" in sys.modules:
        return
    whole, io, tools = (ModuleType(name) for name in NAMES)
    whole.__path__ = []
    io.to_json = _to_json  # type: ignore[attr-defined]
    tools.return_figure_from_figure_or_data = _as_it_is  # type: ignore[attr-defined]
    whole.io, whole.tools = io, tools  # type: ignore[attr-defined]
    sys.modules.update(zip(NAMES, (whole, io, tools), strict=True))


def _as_it_is(figure: Mapping[str, object], *, validate_figure: bool) -> Mapping[str, object]:
    del validate_figure
    return figure


def _to_json(figure: Mapping[str, object], *, validate: bool) -> str:
    del validate
    return json.dumps(figure)
