from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tracker
from tracker import plot
from tracker.errors import UsageError
from tracker.plot.classes import precision_recall_points, roc_points

metrics = pytest.importorskip("sklearn.metrics")
RNG = np.random.default_rng(0)
SAMPLES = st.lists(
    st.tuples(st.booleans(), st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]))),
    min_size=2,
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(SAMPLES)
def test_points_are_those_of_scikit_learn(samples) -> None:
    truth = np.array([each[0] for each in samples])
    scores = np.array([each[1] for each in samples])
    assume(0 < truth.sum() < len(truth))
    expected = metrics.roc_curve(truth, scores)
    for mine, theirs in zip(roc_points(truth, scores), expected, strict=False):
        np.testing.assert_allclose(mine, theirs)
    expected = metrics.precision_recall_curve(truth, scores)
    for mine, theirs in zip(precision_recall_points(truth, scores), expected, strict=False):
        np.testing.assert_allclose(mine, theirs)


def test_roc_of_several_classes() -> None:
    truth = [0, 1, 2, 0, 1, 2]
    chart = plot.roc_curve(truth, np.eye(3)[truth], labels=["cat", "dog", "owl"], title="T")
    assert chart.spec.spec_name == "wandb/area-under-curve/v0"
    assert set(chart.table.get_column("class")) == {"cat", "dog", "owl"}
    figure = plot.draw(chart)
    go.Figure(figure)
    assert [(t["x"], t["y"]) for t in figure["data"]] == [([0, 0, 1], [0, 1, 1])] * 3
    assert figure["layout"]["xaxis"]["title"]["text"] == "False positive rate"


def test_two_classes_need_scores_of_the_second_only() -> None:
    one = plot.roc_curve([0, 1, 1], [0.1, 0.8, 0.9])
    both = plot.roc_curve([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]])
    assert one.table == both.table


def test_a_class_that_is_absent_moves_no_other() -> None:
    scores = np.eye(3)[[0, 2, 0, 2]]
    chart = plot.roc_curve([0, 2, 0, 2], scores, labels=["a", "b", "c"])
    assert [trace["name"] for trace in plot.draw(chart)["data"]] == ["a", "c"]
    assert all(trace["y"] == [0, 1, 1] for trace in plot.draw(chart)["data"])


def test_classes_to_plot_and_names_as_classes() -> None:
    chart = plot.roc_curve(["x", "y"], [[1, 0], [0, 1]], classes_to_plot=["y"])
    assert set(chart.table.get_column("class")) == {"y"}


def test_long_curves_are_kept_short() -> None:
    truth, scores = RNG.integers(0, 2, 100_000), RNG.random(100_000)
    chart = plot.roc_curve(truth, scores)
    assert len(chart.table.data) < 5000


def test_precision_over_recall_as_wandb_interpolates() -> None:
    truth = np.array([0, 1, 1, 0, 1])
    scores = np.array([0.1, 0.4, 0.35, 0.8, 0.9])
    chart = plot.pr_curve(truth, np.stack([1 - scores, scores], axis=1), interp_size=5)
    rows = [row[1:] for row in chart.table.data if row[0] == 1]
    precision, recall, _ = metrics.precision_recall_curve(truth, scores)
    best = np.maximum.accumulate(precision)[::-1]
    wanted = np.linspace(0, 1, 5)[::-1]
    expected = best[np.searchsorted(recall[::-1], wanted)]
    np.testing.assert_allclose(rows, np.stack([expected, wanted], axis=1).round(3))
    go.Figure(plot.draw(chart))
    assert len(plot.pr_curve(truth, scores).table.data) == 2 * 21


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([0, 1], None), "y_probas is None. Please try again"),
        ((None, [[1, 0]]), "y_true is None. Please try again"),
        (([0, 1], [[1, 0]]), "2 samples and y_probas 1"),
        (([0, 1, 2], [[1, 0], [1, 0], [0, 1]]), "3 classes and y_probas scores for 2"),
        (([0, 1], [[math.nan, 0], [0, 1]]), "NaN or infinity"),
        (([0, 1], ["a", "b"]), "not numbers"),
        (([0, 1], np.zeros((2, 2, 2))), "expected samples × classes"),
        (([0, 1], [[1, 0], [0, 1]], ["only"]), "labels has 1 names"),
    ],
)
@pytest.mark.parametrize("curve", [plot.roc_curve, plot.pr_curve])
def test_what_gives_no_curve_is_told(curve, arguments, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        curve(*arguments)
    with pytest.raises(UsageError, match="interp_size is 1"):
        plot.pr_curve([0, 1], [0, 1], interp_size=1)


# --- confusion


def test_confusion_of_predictions() -> None:
    chart = plot.confusion_matrix(preds=[0, 1, 1, 0], y_true=[0, 1, 0, 0], class_names=["a", "b"])
    assert chart.spec.spec_name == "wandb/confusion_matrix/v1"
    assert chart.table.columns == ["Actual", "Predicted", "nPredictions"]
    assert chart.table.data == [["a", "a", 2], ["a", "b", 1], ["b", "a", 0], ["b", "b", 1]]
    figure = plot.draw(chart)
    go.Figure(figure)
    assert figure["data"][0]["z"] == [[2, 1], [0, 1]]


def test_confusion_of_probabilities() -> None:
    chart = plot.confusion_matrix(probs=[[0.9, 0.1], [0.2, 0.8]], y_true=[0, 0])
    assert chart.table.data == [
        ["Class_1", "Class_1", 1], ["Class_1", "Class_2", 1],
        ["Class_2", "Class_1", 0], ["Class_2", "Class_2", 0],
    ]  # fmt: skip


def test_normalised_confusion_has_the_shares_of_each_true_class() -> None:
    chart = plot.confusion_matrix(
        preds=[0, 1, 1, 0], y_true=[0, 1, 0, 0], class_names=list("abc"), normalize=True
    )
    assert chart.table.columns == ["Actual", "Predicted", "Share"]
    shares = np.array([row[2] for row in chart.table.data]).reshape(3, 3)
    assert shares == pytest.approx(np.array([[2 / 3, 1 / 3, 0], [0, 1, 0], [0, 0, 0]]))
    (trace,) = plot.draw(chart)["data"]
    assert trace["text"][0] == ["0.67", "0.33", "0"]


def test_the_cells_of_a_confusion_have_numbers_as_long_as_there_is_room() -> None:
    def drawn(classes: int) -> dict:
        names = list(map(str, range(classes)))
        truth = [*names, "0", "1"]
        chart = plot.confusion_matrix(preds=[*names, "1", "1"], y_true=truth, class_names=names)
        return plot.draw(chart)["data"][0]

    assert drawn(3)["text"] == [["1", "1", "0"], ["0", "2", "0"], ["0", "0", "1"]]
    assert drawn(3)["customdata"][0] == ["50.0%", "50.0%", "0.0%"]
    assert drawn(20)["text"][2][:3] == ["", "", "1"]  # zeros would hide what is there
    assert "text" not in drawn(40)


def test_a_confusion_of_what_occurs_alone_is_square() -> None:
    table = tracker.Table(
        columns=["Actual", "Predicted", "Count"], data=[["a", "b", 2], ["b", "a", 1]]
    )
    chart = plot.confusion_matrix(preds=["a"], y_true=["a"], class_names=["a"])
    chart.table, chart.spec.fields = table, {}
    assert plot.draw(chart)["data"][0]["z"] == [[0, 2], [1, 0]]


def test_confusion_by_names() -> None:
    chart = plot.confusion_matrix(
        preds=["b", "a"], y_true=np.array(["a", "a"]), class_names=["a", "b", "c"]
    )
    assert [row[2] for row in chart.table.data if row[0] == "a"] == [1, 1, 0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_confusion_is_that_of_scikit_learn(pairs) -> None:
    truth, guess = zip(*pairs, strict=True)
    chart = plot.confusion_matrix(preds=guess, y_true=truth, class_names=list("abcd"))
    mine = np.array([row[2] for row in chart.table.data]).reshape(4, 4)
    assert np.array_equal(mine, metrics.confusion_matrix(truth, guess, labels=range(4)))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"probs": [[1]], "preds": [0], "y_true": [0]}, "Only one of `probs` or `preds`"),
        ({"preds": [0]}, "needs `y_true`"),
        ({"y_true": [0]}, "needs `y_true`, and `probs` or `preds`"),
        ({"preds": [0], "y_true": [0, 1]}, "predictions and true labels must be equal"),
        (
            {"preds": [0, 1], "y_true": [0, 0], "class_names": ["a"]},
            "unique predicted classes exceeds the number of class names",
        ),
        (
            {"preds": [0, 0], "y_true": [0, 1], "class_names": ["a"]},
            "unique true labels exceeds the number of class names",
        ),
        (
            {"preds": [7, 0], "y_true": [0, 0], "class_names": ["a", "b"]},
            r"\['7'\] are neither names nor numbers below 2",
        ),
    ],
)
def test_what_gives_no_matrix_is_told(arguments, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        plot.confusion_matrix(**arguments)
