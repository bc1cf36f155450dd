"""Charts of scikit-learn's regressors: where they are wrong, and which samples pull them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tracker.errors import UsageError
from tracker.media.chart import CustomChart
from tracker.media.table import Table
from tracker.plot.custom import visualize
from tracker.plot.estimators import as_features, as_labels, copy_of, sklearn


def residuals(
    regressor: Any,
    X: Any,  # noqa: N803 - scikit-learn's name
    y: Any,
) -> CustomChart:
    """Return predicted values with their residuals; a copy is fitted on four fifths of the data.

    Parameters
    ----------
    regressor : regressor
        Left as it is.
    X, y : arrays
        Features and targets.

    Raises
    ------
    UsageError
        If X holds what is no number, or y is missing.
    """
    features, truth = as_features(X), as_labels(y)
    x_train, x_test, y_train, y_test = sklearn("model_selection").train_test_split(
        features, truth, test_size=0.2, random_state=0
    )
    model = copy_of(regressor).fit(x_train, y_train)
    scores = [float(model.score(x_train, y_train)), float(model.score(x_test, y_test))]
    rows = [
        [name, float(guess), float(guess - target), *scores]
        for name, given, targets in (("train", x_train, y_train), ("test", x_test, y_test))
        for guess, target in zip(model.predict(given).ravel(), targets, strict=True)
    ]
    columns = ["dataset", "y_pred", "residuals", "train_score", "test_score"]
    return visualize("wandb/residuals_plot/v1", Table(columns=columns, data=rows))


def outlier_candidates(
    regressor: Any,
    X: Any,  # noqa: N803 - scikit-learn's name
    y: Any,
) -> CustomChart:
    """Return Cook's distance of each sample: how much it alone pulls a fitted copy.

    The parameters and errors are those of :func:`residuals`.
    """
    features, truth = as_features(X), as_labels(y)
    model = copy_of(regressor).fit(features, truth)
    leverage = (features * np.linalg.pinv(features).T).sum(axis=1)
    freedom = len(features) - int(np.linalg.matrix_rank(features))
    if freedom < 1:
        raise UsageError(f"{len(features)} samples are too few for {features.shape[1]} features.")
    left = truth - model.predict(features).ravel()
    error = float(left @ left) / freedom
    with np.errstate(divide="ignore", invalid="ignore"):
        studentized = left / np.sqrt(error) / np.sqrt(1 - leverage)
        distance = studentized**2 / features.shape[1] * leverage / (1 - leverage)
    threshold = 4 / len(features)
    share = float((distance >= threshold).mean() * 100)
    rows = [[float(far), place, share, threshold] for place, far in enumerate(distance)]
    columns = ["distance", "instance_indicies", "outlier_percentage", "influence_threshold"]
    return visualize("wandb/outliers/v1", Table(columns=columns, data=rows))
