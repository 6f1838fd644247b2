"""A promise and what came of it: the gap in parts that add up to it exactly."""

import math
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from core.evidence.monitoring.significance import Z
from core.evidence.worth.threshold import Band

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Promise:
    """What a version was approved to be worth in a month: money with its interval, the volume and mix behind it."""

    request_id: str
    version_id: str
    use_case_id: str
    currency: str
    threshold: float
    monthly_rows: int
    value: Decimal
    low: Decimal
    high: Decimal
    bands: tuple[Band, ...]
    matrix_id: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """Realised minus promised: outcomes still waited for, volume, mix, and what each kind of case was worth."""

    waiting: Decimal
    volume: Decimal
    mix: Decimal
    quality: Decimal

    @property
    def whole(self) -> Decimal:
        return self.waiting + self.volume + self.mix + self.quality


@dataclass(frozen=True, slots=True)
class Month:
    """What a month realised: over rows whose outcome is known, with the gap to the promise."""

    start: date
    promised: Decimal
    rows: int
    labelled: int
    value: Decimal
    low: Decimal | None
    high: Decimal | None
    gap: Gap

    @property
    def coverage(self) -> float:
        return self.labelled / self.rows if self.rows else 0.0


def promised(promise: Promise, part: float) -> Decimal:
    """Return what a promise comes to in a part of a month."""
    return (
        promise.value
        if part == 1.0
        else (promise.value * Decimal(repr(part))).quantize(CENT, ROUND_HALF_EVEN)
    )


def money(value: float) -> Decimal:
    """Bring a sum to the cent."""
    return Decimal(repr(value)).quantize(CENT, ROUND_HALF_EVEN)


def expected(
    bands: Sequence[Band], deviation: float, n: int, monthly_rows: int
) -> tuple[Decimal, Decimal, Decimal]:
    """Return the monthly worth with its interval: the mean over `n` untouched rows, its error and that of the month.

    A month is a sample of its own: its variance is that of the mean for the volume plus that of so many rows.
    """
    mean = sum(one.share * one.mean for one in bands)
    error = Z * deviation * math.sqrt(monthly_rows**2 / n + monthly_rows) if n else math.nan
    value = mean * monthly_rows
    return money(value), money(value - error), money(value + error)


def part_of_month(start: date, made_at: datetime) -> float:
    """Return the share of a month that a promise covers: the first one only from the day on which it was made."""
    days = monthrange(start.year, start.month)[1]
    first = made_at.date()
    return (days - first.day + 1) / days if (first.year, first.month) == (start.year, start.month) else 1.0


def gap(
    promise: Promise,
    rows: int,
    labelled: int,
    shares: Sequence[float],
    sums: Sequence[float],
    part: float = 1.0,
) -> Gap:
    """Cut the gap of a month in four; `shares` and `sums` are over labelled rows, by band.

    `part` is the share of the month that the promise covers: so much of its volume and worth counts.

    With V volume, w shares and m means: waiting (L−V₁)·Σw₀m₀, volume (V₁−V₀)·Σw₀m₀, mix L·Σ(w₁−w₀)m₀, quality
    L·Σw₁(m₁−m₀). The parts are rounded to the cent; quality takes what rounding leaves.
    """
    mean = sum(one.share * one.mean for one in promise.bands)
    waiting = money((labelled - rows) * mean)
    volume = money((rows - promise.monthly_rows * part) * mean)
    mix = money(labelled * sum((w - b.share) * b.mean for w, b in zip(shares, promise.bands, strict=True)))
    whole = money(sum(sums)) - promised(promise, part)
    return Gap(waiting, volume, mix, whole - waiting - volume - mix)
