"""The job of a shadow run: the challenger answers rows of the champion's log in the isolated runner, month by month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.assets.intake import queries as intake
from core.assets.intake.evaluation import Evaluation
from core.assets.intake.matching import as_text
from core.assets.intake.runner import Runner
from core.assets.registry import queries as registry
from core.assets.registry.version import Version
from core.decisions.retraining import queries as retraining
from core.decisions.serving import inference
from core.decisions.shadow import commands, queries
from core.decisions.shadow.agreement import (
    MOST_ROWS,
    Month,
    Prices,
    Said,
    cases,
    differing,
    distance,
    gain,
    gains,
    right,
)
from core.evidence.monitoring import logbook, replayed
from core.evidence.monitoring.batches import HASH, SAID, SCORE
from core.evidence.monitoring.identity import KnownLabels, find
from core.evidence.monitoring.logged import known_labels, sampled
from core.evidence.monitoring.records import LogPart
from core.evidence.monitoring.windows import Grain, window_of
from core.evidence.worth import queries as worth
from core.evidence.worth.matrix import CostMatrix
from core.evidence.worth.work import is_yes, worth_of_rows
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import Files

MOST_MONTHS = 24


def score(context: JobContext, runner: Runner) -> None:
    """Score the newest months of `payload["shadow_id"]` whose rows or outcomes changed.

    Raise `Invalid` where the challenger does not answer on logged rows.
    """
    shadow_id = str(context.payload["shadow_id"])
    store = context.store
    with store.reading() as view:
        found = queries.shadow(view, shadow_id)
        if found.ended_at is not None:
            return
        champion = registry.version(view, found.champion)
        pair = _Pair(
            runner,
            store.files,
            champion,
            registry.version(view, found.challenger),
            worth.signed_matrix(view, found.use_case_id),
            _tolerance(intake.evaluation(view, champion.id)),
        )
        stale = queries.stale(view, found, by_itself=bool(context.payload.get("by_itself")))
        there = [one.start for one in retraining.data(view, champion.id)]
        log = logbook.parts_of(view, champion.id)
    wanted = sorted(stale)[-MOST_MONTHS:]
    labels = known_labels(store.files, log.labels)
    months = []
    for done, start in enumerate(wanted):
        context.progress(done / len(wanted), N_("Asking the challenger what the champion was asked"))
        parts = [part for part in log.predictions if window_of(part.day, Grain.MONTH).start == start]
        if parts:
            months.append(pair.month(start, stale[start], parts, labels))
    with store.unit_of_work(context.actor) as uow:
        commands.store(uow, shadow_id, months, there)


@dataclass(frozen=True)
class _Pair:
    """Both versions, and what their decisions are worth."""

    runner: Runner
    files: Files
    champion: Version
    challenger: Version
    matrix: CostMatrix | None
    tolerance: float | None

    def month(
        self, start: date, counts: tuple[int, int], parts: Sequence[LogPart], labels: KnownLabels
    ) -> Month:
        """Hold both against each other on evenly spaced rows of a month."""
        table = sampled(self.files, parts, MOST_ROWS)
        hashes = table.column(HASH).to_numpy()
        before, after = self._logged(table), self._asked(table)
        tolerance = self.tolerance if before.answers.dtype.kind == "f" else None
        apart = differing(before, after, tolerance)
        gap = distance(before, after)
        held, place = find(labels.hashes, hashes)
        truth = _coded(
            labels.labels.take(pa.array(place, mask=~held)), quantity=before.answers.dtype.kind == "f"
        )
        champion_right, challenger_right = right(before, after, truth, apart & held)
        expected, realised = None, None
        if self.matrix is not None and after.probability is not None:
            prices = self._prices(table, self.matrix)
            said_yes = is_yes(before.answers, self.champion.positive_label)
            says_yes = is_yes(after.answers, self.champion.positive_label)
            chances = [after.probability if p is None else p for p in (before.probability, after.probability)]
            by_belief = [float(gains(said_yes, says_yes, prices.of_yes(chance)).mean()) for chance in chances]
            expected = (by_belief[0], by_belief[1])
            true = is_yes(truth, self.champion.positive_label).astype(float)
            realised = gain(gains(said_yes, says_yes, prices.of_yes(true))[held])
        return Month(
            start,
            *counts,
            table.num_rows,
            int(apart.sum()),
            None if gap is None else float(np.nanmean(gap)),
            champion_right,
            challenger_right,
            expected,
            realised,
            cases(hashes, after.answers, apart, gap),
        )

    def _logged(self, table: pa.Table) -> Said:
        quantity = not self.champion.signature.classes
        chance = table.column(SCORE) if SCORE in table.column_names else None
        return Said(
            _coded(table.column(SAID), quantity=quantity),
            None if chance is None or chance.null_count else np.asarray(chance.to_numpy(), dtype=np.float64),
        )

    def _asked(self, table: pa.Table) -> Said:
        rows = replayed.features(self.challenger, table)
        found = self.runner.predict(
            self.files.path(self.challenger.artifact_digest),
            self.challenger.format,
            rows,
            trusted=self.challenger.names,
            likeliest=inference.by_threshold(self.challenger),
        )
        answers = inference.decided(found, self.challenger)
        chances = answers.probabilities
        return Said(
            np.array([as_text(one) for one in answers.prediction], dtype=object)
            if answers.classes
            else np.asarray(answers.prediction, dtype=np.float64),
            chances[:, answers.positive] if chances is not None and len(answers.classes) == 2 else None,
        )

    def _prices(self, table: pa.Table, matrix: CostMatrix) -> Prices:
        rows = pa.Table.from_pandas(replayed.features(self.champion, table), preserve_index=False)
        chance = np.zeros(table.num_rows)
        yes, no = (
            worth_of_rows(rows, self.champion, matrix, chance, np.full(table.num_rows, one))
            for one in (True, False)
        )
        return Prices(yes.worth_yes, no.worth_yes, yes.worth_no, no.worth_no)


def _coded(values: pa.ChunkedArray, *, quantity: bool) -> NDArray[Any]:
    """Return logged answers or outcomes as numbers, or as the texts that classes are written in."""
    if quantity:
        return np.asarray(values.to_pandas(), dtype=np.float64)
    return np.array([None if one is None else as_text(one) for one in values.to_pylist()], dtype=object)


def _tolerance(evaluation: Evaluation | None) -> float | None:
    """What two quantities may be apart: the champion's own mean error on its evaluation rows."""
    if evaluation is None:
        return 0.0
    found = evaluation.metrics.get("mae")
    return 0.0 if found is None else found.value
