"""KPI definitions as TOML, for review in git: read with the name of what is wrong, written as it is read."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import Invalid
from core.evidence.kpis.definition import Definition, Direction, KpiKind
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.windows import Grain
from core.i18n import N_

_TEXTS = (
    "name", "question", "owner", "metric", "formula", "unit", "currency", "zone", "segment", "currency_column",
)  # fmt: skip
_NUMBERS = ("target", "warning", "critical")
_KNOWN = {*_TEXTS, *_NUMBERS, "use_case", "direction", "window", "kind", "minimum_n", "every", "units"}


@dataclass(frozen=True, slots=True)
class Written:
    """A definition as a file holds it: the use case by slug, the owner by e-mail."""

    use_case: str
    owner: str
    definition: Definition


def read(text: str) -> tuple[Written, ...]:
    """Read `[[kpi]]` tables; raise `Invalid` naming the KPI and the key."""
    try:
        tables = tomllib.loads(text).get("kpi", [])
    except tomllib.TOMLDecodeError as error:
        raise Invalid(
            "kpi.toml", N_("The file is not TOML: {reason}."), field="file", reason=str(error)
        ) from error
    if not isinstance(tables, list) or not tables or not all(isinstance(one, dict) for one in tables):
        raise Invalid("kpi.toml_empty", N_("The file holds no [[kpi]] table."), field="file")
    return tuple(_one(table, at) for at, table in enumerate(tables, 1))


def write(written: Sequence[Written]) -> str:
    """Write definitions so that `read` gives them back."""
    return "\n".join(_table(one) for one in written)


def _one(table: Mapping[str, object], at: int) -> Written:
    name = str(table.get("name", at))
    for key in table:
        if key not in _KNOWN:
            raise _wrong(name, key, N_("KPI {kpi}: the key {key} is unknown."))
    said = {key: table.get(key, "") for key in (*_TEXTS, "use_case")}
    for key, value in said.items():
        if not isinstance(value, str) or (key in ("name", "use_case", "owner") and not value):
            raise _wrong(name, key, N_("KPI {kpi}: {key} is not a text."))
    numbers = {key: table.get(key) for key in _NUMBERS}
    for key, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, (int, float, type(None))):
            raise _wrong(name, key, N_("KPI {kpi}: {key} is not a number."))
    target = numbers["target"]
    if not isinstance(target, (int, float)):
        raise _wrong(name, "target", N_("KPI {kpi}: {key} is not a number."))
    try:
        units = table.get("units", {})
        definition = Definition(
            name=str(said["name"]),
            question=str(said["question"]),
            owner_id="",
            metric=Metric(str(said["metric"])) if said["metric"] else None,
            unit=str(said["unit"] or said["currency"]),
            direction=Direction(str(table.get("direction", "higher"))),
            target=float(target),
            warning=_float(numbers["warning"]),
            critical=_float(numbers["critical"]),
            window=Grain(str(table.get("window", "month"))),
            minimum_n=int(str(table.get("minimum_n", 30))),
            kind=KpiKind(str(table.get("kind", "model"))),
            formula=str(said["formula"]),
            currency=str(said["currency"]),
            zone=str(said["zone"] or "UTC"),
            every=int(str(table.get("every", 0))),
            segment=str(said["segment"]),
            currency_column=str(said["currency_column"]),
            units=tuple((str(k), str(v)) for k, v in units.items()) if isinstance(units, dict) else (),
        )
    except ValueError as error:
        raise Invalid(
            "kpi.toml_value", N_("KPI {kpi}: {reason}."), field="file", kpi=name, reason=str(error)
        ) from error
    return Written(str(said["use_case"]), str(said["owner"]), definition)


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _wrong(name: str, key: str, template: str) -> Invalid:
    return Invalid("kpi.toml_key", template, field=key, kpi=name, key=key)


def _table(one: Written) -> str:
    held = one.definition
    values: dict[str, object] = {
        "use_case": one.use_case, "name": held.name, "question": held.question, "owner": one.owner,
        "kind": held.kind.value, "metric": held.metric.value if held.metric else "", "formula": held.formula,
        "unit": held.unit, "currency": held.currency, "direction": held.direction.value, "target": held.target,
        "warning": held.warning, "critical": held.critical, "window": held.window.value, "zone": held.zone,
        "every": held.every, "minimum_n": held.minimum_n, "segment": held.segment,
        "currency_column": held.currency_column,
    }  # fmt: skip
    lines = [f"{key} = {_value(value)}" for key, value in values.items() if value not in ("", None, 0)]
    if held.units:
        lines.append("units = { " + ", ".join(f"{_value(k)} = {_value(v)}" for k, v in held.units) + " }")
    return "\n".join(["[[kpi]]", *lines, ""])


def _value(value: object) -> str:
    # JSON's strings and numbers are TOML's too, escapes beyond the BMP aside.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
