"""Two real models, trained in the test: bookings that are cancelled, bicycles rented per hour."""

from dataclasses import dataclass
from pathlib import Path

import joblib
import pandas as pd
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder


@dataclass(frozen=True)
class Trained:
    """A model file, the table to check it on, and what came later: one frame of features, time and truth."""

    slug: str
    title: str
    task: str
    label: str
    positive: str
    metric: str
    model: Path
    table: Path
    features: list[str]
    later: pd.DataFrame
    predicted: list[float]


HOTEL = [
    "hotel",
    "lead_time",
    "stays_in_weekend_nights",
    "stays_in_week_nights",
    "adults",
    "meal",
    "market_segment",
    "distribution_channel",
    "is_repeated_guest",
    "previous_cancellations",
    "deposit_type",
    "customer_type",
    "adr",
    "total_of_special_requests",
]
BIKE = [
    "season",
    "mnth",
    "hr",
    "holiday",
    "weekday",
    "workingday",
    "weathersit",
    "temp",
    "atemp",
    "hum",
    "windspeed",
]


def hotel(data: Path, folder: Path) -> Trained:
    """Cancellation, from what is known at booking; fitted on the first 70 % of the reference in time."""
    rows = pd.read_parquet(data / "hotel_bookings" / "data.parquet").sort_values("event_time", kind="stable")
    before = rows[(rows["event_time"] >= "2015-07-01") & (rows["event_time"] < "2016-03-01")]
    cut = int(len(before) * 0.7)
    fit = before.iloc[:cut].sample(8000, random_state=0)
    check = before.iloc[cut:].sample(2500, random_state=0)
    later = months(rows, "2016-03-01", "2016-09-01", 500)
    words = [name for name in HOTEL if not pd.api.types.is_numeric_dtype(rows[name])]
    model = make_pipeline(
        make_column_transformer(
            (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), words),
            remainder="passthrough",
        ),
        HistGradientBoostingClassifier(max_iter=60, random_state=0),
    ).fit(fit[HOTEL], fit["is_canceled"])
    path = folder / "cancellation.skops"
    skops.io.dump(model, path)
    table = folder / "bookings.parquet"
    check[[*HOTEL, "is_canceled"]].to_parquet(table, index=False)
    return Trained(
        slug="hotel-cancellation",
        title="Hotel cancellation",
        task="binary",
        label="is_canceled",
        positive="1",
        metric="roc_auc",
        model=path,
        table=table,
        features=HOTEL,
        later=later,
        predicted=model.predict_proba(later[HOTEL])[:, 1].tolist(),
    )


def bike(data: Path, folder: Path) -> Trained:
    """Rentals per hour, from calendar and weather; the year after, demand grows while the inputs stand still."""
    rows = pd.read_parquet(data / "bike_hourly" / "data.parquet").sort_values("event_time", kind="stable")
    before = rows[rows["event_time"] < "2012-01-01"]
    shuffled = before.sample(frac=1, random_state=0)
    fit, check = shuffled.iloc[:6000], shuffled.iloc[6000:8500]
    later = months(rows, "2012-01-01", "2012-07-01", 400)
    model = HistGradientBoostingRegressor(max_iter=80, random_state=0).fit(fit[BIKE], fit["cnt"])
    path = folder / "rentals.joblib"
    joblib.dump(model, path)
    table = folder / "rentals.csv"
    check[[*BIKE, "cnt"]].to_csv(table, index=False)
    return Trained(
        slug="bike-rentals",
        title="Bike rentals",
        task="regression",
        label="cnt",
        positive="",
        metric="r2",
        model=path,
        table=table,
        features=BIKE,
        later=later,
        predicted=model.predict(later[BIKE]).tolist(),
    )


def months(rows: pd.DataFrame, start: str, end: str, each: int) -> pd.DataFrame:
    """Return `each` rows of every month from `start` until before `end`, in time."""
    inside = rows[(rows["event_time"] >= start) & (rows["event_time"] < end)]
    month = inside["event_time"].dt.to_period("M")
    return inside.groupby(month, group_keys=False).sample(each, random_state=0).sort_values("event_time")
