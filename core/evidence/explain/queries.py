"""Read explanations."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import pandas as pd
from sqlmodel import Session, col, select

from core.assets.datasets import columns
from core.assets.datasets import queries as datasets
from core.assets.registry import queries as registry
from core.assets.registry.version import Version
from core.errors import NotFound
from core.evidence.explain.importance import Importance, Pair, pairs, rank_agreement
from core.evidence.explain.partial import Partial
from core.evidence.explain.tables import ExplanationRow, PartialRow, TrialRow
from core.evidence.explain.terms import TOLERANCE, Fallback, Method, Question, Unit
from core.evidence.explain.trial import Trial
from core.i18n import N_
from core.platform.jobs import queries as jobs
from core.platform.jobs.queries import Job
from core.platform.store import Files

JOB_KIND = "explain.compute"
TRIAL_KIND = "explain.trial"
PARTIAL_KIND = "explain.partial"
SUBJECT_KIND = "version"
PREFIX = "phi:"  # of a feature's column in the stored table


@dataclass(frozen=True, slots=True)
class Explanation:
    """A stored explanation; `max_error` is the largest |base + Σφ − f(x)| / max(1, |f(x)|) over its rows."""

    id: str
    version_id: str
    model_digest: str
    data_digest: str
    label: str
    method: Method
    question: Question
    unit: Unit
    fallback: Fallback | None
    rows: int
    population: int
    background: int
    base: float
    max_error: float
    largest_standard_error: float
    importance: tuple[Importance, ...]
    values_digest: str
    seconds: float
    created_at: datetime
    mapping: Mapping[str, str] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether every explained row adds up to the model's own output."""
        return self.max_error <= TOLERANCE

    @property
    def features(self) -> tuple[str, ...]:
        """Source columns, most important first."""
        return tuple(i.feature for i in self.importance)


@dataclass(frozen=True, slots=True)
class Contribution:
    """One feature's value in a case and what it did to the score."""

    feature: str
    value: object
    phi: float


@dataclass(frozen=True, slots=True)
class Case:
    """One explained row: base + Σ phi = score; contributions by falling |phi|."""

    row: int
    score: float
    base: float
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions' importances; comparable only by the same question in the same unit."""

    pairs: tuple[Pair, ...]
    rank_agreement: float
    comparable: bool


def explanation(session: Session, version_id: str) -> Explanation | None:
    """Return the explanation of a version, or none before it is computed."""
    row = session.exec(select(ExplanationRow).where(ExplanationRow.version_id == version_id)).first()
    if row is None:
        return None
    return replace(_read(row), mapping=registry.version(session, version_id).mapping)


def usable(session: Session, version_ids: Collection[str]) -> dict[str, bool]:
    """Say for each of these versions that has an explanation whether every explained row adds up."""
    query = select(ExplanationRow.version_id, ExplanationRow.max_error).where(
        col(ExplanationRow.version_id).in_(version_ids)
    )
    return {version_id: error <= TOLERANCE for version_id, error in session.exec(query)}


def computed(session: Session, model_digest: str, data_digest: str, label: str) -> Explanation | None:
    """Return the largest explanation of the same model, data and class, whichever version it was made for."""
    row = session.exec(
        select(ExplanationRow)
        .where(
            ExplanationRow.model_digest == model_digest,
            ExplanationRow.data_digest == data_digest,
            ExplanationRow.label == label,
        )
        .order_by(col(ExplanationRow.rows).desc())
    ).first()
    return None if row is None else _read(row)


def job(session: Session, version_id: str) -> Job | None:
    """Return the newest job that explains this version."""
    return jobs.latest(session, SUBJECT_KIND, version_id, JOB_KIND)


def trial(session: Session, version_id: str) -> Trial | None:
    """Return what the version's explanation showed on trial; none before, or when the values are others by now."""
    row = session.get(TrialRow, version_id)
    digest = session.exec(
        select(ExplanationRow.values_digest).where(ExplanationRow.version_id == version_id)
    ).first()
    return None if row is None or row.values_digest != digest else Trial.from_json(row.body)


def partial_job(session: Session, version_id: str) -> Job | None:
    """Return the newest job that works out this version's partial dependence."""
    return jobs.latest(session, SUBJECT_KIND, version_id, PARTIAL_KIND)


def partials(session: Session, explanation: Explanation) -> dict[str, Partial] | None:
    """Return partial dependence by feature; none before it is worked out, or when the explanation is another by now."""
    row = session.get(PartialRow, explanation.version_id)
    if row is None or row.values_digest != explanation.values_digest:
        return None
    return {one["feature"]: Partial.from_json(one) for one in row.body}


def explained_versions(session: Session, use_case_id: str) -> tuple[Version, ...]:
    """Return the versions of a use case that have an explanation, newest first."""
    found = set(session.exec(select(ExplanationRow.version_id)))
    return tuple(v for v in registry.versions(session, use_case_id) if v.id in found)


def importance(session: Session, version_id: str) -> tuple[Importance, ...]:
    """Return global importances, largest first; empty before there is an explanation."""
    found = explanation(session, version_id)
    return () if found is None else found.importance


def comparison(left: Explanation, right: Explanation) -> Comparison:
    """Compare two versions' importances."""
    found = pairs(left.importance, right.importance)
    same = (left.question, left.unit, left.label) == (right.question, right.unit, right.label)
    return Comparison(found, rank_agreement(found), same)


def attributions(files: Files, explanation: Explanation) -> pd.DataFrame:
    """Return Shapley values: one column per feature, indexed by the row's position in the evaluation data."""
    table = columns.read(files.path(explanation.values_digest)).set_index("row")
    found = table.filter(like=PREFIX)
    return found.rename(columns={c: c.removeprefix(PREFIX) for c in found.columns})[
        list(explanation.features)
    ]


def scores(files: Files, explanation: Explanation) -> pd.Series:
    """Return the model's raw output per explained row, indexed like `attributions`."""
    return columns.read(files.path(explanation.values_digest), ["row", "score"]).set_index("row")["score"]


def inputs(files: Files, explanation: Explanation, rows: pd.Index) -> pd.DataFrame:
    """Return the feature values of the explained rows, indexed like `attributions`."""
    features = list(explanation.features)
    table = datasets.frame(files, explanation.data_digest)[
        [explanation.mapping.get(name, name) for name in features]
    ]
    return table.iloc[rows.to_numpy()].set_axis(rows, axis=0).set_axis(features, axis=1)


def case(files: Files, explanation: Explanation, row: int) -> Case:
    """Return one explained row. Raise `NotFound` when this row was not among the explained ones."""
    values = attributions(files, explanation)
    if row not in values.index:
        raise NotFound(
            "explanation.row_unknown",
            N_("Row {row} is not among the {rows} explained rows."),
            fix=N_("Choose a row of the list, or the lowest, the highest or a random one."),
            field="row",
            row=row,
            rows=explanation.rows,
        )
    phis = dict(zip(values.columns, values.loc[[row]].to_numpy(float)[0], strict=True))
    given = inputs(files, explanation, pd.Index([row])).iloc[0]
    order = sorted(explanation.features, key=lambda f: -abs(phis[f]))
    return Case(
        row=row,
        score=float(scores(files, explanation).loc[[row]].to_numpy(float)[0]),
        base=explanation.base,
        contributions=tuple(Contribution(f, _plain(given[f]), float(phis[f])) for f in order),
    )


def _plain(value: object) -> object:
    """A number, text, boolean, moment or None, free of numpy and pandas types."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):  # noqa: PLR0124
        return None
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def _read(row: ExplanationRow) -> Explanation:
    return Explanation(
        id=row.id,
        version_id=row.version_id,
        model_digest=row.model_digest,
        data_digest=row.data_digest,
        label=row.label,
        method=Method(row.method),
        question=Question(row.question),
        unit=Unit(row.unit),
        fallback=Fallback(row.fallback) if row.fallback else None,
        rows=row.rows,
        population=row.population,
        background=row.background,
        base=row.base,
        max_error=row.max_error,
        largest_standard_error=row.largest_standard_error,
        importance=tuple(Importance(**i) for i in row.importance),
        values_digest=row.values_digest,
        seconds=row.seconds,
        created_at=row.created_at,
    )
