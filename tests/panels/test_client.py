from __future__ import annotations

import math
from typing import Any

import pytest

from tracker.panels.curves.charts import Ask, Chart
from tracker.panels.page.client import Client

CHARTS = [Chart(f"metric/{key}", "Charts", key, (key,)) for key in "abc"]


def a_client(**options: Any) -> Client:
    return Client(lambda content, buffers: None, **options)


def test_a_page_says_what_it_shows() -> None:
    client = a_client()
    client.look({"visible": ["metric/a", "metric/gone"], "x": "time", "width": 400, "hidden": True})
    assert client.asks(CHARTS) == {Ask("time", 400): [CHARTS[0]]}
    assert not client.is_watching


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"x": "epoch"},
        {"x": None, "width": "wide", "visible": "metric/a"},
        {"width": math.nan, "visible": None},
    ],
)
def test_what_a_page_says_wrongly_changes_nothing(message: dict[str, Any]) -> None:
    client = a_client(visible={"metric/a"})
    client.look(message)
    assert client.asks(CHARTS) == {Ask("step", 320): [CHARTS[0]]}


@pytest.mark.parametrize(("width", "used"), [(1, 40), (1e9, 4000), (333.7, 333)])
def test_widths_are_bounded(width: float, used: int) -> None:
    client = a_client()
    client.look({"width": width})
    assert client.width == used


def test_a_zoom_belongs_to_one_chart_and_one_axis() -> None:
    client = a_client(visible={"metric/a", "metric/b"})
    client.zoom({"chart": "metric/a", "low": 5, "high": 9.5, "width": None})
    assert client.asks(CHARTS) == {
        Ask("step", 320, (5.0, 9.5)): [CHARTS[0]],
        Ask("step", 320): [CHARTS[1]],
    }
    client.look({"x": "time"})
    assert client.asks(CHARTS) == {Ask("time", 320): CHARTS[:2]}


@pytest.mark.parametrize("low", [None, 9.5, 12, math.nan, "5"])
def test_a_zoom_that_is_none_shows_the_whole(low: Any) -> None:
    client = a_client(visible={"metric/a"})
    client.zoom({"chart": "metric/a", "low": 1, "high": 2})
    client.zoom({"chart": "metric/a", "low": low, "high": 9.5, "width": 900})
    assert client.asks(CHARTS) == {Ask("step", 900): [CHARTS[0]]}


def test_a_page_that_cannot_speak_gets_the_first_charts() -> None:
    client = a_client(sees_all=True)
    assert client.asks(CHARTS) == {Ask("step", 320): CHARTS}
    client.look({"visible": ["metric/b"]})
    assert client.asks(CHARTS) == {Ask("step", 320): [CHARTS[1]]}


def test_a_page_that_fell_silent_is_not_watching() -> None:
    client = a_client(heard_s=-1000.0)
    assert not client.is_watching
    assert a_client(heard_s=-1000.0, is_mute=True).is_watching
    assert a_client().is_watching


def test_only_what_changed_is_news() -> None:
    client = a_client()
    values = [{"a": 1}, {"a": 1}, {"a": 2}, {"a": 1}]
    assert [client.is_news("part", value) for value in values] == [True, False, True, True]
