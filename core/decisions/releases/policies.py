"""A release policy: one TOML text per risk tier and environment; immutable once published."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from core.decisions.releases.gates import GATES, Comparison, GateKind, Rule
from core.decisions.releases.quorum import Requirement
from core.decisions.releases.snapshot import canonical
from core.decisions.releases.standing import Effect, Terms
from core.decisions.releases.timeouts import Patience
from core.errors import Invalid
from core.i18n import N_

TIERS = ("low", "limited", "high")
TASKS = ("binary", "multiclass", "regression")
AREAS = ("operations", "compliance", "business", "validator")

Table = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy. `rules` holds the gates per task; spans are in days where the name says nothing else.

    `single_person` lets one person decide alone, where the installation has one person alone.
    """

    name: str
    version: str
    tier: str
    environment: str
    quorum: tuple[Requirement, ...]
    different_areas: int
    due_days: int
    approval_days: int
    rationale_characters: int
    bootstrap_draws: int
    terms: Terms
    rules: Mapping[str, tuple[Rule, ...]]
    digest: str
    patience: Patience
    emergency_review_hours: int
    recheck_hours: int
    single_person: bool

    @property
    def areas(self) -> tuple[str, ...]:
        """The areas that the quorum asks, in the order of the policy."""
        return tuple(dict.fromkeys(area for r in self.quorum for area in r.areas))

    @property
    def signatures(self) -> int:
        """How many signatures the quorum takes."""
        return sum(r.count for r in self.quorum)


def digest(text: str) -> str:
    """SHA-256 of the text as it is published, in hexadecimal; line ends are LF."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()


def read(text: str) -> Policy:
    """Parse and check a policy; raise `Invalid` naming the key at fault."""
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(
            "policy.not_toml", N_("The policy is not valid TOML: {problem}."), problem=str(error)
        ) from None
    tier, environment = _word(raw, "tier"), _word(raw, "environment")
    if tier not in TIERS:
        raise _wrong("tier", ", ".join(TIERS))
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,30}", environment):
        raise _wrong("environment", "a-z, 0-9, -")
    quorum = tuple(_requirement(entry) for entry in _tables(raw, "quorum"))
    if not quorum:
        raise _wrong("quorum", "[[quorum]]")
    due_days = _count(raw, "due_days")
    remind_days = _count(raw, "remind_days", max(1, due_days // 2))
    cancel_days = _count(raw, "cancel_days", 2 * due_days)
    if not remind_days <= due_days < cancel_days:
        raise _wrong("cancel_days", "remind_days ≤ due_days < cancel_days")
    policy = Policy(
        name=_word(raw, "name"),
        version=_word(raw, "version"),
        tier=tier,
        environment=environment,
        quorum=quorum,
        different_areas=_count(raw, "different_areas"),
        due_days=due_days,
        approval_days=_count(raw, "approval_days"),
        rationale_characters=_count(raw, "rationale_characters"),
        bootstrap_draws=_count(raw, "bootstrap_draws"),
        terms=Terms(on_drift=_effect(raw, "on_drift"), on_kpi=_effect(raw, "on_kpi")),
        rules={task: _rules(_table(raw, "gates"), task) for task in TASKS},
        digest=digest(text),
        patience=Patience(remind_days, due_days, cancel_days),
        emergency_review_hours=_count(raw, "emergency_review_hours", 72),
        recheck_hours=_count(raw, "recheck_hours", 24),
        single_person=_switch(raw, "single_person"),
    )
    if policy.different_areas > min(len(policy.areas), policy.signatures):
        raise _wrong("different_areas", str(min(len(policy.areas), policy.signatures)))
    return policy


def thresholds(rules: tuple[Rule, ...]) -> dict[str, object]:
    """The rules as JSON without floats: what is sealed before the evaluation."""
    return {
        "rules": [
            {
                "kind": r.kind.value,
                "limit": None if r.limit is None else str(r.limit),
                "comparison": r.comparison.value,
                "judge_by": r.judge_by,
                "metric": r.metric,
                "accepted": list(r.accepted),
                "missing_blocks": r.missing_blocks,
            }
            for r in rules
        ]
    }


def thresholds_digest(sealed: Mapping[str, object]) -> str:
    """SHA-256 over the canonical JSON of sealed thresholds."""
    return hashlib.sha256(canonical(sealed)).hexdigest()


def rules(sealed: Mapping[str, object]) -> tuple[Rule, ...]:
    """Rebuild the rules from sealed thresholds."""
    entries = sealed["rules"]
    return tuple(
        Rule(
            kind=GateKind(e["kind"]),
            limit=None if e["limit"] is None else Decimal(e["limit"]),
            comparison=Comparison(e["comparison"]),
            judge_by=e["judge_by"],
            metric=e["metric"],
            accepted=tuple(e["accepted"]),
            missing_blocks=e["missing_blocks"],
        )
        for e in (entries if isinstance(entries, list) else [])
    )


def _rules(gates: Table, task: str) -> tuple[Rule, ...]:
    """The gates of one task; a gate may hold a sub-table per task that adds to it or replaces its keys."""
    unknown = sorted(set(gates) - set(GateKind))
    if unknown:
        raise _wrong(f"gates.{unknown[0]}", ", ".join(GateKind))
    found = [Rule(GateKind.SEALED)]
    for kind in GateKind:
        if kind not in gates:
            continue
        common = _table(gates, kind)
        entry = {k: v for k, v in common.items() if k not in TASKS}
        if any(t in common for t in TASKS):
            if task not in common:
                continue
            entry |= _table(common, task)
        found.append(_rule(kind, entry))
    return tuple(found)


def _rule(kind: GateKind, entry: Table) -> Rule:
    at = f"gates.{kind.value}"
    keys = {"limit", "comparison", "judge_by", "metric", "accepted", "missing"}
    if set(entry) - keys:
        raise _wrong(f"{at}.{min(set(entry) - keys)}", ", ".join(sorted(keys)))
    judge_by = str(entry.get("judge_by", "value"))
    if judge_by not in {"value", "low", "high"}:
        raise _wrong(f"{at}.judge_by", "value, low, high")
    missing = str(entry.get("missing", "block"))
    if missing not in {"block", "allow"}:
        raise _wrong(f"{at}.missing", "block, allow")
    accepted = entry.get("accepted", [])
    comparison = str(entry.get("comparison", Comparison.AT_LEAST.value))
    if comparison not in set(Comparison):
        raise _wrong(f"{at}.comparison", ", ".join(Comparison))
    rule = Rule(
        kind=kind,
        limit=_decimal(entry["limit"], f"{at}.limit") if "limit" in entry else None,
        comparison=Comparison(comparison),
        judge_by=judge_by,
        metric=str(entry.get("metric", "")),
        accepted=tuple(str(a) for a in accepted) if isinstance(accepted, list) else (),
        missing_blocks=missing == "block",
    )
    if "limit" in GATES[kind].needs and rule.limit is None:
        raise _wrong(f"{at}.limit", "0.70")
    if "metric" in GATES[kind].needs and not rule.metric:
        raise _wrong(f"{at}.metric", "roc_auc")
    return rule


def _requirement(entry: Table) -> Requirement:
    areas = entry.get("areas")
    if not isinstance(areas, list) or not areas or not set(areas) <= set(AREAS):
        raise _wrong("quorum.areas", ", ".join(AREAS))
    return Requirement(tuple(areas), _count(entry, "count"))


def _effect(raw: Table, key: str) -> Effect:
    word = str(raw.get(key, Effect.WARN.value))
    if word not in set(Effect):
        raise _wrong(key, ", ".join(Effect))
    return Effect(word)


def _decimal(value: object, at: str) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise _wrong(at, "0.70") from None


def _word(raw: Table, key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(key, '"…"')
    return value


def _switch(raw: Table, key: str) -> bool:
    value = raw.get(key, False)
    if not isinstance(value, bool):
        raise _wrong(key, "true, false")
    return value


def _count(raw: Table, key: str, otherwise: int | None = None) -> int:
    value = raw.get(key, otherwise)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _wrong(key, "1, 2, 3 …")
    return value


def _table(raw: Table, key: str) -> Table:
    value = raw.get(key)
    if not isinstance(value, dict):
        raise _wrong(key, f"[{key}]")
    return value


def _tables(raw: Table, key: str) -> list[Table]:
    value = raw.get(key)
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise _wrong(key, f"[[{key}]]")
    return value


def _wrong(key: str, wanted: str) -> Invalid:
    return Invalid(
        "policy.wrong_value",
        N_("The policy's entry {key} is missing or not allowed."),
        fix=N_("Allowed: {wanted}."),
        field=key,
        key=key,
        wanted=wanted,
    )
