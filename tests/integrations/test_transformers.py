"""A training by Hugging Face's Trainer."""

from __future__ import annotations

import pytest

import tracker
from tracker.errors import UsageError

pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("transformers")

from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

from tracker.integration.transformers import TrackerCallback, WandbCallback

pytestmark = pytest.mark.filterwarnings("ignore")  # torch and transformers say a lot
ROWS = [{"input_ids": [1, 2, 3, place % 4], "labels": [1, 2, 3, place % 4]} for place in range(8)]


def trainer(folder, callback, **options):
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=8, n_positions=8, n_embd=8, n_layer=1, n_head=1, bos_token_id=0,
            eos_token_id=0,
        )
    )  # fmt: skip
    given = {"num_train_epochs": 2, "eval_strategy": "epoch", "save_strategy": "no", **options}
    arguments = TrainingArguments(
        output_dir=str(folder / "out"), report_to="none", use_cpu=True, disable_tqdm=True,
        per_device_train_batch_size=2, logging_steps=1, learning_rate=0.01, **given,
    )  # fmt: skip
    return Trainer(model, arguments, train_dataset=ROWS, eval_dataset=ROWS, callbacks=[callback])


def test_a_training(in_store, back):
    training = trainer(in_store, TrackerCallback(), run_name="tiny")
    training.train()
    assert tracker.run.name == "tiny"
    training.predict(ROWS)
    run = back("huggingface")
    assert run.state == "finished"
    assert run.config["learning_rate"] == 0.01
    assert run.config["n_embd"] == 8
    assert run.config["model/num_parameters"] == training.model.num_parameters()
    history = run.history(samples=None)
    train = history.dropna(subset=["train/loss"])
    assert train["train/global_step"].tolist() == list(range(1, 9))
    assert {"train/grad_norm", "train/learning_rate", "train/epoch"} <= set(history)
    evaluated = history.dropna(subset=["eval/loss"])
    assert evaluated["train/global_step"].tolist() == [4, 8]
    assert run.summary["eval/loss"] < evaluated["eval/loss"].iloc[0]
    assert run.summary["train_loss"] > 0
    assert run.summary["test/loss"] == pytest.approx(run.summary["eval/loss"])
    assert "train_runtime" not in history
    assert not [key for key in history if key.startswith(("gradients/", "parameters/"))]
    assert list(run.logged_artifacts()) == []


def test_the_run_that_is_active_is_used(in_store, back):
    with tracker.init(project="mine", config={"learning_rate": 3}) as run:
        trainer(in_store, WandbCallback(), num_train_epochs=1).train()
        assert run.is_alive
        assert run.config["learning_rate"] == 0.01
    assert back("mine").summary["train/loss"] > 0


def test_a_second_training_has_a_second_run_once_the_first_is_finished(in_store):
    training = trainer(in_store, TrackerCallback(project="p"), num_train_epochs=1)
    training.train()
    tracker.finish()
    training.train()
    tracker.finish()
    assert [run.state for run in tracker.Api().runs("p")] == ["finished"] * 2


def test_the_model_is_an_artifact_at_the_end(in_store, back, monkeypatch):
    monkeypatch.setenv("WANDB_LOG_MODEL", "end")
    training = trainer(in_store, TrackerCallback(project="p", tags=["a"]), num_train_epochs=1)
    training.train()
    run = back()
    assert run.tags == ["a"]
    first, last = sorted(run.logged_artifacts(), key=lambda version: version.version)
    assert first.name == f"model-{run.id}:v0"
    assert first.aliases == ["base_model"]
    assert sorted(last.aliases) == ["final_model", "latest"]
    assert last.metadata["final_model"] is True
    assert last.metadata["eval/loss"] == pytest.approx(run.summary["eval/loss"])
    folder = last.download(root=str(in_store / "fetched"))
    assert "GPT2LMHeadModel" in (in_store / "fetched" / "model_architecture.txt").read_text()
    again = GPT2LMHeadModel.from_pretrained(folder)
    theirs, ours = (dict(model.named_parameters()) for model in (training.model, again))
    assert all(theirs[name].equal(ours[name]) for name in theirs)


def test_every_checkpoint_is_an_artifact(in_store, back):
    callback = TrackerCallback(project="p", log_model="checkpoint")
    trainer(
        in_store, callback, save_strategy="epoch", load_best_model_at_end=True, run_name="tiny net"
    ).train()
    versions = sorted(back().logged_artifacts(), key=lambda version: version.version)
    assert [version.name for version in versions] == [f"model-tiny_net:v{n}" for n in range(4)]
    assert sorted(versions[1].aliases) == ["checkpoint_global_step_4", "epoch_1.0"]
    assert "model.safetensors" in versions[1].manifest.entries
    assert versions[3].metadata["eval/loss"] > 0
    assert "final_model" in versions[3].aliases


def test_the_model_is_watched(in_store, back):
    callback = TrackerCallback(project="p", watch="all")
    trainer(in_store, callback, num_train_epochs=25, eval_strategy="no").train()
    summary = back().summary
    assert "gradients/transformer.wte.weight" in summary
    assert "parameters/transformer.h.0.mlp.c_fc.bias" in summary


def test_words_that_do_not_exist(in_store):
    with pytest.raises(UsageError, match="log_model is 'always': expected one of 'end', 'check"):
        TrackerCallback(log_model="always")
    with pytest.raises(UsageError, match="watch is 'x'"):
        TrackerCallback(watch="x")
