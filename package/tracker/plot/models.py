"""Charts of any scikit-learn model: what matters to it, how it learns, how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tracker.errors import UsageError
from tracker.media.chart import CustomChart
from tracker.media.table import Table
from tracker.plot.custom import visualize
from tracker.plot.estimators import as_features, as_labels, check_fitted, sklearn

IMPORTANCES = ("feature_importances_", "feature_log_prob_", "coef_")


def feature_importances(model: Any, feature_names: Sequence[str] | None = None) -> CustomChart:
    """Return how much each feature counts, the most important first.

    Parameters
    ----------
    model : estimator
        Fitted, with ``feature_importances_``, ``feature_log_prob_`` or ``coef_``.
    feature_names : sequence of str, optional
        Default their places.

    Raises
    ------
    UsageError
        If the model has none of these, or several rows of them.
    """
    check_fitted(model)
    held = [getattr(model, name) for name in IMPORTANCES if hasattr(model, name)]
    if not held:
        raise UsageError(
            f"could not find any of attributes {', '.join(IMPORTANCES)} on the model. Cannot plot "
            "feature importances."
        )
    importances = np.squeeze(np.asarray(held[0], dtype=np.float64))
    if importances.ndim > 1:
        raise UsageError(
            f"{importances.ndim}-dimensional feature importances are not supported: the model has "
            f"{importances.shape}, one row for each class."
        )
    importances = np.atleast_1d(importances)
    order = np.argsort(importances, kind="stable")[::-1].tolist()
    names = list(range(len(importances))) if feature_names is None else list(feature_names)
    if len(names) != len(importances):
        raise UsageError(f"{len(names)} feature names were given for {len(importances)} features.")
    rows = [[str(names[place]), float(importances[place])] for place in order]
    table = Table(columns=["feature_names", "importances"], data=rows)
    return visualize("wandb/feature_importances/v1", table)


def learning_curve(
    model: Any,
    X: Any,  # noqa: N803 - scikit-learn's name
    y: Any,
    cv: Any = None,
    shuffle: bool = False,
    random_state: int | None = None,
    train_sizes: Any = None,
    n_jobs: int = 1,
    scoring: Any = None,
) -> CustomChart:
    """Return how the score grows with the number of samples; fits copies of the model.

    The parameters are those of ``sklearn.model_selection.learning_curve``.

    Raises
    ------
    UsageError
        If X holds what is no number, or y is missing.
    """
    sizes, train, test = sklearn("model_selection").learning_curve(
        model,
        as_features(X),
        as_labels(y),
        cv=cv,
        n_jobs=n_jobs,
        train_sizes=np.linspace(0.1, 1.0, 5) if train_sizes is None else train_sizes,
        scoring=scoring,
        shuffle=shuffle,
        random_state=random_state,
    )
    rows = [
        [name, float(score), int(size)]
        for size, *scores in zip(sizes, train.mean(axis=1), test.mean(axis=1), strict=True)
        for name, score in zip(("train", "test"), scores, strict=True)
    ]
    return visualize(
        "wandb/learning_curve/v1", Table(columns=["dataset", "score", "train_size"], data=rows)
    )


def summary_metrics(
    model: Any,
    X: Any = None,  # noqa: N803 - scikit-learn's name
    y: Any = None,
    X_test: Any = None,  # noqa: N803 - scikit-learn's name
    y_test: Any = None,
) -> CustomChart:
    """Return how good a model is on data that it was not fitted on.

    Accuracy, precision, recall and F1 (weighted by class) of a classifier; the mean absolute
    and squared errors and R² of a regressor.

    Parameters
    ----------
    model : estimator
        A fitted classifier or regressor.
    X, y : arrays, optional
        What it was fitted on; not used.
    X_test, y_test : arrays
        Other data.

    Raises
    ------
    UsageError
        If the model is neither, or not fitted.
    """
    check_fitted(model)
    base, metrics = sklearn("base"), sklearn("metrics")
    truth, guess = as_labels(y_test, "y_test"), model.predict(as_features(X_test, "X_test"))
    weighted = {"average": "weighted", "zero_division": 0}
    if base.is_classifier(model):
        found = {
            "accuracy_score": metrics.accuracy_score(truth, guess),
            "precision": metrics.precision_score(truth, guess, **weighted),
            "recall": metrics.recall_score(truth, guess, **weighted),
            "f1_score": metrics.f1_score(truth, guess, **weighted),
        }
    elif base.is_regressor(model):
        found = {
            "mae": metrics.mean_absolute_error(truth, guess),
            "mse": metrics.mean_squared_error(truth, guess),
            "r2_score": metrics.r2_score(truth, guess),
        }
    else:
        raise UsageError("model is not a classifier or regressor. Please try again.")
    name = type(model).__name__
    rows = [[metric, float(value), name] for metric, value in found.items()]
    columns = ["metric_name", "metric_value", "model_name"]
    return visualize("wandb/metrics/v1", Table(columns=columns, data=rows))
