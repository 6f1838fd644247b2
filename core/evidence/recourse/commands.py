"""Set what may change, ask about a case, store its answer."""

from collections.abc import Mapping, Sequence
from typing import cast

from sqlmodel import select

from core.assets.registry import queries as registry
from core.evidence.recourse import limits as rules
from core.evidence.recourse import queries
from core.evidence.recourse.case import CaseAnswer, Values
from core.evidence.recourse.limits import Limits
from core.evidence.recourse.tables import CaseAnswerRow, LimitsRow
from core.platform.access.permissions import Permission, require
from core.platform.jobs import commands as jobs
from core.platform.store import Json, UnitOfWork


def set_limits(uow: UnitOfWork, version_id: str, limits: Limits) -> None:
    """Say what may change in the use case of a version, whose features are the ones spoken of. Raise `Invalid`."""
    require(uow.actor, Permission.DESCRIBE_DATA)
    version = registry.version(uow.session, version_id)
    numeric = [c.name for c in version.signature.features if c.numeric]
    rules.check(limits, version.signature.names, numeric)
    row = uow.session.get(LimitsRow, version.use_case_id, with_for_update=True)
    before: Mapping[str, Json] = {} if row is None else row.body
    if row is None:
        row = LimitsRow(use_case_id=version.use_case_id, body={}, set_by=uow.actor.id, set_at=uow.now)
    after: Mapping[str, Json] = cast("Mapping[str, Json]", limits.to_json())
    row.body, row.set_by, row.set_at = dict(after), uow.actor.id, uow.now
    uow.session.add(row)
    uow.record("recourse.limits_set", "use_case", version.use_case_id, {"before": before, "after": after})


def ask(uow: UnitOfWork, version_id: str, values: Values, *, search: bool = True) -> str:
    """Ask about one case; return the name of its answer, which may stand already or be under way."""
    require(uow.actor, Permission.RUN_EXPLANATION)
    asked = queries.asked(uow.session, version_id, values, search=search)
    if queries.answer(uow.session, asked.key) is not None:
        return asked.key
    running = queries.job(uow.session, asked.key)
    if running is None or running.over:
        payload: Mapping[str, Json] = {
            "version_id": version_id,
            "values": cast("Json", dict(asked.values)),
            "search": search,
        }
        jobs.enqueue(uow, queries.JOB_KIND, queries.SUBJECT_KIND, asked.key, payload)
        # The values are of a person: the log holds their digest only.
        uow.record("case.asked", "version", version_id, {"case": asked.key, "search": search})
    return asked.key


def store(uow: UnitOfWork, version_id: str, key: str, answer: CaseAnswer) -> None:
    """Keep an answer; a second one under the same name changes nothing."""
    require(uow.actor, Permission.RUN_EXPLANATION)
    if uow.session.get(CaseAnswerRow, key) is not None:
        return
    body = answer.to_json()
    uow.session.add(CaseAnswerRow(key=key, version_id=version_id, body=body, created_at=uow.now))
    uow.record(
        "case.answered",
        "version",
        version_id,
        {"case": key, "counterfactuals": len(answer.cases), "holds": answer.holds},
    )


def forget(uow: UnitOfWork, version_id: str, inputs: Sequence[Values]) -> int:
    """Delete the answers about cases with these inputs, and what their jobs were asked; return how many are gone."""
    require(uow.actor, Permission.ERASE_SUBJECT)
    rows = uow.session.exec(select(CaseAnswerRow).where(CaseAnswerRow.version_id == version_id)).all()
    gone = [row for row in rows if any(_same(row.body["values"], values) for values in inputs)]
    for row in gone:
        jobs.forget_payloads(uow, queries.SUBJECT_KIND, row.key)
        uow.session.delete(row)
    if gone:
        uow.record("case.forgotten", "version", version_id, {"answers": len(gone)})
    return len(gone)


def _same(own: Values, values: Values) -> bool:
    """Whether every value of an answer is the one that was logged; numbers compare as numbers."""

    def plain(value: object) -> object:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    return all(name in values and plain(own[name]) == plain(values[name]) for name in own)
