"""Trainings by fastai."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from PIL import Image

import tracker
from tracker.errors import UsageError

pytest.importorskip("torch")

import torch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # fastai is older than what it stands on
    pytest.importorskip("fastai")
    from fastai.basics import DataLoaders, Learner
    from fastai.callback.tracker import SaveModelCallback
    from fastai.metrics import accuracy, mae
    from fastai.vision.data import ImageDataLoaders

    from tracker.integration.fastai import WandbCallback

pytestmark = pytest.mark.filterwarnings("ignore")


def learner(folder, *callbacks):
    torch.manual_seed(0)
    pairs = [(x, x.sum(0, keepdim=True)) for x in torch.randn(40, 3)]
    loaders = DataLoaders.from_dsets(
        pairs[:32], pairs[32:], bs=8, device=torch.device("cpu"), num_workers=0, path=folder
    )
    made = Learner(
        loaders, torch.nn.Linear(3, 1), loss_func=torch.nn.MSELoss(), metrics=mae, lr=0.1,
        path=folder, cbs=[*callbacks],
    )  # fmt: skip
    made.remove_cbs([each for each in made.cbs if each.name == "progress"])
    return made


@pytest.fixture
def run(in_store):
    return tracker.init(project="p")


def test_a_training(run, back, in_store, capsys):
    training = learner(in_store, WandbCallback())
    with training.no_logging():
        training.fit(2)
    read = back()
    found = read.history(samples=None)
    assert len(found) == 8
    assert found["epoch"].tolist() == [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
    assert found["raw_loss"].notna().all()
    assert found["lr_0"].notna().all()
    ends = found.dropna(subset=["valid_loss"])
    assert ends["epoch"].tolist() == [1, 2]
    values = dict(zip(training.recorder.metric_names[1:], training.recorder.log[1:], strict=False))
    assert read.summary["mae"] == pytest.approx(values["mae"])
    assert read.config["batch size"] == 8
    assert read.config["model parameters"] == 4
    assert read.config["input 1 dim 2"] == 3
    assert "Prediction_Samples" not in read.summary
    assert "could not log" not in capsys.readouterr().err


def test_the_best_model_and_what_it_learnt_with(run, back, in_store):
    training = learner(in_store, WandbCallback(log_model=True, model_name="net", log=None))
    with training.no_logging():
        training.fit(2)
    (version,) = back().logged_artifacts()
    assert version.name == "net:v0"
    assert "mae" in version.metadata
    folder = version.download(root=str(in_store / "fetched"))
    held = torch.load(f"{folder}/net.pth", weights_only=False)
    held = held.get("model", held)
    assert held["weight"].equal(training.model.weight.detach())


def test_a_callback_of_ones_own_says_where_the_model_is(run, back, in_store):
    saving = SaveModelCallback(fname="mine")
    training = learner(in_store, saving, WandbCallback(log_model=True, log="all"))
    with training.no_logging():
        training.fit(1)
        training.fit(250)
    read = back()
    assert {version.collection.name for version in read.logged_artifacts()} == {"mine"}
    assert "gradients/weight" in read.summary
    assert read.summary["epoch"] == 251


def test_images_have_a_table_of_predictions(run, back, in_store):
    files = []
    for place in range(12):
        files.append(in_store / "images" / f"{place}.png")
        files[-1].parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), place * 20, np.uint8)).save(files[-1])
    loaders = ImageDataLoaders.from_lists(
        in_store, files, ["dark" if place < 6 else "light" for place in range(12)], bs=2,
        valid_pct=0.5, seed=0, device=torch.device("cpu"), num_workers=0,
    )  # fmt: skip
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 2))
    callback = WandbCallback(n_preds=4, log_preds_every_epoch=True, log_dataset=in_store / "images")
    training = Learner(loaders, model, metrics=accuracy, cbs=callback, path=in_store)
    training.remove_cbs([each for each in training.cbs if each.name == "progress"])
    with training.no_logging():
        training.fit(1)
    read = back()
    (step,) = (row["_step"] for row in read.scan_history() if "Prediction_Samples" in row)
    table = read.get("Prediction_Samples", step)
    assert table.columns == ["Input image", "Ground_Truth", "Predictions"]
    assert len(table.data) == 4
    image, truth, guess = table.data[0]
    assert (image.width, image.height) == (8, 8)
    assert {truth, guess} <= {"dark", "light"}
    (used,) = read.used_artifacts()
    assert used.name == "images:v0"
    assert len(used.manifest.entries) == 12


def test_there_must_be_a_run(in_store):
    training = learner(in_store, WandbCallback())
    with pytest.raises(UsageError, match="before WandbCallback"), training.no_logging():
        training.fit(1)
