"""A retraining on the page: why it is proposed, what waiting costs, what data there is, who consents, what came of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.card import card
from app.ui.charts import chart, palette
from app.ui.empty import empty, note
from app.ui.kpi_value import written
from app.ui.plot import Plot
from app.ui.refused import refusals
from app.ui.text import label, md
from app.ui.timeline import Happening, timeline
from core.assets.intake.metric_names import metric_name
from core.decisions.retraining.commands import MOST_CHARACTERS, REASON_CHARACTERS
from core.decisions.retraining.queries import Data, Waiting
from core.decisions.retraining.request import RECIPE_NAMES, STATE_NAMES, Compared, Result, Retraining, State
from core.i18n import _, day, month, number
from core.platform.access.permissions import ROLE_NAMES, Role

_TONES: Mapping[State, tuple[Tone, str]] = {
    State.PROPOSED: (Tone.WAIT, "hourglass_top"),
    State.RUNNING: (Tone.INFO, "progress_activity"),
    State.OUTSIDE: (Tone.INFO, "cloud_sync"),
    State.CHECKING: (Tone.INFO, "fact_check"),
    State.DONE: (Tone.GOOD, "check"),
    State.DECLINED: (Tone.PLAIN, "block"),
    State.FAILED: (Tone.BLOCK, "error"),
}


def state_badge(state: State) -> str:
    """Write the badge of a state."""
    tone, icon = _TONES[state]
    return badge(_(STATE_NAMES[state]), tone, icon)


def why_now(found: Retraining, waiting: Waiting | None) -> None:
    """Draw what triggered the proposal and what a week of waiting costs, as far as anybody can say."""
    with card(_("Why now"), md(_(RECIPE_NAMES[found.recipe]))):
        for one in found.triggers:
            st.markdown(f"- {md(one.text())}")
        if waiting is None:
            note(
                _(
                    "What waiting costs is not known: no promise of this version has a month with outcomes yet."
                )
            )
        elif waiting.weekly > 0:
            st.markdown(
                _(
                    "Each week of waiting costs about **{value}**: decisions were worth that much less than promised.",
                    value=md(written(float(waiting.weekly), waiting.currency)),
                )
            )
            note(
                _(
                    "By {month}, from what a decision was worth; volume is left out.",
                    month=month(waiting.month),
                )
            )
        else:
            st.markdown(
                _("Decisions are worth what was promised: waiting costs nothing that shows in money.")
            )
            note(
                _(
                    "By {month}, from what a decision was worth; volume is left out.",
                    month=month(waiting.month),
                )
            )


def data_there(data: Sequence[Data], found: Retraining | None) -> None:
    """Draw the logged rows of each month with and without outcome: what a run can learn from."""
    labelled = sum(one.labelled for one in data)
    with card(_("Data to learn from"), f":gray[{_('{n} outcomes', n=number(labelled, 0))}]"):
        if not data:
            empty(
                _("No predictions are logged"),
                _("A retraining learns from logged predictions with outcomes."),
                icon="database",
            )
            return
        colours = palette()
        figure = Plot()
        months = [month(one.start) for one in data]
        figure.add_bar(
            x=months,
            y=[one.labelled for one in data],
            name=_("With outcome"),
            marker={"color": colours.accent},
        )
        figure.add_bar(
            x=months, y=[one.rows - one.labelled for one in data], name=_("Outcome still waited for"),
            marker={"color": colours.line},
        )  # fmt: skip
        figure.update_layout(barmode="stack")
        figure.update_xaxes(type="category", showgrid=False)
        figure.update_yaxes(title=label(_("Logged predictions")))
        alt = _(
            "Logged predictions by month, {labelled} of {rows} with an outcome.",
            labelled=number(labelled, 0),
            rows=number(sum(one.rows for one in data), 0),
        )
        chart(figure, reads="retraining_data", alt=alt, key="retraining_data", height=260)
        if found is not None and found.snapshot is not None:
            taken = found.snapshot
            note(
                _(
                    "Trained on {reference} rows of the evaluation data and {trained} logged ones before {cut}; "
                    "judged on the {kept} from then to {last}.",
                    reference=number(taken.reference, 0),
                    trained=number(taken.logged - taken.kept, 0),
                    cut=_day(taken.cut),
                    kept=number(taken.kept, 0),
                    last=_day(taken.last),
                )
            )


def _day(iso: str) -> str:
    return day(date.fromisoformat(iso))


def consent(
    found: Retraining, names: Mapping[str, str], area: Role | None, send: Callable[[bool, str], None]
) -> None:
    """Draw each area's answer, and the form where the reader may answer for one."""
    with card(_("Consent")):
        st.markdown(" ".join(badge(_(ROLE_NAMES[role]), *_answer(found, role)) for role in found.areas))
        timeline(
            [
                Happening(
                    vote.at,
                    "thumb_up" if vote.consents else "thumb_down",
                    _("{area} consents", area=_(ROLE_NAMES[vote.area]))
                    if vote.consents
                    else _("{area} declines", area=_(ROLE_NAMES[vote.area])),
                    names.get(vote.person_id, vote.person_id),
                    vote.reason,
                )
                for vote in found.votes
            ]
        )
        if area is None:
            if found.missing:
                roles = ", ".join(_(ROLE_NAMES[role]) for role in found.missing)
                note(_("It waits for: {roles}.", roles=roles))
            return
        reason = st.text_area(
            _("Why, for {area}", area=_(ROLE_NAMES[area])),
            max_chars=MOST_CHARACTERS,
            height=100,
            key="retraining_reason",
            help=_("At least {n} characters; they stand in the record.", n=REASON_CHARACTERS),
        )
        with st.container(horizontal=True, gap="small"), refusals():
            if st.button(_("Consent"), type="primary", icon=":material/thumb_up:"):
                send(True, reason)
            if st.button(_("Decline"), icon=":material/thumb_down:"):
                send(False, reason)


def _answer(found: Retraining, area: Role) -> tuple[Tone, str]:
    vote = next((one for one in found.votes if one.area is area), None)
    if vote is None:
        return (Tone.WAIT, "hourglass_top") if found.state is State.PROPOSED else (Tone.PLAIN, "remove")
    return (Tone.GOOD, "check") if vote.consents else (Tone.BLOCK, "close")


def against_champion(result: Result, *, champion: str, challenger: str) -> None:
    """Draw the differences in each metric with paired intervals, and what they come to in money."""
    rows = f":gray[{_('{n} later rows', n=number(result.rows, 0))}]"
    with card(_("{challenger} against {champion}", challenger=challenger, champion=champion), rows):
        if not result.metrics:
            empty(_("No metric can be compared"), icon="balance")
            return
        colours = palette()
        shown = list(result.metrics)[::-1]
        figure = Plot()
        figure.add_scatter(
            x=[one.difference for one in shown],
            y=[label(metric_name(one.metric)) for one in shown],
            mode="markers",
            marker={
                "size": 12,
                "color": [colours.muted if one.better is None else colours.accent for one in shown],
                "symbol": ["circle" if one.better is None else "diamond" for one in shown],
            },
            error_x={
                "type": "data", "symmetric": False, "thickness": 1.5, "width": 5,
                "array": [one.high - one.difference for one in shown],
                "arrayminus": [one.difference - one.low for one in shown],
            },
            customdata=[[number(one.champion, 3), number(one.challenger, 3)] for one in shown],
            hovertemplate="%{y}: %{customdata[0]} → %{customdata[1]}<extra></extra>",
            showlegend=False,
        )  # fmt: skip
        figure.add_vline(x=0, line={"color": colours.muted, "width": 1, "dash": "dot"})
        figure.update_xaxes(title=label(_("Challenger less champion; right of zero is better")))
        alt = _(
            "Differences of {n} metrics with 95 % intervals: {words}.",
            n=len(shown),
            words="; ".join(_said(one) for one in result.metrics),
        )
        chart(
            figure,
            reads="differences",
            alt=alt,
            key="retraining_result",
            height=120 + 46 * len(shown),
            legend=False,
        )
        for one in result.metrics:
            st.markdown(f"- {md(_said(one))}")
        if result.worth is not None:
            st.markdown(f"- {md(_worth(result.worth, result.currency))}")
        note(
            _(
                "Both models answered the same rows, which neither was trained on; intervals are paired bootstrap."
            )
        )


def _said(one: Compared) -> str:
    return _(
        "{metric}: {before} → {after}, {verdict} [{low}; {high}]",
        metric=metric_name(one.metric),
        before=number(one.champion, 3),
        after=number(one.challenger, 3),
        verdict=_verdict(one),
        low=number(one.low, 3),
        high=number(one.high, 3),
    )


def _worth(one: Compared, currency: str) -> str:
    return _(
        "Worth a month: {before} → {after}, {verdict} [{low}; {high}]",
        before=written(one.champion, currency),
        after=written(one.challenger, currency),
        verdict=_verdict(one),
        low=written(one.low, currency),
        high=written(one.high, currency),
    )


def _verdict(one: Compared) -> str:
    return {True: _("better"), False: _("worse"), None: _("no difference beyond chance")}[one.better]
