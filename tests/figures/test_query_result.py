from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from tracker.errors import UsageError
from tracker.figures.query_result import result_figure, result_html

from .runs import NASTY, is_safe

ROWS = {"step": [1, 2, 3, 4], "loss": [4.0, 3.0, math.nan, 1.0], "run": ["a", "b", "a", None]}


def test_a_table_holds_every_value_and_says_how_many_rows() -> None:
    html = result_html(
        {"a": [1, 2.5, None, True], "b": ["x", "", [1], datetime(2026, 3, 1, 12, tzinfo=UTC)]}
    )
    for cell in ("1", "2.5", "–", "true", "x", "[1]", "2026-03-01 12:00 UTC"):
        assert f">{cell}<" in html
    assert "4 rows" in html


def test_a_long_table_is_cut_and_says_so() -> None:
    html = result_html({"n": list(range(1000))}, limit=10)
    assert html.count("<tr>") == 11
    assert "1,000 rows, the first 10 shown" in html


def test_columns_of_numbers_are_drawn_over_the_first() -> None:
    figure = result_figure(ROWS, "line")
    (line,) = figure.data
    assert list(line.x) == [1, 2, 3, 4]
    assert list(line.y) == [4, 3, None, 1]
    assert (line.name, line.mode, line.connectgaps) == ("loss", "lines", False)


def test_a_column_parts_the_rows() -> None:
    figure = result_figure(ROWS, "scatter", x="step", y=["loss"], colour="run")
    found = [(trace.name, list(trace.x), trace.mode) for trace in figure.data]
    assert found == [("a", [1, 3], "markers"), ("b", [2], "markers"), ("–", [4], "markers")]
    assert figure.layout.showlegend


def test_bars_stand_over_text() -> None:
    figure = result_figure({"k": ["x", "y"], "n": [1, 2], "m": [3, 4]}, "bar")
    assert [(bar.type, bar.name, list(bar.y)) for bar in figure.data] == [
        ("bar", "n", [1, 2]),
        ("bar", "m", [3, 4]),
    ]
    assert figure.layout.xaxis.type == "category"


def test_times_are_dates() -> None:
    days = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2)]
    assert result_figure({"t": days, "n": [1, 2]}, "line").layout.xaxis.type == "date"


def test_many_parts_are_cut_and_that_is_said() -> None:
    many = {"x": [1] * 100, "y": [2] * 100, "k": [str(n) for n in range(100)]}
    figure = result_figure(many, "line", x="x", y=["y"], colour="k")
    assert len(figure.data) == 60
    assert figure.layout.annotations[0].text == "the first 60 of 100 are drawn"


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("pie", {}, "kind is 'pie': expected 'line', 'bar' or 'scatter'"),
        ("line", {"x": "gone"}, "The result has no column 'gone': it has step, loss, run"),
        ("line", {"y": ["no"]}, "has no column 'no'"),
    ],
)
def test_what_cannot_be_drawn_is_said(kind: str, options: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        result_figure(ROWS, kind, **options)


def test_no_numbers_and_no_rows_are_said() -> None:
    with pytest.raises(UsageError, match="no column of numbers"):
        result_figure({"a": ["x"], "b": ["y"]}, "line")
    for nothing in ({}, {"a": [], "b": []}):
        assert "no rows" in result_figure(nothing, "line").layout.annotations[0].text
        assert "0 rows" in result_html(nothing)


@pytest.mark.parametrize("text", NASTY)
def test_names_and_values_are_escaped(text: str) -> None:
    html = result_html({text: [text, {"k": text}]})
    assert "<img" not in html
    assert "<script" not in html
    assert is_safe(result_figure({text: [text], "n": [1]}, "bar", colour=text, title=text))
