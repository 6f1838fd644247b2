"""Streamlit's table of emojis kept out of the process that serves: 4 MB of one pattern, for labels that hold none.

Streamlit loads it at the first label of a choice, to draw an emoji at its start as an icon. The pages' icons are named
Material symbols, which are told apart before; an emoji that somebody typed into a title stays in the text.
"""

import re
import sys
from types import ModuleType

NAME = "streamlit.emojis"


def stand_in() -> None:
    """Put the stand-in in the table's place; no effect once the table is there."""
    if NAME in sys.modules:
        return
    table = ModuleType(NAME)
    table.ALL_EMOJIS = frozenset()  # type: ignore[attr-defined]
    table.EMOJI_EXTRACTION_REGEX = re.compile(r"(?!)")  # type: ignore[attr-defined]
    sys.modules[NAME] = table
