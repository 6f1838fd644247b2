"""Rows about one person are found by what names them or by equal features; a crowd tells of nobody."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from core.assets.datasets.whose import CROWD, alike, named

NUMBERS = st.one_of(st.none(), st.sampled_from([0.0, 1.0, 2.5, -3.0]), st.integers(-3, 3))
ROWS = st.lists(st.tuples(NUMBERS, st.sampled_from(["a", "b", None]), st.booleans()), min_size=1, max_size=40)


@given(ROWS, st.data())
def test_equal_rows_are_found_and_no_others_unless_they_are_a_crowd(rows, data):
    table = pd.DataFrame(rows, columns=["x", "word", "yes"])
    chosen = data.draw(st.lists(st.sampled_from(rows), max_size=3))
    flags = alike(table, [dict(zip(table.columns, row, strict=True)) for row in chosen])

    def same(left, right):
        return all(
            (a is None and b is None) or (a is not None and b is not None and a == b)
            for a, b in zip(left, right, strict=True)
        )

    for place, row in enumerate(rows):
        wanted = any(same(row, one) for one in chosen)
        crowd = sum(same(row, other) for other in rows) > CROWD
        assert flags[place] == (wanted and not crowd)


def test_a_reference_is_found_in_whatever_form_its_column_holds_it():
    table = pd.DataFrame(
        {
            "number": [17.0, np.nan, 18.0],
            "text": ["C-7", "17", None],
            "other": ["17", "17", "17"],
        }
    )
    assert named(table, ["number"], lambda r: r == "17").tolist() == [True, False, False]
    assert named(table, ["number", "text"], lambda r: r == "17").tolist() == [True, True, False]
    assert named(table, [], lambda _r: True).tolist() == [False, False, False]
