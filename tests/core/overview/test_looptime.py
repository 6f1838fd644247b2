"""Loop time of a house with a history, on both engines: every figure is what pandas finds in the raw log alone."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import event, text

from core.decisions.incidents import commands as incidents
from core.decisions.releases import commands as releases
from core.evidence.alerts import commands as alerts
from core.evidence.alerts.tables import AlertRow
from core.overview.loop import Period, Stage
from core.overview.looptime import PERIODS, loop_time
from core.platform.store import SYSTEM
from tests.core.decisions.conftest import SAID, Bench, bench_on
from tests.core.decisions.releases.test_unusual import break_glass

DECIDING = ("alert.acknowledged", "alert.snoozed", "alert.escalated")
ASKING = ("release.requested", "release.emergency")
SIGNERS = {"operations": ("otto", "olga"), "compliance": ("carl", "cora")}


class Story:
    """A year and a half of one use case: versions, rounds, refusals, roll-backs, alerts and what was done."""

    def __init__(self, bench: Bench, seed: int = 0) -> None:
        self.bench, self.random = bench, np.random.default_rng(seed)
        self.alerts = 0

    def pass_hours(self, mean: float) -> None:
        self.bench.hands.forward(hours=float(self.random.exponential(mean)))

    def raise_alert(self, version_id: str) -> str:
        self.alerts += 1
        name, day = f"alr_{self.alerts}", date(2026, 1, 1)
        with self.bench.store.unit_of_work(SYSTEM) as uow:
            uow.session.add(
                AlertRow(
                    id=name, version_id=version_id, rule="psi", rule_kind="psi", rule_version="1", subject="income",
                    grain="month", first_start=day + timedelta(self.alerts), last_start=day, last_end=day, worst=0.4,
                    limit=0.2, template="{column} has drifted", reason={}, raised_at=uow.now,
                )
            )  # fmt: skip
            uow.record("alert.settled", "version", version_id, {"raised": [name], "resolved": []})
        return name

    def answer_alerts(self, version_id: str) -> None:
        """Two alerts, of which each third is left alone, one is acknowledged, one is put into an incident."""
        for _ in range(2):
            self.pass_hours(30)
            name = self.raise_alert(version_id)
            self.pass_hours(40)
            if self.alerts % 5 == 1:
                self.bench.do(self.bench.people["otto"], alerts.acknowledge, name)
            elif self.alerts % 5 == 2:
                self.bench.do(
                    self.bench.people["otto"], alerts.escalate, name, to="per_carl", reason="Decide, please."
                )
            elif self.alerts % 5 == 3:
                self.bench.do(
                    self.bench.people["otto"], incidents.open_incident, version_id=version_id, title="Drift",
                    text="", severity="high", owner_id="per_otto", began_at=self.bench.hands.now,
                    alert_ids=[name],
                )  # fmt: skip
            elif self.alerts % 5 == 4:
                with self.bench.store.unit_of_work(SYSTEM) as uow:
                    uow.record("retraining.decided", "retraining", "ret_1", {"version": version_id})

    def sign(self, request: str, area: str, **how: object) -> None:
        self.pass_hours(50 if area == "compliance" else 12)
        name = SIGNERS[area][int(self.random.integers(2))]
        self.bench.sign(self.bench.people[name], request, area=area, **how)

    def release(self, *, rounds: int = 1, environment: str = "production") -> str:
        version = self.bench.version(self.bench.people["ana"])
        self.pass_hours(60)
        request = self.bench.request(self.bench.people["ana"], version, environment)
        for _ in range(rounds - 1):
            self.sign(request, "operations", meaning="request_changes")
            self.pass_hours(30)
            self.bench.do(self.bench.people["ana"], releases.resubmit, request)
            self.bench.judge()
        for area in SIGNERS if environment == "production" else ("operations",):
            self.sign(request, area)
        return version

    def tell(self) -> None:
        bench, ana = self.bench, self.bench.people["ana"]
        live = self.release()
        for turn in range(14):
            self.pass_hours(24 * 20)
            self.answer_alerts(live)
            if turn == 3:
                self.release(environment="staging")
            if turn == 5:
                withdrawn = bench.request(ana, bench.version(ana))
                self.sign(withdrawn, "compliance")
                bench.do(ana, releases.withdraw, withdrawn)
            if turn in {4, 9}:
                bench.do(
                    bench.people["max"], releases.roll_back, slug="credit", environment="production", reason=SAID
                )  # fmt: skip
            if turn == 7:
                live = bench.version(ana)
                self.pass_hours(5)
                break_glass(bench, "otto", live)
            else:
                live = self.release(rounds=2 if turn % 4 == 1 else 1)
        self.raise_alert(live)
        self.pass_hours(9)
        bench.request(ana, bench.version(ana), judge=False)


@pytest.fixture
def told(any_store, hands) -> Bench:
    bench = bench_on(any_store, hands)
    Story(bench).tell()
    return bench


class Raw:
    """The same figures, worked out from the bodies of the log with nothing of the house."""

    def __init__(self, bench: Bench) -> None:
        with bench.store.reading() as view:
            bodies = [
                json.loads(b) for (b,) in view.execute(text("SELECT body FROM audit_event ORDER BY idx"))
            ]
        log = pd.DataFrame(
            {
                "time": pd.to_datetime([b["time"] for b in bodies], utc=True, format="ISO8601"),
                "action": [b["action"] for b in bodies],
                "subject": [b["subject"]["id"] for b in bodies],
                "data": [b["data"] for b in bodies],
            }
        )
        self.log = log
        self.submitted = log[log.action == "version.submitted"].set_index("subject").time
        self.checked = log[log.action == "version.evaluated"].groupby("subject").time.min()
        asked = log[log.action.isin(ASKING)]
        asked = asked[[d["environment"] == "production" for d in asked["data"]]]
        self.asked = pd.DataFrame(
            {"time": asked.time, "release": asked.subject, "version": [d["version"] for d in asked["data"]]}
        )
        signed = log[(log.action == "release.signed") & log.subject.isin(self.asked.release)]
        self.signed = signed.assign(
            area=[d["area"] for d in signed["data"]],
            round=[d["round"] for d in signed["data"]],
            live=["deployment" in d for d in signed["data"]],
        )
        by_release = self.asked.set_index("release").version
        live = pd.concat(
            [
                pd.DataFrame(
                    {"time": g.time, "version": by_release[g.subject].to_numpy()}
                )
                for g in [self.signed[self.signed.live]]
            ]
            + [
                pd.DataFrame({"time": e.time, "version": [d["version"] for d in e["data"]]})
                for e in [log[log.action == "release.emergency"]]
            ]
        ).sort_values("time")  # fmt: skip
        self.live = live.drop_duplicates("version")
        self.back = {d["replaced"] for d in log[log.action == "release.rolled_back"]["data"]}

    def spans(self, stage: Stage) -> pd.DataFrame:
        """Begin and end of every wait of a stage."""
        if stage is Stage.CHECKS:
            return pd.DataFrame({"begin": self.submitted, "end": self.checked}).dropna()
        if stage is Stage.REQUEST:
            first = self.asked.drop_duplicates("version")
            return pd.DataFrame({"begin": self.checked[first.version].to_numpy(), "end": first.time})
        if stage is Stage.LIVE:
            at = self.signed[self.signed.live].time
            return pd.DataFrame({"begin": at, "end": at})
        if stage is Stage.DECISION:
            calls = self.calls().dropna()
            return pd.DataFrame({"begin": calls.raised, "end": calls.decided})
        if stage is Stage.RENEWAL:
            found = self.renewals()
            found = found[found.submitted >= found.decided]
            return pd.DataFrame({"begin": found.decided, "end": found.submitted})
        opened = pd.concat(
            [
                pd.DataFrame({"release": self.asked.release, "round": 1, "begin": self.asked.time}),
                *[
                    pd.DataFrame({"release": [r.subject], "round": [r.data["round"]], "begin": [r.time]})
                    for r in self.log[self.log.action == "release.resubmitted"].itertuples()
                ],
            ]
        )
        signed = self.signed[self.signed.area == stage.value]
        first = signed.groupby(["subject", "round"]).time.min().reset_index()
        merged = first.merge(opened, left_on=["subject", "round"], right_on=["release", "round"])
        return pd.DataFrame({"begin": merged.begin, "end": merged.time})

    def calls(self) -> pd.DataFrame:
        """Alerts with the first decision after each."""
        rows = []
        for settled in self.log[self.log.action == "alert.settled"].itertuples():
            for name in settled.data["raised"]:
                after = self.log[self.log.time > settled.time]
                about = after[
                    [
                        (row.action in DECIDING and row.subject == name)
                        or (row.action == "incident.opened" and name in row.data["alerts"])
                        or (row.action == "retraining.decided" and row.data["version"] == settled.subject)
                        or (row.action in ASKING and row.data["environment"] == "production")
                        for row in after.itertuples()
                    ]
                ]
                rows.append((settled.time, about.time.min() if len(about) else pd.NaT))
        return pd.DataFrame(rows, columns=["raised", "decided"]).sort_values("raised")

    def renewals(self) -> pd.DataFrame:
        rows, calls = [], self.calls()
        for (_, last), (_, now) in zip(
            list(self.live.iterrows())[:-1], list(self.live.iterrows())[1:], strict=True
        ):
            of = calls[(calls.raised > last.time) & (calls.decided <= now.time)]
            if len(of):
                rows.append((of.iloc[0].decided, self.submitted[now.version], now.time))
        return pd.DataFrame(rows, columns=["decided", "submitted", "live"])


def expect(spans: pd.DataFrame, period: Period, least: int, share: float) -> float | None:
    ended = spans[(spans.end > period.start) & (spans.end <= period.end)]
    lengths = (ended.end - ended.begin).dt.total_seconds() / 3600
    return None if len(lengths) < least else float(lengths.quantile(share))


def same(told, spans: pd.DataFrame, period: Period) -> None:
    ended = spans[(spans.end > period.start) & (spans.end <= period.end)]
    assert told.n == len(ended)
    for value, least, share in (
        (told.median, 3, 0.5), (told.low, 5, 0.25), (told.high, 5, 0.75), (told.ninetieth, 10, 0.9),
    ):  # fmt: skip
        assert value == pytest.approx(expect(spans, period, least, share))


def test_every_figure_is_what_the_raw_log_says(told: Bench) -> None:
    raw = Raw(told)
    assert raw.back, "the story holds a roll-back"
    for days in PERIODS:
        period = Period.until(told.hands.now, days)
        found = told.ask(loop_time, period)
        for stage in Stage:
            for one, when in ((found.stages[stage].now, period), (found.stages[stage].before, period.before)):
                same(one, raw.spans(stage), when)
        lead = pd.DataFrame({"begin": raw.submitted[raw.live.version].to_numpy(), "end": raw.live.time})
        renewed = raw.renewals().rename(columns={"decided": "begin", "live": "end"})
        for both, spans in ((found.lead, lead), (found.renewal, renewed)):
            same(both.now, spans, period)
            same(both.before, spans, period.before)
        for turnout, when in ((found.turnout, period), (found.turnout_before, period.before)):
            of = raw.live[(raw.live.time > when.start) & (raw.live.time <= when.end)]
            assert turnout.released == len(of)
            assert turnout.rolled_back == of.version.isin(raw.back).sum()
        assert found.waiting == 1
    year = told.ask(loop_time, Period.until(told.hands.now, 365))
    assert all(year.stages[stage].now.n for stage in Stage if stage not in {Stage.BUSINESS, Stage.VALIDATOR})
    assert year.renewal.now.n > 2
    assert year.turnout.rolled_back
    assert told.ask(loop_time, Period.until(told.hands.now, 365), told.use_case.id) == year
    other = told.ask(loop_time, Period.until(told.hands.now, 365), "use_none")
    assert not any(one.now.n for one in other.stages.values())
    assert other.slowest == ()
    spans = [case.hours(told.hands.now) for case in year.slowest]
    assert spans == sorted(spans, reverse=True)
    assert {year.names[case.version_id].title for case in year.slowest} == {"Credit"}
    assert all(case.request_id.startswith("rel_") for case in year.slowest)


def test_a_longer_history_costs_no_more_statements(store, hands) -> None:
    bench = bench_on(store, hands)

    def statements() -> int:
        seen: list[str] = []

        def note(_connection, _cursor, statement, *_rest) -> None:
            seen.append(statement)

        event.listen(bench.store._reader, "before_cursor_execute", note)
        bench.ask(loop_time, Period.until(bench.hands.now, 365))
        event.remove(bench.store._reader, "before_cursor_execute", note)
        return len(seen)

    story = Story(bench)
    story.answer_alerts(story.release())
    few = statements()
    for _ in range(3):
        story.answer_alerts(story.release())
    assert statements() == few <= 13
    assert statements() <= 3, "no newer entry: nothing is read again but the names"
