"""Answer rows by live versions: one warm child a file, requests that wait together are answered together.

A request that comes while the model works waits; when it is done, all that wait go in as one table, and each gets its
own rows back. So many small requests cost little more than one, and none waits for a fixed moment.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import pandas as pd

from core.assets.intake.answers import Result
from core.assets.intake.predictions import Predictions, checked
from core.assets.intake.runner import Runner, Session
from core.assets.registry.version import Version
from core.decisions.serving import inference
from core.decisions.serving.inference import Answers
from core.decisions.serving.spool import EVERY_SECONDS, Spool
from core.errors import AvalError, Unavailable
from core.evidence.monitoring.batches import PREDICTION, PREDICTION_ID, PROBABILITY, SUBJECT, TIMESTAMP
from core.i18n import N_
from core.platform.store import Store

PREDICT = "core.assets.intake.tasks:predict"
MOST_AT_ONCE = 4_096
MOST_MODELS = 4
IDLE_SECONDS = 600.0
SECONDS = 20.0
MOST_WAITING = 1_000


@dataclass(eq=False)
class _Asked:
    rows: pd.DataFrame
    ids: list[str]
    subjects: Sequence[str]
    answer: "Future[Answers]" = field(default_factory=Future)


class Scorer:
    """The models that are warm in this process; safe to use from many threads."""

    def __init__(
        self, store: Store, start: Callable[[], Runner], *, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._start = start
        self._ticks = ticks
        self._lock = threading.Lock()
        self._runner: Runner | None = None
        self._warm: OrderedDict[str, _Warm] = OrderedDict()
        self._spool = Spool(store, store.settings.folder_path / "serving")
        self._stop = threading.Event()
        self._keeper: threading.Thread | None = None

    def score(
        self, version: Version, rows: pd.DataFrame, ids: list[str], subjects: str | Sequence[str] = ""
    ) -> Answers:
        """Answer rows; each is durably on its way to the log, under its id, before this returns.

        `subjects` is what the sender calls the person that the rows are about, or one for each row; the log keeps their
        pseudonyms.

        Raise `Unavailable` where too many wait, and the errors of the isolated runner.
        """
        asked = _Asked(rows, ids, [subjects] * len(ids) if isinstance(subjects, str) else subjects)
        self._of(version).put(asked)
        return asked.answer.result(SECONDS * 3)

    def flush(self) -> int:
        """Hand what was answered to the log now."""
        return self._spool.flush()

    def close(self) -> None:
        """End the children, and hand what was answered to the log."""
        self._stop.set()
        with self._lock:
            for warm in self._warm.values():
                warm.stop()
            self._warm.clear()
            if self._runner is not None:
                self._runner.stop()
        if self._keeper is not None:
            self._keeper.join(5)
            self.flush()

    def _of(self, version: Version) -> "_Warm":
        with self._lock:
            if self._runner is None:
                self._runner = self._start()
                self._keeper = threading.Thread(target=self._keep, name="scored rows", daemon=True)
                self._keeper.start()
            warm = self._warm.get(version.id)
            if warm is None:
                warm = self._warm[version.id] = _Warm(
                    self._store, self._runner, version, self._spool, self._ticks
                )
            self._warm.move_to_end(version.id)
            while len(self._warm) > MOST_MODELS:
                self._warm.popitem(last=False)[1].stop()
            return warm

    def _keep(self) -> None:
        """Hand answered rows to the log every few seconds, and let models go that nobody asks any more."""
        while not self._stop.wait(EVERY_SECONDS):
            self._spool.flush()
            with self._lock:
                for key in [k for k, w in self._warm.items() if self._ticks() - w.used > IDLE_SECONDS]:
                    self._warm.pop(key).stop()


class _Warm:
    """One loaded version: its child, and the thread that puts waiting requests together."""

    def __init__(
        self, store: Store, runner: Runner, version: Version, spool: Spool, ticks: Callable[[], float]
    ) -> None:
        self._store = store
        self._runner = runner
        self._version = version
        self._spool = spool
        self._ticks = ticks
        self._ready = threading.Condition()
        self._waiting: list[_Asked] = []
        self._session: Session | None = None
        self._stopped = False
        self.used = ticks()
        threading.Thread(target=self._run, name=f"scoring v{version.number}", daemon=True).start()

    def put(self, asked: _Asked) -> None:
        with self._ready:
            self.used = self._ticks()
            if self._stopped or len(self._waiting) >= MOST_WAITING:
                raise Unavailable(
                    "infer.busy",
                    N_("More requests wait for this model than it can answer."),
                    fix=N_(
                        "Send again in a moment, several rows a request, or serve the approved file yourself."
                    ),
                )
            self._waiting.append(asked)
            self._ready.notify()

    def stop(self) -> None:
        with self._ready:
            self._stopped = True
            self._ready.notify()

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._waiting or self._stopped)
                if not self._waiting:
                    break
                together = self._next()
            self._answer(together)
        if self._session is not None:
            self._session.close()

    def _next(self) -> list[_Asked]:
        """Take the requests that go in as one table, the oldest first."""
        rows, count = 0, 0
        for one in self._waiting:
            rows += len(one.rows)
            if count and rows > MOST_AT_ONCE:
                break
            count += 1
        together, self._waiting = self._waiting[:count], self._waiting[count:]
        return together

    def _answer(self, together: list[_Asked]) -> None:
        try:
            self._tell(together, self._predict([one.rows for one in together]))
        except AvalError as problem:
            if len(together) == 1:
                together[0].answer.set_exception(problem)
                return
            for one in together:  # one request's rows must not fail the others
                self._answer([one])
        except BaseException as problem:  # noqa: BLE001 - whoever waits must hear of it
            for one in together:
                if not one.answer.done():
                    one.answer.set_exception(problem)

    def _tell(self, together: list[_Asked], found: Predictions) -> None:
        answers = inference.decided(found, self._version)
        rows = (
            pd.concat([one.rows for one in together], ignore_index=True)
            if len(together) > 1
            else together[0].rows
        )
        whose = [pair for one in together for pair in zip(one.ids, one.subjects, strict=True)]
        self._spool.append(self._version.id, self._logged(rows, whose, answers))
        first = 0
        for one in together:
            last = first + len(one.rows)
            chances = answers.probabilities
            one.answer.set_result(
                Answers(
                    answers.prediction[first:last],
                    None if chances is None else chances[first:last],
                    answers.classes,
                    answers.positive,
                )
            )
            first = last

    def _logged(
        self, rows: pd.DataFrame, whose: list[tuple[str, str]], answers: Answers
    ) -> list[dict[str, object]]:
        now = self._store.clock().isoformat()
        columns = {str(c): [None if v != v else v for v in rows[c].tolist()] for c in rows.columns}  # noqa: PLR0124
        held: list[dict[str, object]] = [
            dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
        ]
        for place, row in enumerate(held):
            name, subject = whose[place]
            row |= {PREDICTION_ID: name, TIMESTAMP: now, PREDICTION: answers.prediction[place]}
            if subject:
                row[SUBJECT] = subject
            if answers.probabilities is not None and len(answers.classes) == 2:
                row[PROBABILITY] = float(answers.probabilities[place, answers.positive])
        return held

    def _predict(self, tables: list[pd.DataFrame]) -> Predictions:
        rows = pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0]
        return checked(self._asked(rows), len(rows))

    def _asked(self, rows: pd.DataFrame) -> Result:
        if self._session is None or self._session.closed:
            path = self._store.files.path(self._version.artifact_digest)
            self._session = self._runner.open(
                PREDICT,
                path,
                self._version.format,
                {"likeliest": inference.by_threshold(self._version)},
                trusted=self._version.names,
                timeout=SECONDS,
            )
        return self._session.ask(rows, SECONDS)
