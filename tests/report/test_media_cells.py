"""Logged values as the value of a notebook's cell."""

from __future__ import annotations

import base64
import io
import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.terminal.interactiveshell import TerminalInteractiveShell
from PIL import Image
from traitlets.config import Config

import tracker
from tracker.report.views import PLOTLY

from .hostile import SETTINGS

WATER = """\
HETATM    1  O   HOH A   1       0.000   0.000   0.000  1.00  0.00           O
HETATM    2  H1  HOH A   1       0.757   0.586   0.000  1.00  0.00           H
"""
FACE = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\nf 2 3 4\n"
HARM = "<script>alert(1)</script>"
PIXELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


def of_a_cell(value: Any) -> dict[str, Any]:
    """Return what a cell shows of a value."""
    shown, _ = DisplayFormatter().format(value)
    return shown


def read_back(value: Any) -> dict[str, Any]:
    """Log something; return what a cell shows of it when it is read."""
    with tracker.init("m", "run", settings=SETTINGS) as run:
        run.log({"chart": value})
    return of_a_cell(tracker.Api().run(f"m/{run.id}").get("chart"))


def test_a_chart_that_is_read_back_has_a_picture(store: Path) -> None:
    table = tracker.Table(columns=["step", "loss"], data=[[n, n * n] for n in range(5)])
    shown = read_back(tracker.plot.line(table, "step", "loss", title="<b>Loss</b>"))
    assert base64.b64decode(shown["image/png"]).startswith(b"\x89PNG")
    figure = go.Figure({k: shown[PLOTLY][k] for k in ("data", "layout")})
    assert len(figure.data) == 1
    assert "Loss" in shown["text/plain"]


def test_a_long_plotly_figure_is_thinned_for_a_cell(store: Path) -> None:
    values = np.sin(np.arange(200_000) / 9_000)
    values[123_456] = 7.0
    shown = read_back(tracker.Plotly(go.Figure(go.Scatter(y=values, mode="lines"))))
    assert base64.b64decode(shown["image/png"]).startswith(b"\x89PNG")
    assert len(json.dumps(shown)) < 300_000
    (line,) = shown[PLOTLY]["data"]
    kept = np.frombuffer(base64.b64decode(line["y"]["bdata"]), line["y"]["dtype"])
    assert kept.max() == 7.0
    assert len(kept) < 10_000


def test_what_is_too_large_or_no_figure_is_said(store: Path) -> None:
    marks = go.Scatter(x=np.random.default_rng(0).random(200_000), y=np.zeros(200_000))
    marks.mode = "markers"
    shown = read_back(tracker.Plotly(go.Figure(marks)))
    assert PLOTLY not in shown
    assert "too large for a cell" in shown["text/plain"]
    broken = read_back(tracker.Plotly({"data": [3], "layout": {}}))
    assert "cannot be drawn" in broken["text/plain"]


def test_a_chart_of_ones_own_is_the_head_of_its_table(store: Path) -> None:
    table = tracker.Table(columns=["<i>"], data=[["<script>"]] * 30)
    shown = read_back(tracker.plot_table("me/mine", table, {"x": "<i>"}))
    assert "The first 20 of 30 rows" in shown["text/html"]
    assert "<script>" not in shown["text/html"]
    assert "<i>" not in shown["text/html"]


# -- every other kind


def a_graph() -> tracker.Graph:
    graph = tracker.Graph("torch")
    graph.add_node(id="a", name=HARM)
    graph.add_node(id="b", name="last")
    graph.add_edge("a", "b")
    return graph


def a_table() -> tracker.Table:
    rows = [[n, HARM, tracker.Image(PIXELS), np.arange(30) / 7] for n in range(30)]
    return tracker.Table(columns=["n", "words", "picture", "vector"], data=rows)


def a_join() -> tracker.JoinedTable:
    one = tracker.Table(columns=["k", "a"], data=[["x", 1], ["y", 2]])
    other = tracker.Table(columns=["k", "b"], data=[["x", HARM]])
    return tracker.JoinedTable(one, other, "k")


def a_film() -> tracker.Video:
    frames = np.stack([np.full((3, 8, 8), 20 * n, dtype=np.uint8) for n in range(4)])
    return tracker.Video(frames, fps=4, format="gif", caption=HARM)


def boxed() -> tracker.Image:
    place = {"minX": 0.0, "maxX": 0.5, "minY": 0.0, "maxY": 0.5}
    box = {"position": place, "class_id": 1, "scores": {}, "box_caption": HARM}
    mask = {"mask_data": np.eye(4, dtype=np.uint8), "class_labels": {1: HARM}}
    return tracker.Image(PIXELS, caption=HARM, boxes={"b": {"box_data": [box]}}, masks={"m": mask})


KINDS: dict[str, tuple[Any, str, str]] = {
    "histogram": (lambda: tracker.Histogram(np.arange(90)), "image/png", "90 values"),
    "table": (a_table, "text/html", "4 columns, 30 rows"),
    "join": (a_join, "text/html", "where k"),
    "sound": (
        lambda: tracker.Audio(np.zeros(800), 400, caption=HARM), "text/html", "2 s at 400 Hz",
    ),
    "film": (a_film, "text/html", "4 frames of 8×8"),
    "points": (lambda: tracker.Object3D(np.eye(3)), "image/png", "3 points"),
    "body": (lambda: tracker.Object3D(io.StringIO(FACE), file_type="obj"), "image/png", "obj"),
    "page": (lambda: tracker.Html(HARM), "text/html", "html"),
    "molecule": (lambda: tracker.Molecule(io.StringIO(WATER), HARM, "pdb"), "image/png", "pdb"),
    "graph": (a_graph, "image/png", "2 nodes, 1 edges"),
    "text": (lambda: tracker.Text(HARM, caption="said"), "text/html", "25 characters"),
    "image": (lambda: tracker.Image(PIXELS), "image/png", "4×4 png"),
    "jpeg": (lambda: tracker.Image(PIXELS, file_type="jpg"), "image/jpeg", "4×4 jpg"),
    "bmp": (lambda: tracker.Image(PIXELS, file_type="bmp"), "image/png", "4×4 bmp"),
    "boxes": (boxed, "text/html", "4×4 png boxes masks"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_picture_when_it_is_made_and_when_it_is_read(
    store: Path, kind: str
) -> None:
    make, mime, words = KINDS[kind]
    value = make()
    shown = of_a_cell(value)
    assert mime in shown
    assert words in repr(value)
    assert len(repr(value)) < 120
    assert HARM not in re.sub('srcdoc="[^"]*"', "", shown.get("text/html", ""))
    if mime == "image/png" and PLOTLY in shown:
        Image.open(io.BytesIO(base64.b64decode(shown[mime]))).verify()
        go.Figure({part: shown[PLOTLY][part] for part in ("data", "layout")})
        assert shown[PLOTLY]["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)"
    # What it is drawn of is what the store keeps of it.
    assert read_back(value) == shown
    assert of_a_cell(value) == shown


def test_a_table_that_was_shown_is_logged_as_if_it_had_not(store: Path) -> None:
    table = tracker.Table(columns=["a"], data=[[1]], log_mode="INCREMENTAL")
    with tracker.init("m", "run", settings=SETTINGS) as run:
        for n in range(3):
            assert "1" in of_a_cell(table)["text/html"]
            run.log({"table": table})
            table.add_data(n)
    assert [row[0] for row in tracker.Api().run(run.path).get("table").data] == [1, 0, 1]
    assert not a_table().has_been_logged()
    shown = a_table()
    of_a_cell(shown)
    assert not shown.has_been_logged()


def test_a_table_shows_its_first_rows_with_their_pictures() -> None:
    html = of_a_cell(a_table())["text/html"]
    assert html.count("<tr>") == 21
    assert html.count('src="data:image/png;base64,') == 20
    assert "The first 20 of 30 rows." in html
    assert "[0, 0.1429, 0.2857, 0.4286, 0.5714, 0.7143, 0.8571, 1, …]" in html


def test_a_page_cannot_run_scripts_in_the_notebook() -> None:
    html = of_a_cell(tracker.Html(HARM))["text/html"]
    assert 'sandbox=""' in html
    assert "script-src" not in html


def test_what_lies_over_an_image_is_drawn() -> None:
    html = of_a_cell(boxed())["text/html"]
    assert html.count("<img") == 2
    assert html.count('class="box"') == 1


def test_what_cannot_be_drawn_says_why() -> None:
    retired = tracker.Molecule(io.BytesIO(b"x"), file_type="mmtf")
    shown = of_a_cell(retired)
    assert "kept but not drawn" in shown["text/html"]
    assert shown["text/plain"].startswith("<tracker.Molecule: mmtf, 1 bytes>\n")
    sound = tracker.Audio(np.zeros(7_000_000), 48_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "too large" in of_a_cell(sound)["text/html"]


def test_a_terminal_shows_words_and_nothing_is_drawn() -> None:
    quiet = Config({"HistoryManager": {"enabled": False}})
    shell = TerminalInteractiveShell.instance(config=quiet)
    try:
        shown, _ = shell.display_formatter.format(tracker.Histogram([1, 2, 3]))
    finally:
        TerminalInteractiveShell.clear_instance()
    assert shown == {"text/plain": "<tracker.Histogram: 3 values, 1 to 3>"}
