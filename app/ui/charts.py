"""One look for all charts: both themes, the reader's separators and dates, no toolbar, a text alternative."""

from dataclasses import dataclass

import streamlit as st

from app.ui.export import as_csv
from app.ui.glossary import defined, meaning
from app.ui.plot import Plot
from app.ui.plot_data import plot_frame
from core.i18n import _, language

MAX_POINTS = 2000
"""Points per trace on the wire; more is aggregated before it comes here."""


@dataclass(frozen=True)
class Palette:
    """The colours of one theme, as hex."""

    accent: str
    muted: str
    line: str
    text: str
    soft: str
    good: str
    warn: str
    bad: str
    good_band: str
    warn_band: str
    bad_band: str
    background: str
    sequence: tuple[str, ...]
    low_to_high: tuple[tuple[float, str], ...]


_LIGHT = Palette(
    accent="#2456C8",
    muted="#8A94A6",
    line="#C9D1DD",
    text="#0F1724",
    soft="#5B6776",
    good="#12805C",
    warn="#B45309",
    bad="#C2362B",
    good_band="rgba(18,128,92,0.08)",
    warn_band="rgba(180,83,9,0.09)",
    bad_band="rgba(194,54,43,0.08)",
    background="#FFFFFF",
    sequence=("#2456C8", "#8A94A6", "#0F9D8A", "#D97706", "#B4458F", "#6D4AD4", "#C2362B"),
    low_to_high=((0.0, "#0F9D8A"), (0.5, "#8A94A6"), (1.0, "#B4458F")),
)
_DARK = Palette(
    accent="#7AA2FF",
    muted="#74829A",
    line="#3A475C",
    text="#E5EAF2",
    soft="#94A2B8",
    good="#3CC492",
    warn="#F0A848",
    bad="#F07167",
    good_band="rgba(60,196,146,0.10)",
    warn_band="rgba(240,168,72,0.10)",
    bad_band="rgba(240,113,103,0.10)",
    background="#0D131D",
    sequence=("#7AA2FF", "#74829A", "#3FC9B4", "#F0A848", "#E08BC0", "#A892F5", "#F07167"),
    low_to_high=((0.0, "#3FC9B4"), (0.5, "#74829A"), (1.0, "#E08BC0")),
)


def palette() -> Palette:
    """Return the colours of the theme that the reader sees."""
    return _DARK if st.context.theme.type == "dark" else _LIGHT


def separators() -> str:
    """Return Plotly's decimal and thousands separators for the reader's language."""
    return ",." if language() == "pt_BR" else ".,"


def date_format(*, year: bool = False) -> str:
    """Return a d3 date format in digits or English month names; Plotly knows no Portuguese ones."""
    if language() == "pt_BR":
        return "%d/%m/%y" if year else "%d/%m"
    return "%-d %b %Y" if year else "%-d %b"


def styled(figure: Plot, *, height: int = 300, legend: bool = True, right: int = 8) -> Plot:
    """Give `figure` the house look, with `right` pixels for words that stand out there; returns the same figure."""
    colours = palette()
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": right, "t": 8 if not legend else 32, "b": 0},
        separators=separators(),
        showlegend=legend,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None},
        font={"family": "Inter, system-ui, sans-serif", "size": 12, "color": colours.text},
        hoverlabel={"font": {"family": "Inter, system-ui, sans-serif", "size": 12}},
        colorway=list(colours.sequence),
        bargap=0.35,
    )
    figure.update_xaxes(automargin=True, zerolinecolor=colours.line, tickfont={"color": colours.soft})
    figure.update_yaxes(
        automargin=True, zerolinecolor=colours.line, tickfont={"color": colours.soft}, title_standoff=8
    )
    for axis in (*figure.axes("x"), *figure.axes("y")):
        if axis.get("type") == "date" and not axis.get("tickformat"):
            axis |= {"tickformat": date_format(), "hoverformat": date_format(year=True)}
    return figure


def chart(
    figure: Plot,
    *,
    reads: str,
    alt: str,
    key: str,
    height: int = 300,
    legend: bool = True,
    picture: str = "",
    right: int = 8,
    data: bool = True,
    means: str = "",
) -> None:
    """Show `figure` in the house look; `alt` says in a sentence what it shows to who cannot see it.

    `reads` is the glossary's word for how it is read, `means` that for what is drawn, where it has one. With `picture`,
    a file name without its ending, the chart can be taken as a picture; with `data` its figures as CSV.
    """
    drawn = styled(figure, height=height, legend=legend, right=right).to_dict()
    st.plotly_chart(drawn, key=key, alt=alt, config=_config(picture))
    with st.container(horizontal=True, gap="small"):
        if data:
            st.download_button(
                _("Data (CSV)"),
                lambda: as_csv(plot_frame(figure)),
                file_name=f"{key}.csv",
                mime="text/csv",
                icon=":material/download:",
                type="tertiary",
                key=f"data_{key}",
                on_click="ignore",
            )
        with st.popover(_("How to read it"), icon=":material/help:", type="tertiary"):
            st.markdown(meaning(f"chart_{reads}"))
            if meaning(means):
                st.markdown(defined(means))


def _config(picture: str) -> dict[str, object]:
    if not picture:
        return {"displayModeBar": False}
    return {
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"filename": picture, "format": "png", "scale": 2},
    }


def threshold(figure: Plot, value: float, text: str, *, tone: str = "warn", below: bool = False) -> None:
    """Draw a dashed horizontal line at `value`, its name over or `below` it; `tone` is `good`, `warn` or `bad`."""
    colours = palette()
    colour = {"good": colours.good, "warn": colours.warn, "bad": colours.bad}[tone]
    figure.add_hline(
        y=value,
        line={"dash": "dash", "width": 1, "color": colour},
        annotation={
            "text": text,
            "font": {"size": 11, "color": colour},
            "yanchor": "top" if below else "bottom",
        },
    )


def band(figure: Plot, low: float, high: float, *, tone: str = "good") -> None:
    """Shade a horizontal band from `low` to `high`; `tone` is `good`, `warn` or `bad`."""
    colours = palette()
    fill = {"good": colours.good_band, "warn": colours.warn_band, "bad": colours.bad_band}[tone]
    figure.add_hrect(y0=low, y1=high, fillcolor=fill, line_width=0, layer="below")
