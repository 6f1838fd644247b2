"""What `aval drift --joint` and `--target` add: measures over several columns, on a sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import Invalid
from core.evidence.monitoring import multivariate
from core.evidence.monitoring.matrix import Matrices, sample
from core.evidence.monitoring.sources import Source
from core.i18n import N_, _, number

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

_ROWS = 50_000
_ROWS_OF_TREES = 10_000
_LISTED = 20
_CERTAIN = 0.001


@dataclass(frozen=True, slots=True)
class Measured:
    """Quantities that a rule may ask for, the details for JSON, and sentences."""

    facts: Mapping[str, float]
    details: Mapping[str, Json]
    words: tuple[str, ...]


def measure(a: Source, b: Source, columns: Sequence[str], *, target: str | None, joint: bool) -> Measured:
    """Measure what was asked for; raise `Invalid` for a target that the files do not share."""
    if target is not None and target not in columns:
        raise Invalid(
            "drift.target",
            N_("The files share no column {column}."),
            fix=N_("Name one of: {columns}."),
            column=target,
            columns=", ".join(list(columns)[:40]),
        )
    taken = sample(a, b, columns, rows=_ROWS)
    if target is not None and target not in taken.names:
        raise Invalid(
            "drift.target_text",
            N_("The column {column} is free text or of another type in each file."),
            fix=N_("Name a column of numbers, categories or yes and no."),
            column=target,
        )
    facts: dict[str, float] = {}
    details: dict[str, Json] = {"sampled_rows": [len(taken.reference), len(taken.current)]}
    words: list[str] = []
    if target is not None:
        _target(taken, target, facts, details, words)
    if joint:
        _joint(taken, facts, details, words)
    return Measured(facts, details, tuple(words))


def _target(
    taken: Matrices, target: str, facts: dict[str, float], details: dict[str, Json], words: list[str]
) -> None:
    at = taken.names.index(target)
    found = []
    for i, name in enumerate(taken.names):
        if i != at:
            pair = [
                multivariate.association(codes[:, i], values[:, at], ordered=taken.ordered[i])
                for codes, values in (
                    (taken.reference_codes, taken.reference_codes),
                    (taken.current_codes, taken.current_codes),
                )
            ]
            if not np.isnan(pair).any():
                found.append((name, pair[0], pair[1]))
    found.sort(key=lambda one: -abs(one[2] - one[1]))
    facts["target_change"] = abs(found[0][2] - found[0][1]) if found else float("nan")
    listed: list[Json] = [
        {"column": name, "reference": before, "current": after} for name, before, after in found[:_LISTED]
    ]
    details["target"] = {
        "column": target,
        "variant": multivariate.VARIANTS["target_change"],
        "columns": listed,
    }
    if found:
        name, before, after = found[0]
        words.append(
            _(
                "Link with {target} changed most for {column}: {before} → {after}",
                target=target,
                column=name,
                before=number(before, 3),
                after=number(after, 3),
            )
        )


def _joint(taken: Matrices, facts: dict[str, float], details: dict[str, Json], words: list[str]) -> None:
    ordered = [i for i, one in enumerate(taken.ordered) if one]
    names = [taken.names[i] for i in ordered]
    pairs = multivariate.correlation_changes(names, taken.reference[:, ordered], taken.current[:, ordered])
    facts["correlation_change"] = abs(pairs[0].after - pairs[0].before) if pairs else float("nan")
    listed: list[Json] = [
        {"columns": list(one.columns), "reference": one.before, "current": one.after, "q_value": one.q_value}
        for one in pairs[:_LISTED]
    ]
    details["correlations"] = {"variant": multivariate.VARIANTS["correlation_change"], "pairs": listed}
    sure = next((one for one in pairs if one.q_value <= _CERTAIN), None)
    if sure:
        words.append(
            _(
                "Correlation changed most between {a} and {b}: {before} → {after}",
                a=sure.columns[0],
                b=sure.columns[1],
                before=number(sure.before, 3),
                after=number(sure.after, 3),
            )
        )
    else:
        words.append(_("No correlation changed beyond chance"))
    error = multivariate.reconstruction(taken.reference, taken.current)
    facts["reconstruction"] = error.deviations
    details["reconstruction"] = {
        "variant": multivariate.VARIANTS["reconstruction"],
        "reference": _finite(error.reference),
        "current": _finite(error.current),
        "deviations": _finite(error.deviations),
        "components": error.components,
    }
    words.append(
        _(
            "Reconstruction error: {before} → {after} ({far} standard deviations of chance)",
            before=number(error.reference, 3),
            after=number(error.current, 3),
            far=number(error.deviations, 1),
        )
    )
    steps = [max(1, len(side) // _ROWS_OF_TREES) for side in (taken.reference, taken.current)]
    auc = multivariate.domain_auc(taken.reference[:: steps[0]], taken.current[:: steps[1]])
    facts["domain_auc"] = auc
    details["domain_classifier"] = {"variant": multivariate.VARIANTS["domain_auc"], "auc": _finite(auc)}
    words.append(_("A classifier tells the files apart with ROC AUC {auc}", auc=number(auc, 3)))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
