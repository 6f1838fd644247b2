"""Health of all models: which alert, which moved, which fell silent."""

import streamlit as st

from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.paging import page_of
from app.ui.picker import switch
from app.ui.pulse_rows import pulse_figures, pulse_rows
from app.wiring import reading, store
from core.evidence.alerts.pulse import BEAT_NAMES, Beat
from core.i18n import _, ngettext
from core.overview.pulses import pulses

PAGE = 25
now = store().clock()
with reading() as view:
    found = pulses(view, now)
with page_header(_("Model health")):
    search = st.text_input(
        _("Find a model"), key="find", placeholder=_("Find a model"), label_visibility="collapsed", width=240
    )
if not found:
    empty(
        _("Nothing is watched yet"),
        _("A model appears here with its first predictions."),
        icon="vital_signs",
        action=_("Monitoring"),
        page="../pages/monitoring.py",
    )
    st.stop()
pulse_figures(found)
shown = switch(
    _("State"), {"all": _("All"), **{beat.value: _(BEAT_NAMES[beat]) for beat in Beat}}, param="beat"
)
kept = [
    one
    for one in found
    if shown in {"all", one.beat.value} and search.lower() in f"{one.title} {one.model}".lower()
]
with card(_("Models"), f":gray[{ngettext('{n} model', '{n} models', len(kept))}]"):
    pulse_rows(page_of(kept, PAGE))
