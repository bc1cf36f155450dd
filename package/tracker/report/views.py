"""Panels and blocks in a notebook's cell: ``report.runs(runset).draw(LinePlot(y=["loss"]))``."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from tracker.figures.formats import escape, shorten
from tracker.figures.still import to_png
from tracker.report.blocks import Block
from tracker.report.drawing import draw
from tracker.report.manuscript import Manuscript
from tracker.report.pinning import source_of
from tracker.report.plots import Panel
from tracker.report.runset import PanelGrid, Runset
from tracker.report.scene import Drawn, Item, Scene
from tracker.report.thinning import figure_json
from tracker.report.writing import Writer

PLOTLY = "application/vnd.plotly.v1+json"
WIDTH, HEIGHT = 680, 340
_NOTE = '<p style="opacity:.7">{}</p>'
_DOT = (
    '<span style="display:inline-block;width:9px;height:9px;border-radius:50%;background:{};'
    'margin-right:5px"></span>'
)


class View:
    """Something drawn, which a notebook shows as the value of a cell.

    It brings an interactive chart for JupyterLab and VS Code, and a picture of the same for
    readers that run no scripts.
    """

    def __init__(self, bundle: dict[str, Any]) -> None:
        self._bundle = bundle

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._bundle, {}

    def __repr__(self) -> str:
        return str(self._bundle["text/plain"])


class GridRuns:
    """The runs of some run sets, read, to draw panels over.

    Parameters
    ----------
    report : Manuscript
    runsets : sequence of Runset
    """

    def __init__(self, report: Manuscript, runsets: Sequence[Runset]) -> None:
        grid = PanelGrid(list(runsets))
        self._scene = Scene(report, grid, [source_of(report, each) for each in grid.runsets])

    def __len__(self) -> int:
        return len(self._scene.runs)

    def __repr__(self) -> str:
        names = ", ".join(run.name for run in self._scene.runs[:5])
        return f"<{len(self)} runs: {names}{' …' if len(self) > 5 else ''}>"

    def draw(self, panel: Panel) -> View:
        """Draw a panel."""
        return View(panel_bundle(self._scene, panel))


def panel_bundle(scene: Scene, panel: Panel) -> dict[str, Any]:
    """Return a panel as a notebook's output."""
    drawn = draw(scene, panel)
    title = shorten(drawn.title or type(panel).__name__, 200)
    if drawn.figure is None:
        return {
            "text/html": drawn_html(drawn, with_title=True),
            "text/plain": f"{title}: {drawn.note or 'see the HTML'}",
        }
    return figure_bundle(drawn.figure, title)


def figure_bundle(figure: dict[str, Any], title: str) -> dict[str, Any]:
    """Return a figure as a notebook's output: for Plotly, and as a picture."""
    layout = figure["layout"]
    heading = {"text": escape(title), "font": {"size": 13}, "x": 0.02, "xanchor": "left"}
    named = {
        "data": figure["data"],
        "layout": {
            **layout,
            "title": layout.get("title") or heading,
            "margin": {**(layout.get("margin") or {}), "t": 40},
            "height": HEIGHT,
        },
    }
    bundle: dict[str, Any] = {"text/plain": title}
    # As sharp as it is large: JupyterLab's renderer of figures shows it at its own size first.
    picture = to_png(named, WIDTH, HEIGHT, sharpness=1)
    if picture is not None:
        bundle["image/png"] = base64.b64encode(picture).decode()
    told = figure_json(named)
    # Of a responsive chart Plotly takes the height from what stands beside it, which in JupyterLab
    # is the prompt, when the width changes; JupyterLab itself says so to charts that are not.
    bundle[PLOTLY] = {**told, "config": {"displaylogo": False, "responsive": False}}
    return bundle


def drawn_html(drawn: Drawn, *, with_title: bool = False) -> str:
    """Return a drawing as HTML that needs no script; a figure as a picture."""
    has_heading = with_title and drawn.title
    heading = f"<h5>{escape(shorten(drawn.title, 160))}</h5>" if has_heading else ""
    if drawn.note:
        return heading + _NOTE.format(escape(drawn.note))
    if drawn.figure is not None:
        return heading + _picture(drawn.figure, WIDTH, HEIGHT)
    if drawn.items:
        return heading + _media(drawn)
    return heading + drawn.html


def _media(drawn: Drawn) -> str:
    """Return the newest of each run and key, side by side, without a script."""
    newest: dict[tuple[str, str], int] = {}
    for item in drawn.items:
        place = (item.run.run_id, item.key)
        newest[place] = max(newest.get(place, item.step), item.step)
    shown = [i for i in drawn.items if drawn.grid or newest[i.run.run_id, i.key] == i.step]
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:12px">' + "".join(map(_shot, shown)) + "</div>"
    )


def _picture(figure: dict[str, Any], width: int, height: int) -> str:
    picture = to_png(figure, width, height)
    coded = base64.b64encode(picture or b"").decode()
    return f'<img width="{width}" src="data:image/png;base64,{coded}">' if picture else ""


def _shot(item: Item) -> str:
    html = item.html
    if item.figure is not None:
        html = _picture(item.figure, 420, 260)
    caption = f"<br>{escape(shorten(item.caption, 200))}" if item.caption else ""
    return (
        f'<div style="max-width:420px;min-width:120px">{html}<div style="font-size:12px">'
        f"{_DOT.format(escape(item.run.colour))}{escape(shorten(item.run.name, 60))} · "
        f"{escape(shorten(item.key, 60))} · step {item.step:,}{caption}</div></div>"
    )


def block_bundle(report: Manuscript, block: Block) -> dict[str, Any]:
    """Return a block that holds no runs as a notebook's output."""
    html = Writer(report, lambda _: "").write(block)
    return {"text/html": html, "text/plain": type(block).__name__}
