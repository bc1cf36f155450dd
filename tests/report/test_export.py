"""Any notebook as one HTML file."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

import tracker
import tracker.report as wr
from tracker.cli import main
from tracker.errors import UsageError
from tracker.report.export import export_notebook

from .hostile import VECTORS

PNG = base64.b64encode(tracker.Image(np.zeros((4, 4), dtype=np.uint8)).content).decode()


def a_notebook(outputs: list[dict[str, Any]], *sources: str) -> nbformat.NotebookNode:
    cells = [nbformat.v4.new_markdown_cell(source) for source in sources]
    shown = [nbformat.from_dict(output) for output in outputs]
    cells.append(nbformat.v4.new_code_cell("print('<b>')", outputs=shown))
    return nbformat.v4.new_notebook(cells=cells)


def shown(**data: Any) -> dict[str, Any]:
    named = {key.replace("__", "/").replace("_svg", "+xml"): value for key, value in data.items()}
    return {"output_type": "display_data", "data": named, "metadata": {}}


def exported(notebook: nbformat.NotebookNode, folder: Path) -> str:
    nbformat.write(notebook, folder / "n.ipynb")
    return export_notebook(folder / "n.ipynb").read_text(encoding="utf-8")


def test_everything_that_a_cell_shows(tmp_path: Path) -> None:
    html = exported(
        a_notebook(
            [
                {"output_type": "stream", "name": "stdout", "text": "a\x1b[31mred\x1b[0m <b>"},
                {"output_type": "error", "ename": "E", "evalue": "x", "traceback": ["Tr<i>", "E"]},
                shown(text__html="<table><tr><td>cell</td></tr></table>", text__plain="no"),
                shown(image__png=PNG),
                shown(text__plain="only <text>"),
                shown(application__json={"a": [1]}),
            ],
            "# Title\n\n![p](attachment:a.png)",
        ),
        tmp_path,
    )
    assert "<title>n</title>" in html
    assert "ared &lt;b&gt;" in html
    assert "Tr&lt;i&gt;\nE" in html
    assert "<td>cell</td>" in html
    assert ">no<" not in html
    assert html.count(f"data:image/png;base64,{PNG}") == 1
    assert "only &lt;text&gt;" in html
    assert "print" in html


def test_attachments_are_shown(tmp_path: Path) -> None:
    notebook = a_notebook([], "![p](attachment:a.png)")
    notebook.cells[0]["attachments"] = {"a.png": {"image/png": PNG}}
    assert f"data:image/png;base64,{PNG}" in exported(notebook, tmp_path)


def test_the_picture_of_a_live_panel_keeps_its_look(runs: list[str], tmp_path: Path) -> None:
    from tracker.figures import summary_html

    record = tracker.Api().run(f"digits/{runs[0]}").record
    panel = {
        "application/vnd.jupyter.widget-view+json": {"model_id": "gone"},
        "text/html": summary_html(record),
        "text/plain": "x",
    }
    output = {"output_type": "display_data", "data": panel, "metadata": {}}
    html = exported(a_notebook([output]), tmp_path)
    assert '<div class="trk"' in html
    assert ".trk-head{" in html
    assert "run-0.1" in html


@pytest.mark.lab
def test_a_report_as_notebook_as_page_draws(runs: list[str], look: Any, tmp_path: Path) -> None:
    grid = wr.PanelGrid(panels=[wr.LinePlot(y=["loss"])])
    path = wr.Report("digits", title="T", blocks=[grid]).to_notebook(tmp_path / "r.ipynb")
    target = tmp_path / "out.html"
    assert main(["export", str(path), "-o", str(target)]) == 0
    looked = look(target, offline=True)
    looked.page.locator(".plot.drawn .scatterlayer path.js-line").nth(2).wait_for(state="attached")
    assert looked.page.title() == "T"
    assert looked.problems == []


@pytest.mark.lab
def test_hostile_outputs_do_nothing(look: Any, tmp_path: Path) -> None:
    outputs: list[dict[str, Any]] = []
    for vector in VECTORS:
        figure = {"data": [{"x": [1, 2], "y": [1, 2], "name": vector}], "layout": {"title": vector}}
        outputs += [
            shown(text__html=vector),
            shown(text__markdown=vector),
            shown(text__latex=vector),
            shown(text__plain=vector),
            shown(image__png=vector),
            {"output_type": "stream", "name": "stdout", "text": vector},
            {"output_type": "error", "ename": vector, "evalue": vector, "traceback": [vector]},
            {"output_type": "display_data", "metadata": {vector: vector}, "data": {
                "image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg'>{vector}</svg>"}},
            {"output_type": "display_data", "metadata": {}, "data": {
                "application/javascript": "alert(1)", vector: vector}},
        ]  # fmt: skip
    plotly = {"application/vnd.plotly.v1+json": figure}
    outputs.append({"output_type": "display_data", "metadata": {}, "data": plotly})
    notebook = a_notebook(outputs, *VECTORS)
    notebook.metadata["title"] = VECTORS[1]
    notebook.metadata["widgets"] = {VECTORS[0]: VECTORS[1]}
    notebook.cells[0]["attachments"] = {VECTORS[2]: {VECTORS[0]: VECTORS[3]}}
    nbformat.write(notebook, tmp_path / "n.ipynb")
    looked = look(export_notebook(tmp_path / "n.ipynb"))
    looked.page.locator("html[data-drawn=all], .plot").first.wait_for(state="attached")
    assert looked.problems == []
    assert looked.page.evaluate("window.hit") is None
    assert looked.page.locator("main :is(script, iframe, object, base, meta, style)").count() == 0


def test_what_is_no_notebook_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        export_notebook(tmp_path / "none.ipynb")
    (tmp_path / "a.ipynb").write_text("{}")
    with pytest.raises(UsageError, match="is no notebook"):
        export_notebook(tmp_path / "a.ipynb")
