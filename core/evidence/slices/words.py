"""Slices in sentences, in the reader's language."""

from core.evidence.slices.finding import Condition, Found, Slice
from core.i18n import _, number, percent


def rule(found: Slice) -> str:
    """Write the rule of a slice: income at most 2,300 · purpose is car."""
    return " · ".join(condition(c) for c in found.conditions)


def condition(one: Condition) -> str:
    """Write one condition."""
    value = _amount(one.value) if isinstance(one.value, float) else one.value
    words = {
        "at_most": _("{feature} at most {value}", feature=one.feature, value=value),
        "above": _("{feature} above {value}", feature=one.feature, value=value),
        "is": _("{feature} is {value}", feature=one.feature, value=value),
        "is_not": _("{feature} is not {value}", feature=one.feature, value=value),
    }[one.relation]
    return words + (" " + _("or empty") if one.or_missing else "")


def error(found: Found, value: float) -> str:
    """Write an error: a share of wrong decisions, or a distance in the label's unit."""
    return percent(value) if found.kind == "wrong" else _amount(value)


def sentence(found: Found, one: Slice) -> str:
    """Say how much worse the model is in a slice, and how sure that is."""
    words = {
        "rule": rule(one),
        "error": error(found, one.error),
        "low": error(found, one.low),
        "high": error(found, one.high),
        "overall": error(found, found.overall),
        "n": number(one.n, 0),
    }
    if found.kind == "wrong":
        return _(
            "Where {rule}, {error} of the decisions are wrong [{low}; {high}], against {overall} of all; {n} rows.",
            **words,
        )
    return _(
        "Where {rule}, predictions miss by {error} on average [{low}; {high}], against {overall} of all; {n} rows.",
        **words,
    )


def _amount(value: float) -> str:
    if value and abs(value) < 10:
        return number(value, 3)
    return number(value, 0 if abs(value) >= 1000 else 1)
