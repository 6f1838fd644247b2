"""Draft the letter of a decided request from the record: what the use case says, what was found, what was decided."""

from sqlmodel import Session

from core.assets.datasets import queries as datasets
from core.assets.registry import UseCase, Version
from core.assets.registry import queries as registry
from core.assurance.reviews import queries
from core.assurance.reviews.letter import Letter, LetterFacts, compose, template
from core.assurance.reviews.queries import Review
from core.assurance.reviews.request import KIND_NAMES, OF_A_DECISION
from core.errors import Conflict
from core.i18n import N_, _, day, speaking
from core.platform.access import queries as access

MOST_CRITERIA = 12


def draft(session: Session, review_id: str) -> Letter:
    """Return the letter as it would be sent now, in the language of the request; nothing is stored.

    Raise `Conflict` before the request is decided, `Invalid` where a word that the letter needs is not known.
    """
    found = queries.review(session, review_id)
    if found.outcome is None:
        raise Conflict(
            "letter.undecided",
            N_("The letter says what was decided: decide the request first."),
        )
    case = queries.found_case(session, review_id)
    use_case = registry.use_case_by_id(session, found.use_case_id)
    version = registry.version(session, found.version_id) if found.version_id else None
    with speaking(found.language):
        words = _words(session, found, use_case, version)
        facts = LetterFacts(
            kind=found.kind,
            outcome=found.outcome,
            words=words,
            reasons=case.reasons.get(found.language, ()) if case and case.usable else (),
            recourse=case.told.get(found.language, ()) if case and case.usable and case.changes else (),
            explained=None if case is None or found.kind not in OF_A_DECISION else case.usable,
            corrected=bool(case and case.corrected),
            secret=found.trade_secret,
        )
        return compose(template(found.language), facts)


def _words(session: Session, found: Review, use_case: UseCase, version: Version | None) -> dict[str, str]:
    owner = access.names(session, {use_case.owner_id}).get(use_case.owner_id, "")
    words = {
        "name": found.requester,
        "received": day(found.received_at),
        "reference": found.id[-8:].upper(),
        "use_case": use_case.title,
        "kind": _(KIND_NAMES[found.kind]).lower(),
        "purpose": _sentence(use_case.purpose),
        "oversight": _sentence(use_case.human_oversight),
        "reason": _sentence(found.reason),
        "secret": _sentence(found.trade_secret),
        "contact": _("{name}, who answers for this decision.", name=owner) if owner else "",
    }
    if version is not None:
        words["model"] = _("version {n} of {name}", n=version.number, name=version.model_name)
        words["criteria"] = _criteria(session, version)
    return words


def _criteria(session: Session, version: Version) -> str:
    """Name what is looked at: the purpose note of a column where there is one, else its name."""
    table = datasets.datasets(session, [version.dataset_id]).get(version.dataset_id)
    purposes = table.purposes if table else {}
    named = [purposes.get(c) or c.replace("_", " ") for c in version.table_columns[:MOST_CRITERIA]]
    more = len(version.table_columns) - MOST_CRITERIA
    return ", ".join(n.rstrip(".") for n in named) + (_(" and {n} more", n=more) if more > 0 else "")


def _sentence(text: str) -> str:
    said = text.strip()
    return said if not said or said[-1] in ".!?…" else f"{said}."
