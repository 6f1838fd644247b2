"""Rows of the log as the model takes them: what a file of the log holds as text is brought back to its kind."""

import numpy as np
import pandas as pd
import pyarrow as pa

from core.assets.datasets.schema import Kind
from core.assets.registry.version import Version


def features(version: Version, table: pa.Table) -> pd.DataFrame:
    """Return the features of logged rows in the model's order, under its names; what was not logged is missing.

    A whole number without gaps is an integer again, yes and no are booleans, a moment loses the zone that a log adds.
    """
    found = {c.name: _column(table, version, c.name, c.kind) for c in version.signature.features}
    return pd.DataFrame(found, index=pd.RangeIndex(table.num_rows))


def _column(table: pa.Table, version: Version, name: str, kind: Kind) -> pd.Series:
    held = name if name in table.column_names else version.mapping.get(name, name)
    if held not in table.column_names:
        return pd.Series(np.full(table.num_rows, np.nan if kind in _NUMERIC else None))
    values: pd.Series = table.column(held).to_pandas()
    if kind is Kind.BOOLEAN:
        known: pd.Series = values.map({"true": True, "false": False, True: True, False: False})
        return known.astype(bool) if known.notna().all() else known.astype(object)
    if kind is Kind.INTEGER and values.notna().all():
        whole = bool((values == np.floor(values)).all())
        return values.astype(np.int64) if whole else values
    if kind is Kind.DATETIME and isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.tz_localize(None)
    return values


_NUMERIC = frozenset({Kind.NUMBER, Kind.INTEGER})
