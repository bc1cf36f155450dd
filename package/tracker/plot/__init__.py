"""Charts of tables, made as in ``wandb.plot``: each is a table and a word for how to draw it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker.media.chart import CustomChart
    from tracker.plot.basic import bar, histogram, line, line_series, scatter
    from tracker.plot.classes import confusion_matrix, pr_curve, roc_curve
    from tracker.plot.classifiers import calibration_curve, class_proportions, decision_boundaries
    from tracker.plot.clusterers import elbow_curve, silhouette
    from tracker.plot.custom import plot_table, visualize
    from tracker.plot.drawing import draw
    from tracker.plot.models import feature_importances, learning_curve, summary_metrics
    from tracker.plot.regressors import outlier_candidates, residuals

__all__ = [
    "CustomChart",
    "bar",
    "calibration_curve",
    "class_proportions",
    "confusion_matrix",
    "decision_boundaries",
    "draw",
    "elbow_curve",
    "feature_importances",
    "histogram",
    "learning_curve",
    "line",
    "line_series",
    "outlier_candidates",
    "plot_table",
    "pr_curve",
    "residuals",
    "roc_curve",
    "scatter",
    "silhouette",
    "summary_metrics",
    "visualize",
]

# public name -> module that has it
_PLACES = {
    "CustomChart": "tracker.media.chart",
    "bar": "tracker.plot.basic",
    "calibration_curve": "tracker.plot.classifiers",
    "class_proportions": "tracker.plot.classifiers",
    "confusion_matrix": "tracker.plot.classes",
    "decision_boundaries": "tracker.plot.classifiers",
    "draw": "tracker.plot.drawing",
    "elbow_curve": "tracker.plot.clusterers",
    "feature_importances": "tracker.plot.models",
    "histogram": "tracker.plot.basic",
    "learning_curve": "tracker.plot.models",
    "line": "tracker.plot.basic",
    "line_series": "tracker.plot.basic",
    "outlier_candidates": "tracker.plot.regressors",
    "plot_table": "tracker.plot.custom",
    "pr_curve": "tracker.plot.classes",
    "residuals": "tracker.plot.regressors",
    "roc_curve": "tracker.plot.classes",
    "scatter": "tracker.plot.basic",
    "silhouette": "tracker.plot.clusterers",
    "summary_metrics": "tracker.plot.models",
    "visualize": "tracker.plot.custom",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        value = globals()[name] = getattr(import_module(_PLACES[name]), name)
        return value
    raise AttributeError(f"module 'tracker.plot' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
