"""Writing of alerts: what the rules found, who takes care of it, and the rules themselves."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlmodel import col, select

from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.errors import Conflict, Invalid, NotFound
from core.evidence.alerts import queries
from core.evidence.alerts.alert import DeedKind
from core.evidence.alerts.cause import Cause
from core.evidence.alerts.judging import Episode, Verdicts
from core.evidence.alerts.pulse import Pulse
from core.evidence.alerts.rules import RuleSet, parse
from core.evidence.alerts.tables import AlertRow, BaselineRow, DeedRow, HealthRow, RulesRow, SplitRow
from core.evidence.alerts.tracing import Part
from core.evidence.monitoring.commands import JUDGE_JOB
from core.evidence.monitoring.windows import Window
from core.i18n import N_
from core.ids import new_id
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import digest_text, seal_text
from core.platform.jobs import commands as jobs
from core.platform.store import Json, UnitOfWork

NOTE_CHARACTERS = 2_000
SPLIT_JOB = "alerts.split"
Key = tuple[str, str, object]


def publish_rules(uow: UnitOfWork, use_case_id: str, text: str) -> RuleSet:
    """Publish a use case's rules, and judge all its versions anew; what is published never changes.

    Raises `Invalid` naming the wrong entry, `Conflict` where the version is taken.
    """
    require(uow.actor, Permission.PUBLISH_RULES)
    use_case = registry.use_case_by_id(uow.session, use_case_id)
    rules = parse(text)
    if any(rules.version == one.version for one in queries.rule_book(uow.session, use_case_id)):
        raise Conflict(
            "rules.published",
            N_("Version {version} of these rules is published already."),
            fix=N_("Published rules never change; give the new ones another version."),
            field="version",
            version=rules.version,
        )
    row = RulesRow(
        id=new_id("rul"),
        use_case_id=use_case_id,
        name=rules.name,
        version=rules.version,
        text=text.replace("\r\n", "\n"),
        published_by=uow.actor.id,
        published_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    for version in registry.versions(uow.session, use_case_id):
        if version.state is VersionState.READY:
            jobs.enqueue(uow, JUDGE_JOB, "version", version.id, {"version_id": version.id})
    uow.record(
        "alert.rules_published",
        "use_case",
        use_case_id,
        {"rules": row.id, "version": rules.version, "use_case": use_case.slug, "count": len(rules.rules)},
    )
    return rules


def store_baseline(
    uow: UnitOfWork, version_id: str, predictions_digest: str, metrics: Mapping[str, float]
) -> None:
    """Keep what the evaluation's labels were like. Bookkeeping of the worker: no event of its own."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    uow.session.merge(
        BaselineRow(version_id=version_id, predictions_digest=predictions_digest, metrics=dict(metrics))
    )


def ask_split(uow: UnitOfWork, version_id: str, subject: str, window: Window, segment: str) -> str:
    """Ask for a column in a window to be split by another; return the job's id. Reading only: no event."""
    require(uow.actor, Permission.RUN_EXPLANATION)
    return jobs.enqueue(
        uow,
        SPLIT_JOB,
        "version",
        version_id,
        {
            "version_id": version_id,
            "subject": subject,
            "start": window.start.isoformat(),
            "end": window.end.isoformat(),
            "segment": segment,
        },
    )


def store_split(
    uow: UnitOfWork, version_id: str, subject: str, window: Window, segment: str, parts: Sequence[Part]
) -> None:
    """Keep a split. Bookkeeping of the worker: no event of its own."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    uow.session.merge(
        SplitRow(
            version_id=version_id,
            subject=subject,
            start=window.start,
            end=window.end,
            segment=segment,
            parts=[
                {key: None if isinstance(v, float) and math.isnan(v) else v for key, v in asdict(p).items()}
                for p in parts
            ],
            computed_at=uow.now,
        )
    )


def store_health(uow: UnitOfWork, version_id: str, found: Pulse) -> None:
    """Keep a version's last month in a few numbers. Bookkeeping of the worker: no event of its own."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    uow.session.merge(
        HealthRow(
            version_id=version_id,
            judged_at=uow.now,
            window_start=found.window.start,
            window_end=found.window.end,
            rows=found.rows,
            columns=found.columns,
            moved=found.moved,
            worst_column=found.worst_column,
            worst_psi=found.worst_psi,
            metric=found.metric,
            value=found.value,
            expected=found.expected,
            coverage=found.coverage,
            course=list(found.course),
        )
    )


def settle_alerts(
    uow: UnitOfWork,
    version_id: str,
    rules: RuleSet,
    episodes: Sequence[Episode],
    causes: Mapping[int, Sequence[Cause]] | None = None,
) -> int:
    """Make the stored alerts say what the rules found; return how many are new.

    An episode is known by rule, subject and first window: what is known keeps its care. `causes` are by place among
    the episodes.
    """
    require(uow.actor, Permission.SEND_PREDICTIONS)
    stored = uow.session.exec(select(AlertRow).where(AlertRow.version_id == version_id)).all()
    held: dict[Key, AlertRow] = {(row.rule, row.subject, row.first_start): row for row in stored}
    raised, resolved = [], []
    for place, one in enumerate(episodes):
        row = held.pop((one.rule.id, one.subject, one.first.start), None)
        if row is None:
            row = _raised(uow, version_id, rules, one)
            raised.append(row.id)
        row.last_start, row.last_end, row.peak_start = one.last.start, one.last.end, one.peak.start
        row.worst, row.template, row.reason = one.worst, one.reason.template, dict(one.reason.values)
        if causes is not None and place in causes:
            row.causes = [cause.to_json() for cause in causes[place]]
        if not one.open and row.resolved_at is None:
            row.resolved_at = uow.now
            resolved.append(row.id)
        elif one.open and not row.succeeded_by:
            row.resolved_at = None
        uow.session.add(row)
    for row in held.values():
        if row.resolved_at is None:
            row.resolved_at = uow.now
            resolved.append(row.id)
    if raised or resolved:
        uow.record(
            "alert.settled",
            "version",
            version_id,
            {"raised": raised, "resolved": resolved, "rules": rules.title},
        )
    return len(raised)


def hand_over(uow: UnitOfWork, former: Collection[str], version_id: str, said: Verdicts) -> int:
    """End the alerts of versions whose place another has taken, once its own windows were judged; return how many.

    Each ends when the same rule has judged the same subject in a window of `version_id` that reaches as far, or can no
    longer do so: the rule is gone, or the version knows no such column. What that window says stands in an alert of its
    own, which whoever cared for the former one owns. Alerts that had ended so before `version_id` came back are its own.
    """
    require(uow.actor, Permission.SEND_PREDICTIONS)
    if not said.last:
        return 0
    version = registry.version(uow.session, version_id)
    rules = {rule.id for rule in queries.rules_of(uow.session, version.use_case_id).rules}
    own = _open(uow, [version_id])
    mine = {(row.rule, row.subject): row for row in own}
    ended = []
    for row in _open(uow, former):
        asked = (row.rule, row.subject)
        judged = said.last.get(asked)
        reached = judged is not None and judged.end >= row.last_end
        if not reached and row.rule in rules and row.subject in said.columns:
            continue
        row.resolved_at, row.succeeded_by = uow.now, version_id
        heir = mine.get(asked)
        if heir is not None and not heir.owner_id:
            heir.owner_id = row.owner_id
            uow.session.add(heir)
        ended.append(row)
        uow.session.add(row)
    for lost in sorted({row.version_id for row in ended}):
        resolved = [row.id for row in ended if row.version_id == lost]
        uow.record(
            "alert.settled", "version", lost, {"raised": [], "resolved": resolved, "succeeded_by": version_id}
        )
    return len(ended)


def take_back(uow: UnitOfWork, version_id: str) -> None:
    """Let the alerts of a version that came back speak for themselves again, as the next judgement finds them."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    for row in uow.session.exec(
        select(AlertRow).where(AlertRow.version_id == version_id, col(AlertRow.succeeded_by) != "")
    ):
        row.succeeded_by = ""
        uow.session.add(row)


def _open(uow: UnitOfWork, version_ids: Collection[str]) -> Sequence[AlertRow]:
    return uow.session.exec(
        select(AlertRow)
        .where(col(AlertRow.version_id).in_(version_ids), col(AlertRow.resolved_at).is_(None))
        .order_by(AlertRow.id)
        .with_for_update()
    ).all()


def _raised(uow: UnitOfWork, version_id: str, rules: RuleSet, one: Episode) -> AlertRow:
    return AlertRow(
        id=new_id("alr"),
        version_id=version_id,
        rule=one.rule.id,
        rule_kind=one.rule.kind.value,
        rule_version=rules.title,
        subject=one.subject,
        grain=one.rule.grain.value,
        first_start=one.first.start,
        last_start=one.last.start,
        last_end=one.last.end,
        worst=one.worst,
        limit=one.rule.limit,
        template=one.reason.template,
        reason={},
        raised_at=uow.now,
    )


def acknowledge(uow: UnitOfWork, alert_id: str) -> None:
    """Note that a person has seen an alert and takes care of it; without an owner it becomes theirs.

    Raise `NotFound`, `Conflict` when it is noted already.
    """
    require(uow.actor, Permission.ACKNOWLEDGE_ALERT)
    row = _locked(uow, alert_id)
    if row.acknowledged_at is not None:
        raise Conflict("alert.acknowledged", N_("This alert has been acknowledged already."))
    _seen(uow, row)
    row.owner_id = row.owner_id or uow.actor.id
    _done(uow, row, DeedKind.ACKNOWLEDGED)


def assign(uow: UnitOfWork, alert_id: str, owner_id: str) -> None:
    """Give an alert to somebody who may act on it."""
    require(uow.actor, Permission.ACKNOWLEDGE_ALERT)
    row = _locked(uow, alert_id)
    _able(uow, owner_id)
    if row.owner_id == owner_id:
        raise Conflict("alert.owned", N_("This alert is theirs already."))
    row.owner_id = owner_id
    _done(uow, row, DeedKind.ASSIGNED, to=owner_id)


def snooze(uow: UnitOfWork, alert_id: str, *, until: datetime, reason: str) -> None:
    """Put an alert off until a day, with the reason; it comes back by itself, and still counts for the approval."""
    require(uow.actor, Permission.ACKNOWLEDGE_ALERT)
    row = _locked(uow, alert_id)
    _still_open(row)
    said = _said(reason)
    version = registry.version(uow.session, row.version_id)
    longest = queries.rules_of(uow.session, version.use_case_id).longest_snooze_days
    if not uow.now < until <= uow.now + timedelta(days=longest):
        raise Invalid(
            "alert.snooze_span",
            N_("An alert is put off for {n} days at most."),
            fix=N_("Choose an earlier day in the future."),
            field="until",
            n=longest,
        )
    _seen(uow, row)
    row.owner_id = row.owner_id or uow.actor.id
    row.snoozed_until = until
    _done(uow, row, DeedKind.SNOOZED, until=until, note=said)


def wake(uow: UnitOfWork, alert_id: str) -> None:
    """Take up an alert again that was put off."""
    require(uow.actor, Permission.ACKNOWLEDGE_ALERT)
    row = _locked(uow, alert_id)
    if row.snoozed_until is None or row.snoozed_until <= uow.now:
        raise Conflict("alert.awake", N_("This alert is not put off."))
    row.snoozed_until = None
    _done(uow, row, DeedKind.WOKEN)


def escalate(uow: UnitOfWork, alert_id: str, *, to: str, reason: str) -> None:
    """Hand an alert to somebody who must decide, with the reason; it is theirs, and their first page says so."""
    require(uow.actor, Permission.ACKNOWLEDGE_ALERT)
    row = _locked(uow, alert_id)
    _still_open(row)
    said = _said(reason)
    _able(uow, to)
    if to == uow.actor.id:
        raise Invalid(
            "alert.to_oneself",
            N_("An alert is escalated to somebody else."),
            fix=N_("Choose the person who must decide."),
            field="to",
        )
    _seen(uow, row)
    row.owner_id, row.escalated_at, row.snoozed_until = to, uow.now, None
    _done(uow, row, DeedKind.ESCALATED, to=to, note=said)


def _seen(uow: UnitOfWork, row: AlertRow) -> None:
    if row.acknowledged_at is None:
        row.acknowledged_at, row.acknowledged_by = uow.now, uow.actor.id


def _locked(uow: UnitOfWork, alert_id: str) -> AlertRow:
    row = uow.session.exec(select(AlertRow).where(AlertRow.id == alert_id).with_for_update()).first()
    if row is None:
        raise NotFound("alert.unknown", N_("There is no alert {id}."), id=alert_id)
    return row


def _still_open(row: AlertRow) -> None:
    if row.resolved_at is not None:
        raise Conflict("alert.over", N_("This alert is over: the values have come to rest."))


def _able(uow: UnitOfWork, person_id: str) -> None:
    person = access.find(uow.session, person_id)
    if person is None or person.disabled:
        raise NotFound("person.unknown", N_("There is no such person."), id=person_id)


def _said(text: str) -> str:
    said = text.strip()
    if not 1 <= len(said) <= NOTE_CHARACTERS:
        raise Invalid(
            "alert.reason", N_("Give a reason of 1 to {n} characters."), field="reason", n=NOTE_CHARACTERS
        )
    return said


def _done(
    uow: UnitOfWork,
    row: AlertRow,
    kind: DeedKind,
    *,
    to: str = "",
    until: datetime | None = None,
    note: str = "",
) -> None:
    uow.session.add(row)
    uow.session.add(
        DeedRow(
            id=new_id("ded"),
            alert_id=row.id,
            kind=kind.value,
            by=uow.actor.id,
            at=uow.now,
            to=to,
            until=until,
            note=seal_text(uow, uow.actor.id, note),
        )
    )
    facts: dict[str, Json] = {"version": row.version_id, "rule": row.rule}
    if to:
        facts["to"] = to
    if until is not None:
        facts["until"] = until.isoformat()
    if note:
        facts["reason_hmac"] = digest_text(uow, uow.actor.id, note)
    uow.record(f"alert.{kind.value}", "alert", row.id, facts)
