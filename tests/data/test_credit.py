import subprocess
import sys
from datetime import date

import numpy as np
import pandas as pd
import pytest

from data.demo import credit

END = date(2026, 11, 23)


@pytest.fixture(scope="module")
def rows():
    return credit.applications(END)


def test_same_seed_same_digest_in_another_process():
    script = (
        "from datetime import date; from data.demo import credit;"
        "print(credit.applications(date(2026, 11, 23), months=14, per_month=50).digest)"
    )
    elsewhere = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    here = credit.applications(END, months=14, per_month=50)
    assert elsewhere.stdout.strip() == here.digest
    assert credit.applications(END, months=14, per_month=50, seed=1).digest != here.digest


def test_eighteen_months_end_the_day_before(rows):
    days = rows.frame["applied_at"].dt.date
    assert days.min() == date(2025, 5, 23)
    assert days.max() == date(2026, 11, 22)
    assert len(rows.frame) == credit.MONTHS * credit.PER_MONTH
    assert rows.frame["applied_at"].is_monotonic_increasing


def test_the_last_day_of_a_long_month_is_safe():
    days = credit.applications(date(2026, 3, 31), months=3, per_month=40).frame["applied_at"].dt.date
    assert days.max() < date(2026, 3, 31)


def test_labels_arrive_ninety_days_later(rows):
    delay = rows.frame["label_known_at"] - rows.frame["applied_at"]
    assert (delay == pd.Timedelta(days=90)).all()


def test_income_falls_and_rates_rise_only_late(rows):
    monthly = rows.frame.groupby("month")[["income", "monthly_rate"]].mean()
    early, late = monthly.loc[:11], monthly.loc[15:]
    assert late["income"].max() < early["income"].min() * 0.95
    assert late["monthly_rate"].min() > early["monthly_rate"].max() + 0.5


def test_protected_attributes_are_no_features(rows):
    assert not set(credit.PROTECTED) & set(credit.FEATURES)
    assert set(credit.PROTECTED) <= set(rows.frame.columns)


def test_rates_of_default_are_plausible(rows):
    share = rows.frame.groupby("month")[credit.LABEL].mean()
    assert share.between(0.08, 0.35).all()
    assert np.isclose(rows.frame["utilisation"].isna().mean(), 0.055, atol=0.03)
