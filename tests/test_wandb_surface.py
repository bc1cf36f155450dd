"""What scripts written for W&B call, by the names and parameters that they use."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import tracker
import tracker as wandb
from tracker.compat import MISSING

# W&B 0.31's own, in their order; what follows a star is ours or of an older W&B.
PARAMETERS = {
    "Run.log": "data step commit",
    "Run.finish": "exit_code * quiet",
    "Run.define_metric": "name step_metric step_sync hidden summary overwrite * goal",
    "Run.alert": "title text level wait_duration",
    "Run.log_artifact": "artifact_or_path name type aliases tags",
    "Run.use_artifact": "artifact_or_name type aliases use_as",
    "Run.watch": "models criterion log log_freq idx log_graph",
    "Run.unwatch": "models",
    "Run.write_logs": "text",
    "Run.mark_preempting": "",
    "Run.save": "glob_str base_path policy glob",
    "Run.restore": "name run_path replace root",
    "Run.log_code": "root name include_fn exclude_fn",
    "Run.pin_config_keys": "keys",
    "Image": "data_or_path mode caption grouping classes boxes masks file_type * normalize",
    "Artifact": "name type description metadata incremental use_as",
    "Artifact.add_file": "local_path name is_tmp skip_cache policy overwrite",
    "Artifact.add_dir": "local_path name skip_cache policy merge",
    "Artifact.wait": "timeout",
    "Artifact.add": "obj name overwrite",
    "Artifact.add_reference": "uri name checksum max_objects",
    "Artifact.new_file": "name mode encoding policy",
    "Artifact.remove": "item",
    "Artifact.get": "name",
    "Artifact.get_entry": "name",
    "Artifact.get_added_local_path_name": "local_path",
    "Artifact.files": "names per_page start",
    "Artifact.file": "root",
    "Artifact.download": ("root allow_missing_references skip_cache path_prefix multipart * link"),
    "Artifact.checkout": "root",
    "Artifact.verify": "root",
    "Artifact.delete": "delete_aliases",
    "Artifact.link": "target_path aliases",
    "Artifact.save": "project settings",
    "Run.log_model": "path name aliases",
    "Run.use_model": "name",
    "Run.link_model": "path registered_model_name name aliases",
    "Run.link_artifact": "artifact target_path aliases",
    "Run.upsert_artifact": "artifact_or_path name type aliases distributed_id",
    "Run.finish_artifact": "artifact_or_path name type aliases distributed_id",
    "Api.artifact": "name type",
    "Api.artifacts": "type_name name order per_page tags start",
    "Api.artifact_collections": "project_name type_name order per_page start",
    "Api.artifact_collection": "type_name name",
    "Api.artifact_type": "type_name project",
    "Api.registries": "organization filter order per_page start",
    "Api.registry": "name organization",
    "Config.update": "given allow_val_change * more",
}
INIT = (
    "entity project dir id name notes tags config config_exclude_keys config_include_keys "
    "allow_val_change group job_type mode force reinit resume resume_from fork_from save_code "
    "tensorboard sync_tensorboard monitor_gym settings anonymous magic"
)
MODULE = {
    "log": "Run.log", "finish": "Run.finish", "define_metric": "Run.define_metric",
    "alert": "Run.alert", "log_artifact": "Run.log_artifact", "use_artifact": "Run.use_artifact",
    "mark_preempting": "Run.mark_preempting", "pin_config_keys": "Run.pin_config_keys",
    "save": "Run.save", "restore": "Run.restore", "log_model": "Run.log_model",
    "use_model": "Run.use_model", "link_model": "Run.link_model", "watch": "Run.watch",
    "unwatch": "Run.unwatch",
}  # fmt: skip
ARTIFACT = (
    "aliases collection commit_hash created_at description digest distributed_id entity "
    "file_count history_step id incremental is_link linked_artifacts manifest metadata name "
    "project qualified_name size source_artifact source_collection source_entity source_name "
    "source_project source_qualified_name source_version state tags ttl type updated_at use_as "
    "version"
)
ATTRIBUTES = (
    "config config_static dir disabled entity group id job_type name notes offline path project "
    "project_url resumed settings start_time starting_step step summary sweep_id sweep_url tags "
    "url state"
)


def find(path):
    found = tracker
    for name in path.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("path", PARAMETERS)
def test_parameters(path):
    theirs, _, ours = (part.split() for part in PARAMETERS[path].partition("*"))
    names = [name for name in inspect.signature(find(path)).parameters if name != "self"]
    assert names == theirs + ours


def test_init_takes_all_that_wandb_takes():
    assert set(INIT.split()) == set(inspect.signature(tracker.init).parameters)


@pytest.mark.parametrize("name", MODULE)
def test_functions_of_the_current_run_have_the_runs_parameters(name):
    ours = inspect.signature(getattr(tracker, name)).parameters
    theirs = dict(inspect.signature(find(MODULE[name])).parameters)
    theirs.pop("self")
    assert {k: v.default for k, v in ours.items()} == {k: v.default for k, v in theirs.items()}


def test_every_public_function_of_a_run_is_documented():
    for name, member in inspect.getmembers(tracker.Run):
        if not name.startswith("_"):
            assert inspect.getdoc(member), name


def test_attributes(start):
    with start() as run:
        for name in ATTRIBUTES.split():
            getattr(run, name)
        with pytest.raises(AttributeError):
            run.config = {}
        with pytest.raises(AttributeError):
            run.id = "x"


def test_attributes_of_an_artifact(start):
    with start() as run:
        artifact = run.log_artifact(tracker.Artifact("n", "t"))
        for name in ARTIFACT.split():
            getattr(artifact, name)
        for name in ["finalize", "is_draft", "logged_by", "new_draft", "unlink", "used_by"]:
            assert callable(getattr(artifact, name))


def test_names_that_need_nothing(capsys):
    assert wandb.login(key="x") is True
    for name in ("teardown", "require", "ensure_configured", "termsetup"):
        assert getattr(wandb, name)() is None
    wandb.termlog("one")
    wandb.termwarn("two")
    wandb.termerror("three", newline=False)
    wandb.termlog("four", repeat=False)
    wandb.termlog("four", repeat=False)
    wandb.termlog("five", prefix=False)
    assert capsys.readouterr().err == (
        "tracker: one\ntracker: WARNING two\ntracker: ERROR threetracker: four\nfive\n"
    )
    assert wandb.AlertLevel.WARN.value == "WARN"
    assert issubclass(wandb.UsageError, wandb.Error)
    assert issubclass(wandb.CommError, wandb.Error)
    assert wandb.errors.UsageError is wandb.UsageError
    assert wandb.join is wandb.finish
    settings = wandb.Settings(start_method="fork", silent=True)
    settings.mode = "offline"
    assert (settings.silent, settings["mode"]) == (True, "offline")
    assert not hasattr(settings, "other")


@pytest.mark.parametrize("name", sorted(MISSING))
def test_what_is_not_here_says_so(name):
    if name in dir(tracker):
        assert getattr(tracker, name)
        return
    assert not hasattr(tracker, name)
    with pytest.raises(AttributeError, match=f"W&B's '{name}' is not part of this version"):
        getattr(tracker, name)


def test_other_names_are_as_in_any_module(start):
    with pytest.raises(AttributeError, match="module 'tracker' has no attribute 'nonsense'"):
        tracker.nonsense  # noqa: B018
    with start() as run, pytest.raises(AttributeError, match="'Run' object has no attribute 'x'"):
        run.x  # noqa: B018


def test_as_hugging_face_uses_it(start, stored):
    """The calls of transformers' WandbCallback, in its order."""
    if wandb.run is None:
        start(name="out")
    wandb.config.update({"lr": 1e-4, "model": {"layers": 2}}, allow_val_change=True)
    if getattr(wandb, "define_metric", None):
        wandb.define_metric("train/global_step")
        wandb.define_metric("*", step_metric="train/global_step", step_sync=True)
    wandb.run._label(code="transformers_trainer")  # noqa: SLF001 - they do
    wandb.config["model/num_parameters"] = 3
    wandb.config.update({"lr": 1e-3}, allow_val_change=True)
    wandb.log({"train/loss": 0.5, "train/global_step": 1})
    wandb.log({"eval/loss": 0.4, "train/global_step": 2})
    wandb.run.summary["best"] = 0.4
    metadata = {
        key: value
        for key, value in dict(wandb.summary).items()
        if isinstance(value, int | float) and not key.startswith("_")
    }
    assert metadata == {
        "train/loss": 0.5, "train/global_step": 2, "eval/loss": 0.4, "best": 0.4,
    }  # fmt: skip
    artifact = wandb.Artifact(name=f"model-{wandb.run.id}", type="model", metadata=metadata)
    run = wandb.run
    wandb.run.log_artifact(artifact, aliases=["final"])
    assert wandb.run.url
    assert wandb.run.name == "out"
    wandb.finish()
    record = stored.run(run)
    assert record.config == {"lr": 1e-3, "model": {"layers": 2}, "model/num_parameters": 3}


def test_as_lightning_and_accelerate_use_it(start, stored):
    run = start(reinit="create_new", config={})
    run.define_metric("trainer/global_step")
    run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
    run.config.update({"lr": 1}, allow_val_change=True)
    run.log({"loss": 1.0, "trainer/global_step": 10})
    run.log({"acc": 0.5}, step=20)
    run.log({"images": [wandb.Image(np.zeros((2, 2)), caption="a")]}, step=20)
    run.finish()
    assert stored.rows(run)[20]["acc"] == 0.5
