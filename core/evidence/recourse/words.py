"""An answer about a case in words: what was decided, what would change it, and why there may be nothing."""

from collections.abc import Sequence

from core.evidence.explain import labels
from core.evidence.explain.queries import Case, Contribution
from core.evidence.recourse.case import CaseAnswer
from core.evidence.recourse.counterfactual import Change, Counterfactual
from core.i18n import _, ngettext, number, percent


def as_case(answer: CaseAnswer) -> Case:
    """The attribution of an answer as a case of an explanation, strongest first."""
    order = sorted(answer.phi, key=lambda f: -abs(answer.phi[f]))
    parts = tuple(Contribution(f, answer.values[f], answer.phi[f]) for f in order)
    return Case(row=-1, score=answer.score, base=answer.base, contributions=parts)


def decision(answer: CaseAnswer) -> str:
    """What the model decides, and how far from the threshold."""
    if answer.decided is None:
        return ""
    facts = {
        "label": answer.label,
        "score": percent(answer.decided, 1) if 0 <= answer.decided <= 1 else number(answer.decided, 3),
        "threshold": percent(answer.threshold, 1)
        if 0 <= answer.threshold <= 1
        else number(answer.threshold, 3),
    }
    if answer.positive:
        return _("The model decides for “{label}”: {score}, threshold {threshold}.", **facts)
    return _("The model decides against “{label}”: {score}, threshold {threshold}.", **facts)


def change(one: Change) -> str:
    """One change as a clause."""
    facts = {
        "feature": labels.label(one.feature).name,
        "before": labels.told(one.feature, one.before),
        "after": labels.told(one.feature, one.after),
    }
    if one.follows:
        return _("{feature} then becomes {after} (now {before})", **facts)
    return _("{feature}: {after} instead of {before}", **facts)


def outcome(found: Counterfactual) -> str:
    """Where the changes lead."""
    score = percent(found.score, 1) if 0 <= found.score <= 1 else number(found.score, 3)
    return ngettext(
        "{n} change; the score would be {score}",
        "{n} changes; the score would be {score}",
        len(found.own),
        score=score,
    )


def nothing(answer: CaseAnswer) -> str:
    """Why nothing is offered: said as an answer, not as an error."""
    if not answer.tried:
        return _("Nothing may change in this case: the limits fix every feature.")
    if answer.implausible:
        return ngettext(
            "None within these limits: {n} combination would flip the decision, but is unlike any case seen.",
            "None within these limits: {n} combinations would flip the decision, but are unlike any case seen.",
            answer.implausible,
        )
    return _("None within these limits, among {n} combinations tried on the model.", n=number(answer.tried))


def sentences(answer: CaseAnswer) -> Sequence[str]:
    """What would change the decision, one sentence per counterfactual."""
    return [f"{'; '.join(change(c) for c in found.changes)} ({outcome(found)})." for found in answer.cases]
