"""Vega, Bokeh and text: files of other libraries, kept as they are."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import UsageError
from tracker.media.bokeh import Bokeh
from tracker.media.loading import load_value
from tracker.media.text import Text
from tracker.media.vega import Vega

CHART = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "mark": "bar"}


# --- Vega


def test_a_chart_comes_back(keep, objects) -> None:
    logged = Vega(CHART, caption="c")
    read = keep(logged)
    assert read == logged
    assert read.spec == CHART
    assert load_value(logged.to_reference(objects.put_bytes), objects) == CHART


def test_charts_of_many_kinds(tmp_path: Path) -> None:
    path = tmp_path / "chart.json"
    path.write_text(json.dumps(CHART))
    for source in (CHART, json.dumps(CHART), path, str(path)):
        assert Vega(source).spec == CHART


@pytest.mark.parametrize(
    ("spec", "language"),
    [
        (CHART, "vega-lite"),
        ({"marks": []}, "vega"),
        ({"$schema": "https://vega.github.io/schema/vega/v6.json", "marks": []}, "vega"),
        ({"layer": []}, "vega-lite"),
    ],
)
def test_which_language(spec, language) -> None:
    assert Vega(spec).details() == {"language": language}


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({}, "no Vega or Vega-Lite chart"),
        ("{broken", "not JSON"),
        ("{} ", "no Vega or Vega-Lite chart"),
        ("missing.json", "missing.json cannot be used"),
        (5, "Vega was given a int"),
    ],
)
def test_what_is_no_chart_is_told(spec, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        Vega(spec)


def test_altair() -> None:
    altair = pytest.importorskip("altair")
    chart = altair.Chart(pd.DataFrame({"a": [1, 2]})).mark_bar().encode(x="a")
    assert Vega(chart).spec == chart.to_dict()


def test_text_of_a_chart_does_not_end_its_script() -> None:
    pytest.importorskip("vl_convert")
    data = {"values": [{"a": "</script><script>alert(1)</script>"}]}
    page = Vega({**CHART, "data": data, "encoding": {"x": {"field": "a"}}}).to_html()
    assert page.count("</script>") == 2
    assert 'mode: "vega-lite"' in page
    assert "\\u003c/script>" in page


def test_a_chart_is_a_picture_and_fetches_nothing() -> None:
    pytest.importorskip("vl_convert")
    drawn = {**CHART, "data": {"values": [{"a": 1}]}, "encoding": {"x": {"field": "a"}}}
    assert Vega(drawn).to_svg().startswith("<svg")
    assert Vega({"marks": [], "width": 40, "height": 40}).to_svg().startswith("<svg")
    with pytest.raises(UsageError, match="External data url not allowed: http"):
        Vega({**drawn, "data": {"url": "http://127.0.0.1:1/x.csv"}}).to_svg()


# --- Bokeh


def test_a_document_in_a_file(tmp_path: Path, keep) -> None:
    path = tmp_path / "plot.json"
    path.write_text('{"version": "3.9.0", "roots": []}')
    logged = Bokeh(path)
    assert keep(logged) == logged
    assert logged.spec["roots"] == []
    path.write_text("[]")
    with pytest.raises(UsageError, match="no object"):
        Bokeh(path)


def test_what_is_no_bokeh_is_told() -> None:
    with pytest.raises(UsageError, match="accepts Bokeh document/model or path"):
        Bokeh(5)


def test_a_plot_comes_back_and_is_shown(keep) -> None:
    plotting = pytest.importorskip("bokeh.plotting")
    figure = plotting.figure()
    figure.line([1, 2], [3, 4])
    logged = Bokeh(figure)
    read = keep(logged)
    assert read == logged
    assert read.spec["roots"]
    assert read.to_html().lstrip().startswith("<!DOCTYPE html>")
    plotting.curdoc().add_root(figure)
    assert Bokeh(figure).spec["roots"] == Bokeh(plotting.curdoc()).spec["roots"]


# --- Text


@given(st.text())
def test_text_comes_back(keep_many, text: str) -> None:
    logged = Text(text, caption="c")
    read = keep_many(logged)
    assert read == logged
    assert read.to_value().encode() == text.encode(errors="replace")


def test_text_of_many_kinds(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("é\r\n".encode())
    for source in (path, path.read_bytes(), io.StringIO("é\r\n"), "é\r\n"):
        assert Text(source).text == "é\r\n"
    assert Text(str(path)).text == str(path)


@pytest.mark.parametrize(
    ("given_data", "sentence"),
    [(5, "Text was given a int"), (b"\xff", "not UTF-8"), (Path("missing.txt"), "cannot be used")],
)
def test_what_is_no_text_is_told(given_data, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        Text(given_data)


def test_equal_only_within_a_kind() -> None:
    assert Text("x") != Vega(CHART)
    assert Text("x") != "x"
    assert Text("x", caption="a") != Text("x", caption="b")
    assert len({Text("x"), Text("x"), Text("y")}) == 2
