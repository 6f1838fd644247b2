"""The evaluation job: read inertly, load and predict in isolation, measure outside, settle in one command."""

from datetime import datetime

import numpy as np
import pandas as pd

from core.assets.datasets import queries as datasets
from core.assets.datasets.reading import to_parquet
from core.assets.intake import assessing, queries, reading, reviews, settling, verdict
from core.assets.intake.assessing import Assessed
from core.assets.intake.evaluation import SUPPLIED
from core.assets.intake.formats import EVIDENCE_ONLY, Format
from core.assets.intake.matching import Claims
from core.assets.intake.measuring import Question
from core.assets.intake.reading import Read
from core.assets.intake.runner import Runner
from core.assets.intake.verdict import Verdict
from core.assets.registry import queries as registry
from core.assets.registry.usecase import UseCase
from core.assets.registry.version import Version, VersionState
from core.errors import Invalid, TooLarge
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM

MOST_FEATURES = 500


def evaluate(context: JobContext, runner: Runner) -> bool:
    """Evaluate the version that the payload names; return whether there is a ready model to explain.

    What the file or the table is to blame for refuses the version, with the reason; a runner that cannot be
    started raises `Unavailable` and the job is tried again. A version settled already is left alone.
    """
    with context.store.reading() as view:
        version = registry.version(view, str(context.payload["version"]))
        case = registry.use_case_by_id(view, version.use_case_id)
    loaded = Format(version.format) not in EVIDENCE_ONLY
    if version.state is not VersionState.CHECKING:
        return loaded and version.state is VersionState.READY
    check = _Check(context, runner, version, case, context.store.clock())
    try:
        return (check.run() if loaded else check.run_scores()) and loaded
    except (Invalid, TooLarge) as reason:
        with context.store.unit_of_work(SYSTEM) as uow:
            settling.refuse_version(
                uow,
                version.id,
                reason,
                verdict=check.verdict,
                isolation=runner.level,
                names=check.unknown,
                origin=check.facts,
            )
        return False


class _Check:
    """One evaluation in progress: what is known so far outlives a refusal."""

    def __init__(
        self, context: JobContext, runner: Runner, version: Version, case: UseCase, started: datetime
    ) -> None:
        self._context = context
        self._runner = runner
        self._version = version
        self._case = case
        self._started = started
        self.verdict = ""
        self.unknown: tuple[str, ...] = ()
        self.facts: dict[str, object] = {}

    def run(self) -> bool:
        context, version = self._context, self._version
        path = context.store.files.path(version.artifact_digest)
        context.progress(0.05, N_("Reading the file without running it"))
        read = self._read()
        if read is None:
            return False
        context.progress(0.2, N_("Loading the model in isolation"))
        inspected = self._runner.inspect(path, version.format, trusted=read.trusted)
        claims = Claims.read(inspected.meta)
        self.facts["features"] = list(claims.features[:MOST_FEATURES])
        context.progress(0.3, N_("Comparing the model with the table"))
        table, question = self._asked()
        found = assessing.assess(
            self._runner,
            path,
            version.format,
            table,
            question,
            trusted=read.trusted,
            claims=claims,
            progress=context.progress,
        )
        return self._settle(found, read.trusted, table)

    def run_scores(self) -> bool:
        """Measure the scores that came with the data; the file, where there is one, is never opened."""
        self.verdict = Verdict.EVIDENCE.value
        self._context.progress(0.3, N_("Measuring the scores that came with the data"))
        table, question = self._asked()
        return self._settle(assessing.assess_scores(table, question), (), table)

    def _asked(self) -> tuple[pd.DataFrame, Question]:
        context, version = self._context, self._version
        with context.store.reading() as view:
            dataset = datasets.dataset(view, version.dataset_id)
        question = Question(
            self._case.task,
            version.label_column,
            version.positive_label,
            version.operating_threshold,
            dataset.protected,
            version.mapping,
            version.score_column,
        )
        return datasets.frame(context.store.files, version.table_digest), question

    def _settle(self, found: Assessed, names: tuple[str, ...], table: pd.DataFrame) -> bool:
        context = self._context
        context.progress(0.95, N_("Storing the evaluation"))
        labelled = np.flatnonzero(table[self._version.label_column].notna().to_numpy())
        stored = pd.DataFrame({"row": labelled, **found.measured.columns})
        kept = context.store.files.put_bytes(to_parquet(stored))
        notes = [*([f"type: {found.type}"] if found.type else []), *found.warnings]
        if found.unlabelled:
            notes.append(f"unlabelled: {found.unlabelled}")
        if found.agreement is None:
            notes.append(SUPPLIED)
        elif not found.agreement.exact:
            notes.append(f"differs: {found.agreement.rows} rows, at most {found.agreement.largest:.3g}")
        with context.store.unit_of_work(SYSTEM) as uow:
            return settling.record_evaluation(
                uow,
                self._version.id,
                started_at=self._started,
                rows=found.rows,
                metrics=found.measured.metrics,
                threshold=found.measured.threshold,
                confusion=found.measured.confusion,
                curves=found.measured.curves,
                latency_p50_ms=found.latency_p50_ms,
                latency_p95_ms=found.latency_p95_ms,
                memory_mb=found.memory_mb,
                # Supplied scores are data: the same table gives the same scores.
                reproducible=found.agreement is None or found.agreement.exact,
                predictions_digest=kept.digest,
                notes=notes,
                verdict=self.verdict,
                isolation=self._runner.level,
                signature=found.signature,
                names=names,
                origin=self.facts,
            )

    def _read(self) -> Read | None:
        """Judge the file; return `None` when it has to wait for a reviewer."""
        version = self._version
        path = self._context.store.files.path(version.artifact_digest)
        read = reading.judged(self._runner, path, version.format)
        self.verdict = read.verdict.value
        self.unknown = read.unknown if read.verdict is not Verdict.KNOWN else ()
        self.facts = dict(read.facts)
        if read.refusal is not None:
            raise read.refusal
        if read.verdict is Verdict.REVIEW and not self._may_load(read):
            return None
        return read

    def _may_load(self, read: Read) -> bool:
        if self._runner.level == "basic":
            raise Invalid(
                "artifact.review_basic",
                N_(
                    "The file asks for names beyond the list, and this machine can isolate it in a basic way only."
                ),
                fix=N_("Save the model with scikit-learn's own parts only, or run Aval on Linux."),
                field="artifact",
            )
        digest = verdict.names_digest(read.unknown)
        with self._context.store.reading() as view:
            if queries.names_approved(view, self._version.artifact_digest, digest, read.list_version):
                return True
        with self._context.store.unit_of_work(SYSTEM) as uow:
            reviews.ask_for_review(uow, self._version.id, read.unknown, list_version=read.list_version)
        return False
