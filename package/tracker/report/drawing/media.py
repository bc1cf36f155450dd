"""What was logged that is no number: which of it is shown, at which steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracker.errors import NotFoundError, StoreError, UsageError
from tracker.figures.distribution import distribution_figure, placed
from tracker.figures.formats import escape
from tracker.figures.histogram import Counts, counts_of
from tracker.records import step_metric_of
from tracker.report.drawing.media_html import Shown, show
from tracker.report.scene import Drawn, Item, Scene, SceneRun
from tracker.report.source import Question, Shot, Source
from tracker.report.viewers import MediaBrowser

RUN_LIMIT = 10
# A report stays a file that can be sent: beyond this, media are named and not shown.
SIZE_LIMIT_BYTES = 48 * 1024 * 1024


def draw_media(scene: Scene, panel: MediaBrowser) -> Drawn:
    """Draw the media of some keys."""
    runs = {run.record.run_key: run for run in scene.shown(panel.max_runs_to_show or RUN_LIMIT)}
    shots = [
        (runs[shot.run_key], shot)
        for source in scene.sources
        for shot in source.media(panel.media_keys)
        if shot.run_key in runs and runs[shot.run_key].source is source
    ]
    order = {key: place for place, key in enumerate(runs)}
    shots.sort(key=lambda pair: order[pair[1].run_key])
    title = panel.title or ", ".join(dict.fromkeys(shot.key for _, shot in shots)) or "Media"
    if not shots:
        wanted = f" under {', '.join(panel.media_keys)}" if panel.media_keys else ""
        return Drawn(title, note=f"No run of this set has logged media{wanted}.")
    steps = spread(sorted({shot.step for _, shot in shots}), panel.max_steps)
    over_steps: list[Item] = []
    if panel.mode != "grid":
        over_steps, shots = _over_steps(shots)
    items = _items(scene, [(run, shot) for run, shot in shots if shot.step in steps]) + over_steps
    down = panel.grid_y_axis or ("run" if panel.grid_x_axis != "run" else "step")
    across = panel.grid_x_axis or ("step" if down != "step" else "run")
    if down == across:
        raise UsageError(f"MediaBrowser has two axes of the same kind, {down!r}: name two kinds.")
    grid = (down, across) if panel.mode == "grid" else None
    return Drawn(title, items=items, columns=panel.num_columns or 0, grid=grid)


def media_needs(scene: Scene, panel: MediaBrowser) -> list[Question]:
    """Return what drawing the browser will ask for."""
    axes = {x for source in scene.sources for x in _axes(source, panel.media_keys).values()}
    return [("media", sorted(panel.media_keys)), *(("curves", [x], "step") for x in sorted(axes))]


def _axes(source: Source, keys: Sequence[str]) -> dict[str, str]:
    """Return the metrics that ``define_metric`` named as the axes of some keys, or of all."""
    logged = dict.fromkeys(each.key for each in source.series() if each.kind == "json")
    rules = source.rules().values()
    found = {key: step_metric_of(key, rules) for key in keys or logged}
    return {key: x for key, x in found.items() if x is not None}


def _along_axis(
    source: Source, run_key: int, key: str, counts: list[Counts]
) -> tuple[list[Counts], str | None]:
    """Return histograms where their axis was at their steps, or last before; and the axis."""
    import numpy as np

    try:
        x_key = _axes(source, [key]).get(key)
        curves = source.curves([x_key], "step") if x_key else []
    except NotFoundError:
        return counts, None  # pinned before histograms had axes
    places: dict[tuple[int, int], float] = {}
    for curve in curves:
        if curve.run_key == run_key:
            for each in counts:
                at = int(np.searchsorted(curve.x, each.step, side="right")) - 1
                if at >= 0 and np.isfinite(curve.y[at]):
                    places[run_key, each.step] = float(curve.y[at])
    return (placed(counts, places, run_key), x_key) if places else (counts, None)


def spread(steps: Sequence[int], limit: int) -> set[int]:
    """Return at most `limit` steps, evenly spread, the first and the last among them."""
    if len(steps) <= limit:
        return set(steps)
    if limit == 1:
        return {steps[-1]}
    return {steps[round(place * (len(steps) - 1) / (limit - 1))] for place in range(limit)}


def _over_steps(
    shots: Sequence[tuple[SceneRun, Shot]],
) -> tuple[list[Item], list[tuple[SceneRun, Shot]]]:
    """Draw what a run has logged of a histogram at several steps as one; return the rest too."""
    found: dict[tuple[int, str], list[Counts]] = {}
    for run, shot in shots:
        if (counts := counts_of(shot.step, shot.value)) is not None:
            found.setdefault((run.record.run_key, shot.key), []).append(counts)
    runs = {run.record.run_key: run for run, _ in shots}
    many = {place: counts for place, counts in found.items() if len(counts) > 1}
    items = [_over_axis(runs[run_key], key, counts) for (run_key, key), counts in many.items()]
    rest = [(run, shot) for run, shot in shots if (run.record.run_key, shot.key) not in many]
    return items, rest


def _over_axis(run: SceneRun, key: str, counts: list[Counts]) -> Item:
    there, x_key = _along_axis(run.source, run.record.run_key, key, counts)
    figure = distribution_figure([("", there)], key, x_key=x_key).to_plotly_json()
    return Item(run, key, counts[-1].step, "", caption=f"{len(counts):,} steps", figure=figure)


def _items(scene: Scene, shots: Sequence[tuple[SceneRun, Shot]]) -> list[Item]:
    """Show what there is room for, the newest first; the order stays."""
    room = SIZE_LIMIT_BYTES
    made: list[Item] = []
    for run, shot in reversed(shots):
        for index, value in reversed(list(enumerate(_singles(shot.value)))):
            item = _item(scene, run, shot, value, room)
            item.index = index
            room -= len(item.html)
            made.append(item)
    return made[::-1]


def _singles(value: Any) -> list[Any]:
    is_list = isinstance(value, dict) and value.get("_type") == "media-list"
    items = value.get("items") if is_list else None
    return list(items) if isinstance(items, list) else [value]


def _item(scene: Scene, run: SceneRun, shot: Shot, value: Any, room: int) -> Item:
    caption = str(value.get("caption") or "") if isinstance(value, dict) else ""
    try:
        if room <= 0:
            raise UsageError("There is more media than a report holds: name fewer keys or steps.")
        shown = show(value, scene.objects)
    except (NotFoundError, StoreError, UsageError, OSError) as error:
        shown = Shown(f'<p class="note">{escape(error)}</p>')
    return Item(run, shot.key, shot.step, caption=caption, **shown._asdict())
