from __future__ import annotations

import doctest
import math

from hypothesis import given
from hypothesis import strategies as st

from tracker.figures import formats
from tracker.figures.formats import escape, format_duration, format_number


def test_examples_in_the_docstrings() -> None:
    found = doctest.testmod(formats)
    assert found.attempted >= 2
    assert not found.failed


@given(st.floats(-1e300, 1e300))
def test_numbers_are_short_and_near(value: float) -> None:
    text = format_number(value)
    assert len(text) <= 13
    assert math.isclose(float(text.replace(",", "")), value, rel_tol=6e-4, abs_tol=0)


@given(st.floats())
def test_any_duration_has_a_text(seconds: float) -> None:
    assert format_duration(seconds)


@given(st.text())
def test_escaped_text_has_no_markup_and_no_control_characters(text: str) -> None:
    shown = escape(text)
    assert not set(shown) & set("<>\"'")
    assert all(character.isprintable() or character in "\t\n" for character in shown)
