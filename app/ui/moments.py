"""What happened beside a chart: releases and incidents as thin lines over the window they fell into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.ui.charts import palette
from app.ui.plot import Plot
from app.ui.text import label
from core.assets.registry.version import Version
from core.decisions.incidents.incident import Incident
from core.decisions.releases.release import Deployment
from core.evidence.monitoring.windows import Window
from core.i18n import _, day


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened: a few characters for the line, a sentence for who points at it."""

    when: date
    mark: str
    words: str
    grave: bool = False


def moments(
    deployments: Sequence[Deployment], incidents: Sequence[Incident], versions: Sequence[Version]
) -> list[Moment]:
    """Return deployments and incidents of one use case as moments, the oldest first."""
    numbers = {version.id: version.number for version in versions}
    found = [
        Moment(
            d.started_at.date(),
            f"v{numbers[d.version_id]}",
            _("{day}: version {n} goes live", day=day(d.started_at), n=numbers[d.version_id]),
        )
        for d in deployments
        if d.version_id in numbers
    ]
    found += [
        Moment(
            i.began_at.date(),
            "!",
            _("{day}: incident began, {title}", day=day(i.began_at), title=i.title),
            grave=True,
        )
        for i in incidents
    ]
    return sorted(found, key=lambda one: one.when)


def mark(figure: Plot, happened: Sequence[Moment], windows: Mapping[str, Window]) -> list[str]:
    """Draw each moment over the window (name on the axis → span) that holds it; return the sentences drawn."""
    colours = palette()
    by_place: dict[str, list[Moment]] = {}
    for one in happened:
        place = next((name for name, window in windows.items() if _holds(window, one.when)), None)
        if place is not None:
            by_place.setdefault(place, []).append(one)
    for place, some in by_place.items():
        colour = colours.bad if any(one.grave for one in some) else colours.soft
        figure.add_vline(
            place,
            line={"width": 1, "dash": "dash", "color": colour},
            annotation={
                "text": label(" ".join(dict.fromkeys(one.mark for one in some))),
                "hovertext": "<br>".join(label(one.words) for one in some),
                "font": {"size": 11, "color": colour},
                "captureevents": True,
            },
        )
    return [one.words for some in by_place.values() for one in some]


def _holds(window: Window, when: date) -> bool:
    start, end = (one.date() if isinstance(one, datetime) else one for one in (window.start, window.end))
    return start <= when < end or (start == end == when)
