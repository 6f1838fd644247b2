"""The Portuguese catalogue: complete, not fuzzy, same placeholders, up to date with the code."""

import re
from string import Formatter

import pytest

from core.i18n import _, ngettext, resolve_with
from core.locale import update

MARKDOWN = re.compile(r":material/\w+:|:(?:red|green|orange|blue|gray|violet)(?:-badge)?\[|\*\*|`")


def fields(text: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in Formatter().parse(text) if name is not None}


def forms(value) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


@pytest.fixture(scope="module")
def entries():
    return [message for message in update.stored() if message.id]


def test_it_is_what_make_messages_would_write():
    assert update.CATALOGUE.read_bytes() == update.updated(), "run `make messages`"


def test_nothing_is_missing():
    assert update.missing() == []


def test_nothing_is_fuzzy(entries):
    assert [m.id for m in entries if m.fuzzy] == []


def test_placeholders_are_the_same(entries):
    wrong = [
        (m.id, text)
        for m in entries
        for original, text in zip(forms(m.id), forms(m.string), strict=False)
        if text and fields(text) != fields(original)
    ]
    assert wrong == []


def test_markup_is_the_same(entries):
    wrong = [
        (m.id, m.string)
        for m in entries
        if isinstance(m.id, str)
        and m.string
        and sorted(MARKDOWN.findall(m.id)) != sorted(MARKDOWN.findall(m.string))
    ]
    assert wrong == []


def test_texts_in_f_strings_are_found():
    assert list(
        update.marked("""f":gray[{_('a')}] {ngettext('b', 'c', n)} {x._('d')} {_(e)} {other('f')}" """)
    ) == [
        "a",
        ("b", "c"),
        "d",
    ]


def test_no_machine_or_line_is_in_the_file():
    text = update.CATALOGUE.read_text()
    assert not re.search(r"^#[:.~]|POT-Creation-Date|/home/|/work/", text, re.MULTILINE)


def test_braces_in_texts_are_placeholders(entries):
    for message in entries:
        for text in [*forms(message.id), *forms(message.string)]:
            assert all(name.isidentifier() for name in fields(text)), text


def test_the_extractor_sees_every_mark(tmp_path, monkeypatch):
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "x.py").write_text(
        'a = _("one {n}", n=1)\nb = N_("two")\nc = ngettext("{n} cat", "{n} cats", 2)\nd = _(name)\n'
    )
    (tmp_path / "app" / "templates").mkdir(parents=True)
    (tmp_path / "app" / "templates" / "x.html").write_text("<p>{{ _('three') }}</p>")
    monkeypatch.setattr(update, "ROOT", tmp_path)
    found = {m.id for m in update.extracted() if m.id}
    assert found == {"one {n}", "two", "three", ("{n} cat", "{n} cats")}


def test_the_reader_gets_portuguese(monkeypatch):
    from core import i18n

    monkeypatch.setattr(i18n, "_resolvers", [])
    resolve_with(lambda: "pt_BR")
    assert _("Overview") == "Visão geral"
    assert ngettext("{n} row", "{n} rows", 1200) in {"1.200 linhas", "1.200 rows"}
