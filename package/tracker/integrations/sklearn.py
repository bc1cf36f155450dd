"""Charts of scikit-learn's models, logged by their names in ``wandb.sklearn``.

They are drawn by :mod:`tracker.plot`; what cannot be drawn of a model is said in one sentence, and
the program goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tracker
from tracker.integrations import need, require_run

naive_bayes = need("sklearn.naive_bayes", "scikit-learn")
plot = tracker.plot


def _log(key: str, draw: Callable[..., Any], *arguments: Any, **options: Any) -> bool:
    """Log a chart; say whether it could be drawn."""
    run = require_run(f"plot_{key}")
    try:
        chart = draw(*arguments, **options)
    except (tracker.UsageError, ValueError) as error:
        tracker.termwarn(f"There is no chart {key!r}: {error}")
        return False
    run.log({key: chart})
    return True


def plot_classifier(
    model: Any,
    X_train: Any,  # noqa: N803 - scikit-learn's name
    X_test: Any,  # noqa: N803 - scikit-learn's name
    y_train: Any,
    y_test: Any,
    y_pred: Any,
    y_probas: Any,
    labels: Sequence[str] | None,
    is_binary: bool = False,
    model_name: str = "Classifier",
    feature_names: Sequence[str] | None = None,
    log_learning_curve: bool = False,
) -> None:
    """Log all charts of a classifier.

    Parameters
    ----------
    model : classifier
        Fitted.
    X_train, y_train, X_test, y_test : arrays
        What it was fitted on, and other data.
    y_pred, y_probas : arrays
        What it predicts for `X_test`: classes, and probabilities of each class.
    labels : sequence of str or None
        Names for the classes 0, 1, 2 ….
    is_binary : bool
        Accepted for W&B's sake.
    model_name : str
        What it is called. Default ``"Classifier"``.
    feature_names : sequence of str, optional
        Default their places.
    log_learning_curve : bool
        Log how the score grows with the data; fits copies of the model. Default False.
    """
    is_bayes = isinstance(model, naive_bayes.MultinomialNB)
    if not is_bayes:
        plot_feature_importances(model, feature_names)
    if log_learning_curve:
        plot_learning_curve(model, X_train, y_train)
    plot_confusion_matrix(y_test, y_pred, labels)
    plot_summary_metrics(model, X_train, y_train, X_test, y_test)
    plot_class_proportions(y_train, y_test, labels)
    if not is_bayes:
        plot_calibration_curve(model, X_train, y_train, model_name)
    plot_roc(y_test, y_probas, labels)
    plot_precision_recall(y_test, y_probas, labels)


def plot_regressor(
    model: Any,
    X_train: Any,  # noqa: N803 - scikit-learn's name
    X_test: Any,  # noqa: N803 - scikit-learn's name
    y_train: Any,
    y_test: Any,
    model_name: str = "Regressor",
) -> None:
    """Log all charts of a regressor; the parameters are those of :func:`plot_classifier`."""
    plot_summary_metrics(model, X_train, y_train, X_test, y_test)
    plot_learning_curve(model, X_train, y_train)
    plot_outlier_candidates(model, X_train, y_train)
    plot_residuals(model, X_train, y_train)


def plot_clusterer(
    model: Any,
    X_train: Any,  # noqa: N803 - scikit-learn's name
    cluster_labels: Any,
    labels: Sequence[str] | None = None,
    model_name: str = "Clusterer",
) -> None:
    """Log all charts of a clusterer.

    Parameters
    ----------
    model : clusterer
        Fitted.
    X_train : array
        Features.
    cluster_labels : sequence
        The cluster of each sample.
    labels : sequence of str, optional
        Names for the clusters 0, 1, 2 ….
    model_name : str
        Accepted for W&B's sake.
    """
    if hasattr(model, "n_clusters") and hasattr(model, "score"):
        plot_elbow_curve(model, X_train)
    kmeans = hasattr(model, "cluster_centers_")
    plot_silhouette(model, X_train, cluster_labels, labels=labels, kmeans=kmeans)


def plot_roc(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    plot_micro: bool = True,
    plot_macro: bool = True,
    classes_to_plot: Sequence[Any] | None = None,
) -> None:
    """Log ``roc``; see :func:`tracker.plot.roc_curve`. Averages are not drawn, as in W&B."""
    _log("roc", plot.roc_curve, y_true, y_probas, labels, classes_to_plot)


def plot_precision_recall(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    plot_micro: bool = True,
    classes_to_plot: Sequence[Any] | None = None,
) -> None:
    """Log ``precision_recall``; see :func:`tracker.plot.pr_curve`."""
    _log("precision_recall", plot.pr_curve, y_true, y_probas, labels, classes_to_plot)


def plot_confusion_matrix(
    y_true: Any = None,
    y_pred: Any = None,
    labels: Sequence[str] | None = None,
    true_labels: Any = None,
    pred_labels: Any = None,
    normalize: bool = False,
) -> None:
    """Log ``confusion_matrix``; see :func:`tracker.plot.confusion_matrix`.

    Parameters
    ----------
    y_true, y_pred : arrays
        The true and the predicted classes.
    labels : sequence of str, optional
        Names for the classes 0, 1, 2 ….
    true_labels, pred_labels : sequence, optional
        The classes that are shown, of the true and of the predicted ones. Default all.
    normalize : bool
        Shares of each true class in place of counts. Default False.
    """
    _log("confusion_matrix", _confusion, y_true, y_pred, labels, true_labels, pred_labels,
         normalize)  # fmt: skip


def _confusion(
    y_true: Any, y_pred: Any, labels: Any, true_labels: Any, pred_labels: Any, normalize: bool
) -> Any:
    if labels is None and y_true is not None and y_pred is not None:
        # As in W&B, classes without names are called what they are.
        found, places = np.unique(np.concatenate([y_true, y_pred]), return_inverse=True)
        labels = [str(each) for each in found]
        y_true, y_pred = places[: len(y_true)], places[len(y_true) :]
    chart = plot.confusion_matrix(
        y_true=y_true, preds=y_pred, class_names=labels, normalize=normalize
    )
    if true_labels is None and pred_labels is None:
        return chart
    columns, rows = chart.table.columns, chart.table.data
    names = {name for name, *_ in rows}
    for place, chosen in enumerate((true_labels, pred_labels)):
        wanted = names if chosen is None else set(map(str, chosen))
        if strange := sorted(wanted - names):
            raise tracker.UsageError(f"{strange} are none of the classes {sorted(names)}.")
        rows = [row for row in rows if row[place] in wanted]
    chart.table = tracker.Table(columns=columns, data=rows)
    return chart


def plot_feature_importances(
    model: Any = None,
    feature_names: Sequence[str] | None = None,
    title: str = "Feature Importance",
    max_num_features: int = 50,
) -> None:
    """Log ``feature_importances``; see :func:`tracker.plot.feature_importances`."""
    _log("feature_importances", plot.feature_importances, model, feature_names)


def plot_class_proportions(
    y_train: Any = None, y_test: Any = None, labels: Sequence[str] | None = None
) -> None:
    """Log ``class_proportions``; see :func:`tracker.plot.class_proportions`."""
    _log("class_proportions", plot.class_proportions, y_train, y_test, labels)


def plot_calibration_curve(
    clf: Any = None,
    X: Any = None,  # noqa: N803 - scikit-learn's name
    y: Any = None,
    clf_name: str = "Classifier",
) -> None:
    """Log ``calibration_curve``; see :func:`tracker.plot.calibration_curve`."""
    _log("calibration_curve", plot.calibration_curve, clf, X, y, clf_name)


def plot_learning_curve(
    model: Any = None,
    X: Any = None,  # noqa: N803 - scikit-learn's name
    y: Any = None,
    cv: Any = None,
    shuffle: bool = False,
    random_state: int | None = None,
    train_sizes: Any = None,
    n_jobs: int = 1,
    scoring: Any = None,
) -> None:
    """Log ``learning_curve``; see :func:`tracker.plot.learning_curve`."""
    _log(
        "learning_curve", plot.learning_curve, model, X, y, cv=cv, shuffle=shuffle,
        random_state=random_state, train_sizes=train_sizes, n_jobs=n_jobs, scoring=scoring,
    )  # fmt: skip


def plot_summary_metrics(
    model: Any = None,
    X: Any = None,  # noqa: N803 - scikit-learn's name
    y: Any = None,
    X_test: Any = None,  # noqa: N803 - scikit-learn's name
    y_test: Any = None,
) -> None:
    """Log ``summary_metrics``; see :func:`tracker.plot.summary_metrics`."""
    _log("summary_metrics", plot.summary_metrics, model, X, y, X_test, y_test)


def plot_residuals(
    regressor: Any = None,
    X: Any = None,  # noqa: N803 - scikit-learn's name
    y: Any = None,
) -> None:
    """Log ``residuals``; see :func:`tracker.plot.residuals`."""
    _log("residuals", plot.residuals, regressor, X, y)


def plot_outlier_candidates(
    regressor: Any = None,
    X: Any = None,  # noqa: N803 - scikit-learn's name
    y: Any = None,
) -> None:
    """Log ``outlier_candidates``; see :func:`tracker.plot.outlier_candidates`."""
    _log("outlier_candidates", plot.outlier_candidates, regressor, X, y)


def plot_elbow_curve(
    clusterer: Any = None,
    X: Any = None,  # noqa: N803 - scikit-learn's name
    cluster_ranges: Sequence[int] | None = None,
    n_jobs: int = 1,
    show_cluster_time: bool = True,
) -> None:
    """Log ``elbow_curve``; see :func:`tracker.plot.elbow_curve`."""
    _log("elbow_curve", plot.elbow_curve, clusterer, X, cluster_ranges)


def plot_silhouette(
    clusterer: Any = None,
    X: Any = None,  # noqa: N803 - scikit-learn's name
    cluster_labels: Any = None,
    labels: Sequence[str] | None = None,
    metric: str = "euclidean",
    kmeans: bool = True,
) -> None:
    """Log ``silhouette_plot``; see :func:`tracker.plot.silhouette`."""
    _log("silhouette_plot", plot.silhouette, clusterer, X, cluster_labels, labels, metric, kmeans)
