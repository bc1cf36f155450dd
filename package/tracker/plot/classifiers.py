"""Charts of scikit-learn's classifiers beside those in :mod:`tracker.plot.classes`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tracker.errors import UsageError
from tracker.media.chart import CustomChart
from tracker.media.table import Table
from tracker.plot.custom import visualize
from tracker.plot.estimators import as_features, as_labels, copy_of, plain, sklearn

CALIBRATION_BINS = 10


def class_proportions(
    y_train: Any, y_test: Any = None, labels: Sequence[str] | None = None
) -> CustomChart:
    """Return how many samples of each class there are to train and to test on.

    Parameters
    ----------
    y_train : sequence
        Classes.
    y_test : sequence, optional
        Classes.
    labels : sequence of str, optional
        Names for the classes 0, 1, 2 ….

    Raises
    ------
    UsageError
        If `y_train` is missing.
    """
    sets = {"train": as_labels(y_train, "y_train")}
    if y_test is not None:
        sets["test"] = as_labels(y_test, "y_test")
    rows = [
        [_named(each, labels), name, int((values == each).sum())]
        for each in np.unique(np.concatenate(list(sets.values())))
        for name, values in sets.items()
    ]
    table = Table(columns=["class", "dataset", "count"], data=rows)
    return visualize("wandb/class_proportions/v1", table)


def calibration_curve(
    clf: Any,
    X: Any,  # noqa: N803 - scikit-learn's name
    y: Any,
    clf_name: str = "Classifier",
) -> CustomChart:
    """Return how often a classifier of two classes is right where it says so.

    Copies of it, calibrated by isotonic regression and by a sigmoid, are fitted on a tenth of
    the data and stand beside a logistic regression.

    Parameters
    ----------
    clf : classifier
        Need not be fitted.
    X, y : arrays
        Features, and classes 0 and 1.
    clf_name : str
        What it is called in the chart. Default ``"Classifier"``.

    Raises
    ------
    UsageError
        If there are not two classes.
    """
    features, truth = as_features(X), as_labels(y)
    classes = np.unique(truth)
    if len(classes) != 2:
        raise UsageError(f"A calibration curve needs two classes: y has {len(classes)}.")
    calibration, selection = sklearn("calibration"), sklearn("model_selection")
    x_train, x_test, y_train, y_test = selection.train_test_split(
        features, truth == classes[1], test_size=0.9, random_state=42, stratify=truth
    )
    models = {
        "Logistic": sklearn("linear_model").LogisticRegression(C=1.0),
        f"{clf_name} Isotonic": calibration.CalibratedClassifierCV(
            copy_of(clf), cv=2, method="isotonic"
        ),
        f"{clf_name} Sigmoid": calibration.CalibratedClassifierCV(
            copy_of(clf), cv=2, method="sigmoid"
        ),
    }
    rows: list[list[Any]] = [["Perfectly calibrated", float(p), float(p), 0, 0.0] for p in (0, 1)]
    for name, model in models.items():
        chances = model.fit(x_train, y_train).predict_proba(x_test)[:, 1]
        counts, edges = np.histogram(chances, bins=CALIBRATION_BINS)
        shares, means = calibration.calibration_curve(y_test, chances, n_bins=CALIBRATION_BINS)
        rows += [
            [name, float(share), float(mean), int(count), float(edge)]
            for share, mean, count, edge in zip(shares, means, counts, edges, strict=False)
        ]
    columns = [
        "model", "fraction_of_positives", "mean_predicted_value", "hist_dict", "edge_dict",
    ]  # fmt: skip
    return visualize("wandb/calibration/v1", Table(columns=columns, data=rows))


def decision_boundaries(
    decision_boundary_x: Any,
    decision_boundary_y: Any,
    decision_boundary_color: Any,
    train_x: Any,
    train_y: Any,
    train_color: Any,
    test_x: Any,
    test_y: Any,
    test_color: Any,
) -> CustomChart:
    """Return points of a boundary with those to train and to test on, each group in a colour.

    Parameters
    ----------
    decision_boundary_x, train_x, test_x : sequence
        Where they are across.
    decision_boundary_y, train_y, test_y : sequence
        Where they are along.
    decision_boundary_color, train_color, test_color : str or sequence
        One colour for all, or one for each.
    """
    groups = (
        (decision_boundary_x, decision_boundary_y, decision_boundary_color),
        (test_x, test_y, test_color),
        (train_x, train_y, train_color),
    )
    rows: list[list[Any]] = []
    for xs, ys, colours in groups:
        count = len(xs)
        each = [colours] * count if isinstance(colours, str) else list(colours)
        rows += [
            [plain(x), plain(y), str(colour)] for x, y, colour in zip(xs, ys, each, strict=True)
        ]
    return visualize("wandb/decision_boundaries/v1", Table(columns=["x", "y", "color"], data=rows))


def _named(each: Any, labels: Sequence[str] | None) -> Any:
    if labels is None or each.dtype.kind not in "iub":
        return plain(each)
    if not 0 <= int(each) < len(labels):
        raise UsageError(f"labels has {len(labels)} names: there is none for the class {each}.")
    return labels[int(each)]
