"""Loop time: from alert to decision to upload to live, and where it waits."""

import streamlit as st

from app.ui.card import card, page_header
from app.ui.empty import empty, note
from app.ui.loop_cases import loop_cases
from app.ui.loop_chart import loop_chart
from app.ui.loop_figures import loop_figures
from app.ui.picker import pick, switch
from app.ui.refused import refusals_end_page
from app.wiring import reading, store
from core.assets.registry import queries as registry
from core.i18n import _, day, ngettext
from core.overview.loop import Period
from core.overview.looptime import PERIODS, loop_time

ALL = "all"
now = store().clock()
with refusals_end_page(), reading() as view:
    cases = {one.slug: one for one in registry.use_cases(view)}

with page_header(
    _("Loop time"), help_text=_("How long the way from alert and upload to live takes, and where it waits.")
):
    titles = {ALL: _("All use cases")} | {slug: one.title for slug, one in cases.items()}
    chosen = pick(_("Use case"), titles, param="of")
days = int(switch(_("Period"), {str(n): ngettext("{n} day", "{n} days", n) for n in PERIODS}, param="days"))

period = Period.until(now, days)
case = cases.get(chosen or ALL)
with reading() as view:
    found = loop_time(view, period, case.id if case else "")

span_told = f":gray[{day(period.start)} – {day(period.end)}]"
if not any(one.now.n or one.before.n for one in found.stages.values()) and not found.slowest:
    empty(
        _("The loop has not turned yet"),
        _("Waits appear with the first version that is checked, and the first alert that is decided on."),
        icon="autorenew",
        action=_("Upload a model"),
        page="../pages/upload.py",
    )
    st.stop()
loop_figures(found)
with card(_("Where the loop waits"), span_told):
    loop_chart(found.stages, key="loop_waits")
    if found.undecided or found.waiting:
        still = [
            ngettext("{n} alert waits for a decision", "{n} alerts wait for a decision", found.undecided),
            ngettext("{n} release is open", "{n} releases are open", found.waiting),
        ]
        note(
            _("Only waits that ended are in the bars. Now: {alerts}, {releases}.",
              alerts=still[0], releases=still[1]),
            icon="hourglass_top",
        )  # fmt: skip
with card(_("Slowest cases"), f":gray[{ngettext('{n} version', '{n} versions', len(found.slowest))}]"):
    loop_cases(found.slowest, found.names, now)
