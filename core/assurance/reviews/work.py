"""Find the logged decision that a request speaks of, explain it, and look for the smallest change that flips it."""

import json
from collections.abc import Callable, Mapping, Sequence
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
from core.evidence.recourse import queries as recourse
from core.evidence.recourse import words
from core.evidence.recourse.case import CaseAnswer, Values
from core.evidence.recourse.work import answered
from core.i18n import LANGUAGES, N_, speaking
from core.platform.access.personal import open_text
from core.platform.jobs.handling import JobContext
from core.platform.store import Files, Json

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
        version, logged = _logged(session, context.store.files, review)
        corrected: Values = json.loads(open_text(session, sealed)) if sealed else {}
        asked = recourse.asked(session, version.id, {**logged, **corrected})
    context.progress(0.3, N_("Asking the model about this case"))
    answer = answered(context.store, runner, asked, most=1)
    found = _case(version, review, answer, {k: v for k, v in corrected.items() if logged.get(k) != v})
    with context.store.unit_of_work(context.actor) as uow:
        commands.keep_case(uow, review_id, found)


def _logged(session: Session, files: Files, review: Review) -> tuple[Version, Values]:
    """Return the version that decided and the values it saw: the named one, else whichever was live, newest first."""
    if review.version_id:
        version = registry.version(session, review.version_id)
        return version, recourse.logged(session, files, version, review.prediction_id)
    live = dict.fromkeys(d.version_id for d in releases.deployments(session, review.use_case_id))
    others = [v.id for v in registry.versions(session, review.use_case_id) if v.id not in live]
    for version_id in (*live, *others):
        version = registry.version(session, version_id)
        try:
            return version, recourse.logged(session, files, version, review.prediction_id)
        except NotFound:
            continue
    raise NotFound(
        "review.prediction_unknown",
        N_("No version of this use case has logged the prediction {id}."),
        fix=N_("Check the id with the application that decided, or send the prediction to the log."),
        id=review.prediction_id[:80],
    )


def _case(version: Version, review: Review, answer: CaseAnswer, corrected: Mapping[str, Json]) -> Case:
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
        moment=None,
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
