"""Panel grids as HTML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tracker.figures.formats import escape, shorten
from tracker.figures.still import to_svg
from tracker.report.drawing import draw_all
from tracker.report.manuscript import Manuscript
from tracker.report.media_grid import media_table
from tracker.report.parcel import Parcel
from tracker.report.pinning import source_of
from tracker.report.plots import Layout, Panel
from tracker.report.runset import PanelGrid
from tracker.report.scene import Drawn, Item, Scene, SceneRun
from tracker.report.viewers import spans_of

FIGURE_HEIGHT = 280
STILL_WIDTH, STILL_COLUMNS = 490, 80
_CHIP_LIMIT = 60


class GridWriter:
    """Writes panel grids, and puts their figures into a parcel."""

    def __init__(self, report: Manuscript, parcel: Parcel) -> None:
        self._report = report
        self._parcel = parcel
        self.scenes: list[Scene] = []

    def write(self, grid: PanelGrid) -> str:
        """Return a grid as HTML."""
        scene = Scene(self._report, grid, [source_of(self._report, each) for each in grid.runsets])
        self.scenes.append(scene)
        is_placed = any(panel.layout is not None for panel in grid.panels)
        places = (
            _placed(grid.panels)
            if is_placed
            else [f"grid-column:span {span}" for span in spans_of(grid.panels)]
        )
        panels = "".join(
            self._panel(
                panel, drawn if grid.hide_run_sets else _under_chips(drawn, panel, scene), place
            )
            for panel, drawn, place in zip(grid.panels, draw_all(scene), places, strict=True)
        )
        chips = "" if grid.hide_run_sets else self._chips(scene)
        kind = "panels placed" if is_placed else "panels"
        return f'<section class="grid">{chips}<div class="{kind}">{panels}</div></section>'

    def _chips(self, scene: Scene) -> str:
        """Return the runs as buttons that switch them on and off."""
        chips = "".join(_chip(run) for run in scene.runs[:_CHIP_LIMIT])
        more = len(scene.runs) - _CHIP_LIMIT
        rest = f'<span class="more">and {more:,} more</span>' if more > 0 else ""
        pins = {r.pin.time[:16].replace("T", " ") for r in scene.grid.runsets if r.pin}
        pinned = f'<span class="pinned">as of {escape(min(pins))} UTC</span>' if pins else ""
        return f'<div class="chips" role="group" aria-label="Runs">{chips}{rest}{pinned}</div>'

    def _panel(self, panel: Panel, drawn: Drawn, place: str) -> str:
        title = f"<h5>{escape(shorten(drawn.title, 160))}</h5>" if drawn.title else ""
        kind = type(panel).__name__
        return (
            f'<article class="panel kind-{kind}" style="{place}">{title}'
            f"{self._body(drawn)}</article>"
        )

    def _body(self, drawn: Drawn) -> str:
        if drawn.note:
            return f'<p class="note">{escape(drawn.note)}</p>'
        if drawn.figure is not None:
            return self._plot(drawn.figure, drawn.height or FIGURE_HEIGHT)
        if drawn.items:
            media = media_table(drawn, self._content) if drawn.grid else self._media(drawn)
            return f'<div class="media">{_class_bar(drawn.items)}{media}</div>'
        return drawn.controls + drawn.html

    def _plot(self, figure: dict[str, Any], height: int) -> str:
        # The picture stands there until the chart is drawn, and for good where no script may run.
        number = self._parcel.add(figure)
        still = to_svg(figure, STILL_WIDTH, int(height), columns=STILL_COLUMNS) or ""
        return (
            f'<div class="plot" data-figure="{number}" style="height:{int(height)}px">{still}</div>'
        )

    def _media(self, drawn: Drawn) -> str:
        has_keys = len({item.key for item in drawn.items}) > 1
        steps = sorted({item.step for item in drawn.items})
        newest = _newest(drawn.items)
        shots = "".join(
            self._shot(item, has_keys, is_now=newest[item.run.run_id, item.key] == item.step)
            for item in drawn.items
        )
        slider = ""
        if len(steps) > 1:
            told = escape(json.dumps(steps))
            slider = (
                f'<label class="slider" data-steps="{told}">step <input type="range" min="0" '
                f'max="{len(steps) - 1}" value="{len(steps) - 1}" step="1">'
                f"<output>{steps[-1]:,}</output></label>"
            )
        columns = f"--columns:{drawn.columns}" if drawn.columns else ""
        kind = "shots fixed" if drawn.columns else "shots"
        return f'{slider}<div class="{kind}" style="{columns}">{shots}</div>'

    def _shot(self, item: Item, has_keys: bool, *, is_now: bool) -> str:
        key = f" {escape(shorten(item.key, 60))}" if has_keys else ""
        caption = f"<span>{escape(shorten(item.caption, 400))}</span>" if item.caption else ""
        now = " now" if is_now else ""
        return (
            f'<figure class="shot{now}" data-run="{escape(item.run.run_id)}" '
            f'data-key="{escape(item.key)}" data-step="{item.step}">{self._content(item)}'
            f'<figcaption><i class="dot" style="background:{escape(item.run.colour)}"></i>'
            f"<b>{escape(shorten(item.run.name, 60))}</b>{key} "
            f"<small>step {item.step:,}</small>{caption}</figcaption></figure>"
        )

    def _content(self, item: Item) -> str:
        return item.html if item.figure is None else self._plot(item.figure, FIGURE_HEIGHT)


def _chip(run: SceneRun) -> str:
    words = f"{run.name} · {run.record.state}" + (f" · {run.group}" if run.group else "")
    return (
        f'<button type="button" data-run="{escape(run.run_id)}" title="{escape(words)}" '
        f'aria-pressed="{"true" if run.is_shown else "false"}">'
        f'<i class="dot" style="background:{escape(run.colour)}"></i>'
        f"{escape(shorten(run.name, 40))}</button>"
    )


def _under_chips(drawn: Drawn, panel: Panel, scene: Scene) -> Drawn:
    """Leave out a legend that says no more than the list of runs above the panels."""
    if drawn.figure is None or getattr(panel, "legend_position", None) is not None:
        return drawn
    told = [trace for trace in drawn.figure["data"] if trace.get("showlegend")]
    names = {escape(run.name) for run in scene.runs[:_CHIP_LIMIT]}
    are_runs = all((trace.get("meta") or {}).get("run") for trace in told)
    if told and are_runs and all(trace.get("name") in names for trace in told):
        layout = {**drawn.figure["layout"], "showlegend": False}
        drawn.figure = {**drawn.figure, "layout": layout}
    return drawn


def _class_bar(items: list[Item]) -> str:
    """Return the classes that lie over images as buttons that switch them on and off."""
    classes = {name: colour for item in items for name, colour in item.classes.items()}
    chips = "".join(
        f'<button type="button" data-class="{escape(name)}" aria-pressed="true">'
        f'<i class="dot" style="background:{colour}"></i>{escape(shorten(name, 40))}</button>'
        for name, colour in list(classes.items())[:_CHIP_LIMIT]
    )
    if not chips:
        return ""
    score = (
        '<label class="score">score ≥ <input type="range" min="0" max="1" step="0.01" value="0">'
        "<output>0.00</output></label>"
    )
    has_scores = any("data-score=" in item.html for item in items)
    return (
        f'<div class="chips classes" role="group" aria-label="Classes">{chips}'
        f"{score if has_scores else ''}</div>"
    )


def _newest(items: list[Item]) -> dict[tuple[str, str], int]:
    newest: dict[tuple[str, str], int] = {}
    for item in items:
        place = (item.run.run_id, item.key)
        newest[place] = max(newest.get(place, item.step), item.step)
    return newest


def _placed(panels: Sequence[Panel]) -> list[str]:
    """Return where panels stand that say so, on W&B's 24 columns."""
    found = []
    for panel in panels:
        place = panel.layout or Layout()
        found.append(
            f"grid-column:{place.x + 1}/span {min(place.w, 24 - place.x)};"
            f"grid-row:{place.y + 1}/span {place.h}"
        )
    return found
