"""Where a use case's prediction log lies: in Aval's own files, or in tables that another engine keeps."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.errors import Invalid
from core.i18n import N_

ENGINES = (
    "athena", "bigquery", "clickhouse", "databricks", "duckdb", "impala", "mssql", "mysql", "oracle", "postgres",
    "pyspark", "snowflake", "trino",
)  # fmt: skip
"""The schemes of Ibis addresses that are taken; DuckDB comes with Aval, the others' drivers are installed beside it."""

VARIABLES = "WAREHOUSE_"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
FEWEST_DAYS, MOST_DAYS = 7, 3650


class Named(StrEnum):
    """What a column of the outside tables may be, beside the model's features; the value is its usual name."""

    PREDICTION_ID = "prediction_id"
    TIMESTAMP = "timestamp"
    PREDICTION = "prediction"
    PROBABILITY = "probability"
    VERSION = "version"
    LABEL_ID = "label_id"
    LABEL = "label"
    LABEL_TIME = "label_time"


_USUAL = {Named.VERSION: "", Named.LABEL_ID: "prediction_id", Named.LABEL_TIME: ""}


@dataclass(frozen=True, slots=True)
class Outside:
    """Tables that an engine keeps. `columns` names those that are called otherwise than usual.

    Secrets stand in the environment: `${WAREHOUSE_PASSWORD}` in the address is replaced when it is opened.
    Without a version column every row is taken for the newest version that is ready.
    """

    address: str
    predictions: str
    labels: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)

    def column(self, named: Named) -> str:
        """Return how a column is called there; empty where there is none."""
        return self.columns.get(named.value, _USUAL.get(named, named.value))

    @property
    def engine(self) -> str:
        """The engine's name, as the address begins."""
        return self.address.partition("://")[0].lower()


@dataclass(frozen=True, slots=True)
class LogSetting:
    """Where a use case's log lies, and for how many days its rows are kept; None keeps them for good.

    Profiles and metrics, which hold no row, are always kept.
    """

    outside: Outside | None = None
    keep_days: int | None = None


def check(setting: LogSetting) -> None:
    """Raise `Invalid` naming the field that is wrong, and how to mend it."""
    if setting.keep_days is not None and not FEWEST_DAYS <= setting.keep_days <= MOST_DAYS:
        raise Invalid(
            "log.keep_days",
            N_("Rows are kept between {fewest} and {most} days, or for good."),
            field="keep_days",
            fewest=FEWEST_DAYS,
            most=MOST_DAYS,
        )
    if setting.outside is not None:
        _check_outside(setting.outside)


def _check_outside(outside: Outside) -> None:
    if "://" not in outside.address or outside.engine not in ENGINES:
        near = difflib.get_close_matches(outside.engine, ENGINES, n=1)
        raise Invalid(
            "log.engine",
            N_("The address {address} does not begin with an engine that is known."),
            fix=N_("Did you mean {near}://?") if near else N_("Begin with one of: {known}."),
            field="address",
            address=outside.address,
            near=near[0] if near else "",
            known=", ".join(f"{one}://" for one in ENGINES),
        )
    password = outside.address.partition("://")[2].rpartition("@")[0].partition(":")[2]
    if password and not _VARIABLE.fullmatch(password):
        raise Invalid(
            "log.password",
            N_("The address holds a password; it would be stored and shown."),
            fix=N_("Put the password into the server's environment and write {example} in its place."),
            field="address",
            example="${WAREHOUSE_PASSWORD}",
        )
    for name in _VARIABLE.findall(outside.address):
        if not name.startswith(VARIABLES):
            raise Invalid(
                "log.secret_name",
                N_("The address may name variables that begin with {prefix}; {name} does not."),
                fix=N_("Call it {prefix}{name}."),
                field="address",
                prefix=VARIABLES,
                name=name,
            )
    if not outside.predictions.strip():
        raise Invalid("log.table", N_("The table of predictions has no name."), field="predictions")
    unknown = sorted(set(outside.columns) - {one.value for one in Named})
    if unknown:
        raise Invalid(
            "log.columns",
            N_("There is no column {name} to name."),
            fix=N_("Known are: {known}."),
            field="columns",
            name=unknown[0],
            known=", ".join(one.value for one in Named),
        )


def opened(address: str, environment: Mapping[str, str]) -> str:
    """Return an address with its secrets; raise `Invalid` for one that the environment lacks."""

    def secret(found: re.Match[str]) -> str:
        value = environment.get(found[1], "") if found[1].startswith(VARIABLES) else ""
        if not value:
            raise Invalid(
                "log.secret",
                N_("The server's environment has no {name}."),
                fix=N_("Set it where the server and its workers are started."),
                field="address",
                name=found[1],
            )
        return value

    return _VARIABLE.sub(secret, address)
