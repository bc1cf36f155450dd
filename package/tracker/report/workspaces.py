"""A panel grid as the document of a workspace, so that live panels can show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tracker.records import RunRecord
from tracker.report.expressions import is_expression, read_expression
from tracker.report.fields import Field, column_of, label_of, path_of
from tracker.report.plots import (
    BarPlot,
    LinePlot,
    MarkdownPanel,
    Panel,
    ParallelCoordinatesPlot,
    ParameterImportancePlot,
    RunComparer,
    ScatterPlot,
)
from tracker.report.runset import PanelGrid, Runset
from tracker.report.scene import Scene
from tracker.store.filter_text import write_text

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


def is_live(grid: PanelGrid) -> bool:
    """Say whether a grid can be shown live: it has one run set, which follows the store."""
    return len(grid.runsets) == 1 and grid.runsets[0].pin is None


def to_workspace(scene: Scene) -> tuple[dict[str, Any], list[Panel]]:
    """Return the workspace of a grid, and those of its panels that no workspace has.

    Parameters
    ----------
    scene : Scene
        Of a grid for which :func:`is_live` holds.
    """
    runset = scene.grid.runsets[0]
    records = [run.record for run in scene.runs]
    arranged, rest = [], []
    for number, panel in enumerate(scene.grid.panels):
        spec = _spec(panel, records)
        if spec is None:
            rest.append(panel)
        else:
            arranged.append({"id": f"report/{number}", "width": 6, **spec})
    keys = {each.key for source in scene.sources for each in source.series()}
    content = {
        "version": 1,
        "runset": _runset(runset, records),
        "sections": [{"name": SECTION, "open": True, "panels": arranged}],
        # What the report does not show; metrics that are logged later show themselves.
        "removed": sorted(f"{kind}/{key}" for key in keys for kind in ("metric", "media")),
    }
    return content, rest


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
    if isinstance(panel, ParallelCoordinatesPlot) and panel.columns:
        axes = [column_of(each.metric, records) for each in panel.columns]
        log = [axis for axis, each in zip(axes, panel.columns, strict=True) if each.log]
        title = panel.title or "Parallel coordinates"
        return {"kind": "parallel", "title": title, "columns": axes, "log": log}
    if isinstance(panel, ParameterImportancePlot) and panel.with_respect_to is not None:
        target = column_of(panel.with_respect_to, records)
        title = panel.title or f"What matters for {label_of(target)}"
        return {"kind": "importance", "title": title, "target": target}
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


def _columns(fields: list[Field], records: list[RunRecord]) -> list[str]:
    return [column_of(each, records) for each in fields]
