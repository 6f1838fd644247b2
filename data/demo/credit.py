"""Credit applications of an invented Brazilian lender: a seeded generator, no real person in it.

How a row comes about, in this order, so that the causes are known when a chart shows their effect:

1. **When.** Every month, counted back from the day of generation, has the same number of applications,
   spread evenly over its days and office hours.
2. **Who.** Sex, age band and region are drawn from shares near those of the adult population (IBGE, 2022
   census, rounded). They are *protected*: they shape income and employment, as they do in the world, and
   never enter a model.
3. **Means.** Employment depends on age and on the month; monthly income (R$) is log-normal around a level
   set by employment, age, region and sex. A man's income level is 12 % above a woman's, the only direct
   effect of sex.
4. **History.** A hidden trait, reliability, drives bureau score, card utilisation, past delays and
   inquiries. Thin files (no utilisation known) are more frequent among the young.
5. **Asked.** Amount follows income, term follows amount; the monthly rate is the base rate of the month
   plus a premium for a low score. Instalment by the annuity formula; its share of income is a feature.
6. **Outcome.** Default within 90 days is a Bernoulli draw from a logistic model of reliability, score,
   utilisation, delays, instalment share and employment, with two steps that no straight line follows: a
   dear instalment under a low score, and much used credit with fresh inquiries. It is *known* 90 days after
   the application, not before.

Two applications of five, by their number, are held out: every model is judged on the same ones.

What changes late (`SHIFT_START` months before the end): the share of informal and gig work rises and the
income level falls by up to 18 %, the base rate climbs from 2.4 to 3.8 % a month, the app takes over from
the branch, and thin files double. The law of the outcome also moves: a dear instalment weighs more (concept
drift).
"""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

SEED = 20_241
MONTHS = 18
PER_MONTH = 1_500
SHIFT_START = 6
LABEL_DELAY = timedelta(days=90)

LABEL = "default_90d"
PROTECTED = ("sex", "age_band", "region")
NUMBERS = (
    "income",
    "amount",
    "term",
    "monthly_rate",
    "instalment_share",
    "tenure_months",
    "bureau_score",
    "utilisation",
    "past_delays",
    "inquiries_6m",
)
CATEGORIES = ("employment", "purpose", "channel", "device")
FEATURES = NUMBERS + CATEGORIES

SEXES = {"female": 0.52, "male": 0.48}
AGE_BANDS = {"18-24": 0.16, "25-34": 0.23, "35-44": 0.22, "45-59": 0.24, "60+": 0.15}
REGIONS = {"Norte": 0.09, "Nordeste": 0.27, "Centro-Oeste": 0.08, "Sudeste": 0.42, "Sul": 0.14}
EMPLOYMENT = ("salaried", "public", "self_employed", "informal", "gig", "retired")
PURPOSES = {"debt": 0.36, "vehicle": 0.18, "home": 0.17, "education": 0.08, "health": 0.09, "other": 0.12}
DEVICES = ("android", "ios", "desktop", "none")

_EMPLOYMENT_BY_AGE = np.array(
    [
        [0.46, 0.04, 0.10, 0.24, 0.16, 0.00],
        [0.52, 0.08, 0.14, 0.16, 0.10, 0.00],
        [0.50, 0.12, 0.18, 0.14, 0.06, 0.00],
        [0.44, 0.15, 0.20, 0.13, 0.03, 0.05],
        [0.12, 0.06, 0.10, 0.06, 0.01, 0.65],
    ]
)
_INCOME_BY_EMPLOYMENT = np.array([3_400, 5_600, 3_900, 1_900, 2_200, 2_700], dtype=float)
_INCOME_BY_AGE = np.array([0.72, 0.95, 1.12, 1.18, 1.05])
_INCOME_BY_REGION = np.array([0.84, 0.78, 1.08, 1.12, 1.10])
_RISK_BY_EMPLOYMENT = np.array([-0.15, -0.70, 0.10, 0.40, 0.45, -0.25])


@dataclass(frozen=True)
class Applications:
    """Applications in order of time.

    `frame` has one row per application: `application_id`, `applied_at` (UTC), the features, the protected
    attributes, the label (0 or 1) and `label_known_at`.
    """

    frame: pd.DataFrame
    end: date

    def months(self, first: int, last: int) -> pd.DataFrame:
        """Rows of the months `first` to `last`, counted from 0 at the oldest, both included."""
        month = self.frame["month"]
        return self.frame[(month >= first) & (month <= last)].drop(columns="month").reset_index(drop=True)

    def fitting(self, first: int, last: int) -> pd.DataFrame:
        """Rows of these months that models may learn from."""
        rows = self.months(first, last)
        return rows[~_held_out(rows)].reset_index(drop=True)

    def judging(self, first: int, last: int) -> pd.DataFrame:
        """Rows of these months that no model learns from: the same applications for every version."""
        rows = self.months(first, last)
        return rows[_held_out(rows)].reset_index(drop=True)

    @property
    def digest(self) -> str:
        """SHA-256 of all rows written as CSV: the same for the same seed, end and size."""
        return hashlib.sha256(self.frame.to_csv(index=False).encode()).hexdigest()


def table(rows: pd.DataFrame, *, label: bool = True) -> pd.DataFrame:
    """Columns that an evaluation takes: features, protected attributes and, if wanted, the label."""
    return rows[[*FEATURES, *PROTECTED, *([LABEL] if label else [])]]


def months_before(end: date, back: int) -> date:
    """The same day `back` months earlier, never after the 28th so that every month has it."""
    index = end.year * 12 + end.month - 1 - back
    return date(index // 12, index % 12 + 1, min(end.day, 28))


def applications(
    end: date, *, months: int = MONTHS, per_month: int = PER_MONTH, seed: int = SEED
) -> Applications:
    """Generate `months` × `per_month` applications, the last of them made on the day before `end`."""
    rng = np.random.default_rng(seed)
    n = months * per_month
    month = np.repeat(np.arange(months), per_month)
    shift = np.clip((month - (months - SHIFT_START) + 1) / SHIFT_START, 0, 1)
    who = _people(rng, n)
    work = _employment(rng, who["age"], shift)
    income = _income(rng, who, work, shift)
    history = _history(rng, who["age"], shift)
    asked = _asked(rng, income, history["bureau_score"], month, shift)
    default = _outcome(rng, history, asked, work, shift)
    applied = _moments(rng, end, month, months)
    frame = pd.DataFrame(
        {
            "application_id": [f"APP-{i:06d}" for i in range(n)],
            "applied_at": applied,
            "month": month,
            "income": income.round(2),
            "amount": asked["amount"],
            "term": asked["term"],
            "monthly_rate": asked["rate"].round(2),
            "instalment_share": asked["share"].round(4),
            "tenure_months": _tenure(rng, work),
            "bureau_score": history["bureau_score"],
            "utilisation": history["utilisation"].round(3),
            "past_delays": history["past_delays"],
            "inquiries_6m": history["inquiries_6m"],
            "employment": np.array(EMPLOYMENT)[work],
            "purpose": rng.choice(list(PURPOSES), n, p=list(PURPOSES.values())),
            **_contact(rng, who["age"], shift),
            "sex": np.array(list(SEXES))[who["sex"]],
            "age_band": np.array(list(AGE_BANDS))[who["age"]],
            "region": np.array(list(REGIONS))[who["region"]],
            LABEL: default,
        }
    )
    frame["label_known_at"] = frame["applied_at"] + LABEL_DELAY
    return Applications(frame.sort_values("applied_at", ignore_index=True), end)


def _held_out(rows: pd.DataFrame) -> pd.Series:
    """Two applications of five, by their number: known before anything is fitted."""
    return rows["application_id"].str[-6:].astype(int) % 5 < 2


def _people(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    return {
        name: rng.choice(len(shares), n, p=list(shares.values()))
        for name, shares in (("sex", SEXES), ("age", AGE_BANDS), ("region", REGIONS))
    }


def _employment(rng: np.random.Generator, age: np.ndarray, shift: np.ndarray) -> np.ndarray:
    weights = _EMPLOYMENT_BY_AGE[age].copy()
    weights[:, 3] *= 1 + 0.9 * shift
    weights[:, 4] *= 1 + 1.6 * shift
    return _pick(rng, weights)


def _income(
    rng: np.random.Generator, who: dict[str, np.ndarray], work: np.ndarray, shift: np.ndarray
) -> np.ndarray:
    level = _INCOME_BY_EMPLOYMENT[work] * _INCOME_BY_AGE[who["age"]] * _INCOME_BY_REGION[who["region"]]
    level = level * np.where(who["sex"] == 1, 1.12, 1.0) * (1 - 0.18 * shift)
    income: np.ndarray = np.maximum(level * rng.lognormal(-0.08, 0.42, work.size), 700.0)
    return income


def _history(rng: np.random.Generator, age: np.ndarray, shift: np.ndarray) -> dict[str, np.ndarray]:
    n = age.size
    trait = rng.normal(0, 1, n)
    score = 610 + 105 * trait + 12 * (age - 2) + rng.normal(0, 55, n)
    utilisation = 1 / (1 + np.exp(0.35 + 0.75 * trait + rng.normal(0, 0.8, n)))
    thin = rng.random(n) < (0.04 + 0.05 * (age == 0)) * (1 + shift)
    return {
        "trait": trait,
        "bureau_score": np.clip(score, 0, 1000).round().astype("int64"),
        "utilisation": np.where(thin, np.nan, utilisation),
        "past_delays": rng.poisson(np.exp(-0.75 - 0.75 * trait)).clip(max=12).astype("int64"),
        "inquiries_6m": rng.poisson(np.exp(0.35 - 0.3 * trait)).clip(max=15).astype("int64"),
    }


def _asked(
    rng: np.random.Generator, income: np.ndarray, score: np.ndarray, month: np.ndarray, shift: np.ndarray
) -> dict[str, np.ndarray]:
    n = income.size
    amount = (income * rng.lognormal(0.75, 0.5, n)).clip(500, 60_000).round(-2)
    longer = rng.random(n) + np.log(amount / income) / 3
    term = np.array([6, 12, 18, 24, 36, 48])[np.digitize(longer, [0.25, 0.5, 0.75, 1.0, 1.25])]
    rate = 2.4 + 0.01 * month + 1.2 * shift + np.clip((650 - score) / 160, 0, 3) + rng.normal(0, 0.45, n)
    rate = rate.clip(0.9, None)
    monthly = rate / 100
    instalment = amount * monthly / (1 - (1 + monthly) ** -term)
    return {"amount": amount, "term": term.astype("int64"), "rate": rate, "share": instalment / income}


def _outcome(
    rng: np.random.Generator,
    history: dict[str, np.ndarray],
    asked: dict[str, np.ndarray],
    work: np.ndarray,
    shift: np.ndarray,
) -> np.ndarray:
    score = (history["bureau_score"] - 600) / 120
    burden = (asked["share"] - 0.15).clip(-0.15, 0.6)
    used = np.nan_to_num(history["utilisation"], nan=0.55)
    stretched = (burden > 0.03) & (score < 0.3)
    juggling = (used > 0.5) & (history["inquiries_6m"] >= 2)
    logit = (
        -2.75
        - 0.45 * history["trait"]
        - 0.4 * score
        + 0.8 * (used - 0.4)
        + 0.2 * history["past_delays"]
        + (2.2 + 2.4 * shift) * burden
        + _RISK_BY_EMPLOYMENT[work]
        + 1.1 * stretched
        + 1.2 * juggling
        - 0.9 * (stretched & (history["past_delays"] == 0) & (used < 0.35))
    )
    drawn: np.ndarray = (rng.random(score.size) < 1 / (1 + np.exp(-logit))).astype("int64")
    return drawn


def _moments(rng: np.random.Generator, end: date, month: np.ndarray, months: int) -> pd.DatetimeIndex:
    starts = pd.DatetimeIndex([months_before(end, back) for back in range(months, -1, -1)])
    seconds_in = np.diff(starts).astype("timedelta64[s]").astype("int64")
    day = np.floor(rng.random(month.size) * (seconds_in[month] / 86_400))
    second = day * 86_400 + 8 * 3_600 + np.floor(rng.random(month.size) * 12 * 3_600)
    moments = pd.DatetimeIndex(starts[month] + pd.to_timedelta(second, unit="s"))
    return moments.tz_localize("UTC")


def _tenure(rng: np.random.Generator, work: np.ndarray) -> np.ndarray:
    months = rng.gamma(1.4, np.array([40, 90, 50, 22, 12, 60])[work]).round()
    return np.where(np.isin(work, [4, 5]), np.nan, months)


def _contact(rng: np.random.Generator, age: np.ndarray, shift: np.ndarray) -> dict[str, np.ndarray]:
    digital = np.array([0.86, 0.8, 0.66, 0.48, 0.27])[age]
    digital = digital + (0.95 - digital) * 0.6 * shift
    draw = rng.random(age.size)
    channel = np.where(draw < digital * 0.78, "app", np.where(draw < digital, "web", "branch"))
    partner = (channel == "branch") & (rng.random(age.size) < 0.35)
    channel = np.where(partner, "partner", channel)
    phone = np.where(rng.random(age.size) < 0.78, "android", "ios")
    device = np.where(channel == "app", phone, np.where(channel == "web", "desktop", "none"))
    return {"channel": channel, "device": device}


def _pick(rng: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    """One index per row, by the weights of that row."""
    edges = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    picked: np.ndarray = (rng.random((len(weights), 1)) > edges[:, :-1]).sum(axis=1)
    return picked
