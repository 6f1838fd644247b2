"""How much of a card fills itself: measured on the demo's own models, with what an upload asks and nothing more."""

import pytest

from app.submission import Submission, submit
from core.assets.intake import commands as intake
from core.assets.intake import queries, work
from core.assets.intake.runner import Runner
from core.assets.registry import RiskTier, Task, commands
from core.assets.registry.card import Source
from core.decisions.releases import commands as releases
from core.platform.jobs.handling import run_waiting
from core.platform.store import SYSTEM
from data.demo import models, organisation


@pytest.fixture(scope="module")
def runner():
    with Runner() as running:
        yield running


@pytest.mark.parametrize(
    ("make", "case"),
    [(models.tumour, organisation.TUMOUR), (models.progression, organisation.PROGRESSION)],
    ids=["binary", "regression"],
)
def test_seven_fields_of_ten_fill_themselves(store, actor, runner, tmp_path, make, case):
    ana, made = actor("data_scientist"), make(tmp_path)
    with store.unit_of_work(SYSTEM) as uow:
        releases.publish_shipped(uow)
    with store.unit_of_work(ana) as uow:
        commands.create_use_case(
            uow, slug=case.slug, title=case.title, purpose=case.purpose, task=Task(case.task),
            risk_tier=RiskTier(case.risk_tier), lawful_basis=case.lawful_basis, affected_people=case.affected_people,
            human_oversight=case.human_oversight,
        )  # fmt: skip
        draft = intake.open_draft(uow)
    for kind, path in (("artifact", made.model), ("table", made.table)):
        intake.receive_file(store, ana, draft, kind, store.files.put_path(path), path.name)
    with store.unit_of_work(ana) as uow:
        done = submit(uow, draft, Submission(case.slug, made.label, made.positive))
    run_waiting(store, {intake.JOB: lambda context: work.evaluate(context, runner)})
    with store.reading() as view:
        card = queries.card(view, done.version.id)
    fields = [f for s in card.sections for f in s.fields]
    assert not any(f.source is Source.PERSON and f.value for f in fields)
    assert card.without_typing == card.completeness >= 0.7
    by_section = {s.section.id: s.completeness for s in card.sections}
    assert by_section["performance"] == 1.0
    assert by_section["limits"] == 0.0
