"""Trainings by Keras, on PyTorch."""

from __future__ import annotations

import os

import numpy as np
import pytest

import tracker
from tracker.errors import UsageError

pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("keras")

import keras

from tracker.integration.keras import (
    WandbCallback,
    WandbEvalCallback,
    WandbMetricsLogger,
    WandbModelCheckpoint,
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = (X.sum(1) > 0).astype("float32")


@pytest.fixture
def run(in_store):
    return tracker.init(project="p")


def fit(*callbacks, epochs=2, rate=0.1, **options):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(4, "tanh", name="first"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), "mse", metrics=["mae"])
    return model, model.fit(
        X, Y, batch_size=8, epochs=epochs, validation_data=(X, Y), verbose=0,
        callbacks=list(callbacks), **options,
    ).history  # fmt: skip


def test_epochs(run, rows):
    _, history = fit(WandbMetricsLogger(), epochs=3)
    found = rows()
    assert [row["epoch/epoch"] for row in found] == [0, 1, 2]
    for name in ("loss", "mae", "val_loss", "val_mae"):
        assert [row[f"epoch/{name}"] for row in found] == pytest.approx(history[name])
    assert [row["epoch/learning_rate"] for row in found] == pytest.approx([0.1] * 3)
    rule = run._recorder.rules["epoch/*"]  # noqa: SLF001 - what charts go by
    assert rule.step_metric == "epoch/epoch"


def test_batches_and_a_schedule(run, rows):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5, staircase=True)
    fit(WandbMetricsLogger(log_freq=2), rate=schedule)
    found = [row for row in rows() if "batch/loss" in row]
    assert [row["batch/batch_step"] for row in found] == [0, 2, 4, 6, 8, 10]
    rates = [row["batch/learning_rate"] for row in found]
    assert rates == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.05, 0.025])


def test_every_batch(run, rows):
    fit(WandbMetricsLogger(log_freq="batch"), epochs=1)
    found = [row for row in rows() if "batch/loss" in row]
    assert [row["batch/batch_step"] for row in found] == [0, 1, 2, 3, 4]


def test_every_epochs_model_is_a_version(run, back, in_store):
    model, _ = fit(WandbModelCheckpoint(in_store / "m-{epoch:02d}.keras"))
    versions = sorted(back().logged_artifacts(), key=lambda version: version.version)
    assert [version.name for version in versions] == [f"run_{run.id}_model:v{n}" for n in (0, 1)]
    assert [sorted(version.aliases) for version in versions] == [["epoch_0"], ["epoch_1", "latest"]]
    folder = versions[1].download(root=str(in_store / "fetched"))
    again = keras.models.load_model(f"{folder}/m-02.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_only_better_models_are_versions(run, back, in_store, capsys):
    saving = WandbModelCheckpoint(
        in_store / "best.weights.h5", monitor="up", mode="min", save_best_only=True,
        save_weights_only=True,
    )  # fmt: skip

    class Say(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["up"] = [3.0, 4.0, 2.0, 2.5][epoch]

    fit(Say(), saving, epochs=4)
    versions = sorted(back().logged_artifacts(), key=lambda version: version.version)
    assert [sorted(version.aliases) for version in versions] == [["epoch_0"], ["epoch_2", "latest"]]
    assert "formatting placeholders like `{epoch:02d}`" in capsys.readouterr().err


def test_models_between_epochs(run, back, in_store):
    fit(WandbModelCheckpoint(in_store / "m-{epoch}-{batch}.keras", save_freq=3), epochs=1)
    (version,) = back().logged_artifacts()
    assert sorted(version.aliases) == ["epoch_0_batch_2", "latest"]


class Predictions(WandbEvalCallback):
    def add_ground_truth(self, logs=None):
        for place, row in enumerate(X[:3]):
            self.data_table.add_data(place, tracker.Image(np.full((2, 2), place, np.uint8)), row[0])

    def add_model_predictions(self, epoch, logs=None):
        found = self.model.predict(X[:3], verbose=0)[:, 0]
        for place in self.data_table_ref.get_index():
            image = self.data_table_ref.data[place][1]
            self.pred_table.add_data(epoch, place, image, float(found[place]))


def test_tables_of_predictions(run, back):
    model, _ = fit(Predictions(["place", "image", "x"], ["epoch", "place", "image", "y"]))
    read = back()
    assert [version.name for version in read.used_artifacts()] == ["val:v0"]
    versions = sorted(read.logged_artifacts(), key=lambda version: version.version)
    names = [version.name for version in versions if version.type == "evaluation"]
    assert names == [f"run_{run.id}_pred:v{n}" for n in (0, 1)]
    table = versions[-1].get("eval_data")
    assert table.columns == ["epoch", "place", "image", "y"]
    assert [row[0] for row in table.data] == [1, 1, 1]
    expected = model.predict(X[:3], verbose=0)[:, 0]
    assert [row[3] for row in table.data] == pytest.approx(expected.tolist())


def test_the_older_callback(run, back, in_store):
    model, history = fit(WandbCallback(log_weights=True, verbose=1), epochs=3)
    read = back()
    found = read.history(samples=None)
    assert found["epoch"].tolist() == [0, 1, 2]
    assert found["val_loss"].tolist() == pytest.approx(history["val_loss"])
    assert read.summary["best_val_loss"] == pytest.approx(min(history["val_loss"]))
    assert read.summary["best_epoch"] == int(np.argmin(history["val_loss"]))
    assert sum(read.summary["parameters/first.weights"]["values"]) == 12
    assert sum(read.summary["parameters/first.bias"]["values"]) == 4
    assert [node.name for node in read.get("graph", 0).nodes] == [x.name for x in model.layers]
    read.file("model-best.keras").download(root=str(in_store / "fetched"))
    again = keras.models.load_model(in_store / "fetched" / "model-best.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_the_older_callback_with_batches_and_without_the_rest(run, back, capsys):
    fit(
        WandbCallback(
            monitor="val_mae", mode="max", save_model=False, save_graph=False, log_best_prefix=None,
            log_batch_frequency=2, predictions=36, labels=["a"],
        ),
        epochs=1,
    )  # fmt: skip
    read = back()
    found = read.history(samples=None)
    assert len(found) == 4
    assert found["epoch"].notna().sum() == 1
    assert not {"graph", "best_val_mae", "Nonebest_epoch"} & set(read.summary)
    assert "WandbCallback does nothing with labels, predictions" in capsys.readouterr().err


def test_the_best_of_a_run_that_is_gone_on_with(run, in_store):
    run.summary["best_val_loss"] = 0.0
    fit(WandbCallback(save_graph=False), epochs=1)
    assert run.summary["best_val_loss"] == 0.0
    assert "best_epoch" not in dict(run.summary)


def test_what_is_missing(in_store):
    for make in (
        WandbMetricsLogger,
        WandbCallback,
        lambda: WandbModelCheckpoint("m.keras"),
        lambda: Predictions([], []),
    ):
        with pytest.raises(UsageError, match=r"You must call tracker\.init\(\) before"):
            make()
    tracker.init(project="p")
    with pytest.raises(UsageError, match="log_freq is 'never'"):
        WandbMetricsLogger("never")
    with pytest.raises(UsageError, match="mode is 'up'"):
        WandbCallback(mode="up")
