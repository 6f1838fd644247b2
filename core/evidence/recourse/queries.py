"""Read limits, answers about cases, and the inputs of one logged prediction."""

import json
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlmodel import Session

from core.assets.datasets import queries as datasets
from core.assets.registry import queries as registry
from core.assets.registry.usecase import Task
from core.assets.registry.version import Version
from core.errors import Invalid, NotFound
from core.evidence.fairness import queries as fairness
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring import replayed
from core.evidence.monitoring.batches import ID, BatchKind
from core.evidence.recourse import case
from core.evidence.recourse.case import CaseAnswer, Values
from core.evidence.recourse.limits import Limits
from core.evidence.recourse.tables import CaseAnswerRow, LimitsRow
from core.i18n import N_
from core.platform.jobs import queries as jobs
from core.platform.jobs.queries import Job
from core.platform.store import Files

JOB_KIND = "recourse.case"
SUBJECT_KIND = "case"


@dataclass(frozen=True, slots=True)
class SetLimits:
    """A use case's limits with who set them; nobody has where `set_by` is empty."""

    limits: Limits
    set_by: str
    set_at: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about one case, complete: what a job needs, and the name of its answer."""

    key: str
    version_id: str
    values: Values
    limits: Limits
    label: str
    threshold: float
    search: bool


def limits(session: Session, use_case_id: str) -> SetLimits:
    """Return what the data owner allows to change."""
    row = session.get(LimitsRow, use_case_id)
    if row is None:
        return SetLimits(Limits(), "", None)
    return SetLimits(Limits.from_json(row.body), row.set_by, row.set_at)


def never_changed(session: Session, version: Version) -> tuple[str, ...]:
    """Return the features that are protected or sensitive: no limit of the owner opens them."""
    protected = set(fairness.in_force(session, version).attributes)
    dataset = datasets.dataset(session, version.dataset_id)
    protected |= {*dataset.protected, *dataset.sensitive}
    return tuple(
        name
        for name in version.signature.names
        if name in protected or version.mapping.get(name, name) in protected
    )


def held(session: Session, version: Version) -> Limits:
    """Return the limits in force for a version: the owner's, with protected and sensitive columns fixed."""
    found = limits(session, version.use_case_id).limits
    names = set(version.signature.names)
    own = {n: f for n, f in found.features.items() if n in names}
    links = tuple(k for k in found.links if {k.leader, k.follower} <= names)
    return Limits(own, links).fixed(never_changed(session, version))


def asked(session: Session, version_id: str, values: Values, *, search: bool = True) -> Asked:
    """Return the question about one case under the limits in force. Raise `Invalid` for a model that decides nothing."""
    version = registry.version(session, version_id)
    use_case = registry.use_case_by_id(session, version.use_case_id)
    if use_case.task is not Task.BINARY and search:
        raise Invalid(
            "recourse.no_decision",
            N_("What would change a result is answered for yes-or-no decisions only."),
            fix=N_("Read the waterfall: it says what drove this result."),
        )
    missing = [name for name in version.signature.names if name not in values]
    if missing:
        raise Invalid(
            "recourse.value_missing",
            N_("The case lacks a value for {feature}."),
            fix=N_("Give a value for every feature of the model; an unknown one may be empty."),
            field="values",
            feature=missing[0],
        )
    own = {name: _plain(values[name]) for name in version.signature.names}
    within = held(session, version) if search else Limits()
    label = version.positive_label if use_case.task is Task.BINARY else ""
    threshold = 0.5 if version.operating_threshold is None else version.operating_threshold
    name = case.key(
        version.artifact_digest, version.table_digest, label, own, within, threshold, search=search
    )
    return Asked(name, version_id, own, within, label, threshold, search)


def answer(session: Session, key: str) -> CaseAnswer | None:
    """Return the answer to a question, or none before it is computed."""
    row = session.get(CaseAnswerRow, key)
    return None if row is None else CaseAnswer.from_json(row.body)


def job(session: Session, key: str) -> Job | None:
    """Return the newest job that works on a question."""
    return jobs.latest(session, SUBJECT_KIND, key, JOB_KIND)


def evaluated(files: Files, version: Version, row: int) -> Values:
    """Return the feature values of a row of the evaluation data, by its position. Raise `NotFound`."""
    table = datasets.frame(files, version.table_digest)
    if not 0 <= row < len(table):
        raise NotFound(
            "recourse.row_unknown",
            N_("The evaluation data has no row {row}."),
            fix=N_("Choose a number from 0 to {last}."),
            row=row,
            last=len(table) - 1,
        )
    return _values(version.features_of(table.iloc[[row]]).iloc[0], version)


def logged(session: Session, files: Files, version: Version, prediction_id: str) -> Values:
    """Return the feature values of a logged prediction, the newest of that id. Raise `NotFound`."""
    for part in reversed(monitoring.parts(session, version.id, BatchKind.PREDICTIONS)):
        with pq.ParquetFile(files.path(part.digest), memory_map=True) as file:
            ids = file.read_row_group(part.row_group, [ID], use_threads=False).column(0)
            found = pc.index(ids.cast("string"), prediction_id).as_py()
            if found is None or found < 0:
                continue
            row = file.read_row_group(part.row_group, use_threads=False).slice(found, 1)
        return _values(replayed.features(version, row).iloc[0], version)
    raise NotFound(
        "recourse.prediction_unknown",
        N_("No logged prediction of version {number} has the id {id}."),
        fix=N_("Check the id, or choose the version that made the prediction."),
        field="prediction_id",
        number=version.number,
        id=prediction_id[:80],
    )


def similar(files: Files, version: Version, values: Values, most: int = 5) -> pd.DataFrame:
    """Return the rows of the evaluation data nearest to a case (Gower), with the label and `distance`, nearest first."""
    table = datasets.frame(files, version.table_digest)
    features = version.features_of(table)
    total = np.zeros(len(features))
    for column in version.signature.features:
        theirs, own = features[column.name], values.get(column.name)
        if column.numeric:
            numbers = theirs.to_numpy(np.float64, na_value=np.nan)
            scale = float(np.nanquantile(numbers, 0.95) - np.nanquantile(numbers, 0.05)) or 1.0
            gap = np.abs(numbers - (np.nan if own is None else float(own))) / scale
            total += np.where(np.isnan(gap), float(own is not None), np.minimum(gap, 1.0))
        else:
            total += theirs.astype(object).map(lambda v, own=own: _plain(v) != own).to_numpy(float)
    nearest = np.argsort(total, kind="stable")[:most]
    found = features.iloc[nearest].copy()
    found[version.label_column] = table[version.label_column].iloc[nearest]
    return found.assign(distance=total[nearest] / max(1, len(version.signature.features)))


def _values(row: pd.Series, version: Version) -> Values:
    return {name: _plain(row[name]) for name in version.signature.names}


def _plain(value: object) -> str | float | int | bool | None:
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    item = value.item() if isinstance(value, np.generic) else value
    return item if isinstance(item, str | float | int | bool) else str(item)


def from_text(body: str) -> Limits:
    """Read limits from the JSON that `aval` and the REST interface take. Raise `Invalid`."""
    try:
        return Limits.from_json(json.loads(body))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Invalid(
            "recourse.limits_form",
            N_("These limits cannot be read."),
            fix=N_('Write them as {{"features": {{"income": {{"way": "up"}}}}, "links": []}}.'),
            field="limits",
        ) from None
