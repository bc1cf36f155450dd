"""Charts of scikit-learn's models, by W&B's names."""

from __future__ import annotations

import inspect

import pytest

import tracker
from tracker.errors import UsageError

pytest.importorskip("sklearn")

from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.datasets import make_blobs, make_classification, make_regression
from sklearn.linear_model import LinearRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.tree import DecisionTreeClassifier

from tracker.sklearn import plot_classifier, plot_clusterer, plot_regressor

X, Y = make_classification(
    n_samples=120, n_features=4, n_informative=3, n_redundant=0, random_state=0
)
RX, RY = make_regression(n_samples=60, n_features=3, noise=2, random_state=0)
BX, BY = make_blobs(n_samples=60, centers=3, random_state=0)


@pytest.fixture(autouse=True)
def run(in_store):
    return tracker.init(project="p")


def charts(back):
    summary = back().summary
    return {key for key in summary if not key.endswith("_table")}


def test_all_of_a_classifier(back, capsys):
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X[:80], Y[:80])
    plot_classifier(
        model, X[:80], X[80:], Y[:80], Y[80:], model.predict(X[80:]), model.predict_proba(X[80:]),
        ["no", "yes"], True, "Tree", list("abcd"), log_learning_curve=True,
    )  # fmt: skip
    assert capsys.readouterr().err == ""
    assert charts(back) == {
        "calibration_curve", "class_proportions", "confusion_matrix", "feature_importances",
        "learning_curve", "precision_recall", "roc", "summary_metrics",
    }  # fmt: skip


def test_what_cannot_be_drawn_is_said_and_the_rest_is_drawn(back, capsys):
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(BX, BY)
    plot_classifier(
        model, BX, BX, BY, BY, model.predict(BX), model.predict_proba(BX), ["a", "b", "c"]
    )
    said = capsys.readouterr().err
    assert said.count("There is no chart") == 1
    assert "'calibration_curve': A calibration curve needs two classes: y has 3." in said
    assert {"roc", "confusion_matrix"} < charts(back)


def test_naive_bayes_has_no_importances(back, capsys):
    positive = abs(X)
    model = MultinomialNB().fit(positive, Y)
    plot_classifier(
        model, positive, positive, Y, Y, model.predict(positive), model.predict_proba(positive),
        None,
    )  # fmt: skip
    assert capsys.readouterr().err == ""
    assert not {"feature_importances", "calibration_curve"} & charts(back)


def test_all_of_a_regressor(back, capsys):
    model = LinearRegression().fit(RX[:40], RY[:40])
    plot_regressor(model, RX[:40], RX[40:], RY[:40], RY[40:], "Line")
    assert capsys.readouterr().err == ""
    assert charts(back) == {"learning_curve", "outlier_candidates", "residuals", "summary_metrics"}


def test_all_of_clusterers(back, capsys):
    model = KMeans(3, n_init=1, random_state=0).fit(BX)
    plot_clusterer(model, BX, model.labels_, ["a", "b", "c"])
    assert capsys.readouterr().err == ""
    assert charts(back) == {"elbow_curve", "silhouette_plot"}


def test_a_clusterer_without_centres(back, capsys):
    model = AgglomerativeClustering(3).fit(BX)
    plot_clusterer(model, BX, model.labels_)
    assert capsys.readouterr().err == ""
    assert charts(back) == {"silhouette_plot"}


def test_a_chart_is_that_of_tracker_plot(back):
    tracker.sklearn.plot_roc(Y, [[0.4, 0.6]] * len(Y), ["no", "yes"])
    read = back()
    expected = tracker.plot.roc_curve(Y, [[0.4, 0.6]] * len(Y), ["no", "yes"])
    assert read.get("roc", 0).table.data == expected.table.data


def test_a_confusion_is_normalised_and_of_the_chosen_classes(back, capsys):
    truth, guess = ["a", "a", "b", "c"], ["a", "b", "b", "a"]
    tracker.sklearn.plot_confusion_matrix(
        truth, guess, true_labels=["a", "c"], pred_labels=["a"], normalize=True
    )
    tracker.sklearn.plot_confusion_matrix([0, 1], [0, 1], ["no", "yes"], pred_labels=["maybe"])
    assert "['maybe'] are none of the classes ['no', 'yes']." in capsys.readouterr().err
    shown = back().get("confusion_matrix", 0)
    assert shown.table.data == [["a", "a", 0.5], ["c", "a", 1.0]]
    assert tracker.plot.draw(shown)["data"][0]["z"] == [[0.5], [1.0]]


def test_a_confusion_without_names_has_the_classes_themselves(back):
    tracker.sklearn.plot_confusion_matrix([3, 8], [8, 8])
    rows = back().get("confusion_matrix", 0).table.data
    assert rows == [["3", "3", 0], ["3", "8", 1], ["8", "3", 0], ["8", "8", 1]]


# wandb.sklearn's own, in their order.
PARAMETERS = {
    "plot_classifier": "model X_train X_test y_train y_test y_pred y_probas labels is_binary "
    "model_name feature_names log_learning_curve",
    "plot_clusterer": "model X_train cluster_labels labels model_name",
    "plot_regressor": "model X_train X_test y_train y_test model_name",
    "plot_summary_metrics": "model X y X_test y_test",
    "plot_learning_curve": "model X y cv shuffle random_state train_sizes n_jobs scoring",
    "plot_feature_importances": "model feature_names title max_num_features",
    "plot_class_proportions": "y_train y_test labels",
    "plot_calibration_curve": "clf X y clf_name",
    "plot_roc": "y_true y_probas labels plot_micro plot_macro classes_to_plot",
    "plot_precision_recall": "y_true y_probas labels plot_micro classes_to_plot",
    "plot_confusion_matrix": "y_true y_pred labels true_labels pred_labels normalize",
    "plot_elbow_curve": "clusterer X cluster_ranges n_jobs show_cluster_time",
    "plot_silhouette": "clusterer X cluster_labels labels metric kmeans",
    "plot_residuals": "regressor X y",
    "plot_outlier_candidates": "regressor X y",
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_wandbs(name):
    assert list(inspect.signature(getattr(tracker.sklearn, name)).parameters) == (
        PARAMETERS[name].split()
    )


def test_a_chart_of_nothing_is_a_sentence(capsys):
    tracker.sklearn.plot_summary_metrics()
    assert "There is no chart 'summary_metrics'" in capsys.readouterr().err
    tracker.finish()
    with pytest.raises(UsageError, match="before plot_roc"):
        tracker.sklearn.plot_roc()
