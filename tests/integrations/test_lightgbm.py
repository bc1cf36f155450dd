"""Trainings by LightGBM."""

from __future__ import annotations

import numpy as np
import pytest

import tracker
from tracker.errors import NotAModelError, UsageError

try:
    import lightgbm
except (ImportError, OSError) as error:  # OSError: the system has no libgomp
    pytest.skip(f"LightGBM cannot be loaded: {error}", allow_module_level=True)

from tracker.integration.lightgbm import log_summary, wandb_callback

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(200, 3))
Y = (X[:, 0] + X[:, 1] / 2 > 0).astype(int)
PARAMETERS = {
    "objective": "binary", "metric": ["auc", "binary_logloss"], "num_leaves": 4, "verbose": -1,
    "num_threads": 1,
}  # fmt: skip


def train(*callbacks, rounds=5):
    data = lightgbm.Dataset(X[:100], Y[:100], feature_name=["a", "b", "c"])
    recorded = {}
    model = lightgbm.train(
        PARAMETERS, data, num_boost_round=rounds,
        valid_sets=[lightgbm.Dataset(X[100:], Y[100:], reference=data)], valid_names=["valid"],
        callbacks=[*callbacks, lightgbm.record_evaluation(recorded)],
    )  # fmt: skip
    return model, recorded["valid"]


@pytest.fixture
def run(in_store):
    return tracker.init(project="p")


def test_a_training(run, back):
    _, recorded = train(wandb_callback(), rounds=8)
    read = back()
    found = read.history(samples=None)
    assert found["iteration"].tolist() == list(range(8))
    for name in ("auc", "binary_logloss"):
        assert found[f"valid_{name}"].tolist() == recorded[name]
    assert read.summary["valid_auc"] == {"max": max(recorded["auc"])}
    assert read.summary["valid_binary_logloss"] == {"min": min(recorded["binary_logloss"])}
    assert read.config["num_leaves"] == 4


def test_without_parameters_and_best_values(run, back):
    _, recorded = train(wandb_callback(log_params=False, define_metric=False))
    read = back()
    assert read.summary["valid_auc"] == recorded["auc"][-1]
    assert "num_leaves" not in read.config


def test_the_summary_of_a_model(run, back, in_store):
    model, _ = train(wandb_callback(), lightgbm.early_stopping(2, verbose=False), rounds=50)
    log_summary(model, save_model_checkpoint=True)
    read = back()
    assert read.summary["best_iteration"] == model.best_iteration
    assert read.summary["best_score"]["valid"]["auc"] == model.best_score["valid"]["auc"]
    chart = read.get("Feature Importance", read.lastHistoryStep)
    assert chart.table.data == [
        [name, float(weight)]
        for name, weight in zip("abc", model.feature_importance(), strict=True)
    ]
    (version,) = read.logged_artifacts()
    assert version.name == f"model_{run.id}:v0"
    assert "best" in version.aliases
    folder = version.download(root=str(in_store / "fetched"))
    again = lightgbm.Booster(model_file=f"{folder}/model_ckpt_{model.best_iteration}.txt")
    np.testing.assert_allclose(again.predict(X), model.predict(X))


def test_a_cross_validation(run, back):
    data = lightgbm.Dataset(X, Y)
    found = lightgbm.cv(
        PARAMETERS, data, num_boost_round=4, nfold=2, callbacks=[wandb_callback()], seed=0
    )
    read = back()
    held = read.history(samples=None)
    assert held["valid_auc-mean"].tolist() == found["valid auc-mean"]
    assert held["valid_auc-stdv"].tolist() == found["valid auc-stdv"]


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
def test_the_interface_of_scikit_learn(run, back):
    pytest.importorskip("sklearn")
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1)
    model.fit(X, Y, eval_set=[(X[:50], Y[:50])], callbacks=[wandb_callback()])
    log_summary(model.booster_)
    read = back()
    assert len(read.history(samples=None)["valid_0_binary_logloss"].dropna()) == 3
    assert read.config["learning_rate"] == 0.1


def test_what_is_missing(in_store):
    with pytest.raises(UsageError, match=r"before log_summary"):
        log_summary(None)
    with tracker.init(project="p"), pytest.raises(NotAModelError, match="instance of lightgbm"):
        log_summary(object())
