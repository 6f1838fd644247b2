"""Every chart says how it is read, every metric what it means, in both languages; the page finds words as they are typed."""

import ast
from pathlib import Path

import pytest

from app.ui.glossary import ENTRIES, Topic, defined, found, meaning
from core.assets.intake.metric_names import METRIC_NAMES
from core.evidence.monitoring.performance import Metric
from core.i18n import speaking
from tests.ui.hands import page_as

ROOT = Path(__file__).resolve().parents[2]


def calls_of_chart():
    for path in [
        *(ROOT / "app").glob("*.py"),
        *(ROOT / "app" / "ui").glob("*.py"),
        *(ROOT / "pages").glob("*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "chart":
                yield path.name, node


def test_every_chart_says_how_it_is_read():
    said = [
        (name, next((k.value.value for k in node.keywords if k.arg == "reads"), ""))
        for name, node in calls_of_chart()
    ]
    assert len(said) > 20
    assert [name for name, word in said if f"chart_{word}" not in ENTRIES] == []
    assert {f"chart_{word}" for _name, word in said} == {
        k for k, e in ENTRIES.items() if e.topic is Topic.CHARTS
    }


def test_every_metric_of_an_evaluation_has_a_meaning():
    assert [name for name in METRIC_NAMES if not meaning(name)] == []


def test_every_metric_of_the_log_has_a_meaning_beside_its_chart(house):
    assert [one for one in Metric if not meaning(one.value)] == []
    with speaking("pt_BR"):
        assert defined("label_mean").startswith("**")
        assert "rótulo" in defined("label_mean")


def test_words_are_found_without_capitals_and_accents():
    assert [key for key, _name, _text in found("POPULATION stability")[Topic.MONITORING]] == ["psi"]
    assert found("zzz") == {}
    assert sum(map(len, found("").values())) == len(ENTRIES)
    with speaking("pt_BR"):
        assert [key for key, _n, _t in found("indice de estabilidade")[Topic.MONITORING]] == ["psi"]


@pytest.mark.parametrize(("language", "word"), [("en", "Shadow run"), ("pt_BR", "Execução em sombra")])
def test_the_page_is_drawn_in_both_languages(house, language, word):
    page = page_as(house, "viewer", "glossary", language=language)
    assert not page.exception
    assert any(word in one.value for one in page.markdown)
