"""The law map: every provision of every followed law against the facts of every use case."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.assets.registry.usecase import RiskTier
from core.assurance.compliance.controls import CONTROLS, Answer, Met
from core.assurance.compliance.facts import Facts, HouseFacts
from core.assurance.compliance.provision import Applies, Law, Provision


@dataclass(frozen=True, slots=True)
class Status:
    """One provision for one use case, with what each of its controls found, in order."""

    provision: Provision
    met: Met
    answers: tuple[tuple[str, Answer], ...]


def audience(facts: Facts) -> frozenset[Applies]:
    """Return to whom of those that provisions speak to this use case belongs.

    Personal data that nobody has ruled out counts as there.
    """
    personal = facts.personal_data is not False
    high = facts.tier == RiskTier.HIGH.value
    found = {
        Applies.ALWAYS: True,
        Applies.PERSONAL_DATA: personal,
        Applies.AUTOMATED: personal and facts.automated,
        Applies.HIGH_RISK: high,
        Applies.HIGH_RISK_PERSONAL_DATA: high and personal,
    }
    return frozenset(one for one, belongs in found.items() if belongs)


def applies(provision: Provision, facts: Facts) -> bool:
    """Whether a provision speaks to this use case."""
    return provision.applies in audience(facts)


def status(provision: Provision, facts: Facts, house: HouseFacts, now: datetime) -> Status:
    """Judge one provision: met when every control is, not met when none is, partly otherwise."""
    if provision.not_ours:
        return Status(provision, Met.NOT_OURS, ())
    if not applies(provision, facts):
        return Status(provision, Met.NOT_APPLICABLE, ())
    answers = tuple((name, CONTROLS[name].ask(facts, house, now)) for name in provision.controls)
    found = {answer.met for _name, answer in answers}
    whole = Met.MET if found == {Met.MET} else Met.NOT_MET if found == {Met.NOT_MET} else Met.PARTLY
    return Status(provision, whole, answers)


def of_case(laws: Sequence[Law], facts: Facts, house: HouseFacts, now: datetime) -> tuple[Status, ...]:
    """Return the status of every provision for one use case."""
    return tuple(status(p, facts, house, now) for law in laws for p in law.provisions)


def tally(
    laws: Sequence[Law], cases: Sequence[Facts], house: HouseFacts, now: datetime
) -> Mapping[str, Mapping[str, Counter[Met]]]:
    """Count states by use case id and law id.

    Each control is asked once for a use case, however many provisions name it: a thousand use cases cost a thousand
    times the controls, not the provisions.
    """
    names = sorted({c for law in laws for p in law.provisions for c in p.controls})
    found: dict[str, dict[str, Counter[Met]]] = {}
    for facts in cases:
        answers = {name: CONTROLS[name].ask(facts, house, now).met for name in names}
        spoken_to = audience(facts)
        found[facts.use_case_id] = {law.id: _count(law, spoken_to, answers) for law in laws}
    return found


def worst_first(cases: Sequence[Facts], counts: Mapping[str, Mapping[str, Counter[Met]]]) -> list[Facts]:
    """Order use cases by how many provisions are not met, then by how many are met in part."""

    def owed(facts: Facts) -> tuple[int, int, str]:
        laws = counts[facts.use_case_id].values()
        return -sum(c[Met.NOT_MET] for c in laws), -sum(c[Met.PARTLY] for c in laws), facts.title

    return sorted(cases, key=owed)


def _count(law: Law, spoken_to: frozenset[Applies], answers: Mapping[str, Met]) -> Counter[Met]:
    states: list[Met] = []
    for p in law.provisions:
        if p.not_ours:
            states.append(Met.NOT_OURS)
        elif p.applies not in spoken_to:
            states.append(Met.NOT_APPLICABLE)
        else:
            first = answers[p.controls[0]]
            states.append(first if all(answers[c] is first for c in p.controls) else Met.PARTLY)
    return Counter(states)


def documents_asked(laws: Sequence[Law], facts: Facts) -> Mapping[str, tuple[tuple[Law, str], ...]]:
    """Return which documents the provisions ask of a use case, by kind, each with the articles (law, article) that do."""
    found: dict[str, list[tuple[Law, str]]] = {}
    for law in laws:
        for provision in law.provisions:
            if provision.not_ours or not applies(provision, facts):
                continue
            for control in provision.controls:
                if control.startswith("document:"):
                    found.setdefault(control.removeprefix("document:"), []).append((law, provision.article))
    return {kind: tuple(articles) for kind, articles in found.items()}
