"""Scoring: a table of rows answered by the live version, every answer in the log."""

import io

import pandas as pd
import streamlit as st

from app.batch_scoring import MOST_ROWS, score_table
from app.session import current
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.refused import may_not, refusals
from app.wiring import reading
from core.assets.datasets.reading import read_table, to_parquet
from core.assets.registry import queries as registry
from core.decisions.releases import queries as releases
from core.decisions.releases.states import PRODUCTION
from core.i18n import _, ngettext, number
from core.platform.access.permissions import Permission, allowed

SHOWN = 200
NONE = ""
me = current().actor

with page_header(_("Scoring")):
    pass
with reading() as view:
    live = {
        case.slug: case.title
        for case in registry.use_cases(view)
        if releases.live_deployment(view, case.id, PRODUCTION) is not None
    }
if not live:
    empty(_("Nothing is live"), _("What is released into production answers here."), icon="bolt")
    st.stop()
if not allowed(me, Permission.SCORE):
    may_not(_("Data scientists and operations score tables."))
    st.stop()

with card(_("Score a table")):
    st.caption(
        _(
            "The version that is live answers in isolation; every answer is logged for monitoring under its id. "
            "The table itself is not kept. For real traffic, serve the approved file yourselves and send the predictions."
        )
    )
    slugs = list(live)
    asked = st.query_params.get("use_case", "")
    use_case = st.selectbox(
        _("Use case"),
        slugs,
        index=slugs.index(asked) if asked in slugs else 0,
        format_func=lambda one: live[one],
    )
    sent = st.file_uploader(
        _("CSV or Parquet, up to {n} rows", n=number(MOST_ROWS, 0)), type=["csv", "parquet"], key="batch"
    )
    table: pd.DataFrame | None = None
    if sent is not None:
        with refusals():
            table = read_table(io.BytesIO(sent.getvalue()), name=sent.name)
    if table is not None:
        columns = [NONE, *map(str, table.columns)]
        with st.container(horizontal=True):
            named = st.selectbox(
                _("Column with each row's id"),
                columns,
                format_func=lambda one: one or _("Aval names the rows"),
            )
            whose = st.selectbox(
                _("Column with the person"),
                columns,
                format_func=lambda one: one or _("Not about people"),
                help=_("The log keeps a pseudonym of it."),
            )
        if st.button(_("Score"), type="primary", icon=":material/bolt:"):
            bar = st.progress(0.0, _("Scoring"))
            with refusals():
                st.session_state["scored"] = score_table(
                    me, use_case, table, id_column=named, subject_column=whose, progress=bar.progress
                )
            bar.empty()

scored = st.session_state.get("scored")
if scored is not None:
    with card(_("Answers"), f":gray[{ngettext('{n} row', '{n} rows', len(scored))}]"):
        with st.container(horizontal=True):
            st.download_button(
                "CSV", scored.to_csv(index=False).encode(), "scored.csv", "text/csv",
                icon=":material/download:", on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "Parquet", to_parquet(scored), "scored.parquet", "application/vnd.apache.parquet",
                icon=":material/download:", on_click="ignore",
            )  # fmt: skip
        st.dataframe(scored.head(SHOWN), hide_index=True, alt=_("The first answers"))
