"""A panel grid as the document of a workspace, so that live panels can show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tracker.errors import NotFoundError
from tracker.panels.workspace.hyperparameters import IDS
from tracker.records import RunRecord
from tracker.report.custom_chart import CustomChart
from tracker.report.drawing import PIXELS_A_ROW
from tracker.report.expressions import is_expression, read_expression
from tracker.report.fields import Field, column_of, label_of, path_of
from tracker.report.manuscript import Manuscript
from tracker.report.pinning import source_of
from tracker.report.plots import (
    BarPlot,
    LinePlot,
    Panel,
    ParallelCoordinatesPlot,
    ParameterImportancePlot,
    ScalarChart,
    ScatterPlot,
)
from tracker.report.runset import PanelGrid, Runset, table_columns
from tracker.report.source import Source
from tracker.report.viewers import (
    CodeComparer,
    MarkdownPanel,
    MediaBrowser,
    RunComparer,
    RunTable,
    spans_of,
)
from tracker.store.reading.filter_text import write_text

_AXES: Final = {
    "step": "step", "relativetime": "relative", "relativetime(wall)": "relative",
    "walltime": "time",
}  # fmt: skip
_BANDS: Final = {"minmax": "minmax", "stddev": "std", "stderr": "sem", "none": "none"}
_SMOOTHINGS: Final = {
    "exponentialTimeWeighted": "time-weighted", "exponential": "exponential",
    "gaussian": "gaussian", "average": "average",
}  # fmt: skip
SECTION: Final = "Report"
# Panels that the report draws itself.
KIND: Final = "report"
_MEDIA_HEIGHT = 300
_LEAST_HEIGHT, _MOST_HEIGHT = 240, 480
_HEIGHTS: Final = {"parallel": 320, "comparer": 400, "code": 400, "importance": 260}
_TITLES: Final = {RunTable: "Runs", CodeComparer: "Code", ParameterImportancePlot: "Importance"}


def is_workspace(grid: PanelGrid) -> bool:
    """Say whether a grid can be a workspace: it has one run set, which follows the store."""
    return len(grid.runsets) == 1 and grid.runsets[0].pin is None


def to_workspace(report: Manuscript, grid: PanelGrid) -> tuple[dict[str, Any], dict[str, Panel]]:
    """Return the workspace of a grid, and by their ids those of its panels that no other has.

    Parameters
    ----------
    report : Manuscript
    grid : PanelGrid
        One for which :func:`is_workspace` holds.
    """
    runset = grid.runsets[0]
    records, keys, media = _known(source_of(report, runset))
    arranged, own = [], {}
    spans = spans_of(grid.panels)
    for number, (panel, span) in enumerate(zip(grid.panels, spans, strict=True)):
        for part, spec in enumerate(_specs(panel, records, media)):
            name = f"report/{number}" if part == 0 else f"report/{number}/{part}"
            height = _height(panel, spec, len(records))
            arranged.append({"id": name, "width": span, "height": height, **spec})
            if spec["kind"] == KIND:
                own[name] = panel
    _align(arranged)
    content = {
        "version": 1,
        "folded": True,
        "runset": _runset(runset, records),
        "sections": [{"name": SECTION, "open": True, "panels": arranged}],
        # What the report does not show; metrics that are logged later show themselves.
        "removed": sorted(f"{kind}/{key}" for key in keys for kind in ("metric", "media"))
        + list(IDS),
    }
    return content, own


def _align(arranged: list[dict[str, Any]]) -> None:
    """Make the panels of a row as high as the highest."""
    rows: list[list[dict[str, Any]]] = []
    for spec in arranged:
        if not rows or sum(each["width"] for each in rows[-1]) + spec["width"] > 12:
            rows.append([])
        rows[-1].append(spec)
    for row in rows:
        height = max(spec["height"] for spec in row)
        for spec in row:
            spec["height"] = height


def _known(source: Source) -> tuple[list[RunRecord], set[str], list[str]]:
    """Return the runs, what they have logged, and what of it is media.

    A project may have no run yet.
    """
    try:
        runs, keys = source.runs(), {each.key for each in source.series()}
    except NotFoundError:
        return [], set(), []
    return runs, keys, list(dict.fromkeys(shot.key for shot in source.media([])))


def _specs(panel: Panel, records: list[RunRecord], media: list[str]) -> list[dict[str, Any]]:
    """Return a panel as workspaces have it, or to be drawn as the report's page has it."""
    if isinstance(panel, MediaBrowser) and panel.mode != "grid":
        shown = panel.media_keys or media
        title = panel.title if len(shown) == 1 else None
        return [
            {"kind": "media", "key": key, "title": title or key, "height": _MEDIA_HEIGHT}
            for key in shown
        ]
    spec = _spec(panel, records)
    return [{"kind": KIND, "title": _title(panel)} if spec is None else spec]


def _height(panel: Panel, spec: Mapping[str, Any], runs: int) -> int:
    """Return a height in pixels: that of its layout, else one that suits its kind."""
    if panel.layout is not None:
        return panel.layout.h * PIXELS_A_ROW
    if isinstance(panel, BarPlot | RunTable):
        row = 26 if isinstance(panel, BarPlot) else 22
        return min(max(_LEAST_HEIGHT, row * runs + 66), _MOST_HEIGHT)
    return _HEIGHTS.get(str(spec["kind"]), _LEAST_HEIGHT)


def _title(panel: Panel) -> str:
    if isinstance(panel, ScalarChart):
        return panel.title or label_of(panel.metric)
    if isinstance(panel, CustomChart):
        return panel.chart_strings.get("title") or panel.table_key or "Custom chart"
    return getattr(panel, "title", None) or _TITLES.get(type(panel), type(panel).__name__)


def _runset(runset: Runset, records: list[RunRecord]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "filter": _filter_text(runset.filters),
        "search": runset.query,
        "group_by": [column_of(each, records) for each in runset.groupby],
        "hidden": [run_id for run_id, each in runset.run_settings.items() if each.disabled],
        "first": "all",
    }
    if runset.runs is not None:
        told["only"] = runset.runs
    if columns := table_columns(runset):
        told["columns"] = [column_of(each, records) for each in columns]
    if runset.column_widths:
        told["widths"] = {
            column_of(name, records): width for name, width in runset.column_widths.items()
        }
    if runset.order:
        told["order"] = [
            [column_of(each.name, records), "asc" if each.ascending else "desc"]
            for each in runset.order
        ]
    return told


def _filter_text(filters: Any) -> str:
    if isinstance(filters, Mapping):
        return write_text(filters)
    return write_text(read_expression(filters)) if is_expression(filters) else str(filters)


def _spec(panel: Panel, records: list[RunRecord]) -> dict[str, Any] | None:
    """Return a panel as workspaces have it; None where they have no such panel."""
    if isinstance(panel, LinePlot):
        return _curve(panel)
    if isinstance(panel, BarPlot):
        return {
            "kind": "bar",
            "title": panel.title or ", ".join(map(label_of, panel.metrics)),
            "columns": _columns(panel.metrics, records),
            **({"aggregate": panel.groupby_aggfunc}
               if panel.groupby_aggfunc in ("mean", "median", "min", "max") else {}),
            **({"spread": _BANDS[panel.groupby_rangefunc]}
               if panel.groupby_rangefunc in _BANDS else {}),
        }  # fmt: skip
    if isinstance(panel, ScatterPlot) and panel.x is not None and panel.y is not None:
        return _points(panel, records)
    if isinstance(panel, ParallelCoordinatesPlot):
        return _axes(panel, records)
    if isinstance(panel, ParameterImportancePlot) and panel.with_respect_to is not None:
        target = column_of(panel.with_respect_to, records)
        title = panel.title or f"What matters for {label_of(target)}"
        return {"kind": "importance", "title": title, "target": target}
    if isinstance(panel, CodeComparer) and len(records) > 1:
        old, new = (record.run_id for record in records[:2])
        return {"kind": "code", "title": panel.title or "Code", "run": new, "other": old}
    if isinstance(panel, RunComparer):
        title, only = panel.title or "Run comparer", bool(panel.diff_only)
        return {"kind": "comparer", "title": title, "only_differences": only}
    if isinstance(panel, MarkdownPanel):
        return {"kind": "markdown", "title": "", "text": panel.markdown}
    return None


def _curve(panel: LinePlot) -> dict[str, Any]:
    name = path_of(panel.x) if panel.x is not None else "step"
    spec: dict[str, Any] = {
        "kind": "curve",
        "title": panel.title or "",
        "keys": [path_of(each) for each in panel.y],
        "x": _AXES.get(name.lower().replace(" ", ""), name),
        "log_x": bool(panel.log_x),
        "log_y": bool(panel.log_y),
        "outliers": bool(panel.ignore_outliers),
        "y_range": list(panel.range_y),
        "expressions": list(panel.custom_expressions or ()),
        "pattern": panel.metric_regex or "",
    }
    if panel.groupby_rangefunc in _BANDS:
        spec["band"] = _BANDS[panel.groupby_rangefunc]
    kind = panel.smoothing_type or "exponentialTimeWeighted"
    if panel.smoothing_factor and kind in _SMOOTHINGS:
        spec["smoothing"] = {"kind": _SMOOTHINGS[kind], "amount": panel.smoothing_factor}
    return spec


def _points(panel: ScatterPlot, records: list[RunRecord]) -> dict[str, Any]:
    x, y, z = (
        None if each is None else column_of(each, records) for each in (panel.x, panel.y, panel.z)
    )
    title = panel.title or f"{label_of(y or '')} by {label_of(x or '')}"
    front = "min" if panel.running_ymin else "max" if panel.running_ymax else "none"
    return {
        "kind": "scatter", "title": title, "x": x, "y": y, "colour": z or "",
        "log_x": bool(panel.log_x), "log_y": bool(panel.log_y), "front": front,
    }  # fmt: skip


def _axes(panel: ParallelCoordinatesPlot, records: list[RunRecord]) -> dict[str, Any]:
    axes = [column_of(each.metric, records) for each in panel.columns]
    log = [axis for axis, each in zip(axes, panel.columns, strict=True) if each.log]
    # Without axes of its own the workspace chooses them, as the report does.
    own = {"columns": axes, "log": log} if axes else {}
    return {"kind": "parallel", "title": panel.title or "Parallel coordinates", **own}


def _columns(fields: list[Field], records: list[RunRecord]) -> list[str]:
    return [column_of(each, records) for each in fields]
