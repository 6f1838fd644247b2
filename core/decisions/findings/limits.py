"""How long what is put off, lent or promised may last: data, not constants."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files

from core.decisions.findings.severity import Severity


@dataclass(frozen=True, slots=True)
class Limits:
    """The longest spans of an installation."""

    waiver: Mapping[Severity, timedelta]
    delegation: timedelta
    condition: timedelta


@cache
def limits() -> Limits:
    """Read `data/decisions.toml`."""
    raw = tomllib.loads(files("data").joinpath("decisions.toml").read_text(encoding="utf-8"))
    days = raw["longest_waiver_days"]
    return Limits(
        waiver={severity: timedelta(days=int(days[severity.value])) for severity in Severity},
        delegation=timedelta(days=int(raw["longest_delegation_days"])),
        condition=timedelta(days=int(raw["longest_condition_days"])),
    )
