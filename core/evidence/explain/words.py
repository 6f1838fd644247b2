"""An explanation in words: what each term means to a reader, and why one case came out as it did."""

from collections.abc import Mapping, Sequence
from math import floor, log10

from core.evidence.explain import labels
from core.evidence.explain.queries import Case, Comparison, Contribution, Explanation
from core.evidence.explain.terms import TOLERANCE, Fallback, Method, Question, Unit
from core.i18n import N_, _, day, ngettext, number

METHOD_NAMES: Mapping[Method, str] = {
    Method.TREE: N_("Exact, from the trees"),
    Method.NATIVE: N_("Exact, from CatBoost's own trees"),
    Method.LINEAR: N_("Exact, from the coefficients"),
    Method.EXACT: N_("Exact, from every coalition of features"),
    Method.PERMUTATION: N_("Estimated from permutations of features"),
}
QUESTION_NAMES: Mapping[Question, str] = {
    Question.PATH: N_("true to the training data"),
    Question.INTERVENTIONAL: N_("true to the model"),
}
FALLBACK_REASONS: Mapping[Fallback, str] = {
    Fallback.MIXED_COLUMNS: N_("A step before the model mixes columns, so predictions alone were used."),
    Fallback.UNSUPPORTED: N_(
        "The exact method does not read this variant of the model, so predictions alone were used."
    ),
    Fallback.LINEAR_LEAVES: N_(
        "The model's leaves hold linear models, which the exact method does not read, so predictions alone were used."
    ),
    Fallback.VECTOR_LEAVES: N_(
        "A leaf of the model speaks of several outputs at once, so predictions alone were used."
    ),
    Fallback.UNSAFE: N_(
        "The library's own answer to this question is not reliable, so predictions alone were used."
    ),
    Fallback.GATE: N_(
        "The exact method's values did not add up to the model's output, so predictions alone were used."
    ),
}


def significant(value: float, digits: int = 3) -> str:
    """A number with about `digits` significant digits, in the reader's notation."""
    if value == 0 or value != value:  # noqa: PLR0124 NaN
        return number(0)
    decimals = digits - 1 - floor(log10(abs(value)))
    return number(value, min(max(decimals, 0), 8)).replace("-", "−")


def signed(value: float, digits: int = 3) -> str:
    """A change with its sign, the minus a true minus."""
    return ("+" if value > 0 else "−" if value < 0 else "") + significant(abs(value), digits)


def unit_name(explanation: Explanation) -> str:
    """What the values are counted in."""
    return unit_text(explanation.unit, explanation.label)


def unit_text(unit: Unit, label: str) -> str:
    """A unit in words; `label` is the explained class."""
    return {
        Unit.MARGIN: _("log-odds of “{label}”", label=label),
        Unit.PROBABILITY: _("probability of “{label}”", label=label),
        Unit.VALUE: _("units of the prediction"),
        Unit.LOG_VALUE: _("logarithm of the prediction"),
    }[unit]


def verdict(explanation: Explanation) -> str:
    """One sentence: whether the values may be relied on."""
    if not explanation.holds:
        return _(
            "These values do not add up to the model's output (off by up to {error}): do not use them in a letter.",
            error=significant(explanation.max_error, 2),
        )
    return ngettext(
        "The one explained row adds up to the model's own output, within {tolerance}.",
        "All {n} explained rows add up to the model's own output, within {tolerance}.",
        explanation.rows,
        tolerance=number(TOLERANCE, 5),
    )


def circumstances(explanation: Explanation) -> str:
    """Method, question, background, error and date: what makes the numbers traceable."""
    parts = [
        _(METHOD_NAMES[explanation.method]),
        _(QUESTION_NAMES[explanation.question]),
        _("in {unit}", unit=unit_name(explanation)),
        _("{rows} of {all} rows", rows=number(explanation.rows), all=number(explanation.population)),
        ngettext("{n} background row", "{n} background rows", explanation.background)
        if explanation.background
        else _("background: the trees' own training counts"),
        _("largest error {error}", error=f"{explanation.max_error:.1e}"),
        day(explanation.created_at),
    ]
    if explanation.largest_standard_error > 0:
        parts.insert(
            -1, _("standard error up to {error}", error=significant(explanation.largest_standard_error, 2))
        )
    return " · ".join(parts)


def value_text(value: object) -> str:
    """A feature's value as a reader writes it."""
    return labels.plain(value)


def reason(contribution: Contribution, case: Case, *, first: bool = False) -> str:
    """Why, in one sentence: the fact in the words of the business, which way it moved the result and by how much."""
    total = sum(abs(c.phi) for c in case.contributions) or 1.0
    others = {c.feature: c.value for c in case.contributions}
    facts = {
        "fact": labels.sentence(contribution.feature, contribution.value, others),
        "amount": signed(contribution.phi),
        "share": number(round(100 * abs(contribution.phi) / total)),
    }
    raised = contribution.phi > 0
    if first and raised:
        return _("{fact}: this raised the result most ({amount}, {share} % of all movement).", **facts)
    if first:
        return _("{fact}: this lowered the result most ({amount}, {share} % of all movement).", **facts)
    if raised:
        return _("{fact}: this raised the result ({amount}, {share} %).", **facts)
    return _("{fact}: this lowered the result ({amount}, {share} %).", **facts)


def reasons(case: Case, most: int = 4) -> Sequence[str]:
    """The strongest reasons of a case, as sentences."""
    moved = [c for c in case.contributions[:most] if c.phi != 0]
    return [reason(c, case, first=i == 0) for i, c in enumerate(moved)]


def agreement(comparison: Comparison) -> str:
    """How two versions' importances agree, and what moved most, in one sentence."""
    moved = max(comparison.pairs, key=lambda p: abs(p.change))
    return _(
        "Rank agreement ρ = {rho}. The largest change is {feature}, by {change}.",
        rho=number(comparison.rank_agreement, 2),
        feature=labels.label(moved.feature).name,
        change=signed(moved.change),
    )
