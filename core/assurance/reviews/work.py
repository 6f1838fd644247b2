"""Find the logged decision that a request speaks of, explain it, and look for the smallest change that flips it."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import cast

from sqlmodel import Session

from core.assets.intake.runner import Runner
from core.assets.registry import Version
from core.assets.registry import queries as registry
from core.assurance.reviews import commands, queries
from core.assurance.reviews.case import Case, Change
from core.assurance.reviews.queries import Review
from core.decisions.releases import queries as releases
from core.errors import NotFound
from core.evidence.explain import words as explained
from core.evidence.monitoring.decisions import Decision, decision
from core.evidence.recourse import queries as recourse
from core.evidence.recourse import words
from core.evidence.recourse.case import CaseAnswer, Values
from core.evidence.recourse.work import answered
from core.i18n import LANGUAGES, N_, speaking
from core.platform.access.personal import open_text
from core.platform.jobs.handling import JobContext
from core.platform.store import Store

MOST_REASONS = 4


def find_case(context: JobContext, runner: Runner) -> None:
    """Find the decision of `payload["review"]` and keep what the model says of it, under the subject's key.

    `payload["corrected"]` holds corrected values, sealed; they are scored in place of what was logged. Raise `NotFound`
    where no version of the use case has logged such a prediction.
    """
    review_id = str(context.payload["review"])
    sealed = str(context.payload.get("corrected") or "")
    context.progress(0.1, N_("Finding the logged decision"))
    with context.store.reading() as session:
        review = queries.review(session, review_id)
        candidates = _candidates(session, review)
        corrected: Values = json.loads(open_text(session, sealed)) if sealed else {}
    version, decided = _decided(context.store, review, candidates)
    logged = _inputs(version, decided)
    with context.store.reading() as session:
        asked = recourse.asked(session, version.id, {**logged, **corrected})
    context.progress(0.3, N_("Asking the model about this case"))
    answer = answered(context.store, runner, asked, most=1)
    changed = {k: v for k, v in corrected.items() if logged.get(k) != v}
    found = _case(version, review, decided.at, answer, changed)
    with context.store.unit_of_work(context.actor) as uow:
        commands.keep_case(uow, review_id, found)


def _candidates(session: Session, review: Review) -> tuple[Version, ...]:
    """Return the versions that may have decided: the named one, else those that were live, newest first, then others."""
    if review.version_id:
        return (registry.version(session, review.version_id),)
    live = dict.fromkeys(d.version_id for d in releases.deployments(session, review.use_case_id))
    every = {v.id: v for v in registry.versions(session, review.use_case_id)}
    return tuple(every[i] for i in (*live, *(i for i in every if i not in live)))


def _decided(store: Store, review: Review, candidates: Sequence[Version]) -> tuple[Version, Decision]:
    for version in candidates:
        found = decision(store, version.id, review.prediction_id)
        if found is not None:
            return version, found
    raise NotFound(
        "review.prediction_unknown",
        N_("No version of this use case has logged the prediction {id}."),
        fix=N_("Check the id with the application that decided, or send the prediction to the log."),
        id=review.prediction_id[:80],
    )


def _inputs(version: Version, found: Decision) -> Values:
    """Return what the model saw, under the names that it knows."""
    named = {name: version.mapping.get(name, name) for name in version.signature.names}
    inputs = found.inputs
    return {
        name: cast("str | float | None", inputs.get(name, inputs.get(column)))
        for name, column in named.items()
    }


def _case(version: Version, review: Review, moment: datetime, answer: CaseAnswer, corrected: Values) -> Case:
    case = words.as_case(answer)
    changes = answer.cases[0].changes if answer.cases else ()
    told = {
        spoken: (
            tuple(_spoken(spoken, lambda: [words.change(c) for c in changes]))
            if changes
            else tuple(_spoken(spoken, lambda: [words.nothing(answer)]))
        )
        for spoken in LANGUAGES
    }
    return Case(
        version_id=version.id,
        prediction_id=review.prediction_id,
        moment=moment,
        inputs=dict(answer.values),
        score=answer.decided,
        threshold=answer.threshold,
        positive=answer.positive,
        usable=answer.holds,
        max_error=abs(answer.base + sum(answer.phi.values()) - answer.score),
        reasons={
            spoken: tuple(_spoken(spoken, lambda: explained.reasons(case, MOST_REASONS)))
            for spoken in LANGUAGES
        },
        changes=tuple(
            Change(c.feature, cast("str | float | None", c.before), cast("str | float | None", c.after))
            for c in changes
        ),
        told=told,
        corrected=dict(corrected),
    )


def _spoken(language: str, tell: Callable[[], Sequence[str]]) -> list[str]:
    with speaking(language):
        return list(tell())
