"""How well a classifier tells classes apart: ROC, precision and recall, confusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker.errors import UsageError
from tracker.media.chart import CustomChart, make_chart
from tracker.media.table import Table

DIGITS = 3


def roc_curve(
    y_true: Any,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    title: str = "ROC Curve",
    split_table: bool = False,
) -> CustomChart:
    """Return the receiver operating characteristic of each class against the others.

    Parameters
    ----------
    y_true : sequence
        The true classes.
    y_probas : sequence of sequences
        Probabilities or scores, samples × classes; for two classes those of the second are
        enough.
    labels : sequence of str, optional
        Names for the classes 0, 1, 2 ….
    classes_to_plot : sequence, optional
        Default all classes in `y_true`.
    title : str
        Default ``"ROC Curve"``.
    split_table : bool
        Show the table in a section of its own. Default False.

    Raises
    ------
    UsageError
        If the lengths differ, a score is NaN, or a class has no name or no scores.
    """
    rows: list[list[Any]] = []
    for name, is_class, scores in _each_class(y_true, y_probas, labels, classes_to_plot):
        false_rate, true_rate = roc_points(is_class, scores)
        rows += _rounded(name, false_rate, true_rate)
    return make_chart(
        "wandb/area-under-curve/v0",
        Table(columns=["class", "fpr", "tpr"], data=rows),
        {"x": "fpr", "y": "tpr", "class": "class"},
        {
            "title": title,
            "x-axis-title": "False positive rate",
            "y-axis-title": "True positive rate",
        },
        split_table,
    )


def pr_curve(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    interp_size: int = 21,
    title: str = "Precision-Recall Curve",
    split_table: bool = False,
) -> CustomChart:
    """Return precision over recall of each class against the others.

    Parameters
    ----------
    interp_size : int
        At how many values of recall, evenly spaced. Default 21.
    y_true, y_probas, labels, classes_to_plot, title, split_table
        As of :func:`roc_curve`.

    Raises
    ------
    UsageError
        As :func:`roc_curve`.
    """
    if interp_size < 2:
        raise UsageError(f"interp_size is {interp_size!r}: expected 2 or more.")
    rows: list[list[Any]] = []
    wanted = np.linspace(0, 1, interp_size)[::-1]
    for name, is_class, scores in _each_class(y_true, y_probas, labels, classes_to_plot):
        precision, recall = precision_recall_points(is_class, scores)
        best = np.maximum.accumulate(precision)[::-1]  # never worse at a lower recall
        places = np.searchsorted(recall[::-1], wanted, side="left")
        rows += _rounded(name, best[places], wanted, keep_all=True)
    return make_chart(
        "wandb/area-under-curve/v0",
        Table(columns=["class", "precision", "recall"], data=rows),
        {"x": "recall", "y": "precision", "class": "class"},
        {"title": title, "x-axis-title": "Recall", "y-axis-title": "Precision"},
        split_table,
    )


def confusion_matrix(
    probs: Any = None,
    y_true: Any = None,
    preds: Any = None,
    class_names: Sequence[str] | None = None,
    title: str = "Confusion Matrix Curve",
    split_table: bool = False,
    normalize: bool = False,
) -> CustomChart:
    """Return how often each class was taken for each other.

    Parameters
    ----------
    probs : sequence of sequences, optional
        Probabilities, samples × classes.
    y_true : sequence
        The true classes.
    preds : sequence, optional
        The predicted classes, in place of `probs`.
    class_names : sequence of str, optional
        Names for the classes 0, 1, 2 …. Default ``Class_1``, ``Class_2`` … for those found.
    title : str
        Default ``"Confusion Matrix Curve"``.
    split_table : bool
        Show the table in a section of its own. Default False.
    normalize : bool
        Shares of each true class, which add up to 1, in place of counts. Default False.

    Raises
    ------
    UsageError
        If both or neither of `probs` and `preds` are given, the lengths differ, or there are
        more classes than names.
    """
    if probs is not None and preds is not None:
        raise UsageError("Only one of `probs` or `preds` should be provided, not both.")
    if y_true is None or (probs is None and preds is None):
        raise UsageError("confusion_matrix needs `y_true`, and `probs` or `preds`.")
    guessed = _listed(preds) if probs is None else np.argmax(_matrix(probs), axis=1).tolist()
    actual = _listed(y_true)
    if len(guessed) != len(actual):
        raise UsageError("The number of predictions and true labels must be equal.")
    places, names = _name_classes(guessed, actual, class_names)
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, ([places[a] for a in actual], [places[g] for g in guessed]), 1)
    # A class that never occurs has no shares.
    cells = counts / counts.sum(axis=1, keepdims=True).clip(1) if normalize else counts
    rows = [[a, p, cell] for a, row in zip(names, cells.tolist(), strict=True)
            for p, cell in zip(names, row, strict=True)]  # fmt: skip
    fields = {"Actual": "Actual", "Predicted": "Predicted"}
    fields["nPredictions"] = "Share" if normalize else "nPredictions"
    return make_chart(
        "wandb/confusion_matrix/v1",
        Table(columns=list(fields.values()), data=rows),
        fields,
        {"title": title},
        split_table,
    )


def roc_points(
    is_class: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return false and true positive rates at falling thresholds, from (0, 0) to (1, 1)."""
    hits, misses = _counts(is_class, scores)
    if len(misses) > 2:  # only the corners: on the straight lines between, nothing is new
        bends = np.diff(misses, 2) | np.diff(hits, 2)
        kept = np.flatnonzero(np.concatenate([[True], bends != 0, [True]]))
        hits, misses = hits[kept], misses[kept]
    hits, misses = np.insert(hits, 0, 0), np.insert(misses, 0, 0)
    with np.errstate(invalid="ignore"):
        return misses / misses[-1], hits / hits[-1]


def precision_recall_points(
    is_class: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return precision and recall at rising thresholds, to (1, 0) at the end."""
    hits, misses = _counts(is_class, scores)
    precision = hits / (hits + misses)
    recall = hits / hits[-1] if hits[-1] else np.ones(len(hits))
    return np.append(precision[::-1], 1.0), np.append(recall[::-1], 0.0)


def _counts(
    is_class: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many of the class, and how many others, score at least each threshold."""
    order = np.argsort(-scores, kind="stable")
    ranked, member = scores[order], is_class[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits = np.cumsum(member, dtype=np.int64)[last]
    return hits, last + 1 - hits


def _each_class(
    y_true: Any, y_probas: Any, labels: Sequence[str] | None, chosen: Sequence[Any] | None
) -> list[tuple[Any, NDArray[np.bool_], NDArray[np.float64]]]:
    if y_true is None or y_probas is None:
        missing = "y_true" if y_true is None else "y_probas"
        raise UsageError(f"{missing} is None. Please try again.")
    truth, scores = np.asarray(_listed(y_true)), _matrix(y_probas)
    classes = np.unique(truth)
    if scores.shape[1] == 1:
        scores = np.concatenate([1 - scores, scores], axis=1)
    if len(scores) != len(truth):
        raise UsageError(
            f"y_true has {len(truth)} samples and y_probas {len(scores)}: expected as many."
        )
    is_numbered = classes.dtype.kind in "iub" and int(classes[0]) >= 0
    is_column = is_numbered and int(classes[-1]) < scores.shape[1]
    if not is_column and len(classes) > scores.shape[1]:
        raise UsageError(
            f"y_true has {len(classes)} classes and y_probas scores for {scores.shape[1]}."
        )
    wanted = classes if chosen is None else np.asarray(chosen)
    return [
        (
            _name_of(each, labels if is_numbered else None),
            truth == each,
            scores[:, int(each) if is_column else place],
        )
        for place, each in enumerate(classes)
        if each in wanted
    ]


def _name_of(each: Any, labels: Sequence[str] | None) -> Any:
    if labels is None:
        return each.item()
    if int(each) >= len(labels):
        raise UsageError(f"labels has {len(labels)} names: there is none for the class {each}.")
    return labels[int(each)]


def _name_classes(
    guessed: list[Any], actual: list[Any], names: Sequence[str] | None
) -> tuple[dict[Any, int], list[str]]:
    found = {*guessed, *actual}
    if names is None:
        ordered = sorted(found)
        return (
            {each: place for place, each in enumerate(ordered)},
            [f"Class_{place + 1}" for place in range(len(ordered))],
        )
    for each, what in ((guessed, "predicted classes"), (actual, "true labels")):
        if len(set(each)) > len(names):
            raise UsageError(f"The number of unique {what} exceeds the number of class names.")
    by_name = {name: place for place, name in enumerate(names)}
    numbered = {place: place for place in range(len(names))}
    for places in (numbered, by_name):
        if found <= set(places):
            return places, list(names)
    raise UsageError(
        f"The classes {sorted(map(str, found - set(numbered)))[:5]} are neither names nor numbers "
        f"below {len(names)}."
    )


def _rounded(name: Any, *columns: NDArray[np.float64], keep_all: bool = False) -> list[list[Any]]:
    rows = np.stack(columns, axis=1).round(DIGITS)
    if not keep_all and len(rows) > 1:
        rows = rows[np.append(True, (np.diff(rows, axis=0) != 0).any(axis=1))]
    return [[name, *row] for row in rows.tolist()]


def _listed(given: Any) -> list[Any]:
    if hasattr(given, "detach"):
        given = given.detach().cpu()
    return list(given.tolist() if hasattr(given, "tolist") else given)


def _matrix(given: Any) -> NDArray[np.float64]:
    if hasattr(given, "detach"):
        given = given.detach().cpu()
    try:
        scores = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The probabilities are not numbers: {error}.") from error
    scores = scores[:, None] if scores.ndim == 1 else scores
    if scores.ndim != 2 or not scores.size:
        raise UsageError(
            f"The probabilities have the shape {scores.shape}: expected samples × classes."
        )
    if not np.isfinite(scores).all():
        raise UsageError("The probabilities hold NaN or infinity: expected numbers.")
    return scores
