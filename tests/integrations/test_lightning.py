"""A training by Lightning's Trainer, under both of its names, and by Fabric."""

from __future__ import annotations

import copy
import pickle
from argparse import Namespace

import numpy as np
import pandas as pd
import pytest

import tracker

pytest.importorskip("torch")
pytest.importorskip("lightning")

import lightning
import lightning.pytorch as pl
import torch

from tracker.integration.lightning import TrackerLogger, WandbLogger

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning says a lot
QUIET = {
    "accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False,
    "log_every_n_steps": 1,
}  # fmt: skip


def module_of(package):
    class Line(package.LightningModule):
        def __init__(self, lr=0.1, act=torch.tanh):
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(2, 1)

        def training_step(self, batch, index):
            loss = self.layer(batch[0]).pow(2).mean()
            self.log("train/loss", loss)
            return loss

        def validation_step(self, batch, index):
            self.log("val/loss", self.layer(batch[0]).pow(2).mean())

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)

    return Line()


def loader():
    data = torch.utils.data.TensorDataset(torch.ones(8, 2))
    return torch.utils.data.DataLoader(data, batch_size=2)


def fit(logger, folder, package=pl, **options):
    given = {**QUIET, "max_epochs": 2, "default_root_dir": folder, **options}
    trainer = package.Trainer(logger=logger, **given)
    trainer.fit(module_of(package), loader(), loader())
    return trainer


def test_a_training(in_store, back):
    logger = TrackerLogger(project="p", name="first", tags=["a"], config={"seed": 1})
    trainer = fit(logger, in_store)
    assert tracker.run is logger.experiment
    assert trainer.checkpoint_callback.dirpath == str(
        in_store / "p" / logger.experiment.id / "checkpoints"
    )
    run = back()
    assert (run.name, run.tags, run.id, run.state) == ("first", ["a"], logger.version, "finished")
    assert run.config["lr"] == 0.1
    assert run.config["seed"] == 1
    assert "tanh" in run.config["act"]
    history = run.history(samples=None)
    train = history.dropna(subset=["train/loss"])
    assert train["trainer/global_step"].tolist() == list(range(8))
    assert train["epoch"].tolist() == [0] * 4 + [1] * 4
    val = history.dropna(subset=["val/loss"])
    assert val["trainer/global_step"].tolist() == [3, 7]
    assert run.summary["val/loss"] == val["val/loss"].iloc[-1]
    assert list(run.logged_artifacts()) == []


def test_both_names_of_lightning_take_it(in_store, back):
    package = pytest.importorskip("pytorch_lightning")
    fit(TrackerLogger(project="p"), in_store, package)
    assert len(back().history(samples=None)["train/loss"].dropna()) == 8


def test_fabric(in_store, rows):
    fabric = lightning.Fabric(accelerator="cpu", loggers=TrackerLogger(project="p"))
    fabric.log("loss", torch.tensor(0.5), step=3)
    assert rows() == [{"loss": 0.5, "trainer/global_step": 3}]


def test_the_run_that_is_active_is_used_and_stays_active(in_store, back):
    with tracker.init(project="mine") as run:
        logger = TrackerLogger(project="p", prefix="a")
        fit(logger, in_store, max_epochs=1)
        assert logger.experiment is run
        assert run.is_alive
    assert len(back("mine").history(samples=None)["a-train/loss"].dropna()) == 4


def test_a_run_that_has_ended_is_gone_on_with(in_store, back):
    logger = TrackerLogger(project="p")
    trainer = fit(logger, in_store)
    tracker.finish()
    trainer.validate(module_of(pl), loader())
    tracker.finish()
    assert len(tracker.Api().runs("p")) == 1
    assert len(back().history(samples=None)["val/loss"].dropna()) == 3


def test_checkpoints_at_the_end(in_store, back):
    keep = pl.callbacks.ModelCheckpoint(monitor="val/loss", save_top_k=2, save_last=True)
    logger = WandbLogger(project="p", log_model=True, offline=True)
    fit(logger, in_store, callbacks=[keep], max_epochs=3)
    versions = list(back().logged_artifacts())
    assert {version.collection.name for version in versions} == {f"model-{logger.version}"}
    best = [version for version in versions if "best" in version.aliases]
    assert len(best) == 1
    assert best[0].metadata["score"] == pytest.approx(float(keep.best_model_score))
    assert best[0].metadata["ModelCheckpoint"]["monitor"] == "val/loss"
    folder = TrackerLogger.download_artifact(
        f"p/model-{logger.version}:best", save_dir=in_store / "fetched"
    )
    held = torch.load(f"{folder}/model.ckpt", weights_only=False)
    assert held["global_step"] == 12


def test_all_checkpoints_as_they_are_made(in_store, back):
    keep = pl.callbacks.ModelCheckpoint(monitor="val/loss", save_top_k=1)
    logger = TrackerLogger(project="p", log_model="all", checkpoint_name="net")
    fit(logger, in_store, callbacks=[keep], max_epochs=3)
    versions = sorted(back().logged_artifacts(), key=lambda version: version.version)
    assert [version.name for version in versions] == ["net:v0", "net:v1", "net:v2"]
    assert ["best" in version.aliases for version in versions] == [False, False, True]


def test_media_and_tables(in_store, back):
    logger = TrackerLogger(project="p")
    picture = np.zeros((4, 4, 3), np.uint8)
    logger.log_image("pictures", [picture, picture], step=5, caption=["a", "b"])
    logger.log_audio("sounds", [np.zeros(80)], sample_rate=[8000])
    logger.log_video("films", [np.zeros((2, 3, 16, 16), np.uint8)], fps=[2], format=["gif"])
    logger.log_text("texts", columns=["in"], data=[["cheese"]])
    logger.log_table("table", dataframe=pd.DataFrame({"x": [1, 2]}))
    with pytest.raises(TypeError, match='Expected a list as "images"'):
        logger.log_image("pictures", picture)
    with pytest.raises(ValueError, match="Expected 1 items but only found 2 for caption"):
        logger.log_image("pictures", [picture], caption=["a", "b"])
    run = back()
    assert [image.caption for image in run.get("pictures", 0)] == ["a", "b"]
    assert run.history(samples=None)["trainer/global_step"].tolist()[0] == 5
    assert run.get("texts", 3).data == [["cheese"]]
    assert run.get("table", 4).get_dataframe()["x"].tolist() == [1, 2]
    assert {"sounds", "films"} <= set(run.summary)


def test_watch_and_hyperparameters(in_store, back):
    logger = TrackerLogger(project="p")
    module = module_of(pl)
    logger.watch(module, log="all", log_freq=2)
    logger.log_hyperparams(Namespace(depth=3))
    pl.Trainer(logger=logger, max_epochs=1, default_root_dir=in_store, **QUIET).fit(
        module, loader(), loader()
    )
    run = back()
    assert run.config["depth"] == 3
    assert {"gradients/layer.weight", "parameters/layer.bias", "graph_0"} <= set(run.summary)


def test_copies_leave_the_run_where_it_is(in_store):
    logger = TrackerLogger(project="p")
    run = logger.experiment
    for twin in (copy.deepcopy(logger), pickle.loads(pickle.dumps(logger))):
        assert twin.version == run.id
        assert twin.name == "p"
    tracker.finish()
    assert twin.experiment.id == run.id
    assert twin.experiment is not run


def test_where_things_go(in_store, monkeypatch):
    assert TrackerLogger().name == "lightning_logs"
    monkeypatch.setenv("WANDB_PROJECT", "digits")
    assert TrackerLogger().name == "digits"
    logger = TrackerLogger(save_dir=in_store / "x", version="abc")
    assert (logger.save_dir, logger.version) == (str(in_store / "x"), "abc")
    other = TrackerLogger(dir=in_store / "y", experiment=None)
    assert other.save_dir == str(in_store / "y")
    assert other.version is None
    with other.experiment as run:
        assert run.settings.root == in_store / "y" / ".tracker"
