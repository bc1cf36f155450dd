"""The charts of scikit-learn's models; each leaves the user's model as it was."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from tracker import plot
from tracker.errors import UsageError

pytest.importorskip("sklearn")

from sklearn import metrics
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.datasets import make_blobs, make_classification, make_regression
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import learning_curve
from sklearn.tree import DecisionTreeClassifier

X, Y = make_classification(
    n_samples=200, n_features=4, n_informative=3, n_redundant=0, random_state=0
)
RX, RY = make_regression(n_samples=60, n_features=3, noise=2, random_state=0)
BX, BY = make_blobs(n_samples=60, centers=3, random_state=0)


def rows(chart) -> pd.DataFrame:
    go.Figure(plot.draw(chart))  # Plotly checks every name and value
    return chart.table.get_dataframe()


def test_feature_importances() -> None:
    tree = DecisionTreeClassifier(random_state=0).fit(X, Y)
    frame = rows(plot.feature_importances(tree, list("abcd")))
    assert frame["importances"].tolist() == sorted(tree.feature_importances_, reverse=True)
    best = "abcd"[tree.feature_importances_.argmax()]
    assert frame["feature_names"][0] == best
    lines = LinearRegression().fit(RX, RY)
    assert sorted(rows(plot.feature_importances(lines))["importances"]) == sorted(lines.coef_)


def test_what_has_no_importances_is_told() -> None:
    with pytest.raises(UsageError, match="could not find any of attributes feature_importances_"):
        plot.feature_importances(KMeans(2, n_init=1).fit(BX))
    with pytest.raises(UsageError, match="2-dimensional feature importances"):
        plot.feature_importances(LogisticRegression().fit(BX, BY))
    with pytest.raises(UsageError, match="Please fit the model"):
        plot.feature_importances(LinearRegression())
    with pytest.raises(UsageError, match="3 feature names were given for 4"):
        plot.feature_importances(DecisionTreeClassifier().fit(X, Y), list("abc"))
    with pytest.raises(UsageError, match="A int is no model"):
        plot.feature_importances(5)


def test_learning_curve() -> None:
    model = LogisticRegression()
    frame = rows(plot.learning_curve(model, pd.DataFrame(X), Y.tolist()))
    sizes, train, test = learning_curve(model, X, Y, train_sizes=np.linspace(0.1, 1, 5))
    assert frame["dataset"].tolist() == ["train", "test"] * 5
    np.testing.assert_allclose(frame["score"][::2], train.mean(axis=1))
    np.testing.assert_allclose(frame["score"][1::2], test.mean(axis=1))
    assert frame["train_size"][::2].tolist() == sizes.tolist()
    assert not hasattr(model, "coef_")


def test_summary_metrics() -> None:
    model = LogisticRegression().fit(X[:100], Y[:100])
    frame = rows(plot.summary_metrics(model, X[:100], Y[:100], X[100:], Y[100:]))
    found = dict(zip(frame["metric_name"], frame["metric_value"], strict=True))
    assert found["accuracy_score"] == metrics.accuracy_score(Y[100:], model.predict(X[100:]))
    assert set(found) == {"accuracy_score", "precision", "recall", "f1_score"}
    line = LinearRegression().fit(RX, RY)
    frame = rows(plot.summary_metrics(line, X_test=RX, y_test=RY))
    assert frame["metric_name"].tolist() == ["mae", "mse", "r2_score"]
    with pytest.raises(UsageError, match="not a classifier or regressor"):
        plot.summary_metrics(KMeans(2, n_init=1).fit(BX), X_test=BX, y_test=BY)


def test_class_proportions() -> None:
    frame = rows(plot.class_proportions([0, 0, 1], [1, 2], labels=["a", "b", "c"]))
    counts = {(r["class"], r["dataset"]): r["count"] for r in frame.to_dict("records")}
    assert counts == {
        ("a", "train"): 2, ("a", "test"): 0, ("b", "train"): 1, ("b", "test"): 1,
        ("c", "train"): 0, ("c", "test"): 1,
    }  # fmt: skip
    assert rows(plot.class_proportions(np.array(["x", "y"])))["class"].tolist() == ["x", "y"]
    with pytest.raises(UsageError, match="none for the class 2"):
        plot.class_proportions([2], labels=["a"])


def test_calibration_curve() -> None:
    tree = DecisionTreeClassifier(random_state=0, max_depth=3)
    frame = rows(plot.calibration_curve(tree, X, Y, "Tree"))
    assert set(frame["model"]) == {
        "Perfectly calibrated", "Logistic", "Tree Isotonic", "Tree Sigmoid",
    }  # fmt: skip
    assert frame["fraction_of_positives"].between(0, 1).all()
    assert not hasattr(tree, "tree_")
    with pytest.raises(UsageError, match="needs two classes: y has 3"):
        plot.calibration_curve(tree, BX, BY)


def test_decision_boundaries() -> None:
    frame = rows(
        plot.decision_boundaries([0], [1], "grey", [2, 3], [4, 5], ["red", "blue"], [6], [7], "red")
    )
    assert frame.values.tolist() == [
        [0, 1, "grey"], [6, 7, "red"], [2, 4, "red"], [3, 5, "blue"],
    ]  # fmt: skip


def test_residuals() -> None:
    model = LinearRegression()
    frame = rows(plot.residuals(model, RX, RY))
    assert frame["dataset"].value_counts().to_dict() == {"train": 48, "test": 12}
    assert frame["train_score"].nunique() == 1
    assert abs(frame["residuals"][frame["dataset"] == "train"].mean()) < 1e-8
    assert not hasattr(model, "coef_")


def test_outlier_candidates() -> None:
    targets = RY.copy()
    targets[7] += 5000
    model = LinearRegression(fit_intercept=False)
    frame = rows(plot.outlier_candidates(model, RX, targets))
    assert frame["distance"].idxmax() == 7
    assert frame["influence_threshold"][0] == 4 / 60
    assert not hasattr(model, "coef_")
    with pytest.raises(UsageError, match="3 samples are too few for 3 features"):
        plot.outlier_candidates(model, RX[:3], RY[:3])


def test_elbow_curve() -> None:
    model = KMeans(3, n_init=2, random_state=0)
    frame = rows(plot.elbow_curve(model, BX, cluster_ranges=[4, 2, 3]))
    assert frame["cluster_ranges"].tolist() == [2, 3, 4]
    assert frame["errors"].is_monotonic_decreasing
    assert not hasattr(model, "inertia_")
    with pytest.raises(UsageError, match="n_clusters attribute not in classifier"):
        plot.elbow_curve(LinearRegression(), BX)


def test_silhouette() -> None:
    model = KMeans(3, n_init=2, random_state=0).fit(BX)
    frame = rows(plot.silhouette(model, BX, model.labels_, ["a", "b", "c"]))
    assert frame["silhouette_avg"][0] == pytest.approx(metrics.silhouette_score(BX, model.labels_))
    expected = metrics.silhouette_samples(BX, model.labels_)
    np.testing.assert_allclose(np.sort(frame["x2"]), np.sort(expected))
    for _, part in frame.groupby("color_sil"):
        assert part["x2"].is_monotonic_increasing
    first = frame.iloc[0]
    place = int(np.flatnonzero((first[["x", "y"]].to_numpy(float) == BX).all(axis=1))[0])
    assert "abc"[model.labels_[place]] == first["colors"]
    assert first["x2"] == pytest.approx(expected[place])
    without = AgglomerativeClustering(2).fit(BX)
    assert rows(plot.silhouette(without, BX, without.labels_, kmeans=False))["centerx"].isna().all()
    with pytest.raises(UsageError, match="at least two clusters"):
        plot.silhouette(model, BX, np.zeros(60))


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        (None, "X is None"),
        ([["a"]], "X contains values that are not numbers. Please vectorize"),
        ([[np.nan]], "X contains 1 missing values"),
    ],
)
def test_features_that_are_none(features, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        plot.residuals(LinearRegression(), features, [1])
    with pytest.raises(UsageError, match="y is None"):
        plot.residuals(LinearRegression(), [[1.0]], None)
