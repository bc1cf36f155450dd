"""What W&B's options do to a drawing, besides those of test_drawing.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
import tracker.report as wr
from tracker.errors import TrackerWarning, UsageError
from tracker.figures.code import diff_html
from tracker.records import CellRecord
from tracker.report.drawing import draw_all
from tracker.report.pinning import source_of
from tracker.report.scene import Drawn, Scene

from .conftest import log_run
from .hostile import SETTINGS, VECTORS

Draw = Callable[..., Drawn]


@pytest.fixture
def draw(runs: list[str]) -> Draw:
    """Draws a panel over the three runs."""
    return drawn


def drawn(panel: Any, *, project: str = "digits", colours: Any = None, **runset: Any) -> Drawn:
    grid = wr.PanelGrid([wr.Runset(**runset)], panels=[panel], custom_run_colors=colours or {})
    report = wr.Report(project, blocks=[grid])
    (found,) = draw_all(Scene(report, grid, [source_of(report, each) for each in grid.runsets]))
    assert not found.note, found.note
    return found


def lines(found: Drawn) -> list[dict[str, Any]]:
    assert found.figure is not None
    return [t for t in found.figure["data"] if t.get("meta", {}).get("role") in ("line", "smooth")]


# --- words


def test_fonts_have_the_size_that_was_chosen(draw: Draw) -> None:
    def sizes(font_size: str | None) -> list[float]:
        layout = draw(wr.LinePlot(y=["loss"], font_size=font_size)).figure["layout"]
        return [layout["font"]["size"], layout["xaxis"]["tickfont"]["size"]]

    usual = sizes(None)
    assert sizes("auto") == usual
    assert sizes("small") == pytest.approx([0.9 * each for each in usual], abs=0.1)
    assert sizes("large") == pytest.approx([1.5 * each for each in usual], abs=0.1)
    html = draw(wr.ScalarChart(metric="loss", font_size="large")).html
    assert 'class="number" style="font-size:48px"' in html


def test_legends_say_what_their_template_says(draw: Draw) -> None:
    template = "${run:displayName} · lr ${config:lr}, ${metricName} [[ ${x}: ${y} ]]"
    found = lines(draw(wr.LinePlot(y=["loss"], legend_template=template), order="config.lr"))
    assert [line["name"] for line in found] == [
        "run-0.1 · lr 0.1, loss", "run-1.0 · lr 1, loss", "run-10.0 · lr 10, loss",
    ]  # fmt: skip
    assert found[0]["hovertemplate"] == "%{x}: %{y:.6g}<extra>run-0.1 · lr 0.1, loss</extra>"
    (first, *_) = lines(draw(wr.LinePlot(y=["loss"], legend_template="${summary:none} [[x]]")))
    assert first["name"] == "–"


@pytest.mark.parametrize("template", ["${nothing}", "${config:}", "[[ ${z} ]]", "${run:secret}"])
def test_templates_name_what_there_is(template: str) -> None:
    with pytest.raises(UsageError, match=r"legend_template is .*: expected"):
        wr.LinePlot(legend_template=template)


def test_hostile_templates_are_text(draw: Draw) -> None:
    for vector in VECTORS:
        words = vector.replace("$", "").replace("]]", "")
        template = f"{words} [[ {words} %{{customdata}} ${{y}} ]]"
        (line, *_) = lines(draw(wr.LinePlot(y=["loss"], legend_template=template)))
        for words in (line["name"], line["hovertemplate"].removesuffix("</extra>")):
            assert not re.search(r"<(?!extra>)", words)
        assert "%{customdata}" not in line["hovertemplate"]


# --- charts


@pytest.mark.parametrize(("plot_type", "norm"), [("stacked-area", ""), ("pct-area", "percent")])
def test_areas_stand_on_each_other(draw: Draw, plot_type: str, norm: str) -> None:
    found = draw(wr.LinePlot(y=["loss"], plot_type=plot_type))
    traces = found.figure["data"]
    assert len(traces) == 3
    assert {(t["stackgroup"], t["groupnorm"], t["mode"]) for t in traces} == {
        ("all", norm, "lines")
    }
    smooth = draw(wr.LinePlot(y=["loss"], plot_type=plot_type, smoothing_factor=0.5))
    assert {t["meta"]["role"] for t in smooth.figure["data"]} == {"smooth"}


def test_axes_are_turned_named_and_coloured(draw: Draw) -> None:
    def panel(**more: Any) -> wr.ParallelCoordinatesPlot:
        loss = wr.ParallelCoordinatesPlotColumn("loss", **more)
        gradient = [wr.GradientPoint("red", 0), wr.GradientPoint("#0000ff", 100)]
        axes = [wr.ParallelCoordinatesPlotColumn("lr", log=True), loss]
        return wr.ParallelCoordinatesPlot(axes, gradient=gradient)

    def ends(found: Drawn) -> dict[str, float]:
        """Return where each run's line meets the last axis."""
        return {
            run: y
            for t in found.figure["data"]
            for run, y in zip(t.get("customdata", ())[1::3], t["y"][1::3], strict=False)
        }

    usual, turned = draw(panel()), draw(panel(inverted=True, display_name="Loss <b>"))
    heights, others = ends(usual), ends(turned)
    assert heights
    assert others == pytest.approx({run: 1 - y for run, y in heights.items()}, abs=1e-3)
    assert {t["line"]["color"] for t in usual.figure["data"] if "line" in t} >= {
        "#ff0000", "#0000ff",
    }  # fmt: skip
    words = [each["text"] for each in turned.figure["layout"]["annotations"]]
    assert "Loss &lt;b&gt;" in words


def test_groups_have_the_colour_of_their_values(draw: Draw) -> None:
    group = wr.RunsetGroup("Run set", (wr.RunsetGroupKey("config.lr", 0.1),))
    found = draw(wr.LinePlot(y=["loss"]), groupby=["config.lr"], colours={group: "teal"})
    assert {line["name"]: line["line"]["color"] == "#008080" for line in lines(found)} == {
        "lr: 0.1 (1)": True, "lr: 1 (1)": False, "lr: 10 (1)": False,
    }  # fmt: skip
    assert wr.Runset(custom_run_colors={group: "teal"}).custom_run_colors == {"lr: 0.1": "teal"}


# --- tables and media


def test_tables_have_the_columns_of_their_run_set(draw: Draw) -> None:
    def head(**more: Any) -> list[str]:
        found = draw(wr.RunTable(), **more)
        return re.findall(r'<th scope="col">(.*?)</th>', found.html)[4:]

    assert head(visible_columns=["summary:loss", "c::lr"]) == ["loss", "lr"]
    assert head(visible_columns=["loss", "lr"], column_order=["lr", "loss"]) == ["lr", "loss"]
    assert "lr" not in head(hidden_columns=["config.lr"])
    assert head(pinned_columns=["config.lr"], visible_columns=["loss"]) == ["lr", "loss"]


def test_a_grid_of_media_has_the_axes_that_were_chosen(store: Path, look: Any) -> None:
    pictures = [tracker.Image(np.full((4, 4), shade, dtype=np.uint8)) for shade in (0, 200)]
    for name in ("a", "b"):
        with tracker.init("m", name, settings=SETTINGS) as run:
            run.log({"seen": pictures})
            run.log({"seen": pictures})

    def table(**axes: str) -> tuple[list[str], list[str], int]:
        panel = wr.MediaBrowser(media_keys=["seen"], mode="grid", **axes)
        html = wr.Report("m", blocks=[wr.PanelGrid(panels=[panel])]).to_html()
        page = look(html).page
        heads = [page.locator(f".shots-grid th[scope={each}]") for each in ("row", "col")]
        rows, columns = (each.all_inner_texts() for each in heads)
        return rows, columns, page.locator(".shots-grid tbody tr >> nth=0 >> img").count()

    rows, columns, count = table()
    assert [row.split("\n")[0] for row in rows] == ["b", "a"]
    assert (columns, count) == (["step 0", "step 1"], 4)
    assert table(grid_y_axis="step", grid_x_axis="index") == (["step 0", "step 1"], ["#1", "#2"], 4)
    rows, columns, _ = table(grid_x_axis="run")
    assert rows == ["step 0", "step 1"]
    assert [column.split("\n")[0] for column in columns] == ["b", "a"]
    with pytest.raises(AssertionError, match="two axes of the same kind, 'step'"):
        drawn(wr.MediaBrowser(mode="grid", grid_x_axis="step", grid_y_axis="step"), project="m")


def test_what_is_kept_and_not_drawn_is_said(store: Path) -> None:
    with pytest.warns(TrackerWarning, match=r"MediaBrowser.gallery_axis is 'run', which is kept"):
        panel = wr.MediaBrowser(gallery_axis="run")
    assert panel.to_json()["gallery_axis"] == "run"
    wr.MediaBrowser(gallery_axis="step")


def test_tables_are_drawn_as_charts(runs: list[str]) -> None:
    run = log_run("table", 0.3)
    with tracker.init("digits", id=run.id, resume="must", settings=SETTINGS) as again:
        again.log({"points": tracker.Table(["a", "b"], [[1, 2.0], [2, 3.0]])})
        again.log({"points": tracker.Table(["a", "b"], [[1, 5.0], [2, 6.0]])})
    fields, words = {"x": "a", "y": "b"}, {"title": "T <b>"}
    panel = wr.CustomChart.from_table("points", fields, words)
    found = drawn(panel)
    (item,) = found.items
    assert found.title == "T <b>"
    assert item.figure["data"][0]["y"] == [5.0, 6.0]
    assert "title" not in item.figure["layout"]
    report = wr.Report("digits", blocks=[wr.PanelGrid(panels=[panel])])
    assert wr.Report.from_json(report.to_json()).blocks == report.blocks
    (bad,) = drawn(wr.CustomChart.from_table("points", chart_name="own/chart/v0")).items
    assert "is not drawn here" in bad.html
    (lacking,) = drawn(wr.CustomChart.from_table("points", {"x": "never"})).items
    assert "needs the column" in lacking.html
    with pytest.raises(AssertionError, match="logged a table under never"):
        drawn(wr.CustomChart.from_table("never"))
    with pytest.raises(UsageError, match=r"CustomChart.query is .*: expected a query for a table"):
        wr.CustomChart(query={"summaryTable": {"tableKey": 3}})


def test_code_stands_below_or_beside(draw: Draw) -> None:
    def cell(source: str) -> CellRecord:
        return CellRecord(0, 1, source, None, None, "ok", None, None)

    old, new = cell("a = 1\nb = <2>\nc = 3\nd = 4"), cell("a = 1\nb = <5>\nc = 3\nd = 4\ne = 6")
    html = diff_html([old], [new], is_split=True)
    rows = re.findall(r"<tr class=\"([\w-]+)\">(.*?)</tr>", html)
    assert [kind for kind, _ in rows] == [
        "tkv-equal", "tkv-pair", "tkv-equal", "tkv-equal", "tkv-pair",
    ]  # fmt: skip
    assert re.findall(r"<td[^>]*>(.*?)</td>", rows[1][1]) == [
        "2", "b = &lt;<mark>2</mark>&gt;", "2", "b = &lt;<mark>5</mark>&gt;",
    ]  # fmt: skip
    assert re.findall(r"<td[^>]*>(.*?)</td>", rows[4][1]) == ["", "", "5", "e = 6"]


def test_files_that_runs_logged_are_compared(store: Path, tmp_path: Path) -> None:
    for name, rate in (("old", 0.1), ("new", 0.2)):
        (tmp_path / "train.py").write_text(f"rate = {rate}\n")
        (tmp_path / "same.py").write_text("pass\n")
        with tracker.init("c", name, settings=SETTINGS) as run:
            run.log_code(tmp_path)
    report = wr.Report("c", blocks=[wr.PanelGrid([wr.Runset(order="+created_at")],
                                                 panels=[wr.CodeComparer()])])  # fmt: skip
    live = str(report.to_html())
    assert "train.py" in live
    assert "same.py" not in live
    assert ">0.2</mark>" in live or "<mark>2</mark>" in live
    pinned = str(report.pin().to_html())
    assert pinned.count("train.py") == live.count("train.py")
