"""Protected attributes that lie in a table of their own, joined to rows by the key of their case."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from core.assets.datasets import queries as datasets
from core.evidence.fairness.groups import as_text
from core.platform.store import Files


@dataclass(frozen=True, slots=True)
class Joined:
    """A table's file, the column that names the case, and the protected attributes it holds."""

    digest: str
    key: str
    attributes: tuple[str, ...]


def attributes(files: Files, table: Joined, cases: Iterable[object]) -> pd.DataFrame:
    """Return one row per case, in their order, empty where the table knows none; of a key's rows the first counts."""
    held = datasets.frame(files, table.digest)
    keys = held[table.key].map(as_text)
    once = held[list(table.attributes)].set_axis(keys, axis=0)[~keys.duplicated().to_numpy()]
    return once.reindex([as_text(case) for case in cases]).reset_index(drop=True)
