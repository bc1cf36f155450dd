"""A training loop with Hugging Face's Accelerate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tracker

pytest.importorskip("torch")
pytest.importorskip("accelerate")

import accelerate
import torch
from accelerate import Accelerator

from tracker.integration.accelerate import RunTracker, WandBTracker

pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_training(in_store, back):
    accelerator = Accelerator(cpu=True, log_with=RunTracker("p", name="first", tags=["a"]))
    accelerator.init_trackers("ignored", config={"lr": 0.1, "layers": 2})
    run = accelerator.get_tracker("tracker", unwrap=True)
    assert run is tracker.run
    model = torch.nn.Linear(2, 1)
    model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), 0.1))
    losses = []
    for step in range(3):
        loss = model(torch.ones(4, 2)).pow(2).mean()
        accelerator.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        accelerator.log({"loss": losses[-1]}, step=step * 10)
    (own,) = accelerator.trackers
    picture = np.zeros((4, 4, 3), np.uint8)
    own.log_images({"pictures": [picture, picture]}, step=20)
    own.log_table("table", dataframe=pd.DataFrame({"x": [1, 2]}), step=20)
    accelerator.end_training()
    read = back()
    assert (read.name, read.tags, read.state, read.project) == ("first", ["a"], "finished", "p")
    assert dict(read.config) == {"lr": 0.1, "layers": 2}
    found = read.history(samples=None)
    assert found["_step"].tolist() == [0, 10, 20]
    assert found["loss"].tolist() == losses
    assert len(read.get("pictures", 20)) == 2
    assert read.get("table", 20).get_dataframe()["x"].tolist() == [1, 2]


def test_it_is_known_by_its_name(in_store, back):
    if not hasattr(accelerate.tracking, "register_tracker_class"):
        pytest.skip("this version of Accelerate takes objects only")
    accelerator = Accelerator(cpu=True, log_with="tracker")
    accelerator.init_trackers("p", init_kwargs={"tracker": {"notes": "by name"}})
    accelerator.log({"loss": 1})
    accelerator.end_training()
    read = back()
    assert (read.notes, read.summary["loss"]) == ("by name", 1)


def test_it_has_the_names_of_accelerates_own():
    theirs = accelerate.tracking.WandBTracker
    names = {name for name in vars(theirs) if not name.startswith("_")}
    assert names <= set(dir(WandBTracker))
