"""What happened in the demo organisation, part by part, in the order of time."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from app.demo_alerts import acknowledged, incident
from app.demo_desk import answered, attested, waiting
from app.demo_scene import Scene, Signature
from core.assurance.compliance import commands as obligations
from core.assurance.compliance import queries as compliance
from core.assurance.compliance import writing
from core.decisions.releases import commands as releases
from core.evidence.kpis import commands as kpis
from core.evidence.kpis import queries as measured
from core.evidence.kpis.definition import Definition, Direction, KpiKind
from core.evidence.kpis.queries import State
from core.evidence.monitoring import commands as monitoring
from core.evidence.monitoring import queries as monitored
from core.evidence.monitoring.location import LogSetting
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.windows import Grain
from core.evidence.worth import commands as pricing
from core.evidence.worth import queries as worth
from core.evidence.worth import work as pricing_work
from core.evidence.worth.matrix import Cell, MatrixState, signing_subject
from core.i18n import N_
from core.platform.access import commands as access
from core.platform.access import queries as people
from core.platform.access.confirmation import confirm_in_demo
from core.platform.store import SYSTEM
from data.demo import models, organisation
from data.demo.organisation import CLINIC_CARD, CREDIT, CREDIT_CARD, PROGRESSION, READ, TUMOUR

SCORECARD, BOOSTED, REFRESHED = "scorecard.skops", "boosted.joblib", "refreshed.skops"
MODEL = "Default within 90 days"
CUT_OFF = 0.3
FIRST_LIVE, SECOND_LIVE = 10, 5
"""Months before the end at which the first and the second credit version began to decide."""


@dataclass(frozen=True)
class Part:
    """One part: what the terminal says, days before the end, and the deed, which may be done twice."""

    text: str
    days: float
    happen: Callable[[], None]


def story(scene: Scene) -> list[Part]:
    """Every part, the oldest first."""
    first, second = scene.months(FIRST_LIVE), scene.months(SECOND_LIVE)
    told = [
        Part(N_("People"), 549, partial(_people, scene)),
        Part(N_("Policies and use cases"), 545, partial(_ground, scene)),
        Part(N_("Compliance: the impact report of credit"), 340, partial(_impact, scene, 340)),
        Part(N_("What the business expects, as KPIs"), first + 9, partial(_goals, scene, first + 9)),
        Part(N_("Credit: a scorecard goes live"), first + 3, partial(_scorecard, scene, first + 3)),
        Part(N_("Credit: a KPI in money"), first + 1, partial(_profit, scene, first + 1)),
        Part(N_("Diabetes: a regression goes live"), 160, partial(_progression, scene, 160)),
        Part(N_("Credit: what decisions are worth"), second + 6, partial(_worth, scene, second + 6)),
        Part(N_("Credit: gradient boosting takes over"), second + 3, partial(_boosted, scene, second + 3)),
        Part(N_("Tumours: a forest is evaluated"), 66, partial(_tumour, scene, 66)),
        Part(N_("Credit: a hostile file is refused"), 47, partial(_poisoned, scene, 47)),
        Part(N_("Independent validation attests to credit"), 34, partial(attested, scene, 34)),
        Part(N_("A person asks why, and gets a letter"), 19, partial(answered, scene, 19)),
        Part(N_("Credit: a model for other columns is refused"), 12, partial(_elsewhere, scene, 12)),
        Part(N_("Another person asks, and waits"), 4, partial(waiting, scene, 4)),
        Part(N_("Credit: the next version waits for sign-off"), 1.6, partial(_candidate, scene, 1.6)),
    ]
    joined = scene.months(1) - 6.2
    told.append(
        Part(
            N_("Credit: groups are followed in the log"), joined, partial(scene.follow_groups, CREDIT, joined)
        )
    )
    seen = scene.months(1) - 1.3
    told += [
        Part(
            N_("Credit: operations acknowledge an alert"), seen, partial(acknowledged, scene, seen, BOOSTED)
        ),
        Part(
            N_("Credit: an incident is opened from it"), seen - 1, partial(incident, scene, seen - 1, BOOSTED)
        ),
    ]
    for back in range(FIRST_LIVE, 0, -1):
        days = scene.months(back - 1) + 0.02
        told.append(
            Part(N_("Credit: predictions and outcomes of a month"), days, partial(_month, scene, back, days))
        )
    return sorted(told, key=lambda part: -part.days)


def _people(scene: Scene) -> None:
    with scene.store.reading() as view:
        known = {person.email for person in people.people(view)}
    scene.clock.turn(scene.at(549))
    for member in organisation.PEOPLE:
        if member.email not in known:
            with scene.store.unit_of_work(SYSTEM) as uow:
                access.add_person(
                    uow, name=member.name, email=member.email, roles=member.roles, language=member.language
                )


def _ground(scene: Scene) -> None:
    with scene.acting("lukas.brandt", 545) as uow:
        releases.publish_shipped(uow)
    for days, case in ((540, CREDIT), (420, PROGRESSION), (400, TUMOUR)):
        scene.define(case, days)
        scene.protect(case, days - 1)
    credit, kept = scene.use_case(CREDIT), LogSetting(keep_days=organisation.LOG_DAYS)
    with scene.store.reading() as view:
        known = monitored.log_setting(view, credit.id)
    if known != kept:
        with scene.acting("helena.prado", 539) as uow:
            monitoring.set_log(uow, credit.id, kept)


def _impact(scene: Scene, days: float) -> None:
    use_case = scene.use_case(CREDIT)
    with scene.store.reading() as view:
        answered = compliance.answers(view, use_case.id)
        written = compliance.documents(view, use_case.id, "ripd")
    for question, text in organisation.CREDIT_ANSWERS.items():
        if question not in answered:
            with scene.acting("beatriz.sampaio", days) as uow:
                obligations.answer_question(uow, use_case.id, question, text)
    if not written:
        scene.clock.turn(scene.at(days - 2))
        writing.make(scene.store, scene.actor("beatriz.sampaio"), use_case.id, "ripd")
        with scene.store.reading() as view:
            written = compliance.documents(view, use_case.id, "ripd")
    if written[0].approved_at is None:
        with scene.acting("lukas.brandt", days - 5) as uow:
            obligations.approve_document(uow, written[0].id)


def _goals(scene: Scene, days: float) -> None:
    for goal in organisation.GOALS:
        _goal(scene, goal, days)


def _profit(scene: Scene, days: float) -> None:
    _goal(scene, organisation.PROFIT, days)


def _worth(scene: Scene, days: float) -> None:
    use_case = scene.use_case(CREDIT)
    with scene.store.reading() as view:
        known = worth.matrices(view, use_case.id)
    if not known:
        cells = {Cell(name): text for name, text in organisation.WORTH.items()}
        with scene.acting("marcelo.teixeira", days) as uow:
            known = (pricing.propose_matrix(uow, use_case.id, cells, money_columns=["amount"]),)
    if known[-1].state is MatrixState.PROPOSED:
        with scene.acting("chiara.ricci", days - 0.3) as uow:
            ticket = confirm_in_demo(uow, signing_subject(known[-1].id))
        with scene.acting("chiara.ricci", days - 0.3) as uow:
            pricing.sign_matrix(uow, known[-1].id, ticket=ticket)


def _frozen(scene: Scene, file: str, days: float) -> None:
    version = scene.version(CREDIT, file)
    if version is None:
        raise LookupError(file)
    with scene.store.reading() as view:
        held = worth.operating_point(view, version.id)
    if held is None:
        scene.clock.turn(scene.at(days))
        monthly = pricing_work.evaluated(scene.store, version.id).monthly_rows
        pricing_work.freeze(scene.store, scene.actor("chiara.ricci"), version.id, CUT_OFF, monthly)


def _goal(scene: Scene, goal: organisation.Goal, days: float) -> None:
    use_case = scene.use_case(goal.case)
    with scene.store.reading() as view:
        known = (*measured.kpis(view, use_case.id), *measured.proposals(view, use_case.id))
    held = next((one for one in known if one.definition.name == goal.name), None)
    if held is None:
        money = goal.case.currency if goal.money_columns else ""
        definition = Definition(
            name=goal.name,
            question=goal.question,
            owner_id=scene.ids[goal.by],
            metric=Metric(goal.metric) if goal.metric else None,
            unit=goal.unit,
            direction=Direction(goal.direction),
            target=goal.target,
            warning=goal.warning,
            critical=goal.critical,
            window=Grain.MONTH,
            minimum_n=goal.minimum_n,
            kind=KpiKind(goal.kind),
            formula=goal.formula,
            currency=money,
            segment=goal.segment,
            units=tuple((name, money) for name in goal.money_columns),
        )
        with scene.acting(goal.by, days) as uow:
            held = kpis.define_kpi(uow, use_case.id, definition)
    if held.state is State.PROPOSED:
        with scene.acting(organisation.SECONDS[goal.by], days - 0.2) as uow:
            kpis.approve_kpi(uow, held.revision_id)


def _scorecard(scene: Scene, days: float) -> None:
    scene.upload(
        CREDIT,
        partial(scene.made, models.scorecard),
        SCORECARD,
        by="rafael.moreira",
        days=days,
        model=MODEL,
        note="Logistic scorecard, fitted on three months of applications.",
        threshold=CUT_OFF,
        card=CREDIT_CARD,
    )
    scene.release(
        CREDIT,
        SCORECARD,
        "production",
        by="rafael.moreira",
        days=days - 1,
        note="First model of the use case; replaces the manual rules.",
        signatures=(
            _signed("tomasz.wilk", "operations", days - 1.4),
            _signed("beatriz.sampaio", "compliance", days - 2.2),
            _signed("anders.holm", "validator", days - 2.7),
        ),
    )


def _boosted(scene: Scene, days: float) -> None:
    scene.upload(
        CREDIT,
        partial(scene.made, models.boosted),
        BOOSTED,
        by="ingrid.lindqvist",
        days=days,
        model=MODEL,
        note="Gradient boosting on twice the months; reads categories as such.",
        threshold=CUT_OFF,
        card=CREDIT_CARD,
    )
    _frozen(scene, BOOSTED, days - 0.5)
    scene.release(
        CREDIT,
        BOOSTED,
        "production",
        by="ingrid.lindqvist",
        days=days - 1,
        note="Ranks better at the same approval rate.",
        signatures=(
            _signed("camila.nogueira", "operations", days - 1.3),
            _signed("lukas.brandt", "compliance", days - 2.1),
            _signed("marcelo.teixeira", "business", days - 2.8),
        ),
    )


def _poisoned(scene: Scene, days: float) -> None:
    scene.upload(
        CREDIT,
        partial(scene.made, models.poisoned),
        "poisoned.joblib",
        by="ingrid.lindqvist",
        days=days,
        model="Challenger from a forum",
        note="Found in a forum; said to be tuned for Brazilian credit.",
    )


def _elsewhere(scene: Scene, days: float) -> None:
    scene.upload(
        CREDIT,
        partial(scene.made, models.rebuilt_elsewhere),
        "rebuilt_elsewhere.skops",
        by="rafael.moreira",
        days=days,
        model=MODEL,
        note="Rebuilt on the warehouse extract.",
    )


def _candidate(scene: Scene, days: float) -> None:
    scene.upload(
        CREDIT,
        partial(scene.made, models.refreshed),
        REFRESHED,
        by="rafael.moreira",
        days=days,
        model=MODEL,
        note="Fitted again on the months of dearer credit.",
        threshold=CUT_OFF,
        card=CREDIT_CARD,
    )
    scene.release(
        CREDIT,
        REFRESHED,
        "production",
        by="rafael.moreira",
        days=days - 0.6,
        note="The live version has drifted: incomes fell and rates rose since it was fitted.",
        signatures=(_signed("joana.figueiredo", "validator", days - 1.2),),
    )


def _progression(scene: Scene, days: float) -> None:
    scene.upload(
        PROGRESSION,
        partial(models.progression, scene.folder),
        "progression.onnx",
        by="ingrid.lindqvist",
        days=days,
        model="Progression after a year",
        note="Ridge regression on the public data set.",
        card=CLINIC_CARD,
    )
    scene.release(
        PROGRESSION,
        "progression.onnx",
        "production",
        by="ingrid.lindqvist",
        days=days - 1,
        note="For the planning of check-ups in the coming year.",
        signatures=(
            _signed("camila.nogueira", "operations", days - 1.5),
            _signed("lukas.brandt", "compliance", days - 2),
        ),
    )


def _tumour(scene: Scene, days: float) -> None:
    scene.upload(
        TUMOUR,
        partial(models.tumour, scene.folder),
        "tumour.skops",
        by="ingrid.lindqvist",
        days=days,
        model="Malignancy",
        note="Forest of shallow trees on the public data set.",
        threshold=0.35,
        card=CLINIC_CARD,
    )


def _month(scene: Scene, back: int, days: float) -> None:
    """Send what was predicted in the month that began `back` months before the end, and the outcomes it brought."""
    start, end = scene.midnight(scene.months(back)), scene.midnight(scene.months(back - 1))
    rows = scene.rows.frame
    made = rows[(rows["applied_at"] >= start) & (rows["applied_at"] < end)]
    known = rows[(rows["label_known_at"] >= start) & (rows["label_known_at"] < end)]
    turn = scene.midnight(scene.months(SECOND_LIVE))
    began = scene.midnight(scene.months(FIRST_LIVE))
    live, make = (BOOSTED, models.boosted) if back <= SECOND_LIVE else (SCORECARD, models.scorecard)
    scene.send(CREDIT, live, "predictions", lambda: models.scored(scene.made(make), made), days=days)
    earlier = known[(known["applied_at"] >= began) & (known["applied_at"] < turn)]
    later = known[known["applied_at"] >= turn]
    for file, settled in ((SCORECARD, earlier), (BOOSTED, later)):
        if len(settled):
            scene.send(CREDIT, file, "labels", partial(models.outcomes, settled), days=days)
    scene.work()


def _signed(by: str, area: str, days: float) -> Signature:
    return Signature(by, area, days, READ[by])
