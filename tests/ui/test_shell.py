"""Shared components: what they show, and that a person's text stays text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app.ui import badges, charts, reader, text
from app.ui.plot import Plot
from core import i18n
from tests.ui.hands import MAIN, member, page_as

JOINER = "\u2060"
UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*[*_`\[\]()<>#$~|!]")


@given(st.text())
def test_no_markdown_survives_escaping(typed):
    shown = text.md(typed)
    assert "\n" not in shown
    assert not UNESCAPED.search(shown)


@given(st.text(alphabet=st.sampled_from("ab:/+-_[](1 .@")))
def test_no_shortcode_directive_or_link_survives(typed):
    shown = text.md(typed).replace("\\", "")
    assert not re.search(r":[a-z+\-][\w+\-/]*:", shown)
    assert not re.search(r":[a-z][a-z0-9\-]*\[", shown)
    assert "://" not in shown
    assert not re.search(r"\w@\w", shown)


@given(st.text(alphabet=st.characters(exclude_characters=JOINER)))
def test_escaping_adds_only_backslashes_and_a_joiner_without_width(typed):
    bare = re.sub(r"\\(.)", r"\1", text.md(typed)).replace(JOINER, "")
    assert bare == re.sub(r"\s*[\r\n\u2028\u2029]+\s*", " ", typed).strip()


def test_times_keep_their_form():
    assert text.md("12:30:45") == "12:30:45"


@given(st.text())
def test_code_shows_backticks(typed):
    shown = text.code(typed)
    fence = re.match(r"`+", shown).group()
    assert shown.endswith(fence)
    assert fence not in shown[len(fence) : -len(fence)].strip(" ") or "`" not in typed


@given(st.text())
def test_chart_labels_hold_no_markup(typed):
    shown = text.label(typed)
    assert "<" not in shown
    assert ">" not in shown
    assert "%{" not in shown
    assert "$" not in shown


def test_paragraphs_keep_lines_and_lose_lists():
    assert text.paragraphs("- a\n- b") == "\\- a  \n\\- b"


def test_a_badge_is_never_colour_alone():
    for tone in badges.Tone:
        shown = badges.badge("word", tone)
        assert "word" in shown
        assert tone is badges.Tone.PLAIN or ":material/" in shown


def test_an_unknown_state_is_shown_as_it_stands():
    assert "Half way" in badges.status("half_way")


def test_a_badge_cannot_be_closed_from_inside():
    assert badges.badge("x] :red[y") == f":gray-badge[x\\] :{JOINER}red\\[y]"


@pytest.mark.parametrize(("language", "separators"), [("en", ".,"), ("pt_BR", ",.")])
def test_charts_use_the_readers_separators(monkeypatch, language, separators):
    monkeypatch.setattr(i18n, "_resolvers", [lambda: language])
    figure = charts.styled(Plot().add_scatter(x=["2026-01-01"], y=[1.5]).update_xaxes(type="date"))
    assert figure.layout["separators"] == separators
    assert figure.layout["xaxis"]["tickformat"] == ("%d/%m" if language == "pt_BR" else "%-d %b")


def test_the_palette_of_charts_is_the_themes():
    import tomllib
    from pathlib import Path

    theme = tomllib.loads(Path("app/.streamlit/config.toml").read_text())["theme"]
    assert list(charts._LIGHT.sequence) == theme["light"]["chartCategoricalColors"]
    assert list(charts._DARK.sequence) == theme["dark"]["chartCategoricalColors"]


def test_nothing_in_the_settings_calls_out():
    from pathlib import Path

    assert "http" not in Path("app/.streamlit/config.toml").read_text().replace("server", "")


def test_outside_a_page_the_context_decides():
    reader.follow_session()
    i18n.use("pt_BR")
    try:
        assert i18n.language() == "pt_BR"
    finally:
        i18n.use("en")


def page(function, **state):
    at = AppTest.from_function(function)
    for key, value in state.items():
        at.session_state[key] = value
    return at.run(timeout=20)


def test_a_refusal_names_reason_fix_and_code():
    def script():
        from app.ui.refused import refusals
        from core.errors import Refused

        with refusals():
            raise Refused("release.author", "You wrote {what}.", fix="Ask {who}.", what="*v1*", who="Ana")

    at = page(script)
    assert not at.exception
    (shown,) = at.error
    assert "You wrote \\*v1\\*" in shown.value
    assert "Ask Ana" in shown.value
    assert "release.author" in shown.value


def test_a_mistake_is_not_red():
    def script():
        from app.ui.refused import refused
        from core.errors import Invalid

        refused(Invalid("x.y", "Wrong."))

    at = page(script)
    assert not at.error
    assert len(at.warning) == 1


def test_a_failure_shows_a_reference_and_nothing_of_the_error():
    def script():
        from app.ui.failure import on_script_error

        assert on_script_error(RuntimeError("secret path"))

    at = page(script)
    assert "err_" in at.error[0].value
    assert "secret" not in at.error[0].value


def test_the_address_decides_what_is_picked():
    def script():
        import streamlit as st

        from app.ui.picker import pick

        st.write(pick("Use case", {"a": "Alpha", "b": "Beta"}, param="use_case"))

    at = AppTest.from_function(script)
    at.query_params["use_case"] = "b"
    at.run()
    assert at.selectbox[0].value == "b"
    at.selectbox[0].select("a").run()
    assert at.query_params["use_case"] in ("a", ["a"])
    assert at.markdown[-1].value == "a"


def test_an_unknown_address_is_said_and_mended():
    def script():
        from app.ui.picker import pick

        pick("Use case", {"a": "Alpha"}, param="use_case")

    at = AppTest.from_function(script)
    at.query_params["use_case"] = "zzz"
    at.run()
    assert "zzz" in at.warning[0].value
    assert at.selectbox[0].value == "a"


def test_the_last_choice_is_remembered_on_the_next_page():
    def script():
        from app.ui.picker import pick

        pick("Use case", {"a": "Alpha", "b": "Beta"}, param="use_case")

    at = page(script, remember_use_case="b")
    assert at.selectbox[0].value == "b"


def test_nothing_to_pick():
    def script():
        import streamlit as st

        from app.ui.picker import pick

        st.write(str(pick("Use case", {}, param="use_case")))

    assert page(script).markdown[0].value == "None"


def test_the_language_switch_changes_words_and_is_remembered():
    def script():
        import streamlit as st

        from app.ui.reader import follow_session, language_switch, start_in
        from core.i18n import language

        follow_session()
        start_in("en")
        language_switch(lambda chosen: st.session_state.update(kept=chosen))
        st.write(language())

    at = page(script)
    assert at.markdown[-1].value == "en"
    at.button_group[0].set_value("pt_BR").run()
    assert at.markdown[-1].value == "pt_BR"
    assert at.session_state["kept"] == "pt_BR"


def test_progress_shows_a_running_job_and_a_failed_one():
    def running():
        from types import SimpleNamespace

        from app.ui.progress import follow

        job = SimpleNamespace(id="j", state="running", progress=0.4, message="Measuring", problem=None)
        assert follow(lambda: job, title="Evaluation")

    def broken():
        from types import SimpleNamespace

        from app.ui.progress import follow
        from core.errors import Invalid

        problem = Invalid("x", "It broke.", fix="Try again.")
        job = SimpleNamespace(id="j", state="failed", progress=0.4, message="", problem=problem)
        assert not follow(lambda: job, title="Evaluation")

    assert "Evaluation" in page(running).markdown[0].value
    shown = page(broken).error[0].value
    assert "It broke" in shown
    assert "Try again" in shown


def test_a_strip_shows_every_figure():
    def script():
        from app.ui.metric_strip import Figure, metric_strip

        metric_strip(
            [Figure("AUC", "0.81", "+0.01", reference="vs v1", series=(1.0, 2.0)), Figure("PSI", "0.07")]
        )

    at = page(script)
    assert [m.value for m in at.metric] == ["0.81", "0.07"]


def test_a_new_visit_right_after_the_choice_speaks_the_chosen_language(house):
    """A visit within the two seconds for which a person is remembered must not find the old language."""
    reader = member(house, "viewer")
    first = page_as(house, reader, "models")
    first.button_group[0].set_value("pt_BR").run()
    second = AppTest.from_file(str(MAIN), default_timeout=30)
    second.user = {"person": reader.id, "session": "ses_other"}
    second.run()
    assert second.session_state["language"] == "pt_BR"
