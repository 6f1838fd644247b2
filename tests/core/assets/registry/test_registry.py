"""Use cases, and the typed fields of a model card."""

import pytest

from core.assets.registry import RiskTier, Task, VersionState, card, commands, queries
from core.assets.registry.upstream import Upstream
from core.assets.registry.usecase import is_slug
from core.errors import Conflict, Invalid, NotFound, Refused
from core.platform.audit import queries as audit

FACTS = {
    "title": "Consumer credit",
    "purpose": "Decide on applications",
    "task": Task.BINARY,
    "risk_tier": RiskTier.HIGH,
    "lawful_basis": "credit protection (LGPD art. 7, X)",
}


def test_a_use_case_is_created_once_on_both_engines(any_store, actor):
    someone = actor("data_scientist")
    with any_store.unit_of_work(someone) as uow:
        made = commands.create_use_case(uow, slug="consumer-credit", applications=("loans",), **FACTS)
    with any_store.reading() as view:
        assert queries.use_case(view, "consumer-credit") == made == queries.use_case_by_id(view, made.id)
        assert queries.use_cases(view) == (made,)
        assert made.owner_id == someone.id
        assert [e.action for e in audit.events(view)] == ["use_case.created"]
        with pytest.raises(NotFound, match="Did you mean consumer-credit"):
            queries.use_case(view, "consumer-credits")
        with pytest.raises(NotFound):
            queries.version(view, "ver_none")
        with pytest.raises(NotFound):
            queries.version_by_number(view, "consumer-credit", 1)
    with pytest.raises(Conflict), any_store.unit_of_work(someone) as uow:
        commands.create_use_case(uow, slug="consumer-credit", **FACTS)


def test_where_a_version_was_imported_from_outlives_its_checks_on_both_engines(any_store, actor):
    someone = actor("data_scientist")
    place = Upstream("http://mlflow.test", "scorer", "7", "r1", ("champion",), {"auc": 0.5}, {"C": "1"})
    with any_store.unit_of_work(someone) as uow:
        case = commands.create_use_case(uow, slug="credit", **FACTS)
        made = [
            commands.add_version(
                uow, use_case=case, model_name="m", artifact_digest="a", artifact_name="m.zip", artifact_size=1,
                format="mlflow", dataset_id="ds", dataset_digest="d", label_column="y", positive_label="", note="",
                operating_threshold=None, imported=imported,
            ).id
            for imported in (place, None)
        ]  # fmt: skip
        uow.record("version.submitted", "version", made[0])
    with any_store.unit_of_work(someone) as uow:
        for version_id in made:
            said = {"sklearn": "1.9", "mlflow_version": "3.1"}
            commands.set_standing(uow, version_id, VersionState.READY, origin=said)
        uow.record("version.evaluated", "version", made[0])
    with any_store.reading() as view:
        imported, other = (queries.version(view, version_id) for version_id in made)
    assert (imported.upstream, imported.origin["sklearn"]) == (place, "1.9")
    assert (other.upstream, dict(other.origin)) == (None, {"sklearn": "1.9", "mlflow_version": "3.1"})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slug": "Consumer Credit"}, "slug"),
        ({"slug": "-a"}, "slug"),
        ({"slug": "a" * 64}, "slug"),
        ({"title": " "}, "title"),
        ({"purpose": ""}, "purpose"),
        ({"currency": "reais"}, "currency"),
    ],
)
def test_a_wrong_field_is_named(store, actor, changes, field):
    with pytest.raises(Invalid) as raised, store.unit_of_work(actor("data_scientist")) as uow:
        commands.create_use_case(uow, **{"slug": "a", **FACTS, **changes})
    assert raised.value.field == field


def test_a_viewer_may_not(store, actor):
    with pytest.raises(Refused), store.unit_of_work(actor("viewer")) as uow:
        commands.create_use_case(uow, slug="a", **FACTS)
    with store.reading() as view:
        assert [e.action for e in audit.events(view)] == ["refused"]
        assert queries.use_cases(view) == ()


def test_slugs():
    assert [s for s in ("a", "a-b", "1", "a--b") if not is_slug(s)] == []
    assert [s for s in ("", "A", "a-", "-a", "a b", "ção", "a/b") if is_slug(s)] == []


def test_a_card_takes_what_people_typed_before_what_was_found():
    facts = {"model.name": "found", "data.rows": "10"}
    made = card.fill(facts, {"model.name": "typed"}, 3)
    values = {f.field.id: (f.value, f.source) for s in made.sections for f in s.fields}
    assert values["model.name"] == ("typed", card.Source.PERSON)
    assert values["data.rows"] == ("10", card.Source.DATA)
    assert made.completeness == 2 / len(card.FIELD_IDS)
    assert made.revision == 3


def test_a_card_of_no_version_cannot_be_edited(store, actor):
    with pytest.raises(NotFound), store.unit_of_work(actor("data_scientist")) as uow:
        commands.edit_card(uow, "ver_none", {"limits.ethics": "x"})
