"""The weekly digest of KPIs, as a page without script and as an accessible PDF."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path

from app.templates import render
from app.ui.kpi_value import written
from app.ui.window_name import tick
from core.evidence.kpis.definition import STATUS_NAMES, Direction, Status
from core.i18n import N_, _, day, language, month, ngettext, number
from core.overview.digest import Digest, Kept, Standing, digest
from core.platform.store import Store
from core.typesetting import pdf

TEMPLATE = Path(__file__).parents[1] / "data" / "kpis" / "digest.typ"
TONES: Mapping[Status, str] = {
    Status.ON_TARGET: "good",
    Status.SHORT: "info",
    Status.WARNING: "warn",
    Status.CRITICAL: "bad",
    Status.NOT_ENOUGH: "plain",
}

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


def document(store: Store, use_case_id: str) -> dict[str, Json]:
    """Read the digest of a use case, or of all with an empty id, and write it in the reader's language."""
    with store.reading() as view:
        return _written(digest(view, store.clock(), use_case_id))


def page(facts: Mapping[str, Json], *, pdf_address: str = "", foot: str = "") -> str:
    """Return the page; with links to the PDF and a last line where they are given."""
    return render("digest.html", digest=facts, pdf=pdf_address, foot=foot)


def paper(facts: Mapping[str, Json]) -> bytes:
    """Return the PDF; raise `Unavailable` without the typesetter."""
    return pdf(TEMPLATE, "digest", facts, instead=N_("Install the package typst, or read the page."))


def _written(found: Digest) -> dict[str, Json]:
    return {
        "title": _("KPIs of {scope}", scope=found.scope) if found.scope else _("KPIs of all use cases"),
        "subtitle": _("Week of {since} to {until}", since=day(found.since), until=day(found.until)),
        "verdict": _verdict(found),
        "lang": language()[:2],
        "cases": [
            {"title": title, "rows": [_row(one) for one in some]}
            for title, some in groupby(found.standings, key=lambda one: one.title)
        ],
        "kept": [_promise(one) for one in found.kept],
        "week": _week(found),
        "words": {
            "columns": [_("KPI"), _("Last window"), _("Target"), _("Before"), _("Status")],
            "promises": _("Promise and outcome"),
            "week": _("What happened"),
            "nothing": _("No release, no incident, no alert."),
            "pdf": _("As PDF"),
        },
    }


def _verdict(found: Digest) -> str:
    judged = len(found.standings) - found.count(Status.NOT_ENOUGH)
    said = _(
        "{met} of {judged} KPIs are on target, {critical} beyond a critical limit.",
        met=number(found.count(Status.ON_TARGET), 0),
        judged=number(judged, 0),
        critical=number(found.count(Status.CRITICAL), 0),
    )
    waiting = found.count(Status.NOT_ENOUGH)
    more = ngettext("{n} has not enough data yet.", "{n} have not enough data yet.", waiting)
    return f"{said} {more}" if waiting else said


def _row(one: Standing) -> Json:
    held, latest = one.score.kpi.definition, one.score.latest
    sign = "≥" if held.direction is Direction.HIGHER else "≤"
    value = "–"
    if latest is not None and latest.value is not None:
        value = written(latest.value, held.unit)
        if latest.low is not None and latest.high is not None and latest.low != latest.high:
            value += f" [{written(latest.low, held.unit)}; {written(latest.high, held.unit)}]"
        window = tick(latest.window, held.window)
        value = _("{value} in {window}, n = {n}", value=value, window=window, n=number(latest.n, 0))
    before = one.before
    return {
        "name": held.name,
        "value": value,
        "target": f"{sign} {written(held.target, held.unit)}",
        "change": written(before.value, held.unit)
        if before is not None and before.value is not None
        else "–",
        "status": _(STATUS_NAMES[one.score.status]),
        "tone": TONES[one.score.status],
    }


def _promise(one: Kept) -> str:
    def said(value: Decimal | None) -> str:
        return "–" if value is None else written(float(value), one.promise.currency)

    return _(
        "{title}, version {n}, {month}: promised {promised}, realised {value} [{low}; {high}].",
        title=one.title,
        n=one.number,
        month=month(one.month.start),
        promised=said(one.month.promised),
        value=said(one.month.value),
        low=said(one.month.low),
        high=said(one.month.high),
    )


def _week(found: Digest) -> list[str]:
    told = [
        _("{title}: version {n} went live on {day}.", title=title, n=n, day=day(one.started_at))
        for title, n, one in found.went_live
    ]
    told += [
        _("Incident, open since {day}: {title}", day=day(one.opened_at), title=one.title)
        if one.closed_at is None
        else _("Incident closed on {day}: {title}", day=day(one.closed_at), title=one.title)
        for one in found.incidents
    ]
    if found.alerts:
        told.append(ngettext("{n} alert was raised.", "{n} alerts were raised.", found.alerts))
    return told
