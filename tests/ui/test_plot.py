"""A plot says the same as Plotly's own figure, which is the oracle here and stays out of the server."""

import json
import subprocess
import sys
from datetime import date

import numpy as np
import plotly.graph_objects as go
import pytest

from app.ui.plot import Plot
from app.ui.plot_data import plot_frame


def told(figure):
    found = json.loads(figure.to_json())
    found["layout"].pop("template", None)
    return found


def said(plot):
    found = json.loads(json.dumps(plot.to_dict()))
    assert found["layout"].pop("template")["layout"] == {}
    go.Figure(found)  # every name and value is one that Plotly knows
    return found


def test_the_figures_of_a_chart_are_what_is_drawn():
    plot = (
        Plot()
        .add_scatter(x=["a", "b", "b", "a"], y=[3, 4, 2, 1], fill="toself", name="95% interval")
        .add_scatter(x=["a", "b"], y=np.array([2.0, 3.0]), name="AUC")
        .add_scatter(x=["a"], y=[10.0], error_y={"array": [2.0], "arrayminus": [1.0]}, name="Realised")
        .add_bar(x=["a"], y=[4.0], base=[1.0], name="Promised")
        .add_bar(x=[0.5], y=["income"], orientation="h", error_x={"array": [0.25]}, name="drivers")
        .add_heatmap(x=["p", "q"], y=["r"], z=[[0.1, 0.2]], name="map")
        .add_hline(y=1)
    )
    found = plot_frame(plot).astype(object).where(lambda f: f.notna(), None).to_dict("records")
    rows = [{k: v for k, v in row.items() if v is not None} for row in found]
    assert rows == [
        {"series": "95% interval", "x": "a", "low": 1, "high": 3},
        {"series": "95% interval", "x": "b", "low": 2, "high": 4},
        {"series": "AUC", "x": "a", "y": 2.0},
        {"series": "AUC", "x": "b", "y": 3.0},
        {"series": "Realised", "x": "a", "y": 10.0, "low": 9.0, "high": 12.0},
        {"series": "Promised", "x": "a", "y": 4.0, "low": 1.0, "high": 5.0},
        {"series": "drivers", "x": 0.5, "y": "income", "low": 0.25, "high": 0.75},
        {"series": "map", "x": "p", "y": "r", "z": 0.1},
        {"series": "map", "x": "q", "y": "r", "z": 0.2},
    ]


LINE = {"dash": "dash", "width": 1, "color": "#123456"}


@pytest.mark.parametrize(
    "draw",
    [
        lambda f: f.add_scatter(
            x=[1, 2], y=[3, 4], marker_color="red", marker={"size": 5}, error_x={"array": [1, 2]}
        ),
        lambda f: f.add_bar(x=["a"], y=[1], error_y_array=[2]).update_traces(opacity=0.5),
        lambda f: f.update_layout(barmode="overlay", legend={"orientation": "h", "x": None}, title="T"),
        lambda f: f.update_layout(plot_bgcolor="rgba(0,0,0,0)", paper_bgcolor="white"),
        lambda f: f.update_xaxes(title="X", title_standoff=8, tickfont={"color": "red"}).update_yaxes(
            range=[0, 1]
        ),
        lambda f: f.add_hline(y=2, line=LINE).add_vline(x=1, line=LINE),
        lambda f: f.add_hrect(y0=0, y1=1, fillcolor="red", line_width=0, layer="below"),
        lambda f: f.add_vrect(x0=0, x1=1, fillcolor="red", line_width=0),
    ],
)
def test_a_plot_is_what_plotly_would_have_sent(draw):
    mine = said(draw(Plot().add_scatter(y=[1]).update_xaxes(ticks="").update_yaxes(ticks="")))
    theirs = told(draw(go.Figure().add_scatter(y=[1]).update_xaxes(ticks="").update_yaxes(ticks="")))
    assert mine == theirs


def test_a_named_line_has_its_words_above_its_left_end():
    mine = said(Plot().add_hline(y=2, line=LINE, annotation={"text": "Limit"}))
    theirs = told(
        go.Figure()
        .add_scatter(y=[1])
        .add_hline(y=2, line=LINE, annotation={"text": "Limit"}, annotation_position="top left")
    )
    assert mine["layout"]["annotations"] == theirs["layout"]["annotations"]


def test_numbers_of_numpy_and_what_is_no_number_reach_the_browser():
    drawn = Plot().add_scatter(
        x=np.array(["a", "b"]),
        y=np.array([1.5, np.nan]),
        marker={"size": np.int64(3)},
        text=[date(2026, 1, 2), None],
    )
    trace = json.loads(json.dumps(drawn.to_dict(), allow_nan=False))["data"][0]
    assert (trace["x"], trace["y"], trace["marker"]) == (["a", "b"], [1.5, None], {"size": 3})
    assert trace["text"] == ["2026-01-02", None]


def test_a_process_that_serves_draws_without_plotly():
    """The same message reaches the browser, and none of the package's schema is loaded."""
    script = (
        "import sys\n"
        "from app.slim_plotly import stand_in\n"
        "stand_in()\n"
        "import app.server, streamlit as st\n"
        "from app.ui.charts import Plot, chart\n"
        "chart(Plot().add_scatter(x=['a'], y=[1.5]).add_bar(y=[2]), reads='course', alt='a', key='k')\n"
        "print(sorted(m for m in sys.modules if m.startswith(('plotly', '_plotly'))))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['plotly', 'plotly.io', 'plotly.tools']"


def test_a_process_that_serves_draws_a_choice_without_the_table_of_emojis():
    script = (
        "import sys\n"
        "from app.slim_emojis import stand_in\n"
        "stand_in()\n"
        "import streamlit as st\n"
        "print(st.segmented_control('Língua', ['Português', ':material/home: Início'], default='Português'))\n"
        "st.error('Não', icon=':material/build:')\n"
        "from streamlit.string_util import extract_leading_icon as icon\n"
        "print(icon('Português'), icon(':material/home: Início'), len(sys.modules['streamlit.emojis'].ALL_EMOJIS))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "Português",
        "('', 'Português') (':material/home:', 'Início') 0",
    ]
