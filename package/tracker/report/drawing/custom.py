"""Tables drawn as charts: one for each run."""

from __future__ import annotations

from typing import Any

from tracker.errors import NotFoundError, StoreError, UsageError
from tracker.figures.formats import escape
from tracker.media.loading import load
from tracker.plot.drawing import draw_columns
from tracker.report.custom_chart import CustomChart
from tracker.report.drawing.fonts import as_card
from tracker.report.scene import Drawn, Item, Scene, SceneRun
from tracker.report.source import Question, Shot

RUN_LIMIT = 10


def draw_custom(scene: Scene, panel: CustomChart) -> Drawn:
    """Draw the last table of each run."""
    key = panel.table_key
    title = panel.chart_strings.get("title") or key or "Custom chart"
    if not key:
        return Drawn(title, note="The chart names no table: CustomChart.from_table(key) does.")
    runs = {run.record.run_key: run for run in scene.shown(RUN_LIMIT)}
    newest: dict[int, Shot] = {}
    for source in scene.sources:
        for shot in source.media([key]):
            known = newest.get(shot.run_key)
            if shot.run_key in runs and (known is None or shot.step >= known.step):
                newest[shot.run_key] = shot
    if not newest:
        return Drawn(title, note=f"No run of this set has logged a table under {key}.")
    return Drawn(title, items=[_item(scene, panel, runs[n], shot) for n, shot in newest.items()])


def custom_needs(scene: Scene, panel: CustomChart) -> list[Question]:
    """Return what drawing the chart will ask for."""
    return [("media", [panel.table_key])] if panel.table_key else []


def _item(scene: Scene, panel: CustomChart, run: SceneRun, shot: Shot) -> Item:
    html, figure = "", None
    try:
        figure = _figure(scene, panel, shot.value)
    except (NotFoundError, StoreError, UsageError, OSError) as error:
        html = f'<p class="note">{escape(error)}</p>'
    return Item(run, shot.key, shot.step, html, figure=figure)


def _figure(scene: Scene, panel: CustomChart, reference: Any) -> dict[str, Any]:
    if not isinstance(reference, dict) or "table" not in str(reference.get("_type")):
        raise UsageError(f"What was logged under {panel.table_key!r} is no table.")
    table = load(reference, scene.objects)
    columns = {str(name): table.get_column(name) for name in table.columns}
    # The panel has the title already.
    strings = {name: words for name, words in panel.chart_strings.items() if name != "title"}
    drawn = draw_columns(panel.chart_name, columns, panel.chart_fields, strings)
    return as_card(drawn)
