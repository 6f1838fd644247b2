"""The course of a use case: releases, versions, alerts and incidents on one line of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.ui.charts import chart, palette
from app.ui.plot import Plot
from app.ui.text import label, md, shorten
from app.ui.timeline import Happening
from core.assets.registry.version import Version
from core.decisions.incidents.incident import Incident, Note
from core.decisions.releases.release import Deployment
from core.evidence.alerts.alert import Alert
from core.evidence.alerts.rules import KIND_NAMES
from core.evidence.monitoring.column_names import named
from core.i18n import _


@dataclass(frozen=True, slots=True)
class Course:
    """What happened to one use case; `names` are of people by id."""

    alerts: Sequence[Alert] = ()
    incidents: Sequence[Incident] = ()
    deployments: Sequence[Deployment] = ()
    versions: Sequence[Version] = ()
    notes: Sequence[Note] = ()
    names: Mapping[str, str] | None = None


def happenings(course: Course) -> list[Happening]:
    """Return every moment of a course as a line."""
    names = course.names or {}
    numbers = {version.id: version.number for version in course.versions}
    found = [
        Happening(
            a.raised_at,
            "trending_up",
            _("Alert: {what}", what=md(f"{_(KIND_NAMES[a.kind])}, {named(a.subject)}")),
        )
        for a in course.alerts
    ]
    found += [
        Happening(
            a.resolved_at, "check", _("Over: {what}", what=md(f"{_(KIND_NAMES[a.kind])}, {named(a.subject)}"))
        )
        for a in course.alerts
        if a.resolved_at is not None
    ]
    for incident in course.incidents:
        found.append(Happening(incident.began_at, "flag", _("Began: {title}", title=md(incident.title))))
        found.append(
            Happening(
                incident.opened_at, "emergency_home", _("Incident opened: {title}", title=md(incident.title)),
                who=names.get(incident.opened_by, ""),
            )
        )  # fmt: skip
        if incident.closed_at is not None:
            found.append(
                Happening(
                    incident.closed_at, "task_alt", _("Incident closed: {title}", title=md(incident.title)),
                    who=names.get(incident.closed_by, ""), detail=incident.resolution,
                )
            )  # fmt: skip
    for d in course.deployments:
        said = _(
            "Version {n} goes live in {place}", n=numbers.get(d.version_id, "?"), place=md(d.environment)
        )
        found.append(Happening(d.started_at, "rocket_launch", said))
    for v in course.versions:
        said = _("Version {n} is registered: {model}", n=v.number, model=md(v.model_name))
        found.append(Happening(v.created_at, "model_training", said))
    found += [
        Happening(n.written_at, "edit_note", _("Noted"), who=names.get(n.author_id, ""), detail=n.text)
        for n in course.notes
    ]
    return found


def course_chart(course: Course, today: date, *, alt: str, key: str) -> None:
    """Draw alerts and incidents as bars in time; dashed is a release, dotted a new version."""
    colours = palette()
    figure = Plot()
    rows: list[tuple[str, date, date, str]] = [
        (
            shorten(f"{_(KIND_NAMES[a.kind])}: {named(a.subject)}", 28),
            a.first,
            a.last.end if a.resolved_at is not None else max(a.last.end, today),
            colours.warn if a.open else colours.muted,
        )
        for a in sorted(course.alerts, key=lambda one: one.first)
    ][-20:]
    rows += [
        (
            shorten(_("Incident: {title}", title=one.title), 28), one.began_at.date(),
            one.closed_at.date() if one.closed_at else today, colours.bad if one.open else colours.muted,
        )
        for one in course.incidents
    ]  # fmt: skip
    for place, (name, start, end, colour) in enumerate(rows):
        figure.add_scatter(
            x=[start.isoformat(), end.isoformat()], y=[place, place], mode="lines", name=label(name),
            line={"color": colour, "width": 10}, showlegend=False,
            hovertemplate="%{fullData.name}<br>%{x}<extra></extra>",
        )  # fmt: skip
    marks = [(d.started_at, "dash", colours.good) for d in course.deployments]
    marks += [(v.created_at, "dot", colours.soft) for v in course.versions]
    for at, dash, colour in marks:
        _mark(figure, at, dash, colour, len(rows))
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[label(row[0]) for row in rows],
        autorange="reversed",
        showgrid=False,
    )
    figure.update_xaxes(type="date", showgrid=False)
    chart(
        figure,
        reads="course",
        alt=alt,
        key=key,
        height=70 + 24 * max(len(rows), 2),
        legend=False,
        picture="course",
    )


def _mark(figure: Plot, at: datetime, dash: str, colour: str, rows: int) -> None:
    when = at.date().isoformat()
    figure.add_scatter(
        x=[when, when], y=[-0.5, max(rows - 0.5, 0.5)], mode="lines", hoverinfo="x", showlegend=False,
        line={"color": colour, "width": 1, "dash": dash},
    )  # fmt: skip
