"""Formulas over the four shared data sets give what pandas gives on its own way."""

import os
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.evidence.kpis import evaluating
from core.evidence.kpis.formula_plan import plan
from core.evidence.kpis.formula_reading import read_formula

DATA = os.environ.get("AVAL_TEST_DATA", "")
CASES = {
    "bank_marketing": {
        "share(y = 'yes')": lambda d: (d.y == "yes").mean(),
        "sum(case when y = 'yes' then 12.5 else -1.75 * campaign end)": lambda d: (
            (d.y == "yes").mul(12.5) + (d.y != "yes") * -1.75 * d.campaign
        ).sum(),
        "sum(balance) / count(distinct job)": lambda d: d.balance.sum() / d.job.nunique(),
        "median(age) - avg(case when poutcome = 'success' then age end)": lambda d: (
            d.age.median() - d.age[d.poutcome == "success"].mean()
        ),
    },
    "hotel_bookings": {
        "sum(case when is_canceled = 1 then -0.2 * adr else adr end)": lambda d: d.adr.where(
            d.is_canceled != 1, -0.2 * d.adr
        ).sum(),
        "share(is_canceled = 1 and lead_time > 90)": lambda d: (
            (d.is_canceled == 1) & (d.lead_time > 90)
        ).mean(),
        "count_if(adr <= 0) / count(*)": lambda d: (d.adr <= 0).mean(),
        "avg(coalesce(children, 0) + babies)": lambda d: (d.children.fillna(0) + d.babies).mean(),
    },
    "bike_hourly": {
        "avg(abs(cnt - 150))": lambda d: (d.cnt - 150).abs().mean(),
        "sum(casual) / sum(registered)": lambda d: d.casual.sum() / d.registered.sum(),
        "share(event_time >= '2012-01-01')": lambda d: (d.event_time >= pd.Timestamp("2012-01-01")).mean(),
        "max(cnt) - min(cnt)": lambda d: d.cnt.max() - d.cnt.min(),
    },
    "acs_employment_ma": {
        "share(prediction = employed)": lambda d: (d.prediction == d.employed).mean(),
        "sum(case when prediction = 1 then case when employed = 1 then 310.25 else -95.4 end end)": lambda d: (
            ((d.prediction == 1) * ((d.employed == 1) * 310.25 + (d.employed != 1) * -95.4)).sum()
        ),
        "avg((predicted_probability - employed) * (predicted_probability - employed))": lambda d: (
            (d.predicted_probability - d.employed) ** 2
        ).mean(),
        "count_if(prediction = 1 and employed = 1) / nullif(count_if(employed = 1), 0)": lambda d: (
            ((d.prediction == 1) & (d.employed == 1)).sum() / (d.employed == 1).sum()
        ),
    },
}


@pytest.mark.shared_data
@pytest.mark.skipif(not DATA, reason="AVAL_TEST_DATA is not set")
@pytest.mark.parametrize("name", CASES)
def test_equals_pandas(name):
    path = Path(DATA) / name / "data.parquet"
    frame = pd.read_parquet(path)
    columns = evaluating.columns_of(pq.read_schema(path))
    for text, wanted in CASES[name].items():
        read = read_formula(text, columns)
        found = evaluating.evaluate(pq.read_table(path, columns=list(read.columns)), plan(read)).value
        assert found == pytest.approx(float(wanted(frame)), rel=1e-9), text
        if "12.5" in text or "adr else" in text or "310.25" in text:
            assert round(found, 2) == round(float(wanted(frame)), 2)
