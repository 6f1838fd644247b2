"""Writing of the registry."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

from sqlmodel import col, func, select, update

from core.assets.registry import queries, upstream
from core.assets.registry.bundling import attach_file, attach_image, bind_parts, copy_parts, detach
from core.assets.registry.card import FIELD_IDS
from core.assets.registry.risk import RiskQuestion, lower, tier
from core.assets.registry.tables import CardRevisionRow, ModelRow, UseCaseRow, VersionRow
from core.assets.registry.upstream import Upstream
from core.assets.registry.usecase import RiskTier, Task, UseCase, UseCaseEdit, is_slug
from core.assets.registry.version import Refusal, Signature, Version, VersionState
from core.errors import Conflict, Invalid, NotFound
from core.i18n import N_
from core.ids import new_id
from core.platform.access import queries as people
from core.platform.access.permissions import Permission, require
from core.platform.store import Json, UnitOfWork

__all__ = [
    "add_version", "attach_file", "attach_image", "bind_parts", "copy_parts", "create_use_case", "detach", "edit_card",
    "edit_use_case", "set_standing",
]  # fmt: skip

_PLAIN = frozenset({"risk_tier", "lawful_basis", "owner_id", "risk_answers"})
"""Fields whose values stand in the log: words of a list, or ids."""


def create_use_case(
    uow: UnitOfWork,
    *,
    slug: str,
    title: str,
    purpose: str,
    task: Task,
    risk_tier: RiskTier,
    lawful_basis: str,
    risk_answers: Mapping[str, bool] | None = None,
    affected_people: str = "",
    human_oversight: str = "",
    applications: Sequence[str] = (),
    currency: str = "BRL",
    owner_id: str = "",
) -> UseCase:
    """Define a use case; the actor owns it unless another owner is named.

    With `risk_answers`, `risk_tier` may be higher than what they come to, never lower.
    """
    require(uow.actor, Permission.DEFINE_USE_CASE)
    if not is_slug(slug):
        raise Invalid(
            "use_case.slug",
            N_("{slug} cannot stand in an address."),
            fix=N_("Use up to 63 lower-case letters, digits and hyphens, such as consumer-credit."),
            field="slug",
            slug=slug,
        )
    if len(currency) != 3 or not currency.isalpha() or not currency.isupper():
        raise Invalid(
            "use_case.currency",
            N_("{currency} is not a currency code."),
            fix=N_("Use three capital letters, such as BRL or EUR."),
            field="currency",
            currency=currency,
        )
    if uow.session.exec(select(UseCaseRow.id).where(UseCaseRow.slug == slug)).first():
        raise Conflict(
            "use_case.exists",
            N_("There is a use case {slug} already."),
            fix=N_("Choose another name, or upload a version to the existing one."),
            field="slug",
            slug=slug,
        )
    row = UseCaseRow(
        id=new_id("uc"),
        slug=slug,
        title=title.strip(),
        purpose=purpose.strip(),
        owner_id=owner_id or uow.actor.id,
        task=Task(task).value,
        risk_tier=RiskTier(risk_tier).value,
        risk_answers=dict(risk_answers or {}),
        lawful_basis=lawful_basis,
        affected_people=affected_people.strip(),
        human_oversight=human_oversight.strip(),
        applications=list(applications),
        currency=currency,
        created_at=uow.now,
    )
    _judge(row)
    uow.session.add(row)
    uow.session.flush()
    uow.record(
        "use_case.created",
        "use_case",
        row.id,
        {"slug": slug, "task": row.task, "risk_tier": row.risk_tier, "owner": row.owner_id},
    )
    return queries.use_case_by_id(uow.session, row.id)


def edit_use_case(uow: UnitOfWork, use_case_id: str, changes: UseCaseEdit) -> tuple[str, ...]:
    """Change what is said of a use case; return the names of the fields that changed.

    Name in addresses, task and currency stay: versions, thresholds and KPIs were built on them. The event holds tier,
    lawful basis and owner before and after; of free text, a digest.
    """
    require(uow.actor, Permission.DEFINE_USE_CASE)
    row = uow.session.exec(select(UseCaseRow).where(UseCaseRow.id == use_case_id).with_for_update()).first()
    if row is None:
        raise NotFound("use_case.unknown", N_("There is no use case {slug}."), slug=use_case_id)
    if changes.owner_id not in (None, row.owner_id):
        owner = people.person(uow.session, changes.owner_id)
        if owner.disabled:
            raise Invalid(
                "use_case.owner",
                N_("{name} no longer has access and cannot own a use case."),
                field="owner_id",
                name=owner.name,
            )
    asked = {f.name: getattr(changes, f.name) for f in fields(changes)}
    before = {name: getattr(row, name) for name in asked}
    for name, value in asked.items():
        if value is not None:
            setattr(row, name, _plain(value))
    after = {name: getattr(row, name) for name in asked}
    changed = tuple(name for name in asked if before[name] != after[name])
    if not changed:
        raise Conflict("use_case.unchanged", N_("Nothing changed in the use case."))
    _judge(row)
    uow.session.add(row)
    told: dict[str, Json] = {n: [_told(n, before[n]), _told(n, after[n])] for n in changed}
    uow.record("use_case.edited", "use_case", row.id, {"changed": told})
    return changed


def add_version(
    uow: UnitOfWork,
    *,
    use_case: UseCase,
    model_name: str,
    artifact_digest: str,
    artifact_name: str,
    artifact_size: int,
    format: str,  # noqa: A002 - the field's own word
    dataset_id: str,
    dataset_digest: str,
    label_column: str,
    positive_label: str,
    operating_threshold: float | None,
    note: str,
    mapping: Mapping[str, str] | None = None,
    score_column: str = "",
    imported: Upstream | None = None,
) -> Version:
    """Freeze a version in state `checking`; part of the submission, whose event names it."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    query = select(ModelRow).where(ModelRow.use_case_id == use_case.id, ModelRow.name == model_name)
    model = uow.session.exec(query).first()
    if model is None:
        model = ModelRow(
            id=new_id("mod"),
            use_case_id=use_case.id,
            name=model_name,
            created_by=uow.actor.id,
            created_at=uow.now,
        )
        uow.session.add(model)
        uow.session.flush()
    # Versions of one use case are numbered one at a time: the row of the use case is the lock.
    uow.session.exec(select(UseCaseRow).where(UseCaseRow.id == use_case.id).with_for_update()).one()
    last = uow.session.exec(
        select(func.max(VersionRow.number)).where(VersionRow.use_case_id == use_case.id)
    ).one()
    row = VersionRow(
        id=new_id("ver"),
        use_case_id=use_case.id,
        model_id=model.id,
        number=(last or 0) + 1,
        state=VersionState.CHECKING.value,
        author_id=uow.actor.id,
        created_at=uow.now,
        artifact_digest=artifact_digest,
        artifact_name=artifact_name,
        artifact_size=artifact_size,
        format=format,
        verdict="",
        names=[],
        isolation="",
        dataset_id=dataset_id,
        dataset_digest=dataset_digest,
        label_column=label_column,
        positive_label=positive_label,
        operating_threshold=operating_threshold,
        signature={},
        note=note,
        mapping=dict(mapping or {}),
        score_column=score_column,
        origin={} if imported is None else {upstream.KEY: imported.to_json()},
    )
    uow.session.add(row)
    uow.session.flush()
    return queries.version(uow.session, row.id)


def set_standing(
    uow: UnitOfWork,
    version_id: str,
    state: VersionState,
    *,
    verdict: str = "",
    names: Sequence[str] = (),
    isolation: str = "",
    signature: Signature | None = None,
    operating_threshold: float | None = None,
    refusal: Refusal | None = None,
    origin: Mapping[str, object] | None = None,
) -> None:
    """Move a version to `state` with what a check found; part of a command, which asks for the right and records."""
    row = uow.session.exec(select(VersionRow).where(col(VersionRow.id) == version_id).with_for_update()).one()
    row.state = state.value
    row.verdict = verdict or row.verdict
    row.names = list(names)
    row.isolation = isolation or row.isolation
    if signature is not None:
        row.signature = signature.to_json()
    if operating_threshold is not None:
        row.operating_threshold = operating_threshold
    if origin is not None:
        # What the file says is found anew by every check; where it was imported from was said once.
        row.origin = {**origin, **{k: v for k, v in row.origin.items() if k == upstream.KEY}}
    row.refusal = None if refusal is None else {**asdict(refusal), "params": dict(refusal.params)}
    uow.session.add(row)


def edit_card(uow: UnitOfWork, version_id: str, values: Mapping[str, str]) -> int:
    """Keep a new revision of the typed fields of a model card; return its number."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    queries.version(uow.session, version_id)
    unknown = sorted(set(values) - FIELD_IDS)
    if unknown:
        raise Invalid(
            "card.unknown_field", N_("A model card has no field {name}."), field=unknown[0], name=unknown[0]
        )
    revisions = queries.card_revisions(uow.session, version_id)
    before = dict(revisions[-1].values) if revisions else {}
    after = {k: v.strip() for k, v in {**before, **values}.items() if v.strip()}
    if after == before:
        raise Conflict("card.unchanged", N_("Nothing changed in the model card."))
    number = len(revisions) + 1
    uow.session.add(
        CardRevisionRow(
            id=new_id("card"),
            version_id=version_id,
            number=number,
            values=after,
            author_id=uow.actor.id,
            created_at=uow.now,
        )
    )
    changed: list[str] = sorted(k for k in {*before, *after} if before.get(k) != after.get(k))
    uow.record("card.edited", "version", version_id, {"revision": number, "fields": list(changed)})
    return number


def move_table(uow: UnitOfWork, old: str, new: str) -> None:
    """Have the versions evaluated on table `old` read `new`; part of an erasure, whose event names both.

    What they were submitted with stays on record under its own digest.
    """
    require(uow.actor, Permission.ERASE_SUBJECT)
    uow.session.execute(
        update(VersionRow)
        .where(func.coalesce(func.nullif(col(VersionRow.table_digest), ""), VersionRow.dataset_digest) == old)
        .values(table_digest=new)
    )


def _judge(row: UseCaseRow) -> None:
    """Raise `Invalid` for a use case that says too little, or less risk than its own answers come to."""
    for name, value in (("title", row.title), ("purpose", row.purpose)):
        if not value.strip():
            raise Invalid("use_case.empty", N_("The field {name} is empty."), field=name, name=name)
    unknown = next((name for name in row.risk_answers if name not in set(RiskQuestion)), None)
    if unknown is not None:
        raise Invalid(
            "use_case.question",
            N_("The questionnaire has no question {name}."),
            field="risk_answers",
            name=unknown,
        )
    least = tier({RiskQuestion(name): answer for name, answer in row.risk_answers.items()})
    if lower(RiskTier(row.risk_tier), least):
        raise Invalid(
            "use_case.tier_low",
            N_("The answers come to a higher risk tier than the one chosen."),
            fix=N_("Choose that tier, or correct the answers."),
            field="risk_tier",
        )


def _plain(value: object) -> object:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Mapping):
        return dict(value)
    return [str(v).strip() for v in value if str(v).strip()] if isinstance(value, Sequence) else value


def _told(name: str, value: object) -> Json:
    if name in _PLAIN:
        return dict(value) if isinstance(value, Mapping) else str(value)
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()[:16]
