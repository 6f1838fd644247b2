"""The job that judges the gates of a round: read, compute outside any transaction, store with one command."""

from core.decisions.releases import queries
from core.decisions.releases.commands import keep_judgement
from core.decisions.releases.evidence import collect, evidence, sources
from core.decisions.releases.gates import GateKind, Rule, judge
from core.decisions.releases.states import ReleaseState
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM


def judge_round(context: JobContext, runner: object = None) -> None:
    """Judge the gates of the round in `payload["round_id"]`; a round that has been closed meanwhile is left alone."""
    del runner  # the gates read stored predictions; no model runs here
    round_id = str(context.payload["round_id"])
    context.progress(0.1, N_("Collecting the evidence"))
    with context.store.reading() as view:
        request = queries.release_of_round(view, round_id)
        current = queries.rounds(view, request.id)[-1]
        if current.id != round_id or request.state not in {ReleaseState.SUBMITTED, ReleaseState.IN_REVIEW}:
            return
        found = collect(view, request.version.id, request.environment)
    context.progress(0.3, N_("Comparing with the live version"))
    facts = evidence(found, context.store.files)
    rules = found.sealed.rules if found.sealed else (Rule(GateKind.SEALED),)
    verdicts = [judge(rule, facts) for rule in rules]
    with context.store.unit_of_work(SYSTEM) as uow:
        keep_judgement(uow, round_id, verdicts, sources(found, rules))
