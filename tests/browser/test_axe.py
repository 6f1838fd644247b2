"""axe on every page, in both themes and both languages; what Streamlit itself does wrong is listed and counted."""

import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.browser import harness

HERE = Path(__file__).parent
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def script() -> str:
    return (HERE / "vendor" / "axe.min.js").read_text()


@cache
def allowed() -> dict[str, dict]:
    return tomllib.loads((HERE / "axe_allowed.toml").read_text())


def violations(page, scheme: str) -> list[str]:
    """Run axe; return what is beyond the list, one line per node."""
    page.evaluate(script())
    # Nodes that pass are not written out: that is most of axe's time, and nobody reads them.
    options = f"{{runOnly: {RULES!r}, resultTypes: ['violations'], elementRef: false}}"
    found = page.evaluate(f"axe.run(document, {options})")["violations"]
    lines = []
    for violation in found:
        rule = allowed().get(violation["id"], {})
        known = 0
        for node in violation["nodes"]:
            place = f"{node['target']} {node['html']}"
            is_known = (
                rule and any(mark in place for mark in rule["where"]) and rule.get("only", scheme) == scheme
            )
            known += bool(is_known)
            if not is_known or known > rule["most"]:
                detail = node["any"][0]["message"][:160] if node["any"] else ""
                lines.append(f"{violation['id']}: {node['html'][:160]} {detail} at {node['target']}")
    return lines


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "whole", [False, pytest.param(True, marks=pytest.mark.long)], ids=["", "both themes"]
)
@pytest.mark.parametrize(("name", "language"), [("Lukas Brandt", "en"), ("Beatriz Sampaio", "pt-BR")])
def test_every_page(open_as, house, name, language, whole):
    """Every page in both languages, and in both themes: one in each language, unless it is the `whole` that is asked."""
    page = open_as(name)
    wrong = {}
    for place, path in enumerate(harness.addresses(page)):
        harness.visit(page, path)
        assert not harness.failure(page), (path, harness.failure(page))
        assert page.evaluate("document.documentElement.lang") == language, path
        schemes = ["light", "dark"]
        for scheme in schemes if whole else [schemes[(place + (language == "en")) % 2]]:
            page.emulate_media(color_scheme=scheme)
            harness.settled(page)
            if lines := violations(page, scheme):
                wrong[f"{path} {scheme}"] = lines
    assert not harness.loaded(house, "duckdb", "sklearn", "scipy", "numba"), "only workers compute"
    assert not wrong, "\n".join(f"{where}\n  {line}" for where, lines in wrong.items() for line in lines)


@pytest.mark.parametrize("path", ["/sign-in"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_way_in(chromium, house, scheme, path):
    context = chromium.new_context(color_scheme=scheme, base_url=house.url)
    page = context.new_page()
    page.goto(path)
    page.wait_for_selector("h1")
    lines = violations(page, scheme)
    context.close()
    assert lines == []


def test_the_list_is_no_longer_than_it_was():
    assert set(allowed()) <= {
        "svg-img-alt",
        "empty-table-header",
        "color-contrast",
        "presentation-role-conflict",
    }
    assert sum(rule["most"] for rule in allowed().values()) <= 25
