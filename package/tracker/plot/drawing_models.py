"""The charts of scikit-learn's models as Plotly figures, in plain dicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.plot.pieces import Drawing, Fields, Figure, Trace, axes, by_group, lines

Drawn = tuple[list[Trace], Figure]


def _bars(data: Fields, label: str, value: str, group: str | None = None) -> list[Trace]:
    groups = data[group] if group else [""] * len(data[label])
    return [
        {"type": "bar", "name": str(name), "x": [str(x) for x in part[0]], "y": part[1]}
        for name, part in by_group(groups, data[label], data[value])
    ]


def _importances(data: Fields, strings: Mapping[str, Any]) -> Drawn:
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": data["importances"],
        "y": [str(name) for name in data["feature_names"]],
    }
    layout = axes("importance", "")
    layout["yaxis"] |= {"type": "category", "autorange": "reversed"}
    return [trace], layout


def _proportions(data: Fields, strings: Mapping[str, Any]) -> Drawn:
    layout = axes("class", "count", barmode="group")
    layout["xaxis"]["type"] = "category"
    return _bars(data, "class", "count", "dataset"), layout


def _metrics(data: Fields, strings: Mapping[str, Any]) -> Drawn:
    return _bars(data, "metric_name", "metric_value", "model_name"), axes("", "", barmode="group")


def _calibration(data: Fields, strings: Mapping[str, Any]) -> Drawn:
    groups = by_group(data["model"], data["mean_predicted_value"], data["fraction_of_positives"])
    return lines(groups, "lines+markers"), axes("mean predicted value", "fraction of positives")


def _boundaries(data: Fields, strings: Mapping[str, Any]) -> Drawn:
    return lines(by_group(data["color"], data["x"], data["y"]), "markers"), axes("x", "y")


def _learning(data: Fields, strings: Mapping[str, Any]) -> Drawn:
    groups = by_group(data["dataset"], data["train_size"], data["score"])
    return lines(groups, "lines+markers"), axes("samples", "score")


def _outliers(data: Fields, strings: Mapping[str, Any]) -> Drawn:
    places = data["instance_indicies"]
    stems = {"type": "bar", "name": "Cook's distance", "x": places, "y": data["distance"]}
    ends = [min(places, default=0), max(places, default=0)]
    limit = {
        "type": "scatter",
        "mode": "lines",
        "name": "influence threshold",
        "x": ends,
        "y": data["influence_threshold"][:1] * 2,
    }
    return [stems, limit], axes("sample", "Cook's distance")


def _residuals(data: Fields, strings: Mapping[str, Any]) -> Drawn:
    groups = by_group(data["dataset"], data["y_pred"], data["residuals"])
    return lines(groups, "markers"), axes("predicted value", "residual")


def _elbow(data: Fields, strings: Mapping[str, Any]) -> Drawn:
    counts = data["cluster_ranges"]
    error = {"type": "scatter", "mode": "lines+markers", "name": "error", "x": counts,
             "y": data["errors"]}  # fmt: skip
    seconds = {"type": "scatter", "mode": "lines", "name": "seconds", "x": counts,
               "y": data["clustering_time"], "yaxis": "y2"}  # fmt: skip
    right = {"title": {"text": "seconds"}, "overlaying": "y", "side": "right"}
    return [error, seconds], axes("clusters", "error", yaxis2=right)


def _silhouette(data: Fields, strings: Mapping[str, Any]) -> Drawn:
    traces = [
        {"type": "bar", "orientation": "h", "name": str(name), "x": part[0], "y": part[1]}
        for name, part in by_group(data["color_sil"], data["x2"], data["y_sil"])
    ]
    average = data["silhouette_avg"][:1] * 2
    heights = data["y_sil"]
    mean = {
        "type": "scatter",
        "mode": "lines",
        "name": "average",
        "x": average,
        "y": [min(heights, default=0), max(heights, default=0)],
        "line": {"dash": "dash"},
    }
    layout = axes("silhouette coefficient", "sample", bargap=0)
    layout["yaxis"]["showticklabels"] = False
    return [*traces, mean], layout


MODEL_CHARTS: dict[str, Drawing] = {
    "wandb/calibration": _calibration,
    "wandb/class_proportions": _proportions,
    "wandb/decision_boundaries": _boundaries,
    "wandb/elbow": _elbow,
    "wandb/feature_importances": _importances,
    "wandb/learning_curve": _learning,
    "wandb/metrics": _metrics,
    "wandb/outliers": _outliers,
    "wandb/residuals_plot": _residuals,
    "wandb/silhouette_": _silhouette,
}
