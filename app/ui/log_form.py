"""Prediction logs in Settings: where each use case's log lies, how long rows are kept, and a form to change it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui.text import code, md
from core.assets.registry import UseCase
from core.evidence.monitoring.location import ENGINES, FEWEST_DAYS, MOST_DAYS, LogSetting, Named, Outside
from core.i18n import N_, _, ngettext

FOREVER, LIMITED = "forever", "limited"
OWN, OUTSIDE = "own", "outside"

_KEPT = {FOREVER: N_("For good"), LIMITED: N_("A number of days")}
_PLACES = {OWN: N_("In Aval's own files"), OUTSIDE: N_("In tables that another engine keeps")}
_NAMES: Mapping[Named, str] = {
    Named.PREDICTION_ID: N_("Id of the prediction"),
    Named.TIMESTAMP: N_("Time of the prediction"),
    Named.PREDICTION: N_("Prediction"),
    Named.PROBABILITY: N_("Probability"),
    Named.VERSION: N_("Version (empty: every row is the newest version's)"),
    Named.LABEL_ID: N_("Id in the table of labels"),
    Named.LABEL: N_("Label"),
    Named.LABEL_TIME: N_("Time of the label"),
}


def log_table(cases: Sequence[UseCase], settings: Mapping[str, LogSetting]) -> None:
    """Draw a row per use case: where its rows lie, and how long they are kept."""
    for case in cases:
        setting = settings.get(case.id, LogSetting())
        outside = setting.outside
        place = (
            _(_PLACES[OWN]) if outside is None else f"{code(outside.address)} · {code(outside.predictions)}"
        )
        st.markdown(f"**{md(case.title)}**  \n:small[{place}]  \n:gray[:small[{kept(setting)}]]")


def kept(setting: LogSetting) -> str:
    """Say how long rows are kept."""
    if setting.keep_days is None:
        return _("Rows are kept for good")
    return ngettext("Rows are kept for {n} day", "Rows are kept for {n} days", setting.keep_days)


def log_form(slug: str, setting: LogSetting) -> LogSetting | None:
    """Draw the form for one use case, filled with what holds; return what was asked for when it was sent."""
    outside = setting.outside or Outside("", "")
    place = st.segmented_control(
        _("Where does the log lie?"),
        [OWN, OUTSIDE],
        default=OWN if setting.outside is None else OUTSIDE,
        format_func=lambda one: _(_PLACES[one]),
        key=f"log_place_{slug}",
        required=True,
    )
    length = st.segmented_control(
        _("How long are its rows kept?"),
        [FOREVER, LIMITED],
        default=FOREVER if setting.keep_days is None else LIMITED,
        format_func=lambda one: _(_KEPT[one]),
        key=f"log_kept_{slug}",
        required=True,
    )
    with st.form(f"log_{slug}", border=False):
        days = None
        if length == LIMITED:
            days = int(
                st.number_input(
                    _("Days"), FEWEST_DAYS, MOST_DAYS, setting.keep_days or 365, key=f"log_days_{slug}"
                )
            )
        found = _outside(slug, outside) if place == OUTSIDE else None
        st.caption(
            _("Rows that are older go within a day. Profiles and metrics hold no row and are always kept.")
        )
        if st.form_submit_button(_("Keep it so"), type="primary"):
            return LogSetting(found, days)
    return None


def _outside(slug: str, outside: Outside) -> Outside:
    address = st.text_input(
        _("Address"),
        outside.address,
        max_chars=500,
        placeholder="postgres://reader:${WAREHOUSE_PASSWORD}@warehouse:5432/risk",
        help=_("One of: {known}.", known=", ".join(f"{one}://" for one in ENGINES)),
        key=f"log_address_{slug}",
    )
    predictions = st.text_input(
        _("Table of predictions"), outside.predictions, max_chars=200, key=f"log_predictions_{slug}"
    )
    labels = st.text_input(
        _("Table of labels (empty: none yet)"), outside.labels, max_chars=200, key=f"log_labels_{slug}"
    )
    with st.expander(_("Columns that are called otherwise")):
        named = {
            one.value: st.text_input(
                _(words), outside.columns.get(one.value, ""), max_chars=100, key=f"log_{one.value}_{slug}",
                placeholder=Outside("", "").column(one),
            ).strip()
            for one, words in _NAMES.items()
        }  # fmt: skip
    columns = {name: called for name, called in named.items() if called}
    return Outside(address.strip(), predictions.strip(), labels.strip(), columns)
