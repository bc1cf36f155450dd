"""Line plots of groups: one line for the runs that belong together, with a band around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tracker.errors import UsageError
from tracker.figures.curve import Line, line_strokes, outline
from tracker.figures.grouped import BandKind, Cells, Grouped, cells, grouped
from tracker.records import Curve
from tracker.report.drawing.results import Group
from tracker.report.plots import LinePlot
from tracker.report.scene import Scene, SceneRun

if TYPE_CHECKING:
    from tracker.figures.axes import XAxis

_BANDS: Final[Mapping[str, BandKind]] = {
    "minmax": "minmax", "stddev": "std", "stderr": "sem", "none": "none",
}  # fmt: skip
_NUMBERS: Final = ("n", "total", "low", "high", "last")


def group_lines(
    scene: Scene, panel: LinePlot, groups: Sequence[Group], keys: Sequence[str], x: str
) -> list[Line]:
    """Return a line for each metric of each group.

    Over steps every logged value counts, however long the runs are; over other axes the points
    of the runs' curves do.

    Raises
    ------
    UsageError
        If the aggregate or the band is none that lines have.
    """
    lines = []
    for key in keys:
        for group in groups:
            rows, total = _rows(scene, group.members, key, x)
            if len(rows.member):
                (one,) = grouped(rows, _zeros(len(group.members)), 1)
                name = group.name if len(keys) == 1 else f"{group.name} {key}"
                lines.append(_line(panel, group, name, key, one, total))
    return lines


def group_traces(lines: Sequence[Line], axis: XAxis, style: Any) -> list[dict[str, Any]]:
    """Return lines and bands as Plotly's traces; `style` makes one of them without data."""
    made = []
    for line in lines:
        drawn = line_strokes(line, axis)
        low, high = drawn.pop("low", None), drawn.pop("high", None)
        drawn.pop("count", None)
        if low is not None and high is not None:
            x, y = outline(low[0], low[1], high[1])
            made.append({**style("band", line.label, line.colour), "x": x, "y": y})
        for role, (x, y) in drawn.items():
            made.append({**style(role, line.label, line.colour), "x": x, "y": y})
    return made


def _rows(scene: Scene, members: Sequence[SceneRun], key: str, x: str) -> tuple[Cells, int]:
    """Return what the members logged, and how many values that are."""
    import numpy as np

    places = {run.record.run_key: place for place, run in enumerate(members)}
    parts = []
    for source in scene.sources:
        own = {run.record.run_key for run in members if run.source is source}
        if not own:
            continue
        if x == "step":
            found = source.columns([key])
            names = dict(zip(found["known"].tolist(), found["runs"].tolist(), strict=True))
            run_keys = np.array([names[each] for each in found["series_key"].tolist()], dtype=int)
            is_own = np.isin(run_keys, list(own))
            parts.append(_stored(found, is_own, run_keys, places))
        else:
            parts += [
                cells(places[curve.run_key], curve.x, curve.y)
                for curve in source.curves([key], x)
                if curve.run_key in own
            ]
    parts = [part for part in parts if len(part.member)]
    if not parts:
        none = np.empty(0)
        whole = np.empty(0, dtype=np.int64)
        return Cells(whole, whole, *(none for _ in range(7))), 0
    rows = Cells.joined(parts)
    return rows, int(rows.n.sum())


def _stored(
    found: Mapping[str, Any], where: Any, run_keys: Any, places: Mapping[int, int]
) -> Cells:
    import numpy as np

    members = np.array([places[key] for key in run_keys[where].tolist()], dtype=np.int64)
    low = found["first_step"][where].astype(np.float64)
    high = found["last_step"][where].astype(np.float64)
    numbers = (found[name][where].astype(np.float64) for name in _NUMBERS)
    return Cells(members, found["column"][where].astype(np.int64), low, high, *numbers)


def _line(panel: LinePlot, group: Group, name: str, key: str, one: Grouped, total: int) -> Line:
    y = _aggregate(panel.groupby_aggfunc or "mean", one)
    band = _BANDS.get(panel.groupby_rangefunc or "minmax")
    if band is None:
        raise UsageError(
            f"LinePlot.groupby_rangefunc is {panel.groupby_rangefunc!r}: a group's band is one of "
            f"{', '.join(_BANDS)}."
        )
    edges = one.band(band)
    low, high = edges if edges is not None else (None, None)
    curve = Curve(0, 0, key, one.x, y, total, False)
    label = f"{name or 'all runs'} ({len(group.members)})"
    return Line(label, group.colour, curve, low, high, one.count.astype("float64"))


def _aggregate(word: str, one: Grouped) -> Any:
    if word == "mean":
        return one.mean
    if word == "sum":
        return one.mean * one.count
    if word in ("min", "max"):
        return one.low if word == "min" else one.high
    raise UsageError(
        f"LinePlot.groupby_aggfunc is {word!r}: a group's line is its mean, min, max or sum."
    )


def _zeros(count: int) -> Any:
    import numpy as np

    return np.zeros(count, dtype=np.int64)
