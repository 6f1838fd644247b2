"""The written word keeps up with the code."""

import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

from app.cli import main
from core.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda f: f.name)
def test_the_readme_lists_every_setting_with_its_default(setting):
    (row,) = re.findall(rf"^\| `AVAL_{setting.name.upper()}` \|(.*)$", README, re.MULTILINE)
    default = row.split("|")[0].strip().strip("`")
    assert default == setting.default


def test_the_readme_lists_no_setting_that_is_gone():
    listed = set(re.findall(r"^\| `AVAL_(\w+)`", README, re.MULTILINE))
    assert listed == {f.name.upper() for f in fields(Settings)}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_relative_link_and_picture_exists(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / page).read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`?make ([a-z-]+)", README + (ROOT / "CONTRIBUTING.md").read_text()))
    assert named - {"are"} <= targets


def test_the_readme_lists_every_command_and_none_that_is_gone():
    """In a cell, a bare name after `aval group command` is another command of that group."""
    listed = set()
    for cell in re.findall(r"^\| ([^|]*`aval [^|]*) \|", README, re.MULTILINE):
        group = ""
        for aval, words in re.findall(r"`(aval )?([a-z][a-z -]*)`", cell):
            group = words.partition(" ")[0] if aval else group
            listed.add(words if aval else f"{group} {words}")
    named = set()
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        parts = command.list_commands(context) if isinstance(command, click.Group) else [""]
        named |= {f"{name} {part}".strip() for part in parts}
    assert listed == named
