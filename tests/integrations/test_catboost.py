"""Trainings by CatBoost."""

from __future__ import annotations

import numpy as np
import pytest

import tracker
from tracker.errors import NotAModelError, UsageError

pytest.importorskip("catboost")

import catboost

from tracker.integration.catboost import WandbCallback, log_summary

X = np.random.default_rng(0).normal(size=(200, 3))
Y = X[:, 0] + X[:, 1] / 2


def train(callback, **options):
    model = catboost.CatBoostRegressor(
        iterations=6, depth=2, verbose=False, allow_writing_files=False, thread_count=1, **options
    )
    return model.fit(X[:100], Y[:100], eval_set=(X[100:], Y[100:]), callbacks=[callback])


@pytest.fixture
def run(in_store):
    return tracker.init(project="p")


def test_a_training(run, back, in_store):
    model = train(WandbCallback())
    log_summary(model, save_model_checkpoint=True)
    read = back()
    found = read.history(samples=None)
    assert found["iteration@metric-period-1"].dropna().tolist() == list(range(1, 7))
    expected = model.get_evals_result()
    for data in ("learn", "validation"):
        assert found[f"{data}-RMSE"].dropna().tolist() == pytest.approx(expected[data]["RMSE"])
    assert read.config["depth"] == 2
    assert read.summary["best_iteration"] == model.get_best_iteration()
    assert read.summary["best_score"]["validation"]["RMSE"] == pytest.approx(
        model.get_best_score()["validation"]["RMSE"]
    )
    chart = read.get("Feature Importance", read.lastHistoryStep)
    assert [weight for _, weight in chart.table.data] == pytest.approx(
        sorted(model.get_feature_importance(), reverse=True)
    )
    (version,) = read.logged_artifacts()
    assert "best" in version.aliases
    folder = version.download(root=str(in_store / "fetched"))
    again = catboost.CatBoostRegressor().load_model(f"{folder}/model")
    np.testing.assert_allclose(again.predict(X), model.predict(X))


def test_a_period_and_little_else(run, back):
    model = train(WandbCallback(metric_period=2), use_best_model=False)
    log_summary(model, log_all_params=False, log_feature_importance=False)
    read = back()
    assert read.history(samples=None)["iteration@metric-period-2"].tolist() == [2, 4, 6]
    assert dict(read.config) == {}
    assert "Feature Importance" not in read.summary


def test_what_is_missing(in_store):
    with pytest.raises(UsageError, match="before WandbCallback"):
        WandbCallback()
    with tracker.init(project="p"), pytest.raises(NotAModelError, match="CatBoostClassifier"):
        log_summary(object())
