"""Trainings by XGBoost."""

from __future__ import annotations

import numpy as np
import pytest

import tracker
from tracker.errors import UsageError

pytest.importorskip("xgboost")

import xgboost

from tracker.integration.xgboost import WandbCallback, wandb_callback

X = np.random.default_rng(0).normal(size=(200, 3))
Y = (X[:, 0] + X[:, 1] / 2 > 0).astype(int)
PARAMETERS = {
    "objective": "binary:logistic", "eval_metric": ["logloss", "auc"], "max_depth": 2, "nthread": 1,
}  # fmt: skip


@pytest.fixture
def run(in_store):
    return tracker.init(project="p")


def train(callback, rounds=5, **options):
    found = {}
    held = xgboost.DMatrix(X[100:], Y[100:])
    data = xgboost.DMatrix(X[:100], Y[:100], feature_names=["a", "b", "c"])
    held.feature_names = data.feature_names
    booster = xgboost.train(
        PARAMETERS, data, num_boost_round=rounds, evals=[(held, "valid")], evals_result=found,
        verbose_eval=False, callbacks=[callback], **options,
    )  # fmt: skip
    return booster, found["valid"]


def test_a_training(run, back):
    booster, evaluated = train(WandbCallback())
    read = back()
    found = read.history(samples=None)
    assert found["epoch"].dropna().tolist() == list(range(5))
    for name in ("logloss", "auc"):
        assert found[f"valid-{name}"].dropna().tolist() == pytest.approx(evaluated[name])
    assert read.summary["valid-logloss"] == {"min": pytest.approx(min(evaluated["logloss"]))}
    assert read.summary["valid-auc"] == {"max": pytest.approx(max(evaluated["auc"]))}
    assert read.config["learner"]["objective"]["name"] == "binary:logistic"
    chart = read.get("Feature Importance", 5)
    scores = booster.get_score(importance_type="gain")
    assert dict(chart.table.data) == pytest.approx(scores)
    assert "best_score" not in read.summary


def test_early_stopping_and_the_model(run, back, in_store):
    callback = WandbCallback(
        log_model=True, log_feature_importance=False, define_metric=False, importance_type="weight"
    )
    booster, _ = train(callback, rounds=60, early_stopping_rounds=3)
    read = back()
    assert read.summary["best_iteration"] == booster.best_iteration
    assert read.summary["best_score"] == pytest.approx(booster.best_score)
    assert "Feature Importance" not in read.summary
    assert isinstance(read.summary["valid-auc"], float)
    (version,) = read.logged_artifacts()
    assert version.name == f"{run.id}_model.json:v0"
    folder = version.download(root=str(in_store / "fetched"))
    again = xgboost.Booster(model_file=f"{folder}/{run.id}_model.json")
    data = xgboost.DMatrix(X, feature_names=["a", "b", "c"])
    np.testing.assert_array_equal(again.predict(data), booster.predict(data))


def test_a_cross_validation(run, back):
    found = xgboost.cv(
        PARAMETERS, xgboost.DMatrix(X, Y), num_boost_round=3, nfold=2, callbacks=[WandbCallback()]
    )
    held = back().history(samples=None)
    assert held["test-auc"].tolist() == pytest.approx(found["test-auc-mean"].tolist())


def test_the_interface_of_scikit_learn(run, back):
    pytest.importorskip("sklearn")
    model = xgboost.XGBClassifier(n_estimators=3, n_jobs=1, callbacks=[WandbCallback()])
    model.fit(X, Y, eval_set=[(X, Y)], verbose=False)
    assert len(back().history(samples=None)["validation_0-logloss"].dropna()) == 3


def test_the_older_callback_takes_what_old_versions_give(run, rows):
    class Env:
        evaluation_result_list = (("valid-auc", 0.5), ("valid-logloss", 0.4))

    wandb_callback()(Env)
    assert rows() == [{"valid-auc": 0.5, "valid-logloss": 0.4}]


def test_there_must_be_a_run(in_store):
    with pytest.raises(UsageError, match=r"before WandbCallback"):
        WandbCallback()
