"""Erase an affected person: log, tables, answers on cases, requests and letters, and the key that opens the rest."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import cast

from core.assets.intake import queries as intake
from core.assets.registry import queries as registry
from core.assurance.privacy import evaluation_tables
from core.assurance.privacy.erasure import Erasure, keeps_rows
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.forgetting import forget
from core.evidence.recourse import commands as recourse
from core.evidence.recourse.case import Values
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import subject_key, subject_pseudonym
from core.platform.access.subjects import forget_subject, pseudonym_of
from core.platform.store import Actor, Store


def erase_subject(store: Store, actor: Actor, subject_id: str) -> Erasure:
    """Erase a person known by pseudonym. May be asked again where it was interrupted: each step finds less to do.

    The key goes last: with it, what they asked and were answered can no longer be read anywhere, backups included.
    """
    require(actor, Permission.ERASE_SUBJECT)
    pseudonym = pseudonym_of(subject_id)
    with store.reading() as view:
        versions = monitoring.logged_versions(view)
    predictions = labels = answers = 0
    files: list[tuple[str, str]] = []
    inputs: dict[str, list[Values]] = {}
    for version_id in versions:
        found = forget(store, actor, version_id, pseudonym)
        predictions, labels = predictions + len(found.inputs), labels + found.labels
        files += found.files
        if found.inputs:
            inputs[version_id] = [cast("Values", one) for one in found.inputs]
            with store.unit_of_work(actor) as uow:
                answers += recourse.forget(uow, version_id, inputs[version_id])
    tables = evaluation_tables.erase(store, actor, _known_by(store, pseudonym), inputs)
    with store.unit_of_work(actor) as uow:
        forget_subject(uow, subject_id)
    retaining = _retaining(store, tables.versions | inputs.keys())
    return Erasure(subject_id, predictions, labels, answers, tables.rows, (*files, *tables.files), retaining)


def _known_by(store: Store, pseudonym: str) -> Callable[[str], bool]:
    """Return what tells a reference of the person from others; while the house has no key, nobody is known."""
    with store.reading() as view:
        key = subject_key(view)
    return lambda reference: key is not None and subject_pseudonym(key, reference) == pseudonym


def _retaining(store: Store, touched: AbstractSet[str]) -> tuple[tuple[str, int], ...]:
    with store.reading() as view:
        found = []
        for version in registry.versions_by_id(view, touched):
            evaluation = intake.evaluation(view, version.id)
            kinds = [n for n in evaluation.notes if n.startswith("type: ")] if evaluation else []
            if any(keeps_rows(kind) for kind in kinds):
                found.append((version.use_case_slug, version.number))
        return tuple(sorted(found))
