"""What scripts written for W&B do besides the calls that its reference names."""

from __future__ import annotations

import argparse
import copy
import json
import pickle
import warnings
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import tracker
import tracker as wandb
from tracker import before
from tracker.errors import TrackerWarning, UsageError


@pytest.fixture(autouse=True)
def nothing_set_aside(alone):
    yield
    before.take("config")
    before.take("summary")


# --- config and summary as names that are assigned to


def test_config_assigned_after_init_is_recorded(start, stored):
    run = start(config={"lr": 0.1, "depth": 3})
    wandb.config = {"lr": 0.2, "epochs": 5}
    assert wandb.config is run.config
    assert (wandb.config.lr, wandb.config["epochs"]) == (0.2, 5)
    wandb.config = argparse.Namespace(seed=1)
    wandb.config = run.config
    run.finish()
    assert stored.run(run).config == {"lr": 0.2, "depth": 3, "epochs": 5, "seed": 1}


def test_config_assigned_before_init_waits_for_the_run(start, stored):
    wandb.config = {"lr": 0.1, "depth": 3}
    assert wandb.config["lr"] == 0.1
    run = start(config={"lr": 0.2})
    assert dict(wandb.config) == {"lr": 0.2, "depth": 3}
    run.finish()
    assert not wandb.config
    second = start()
    assert dict(second.config) == {}


def test_config_assigned_what_is_no_config_ends_nothing(start, warns_once):
    run = start(config={"lr": 0.1})
    with warns_once(r"tracker\.config was set to a type, of which nothing is kept"):
        wandb.config = argparse.ArgumentParser
    assert dict(run.config) == {"lr": 0.1}


def test_summary_assigned_is_set(start, stored):
    wandb.summary = {"before": 1}
    run = start()
    wandb.summary = {"best": 0.9}
    run.finish()
    assert stored.run(run).summary == {"before": 1, "best": 0.9}


def test_without_a_run_config_is_false_and_refuses():
    assert not wandb.config
    assert not wandb.summary
    with pytest.raises(wandb.Error, match=r"before tracker\.config"):
        wandb.config.lr = 0.1
    with pytest.raises(wandb.errors.Error):
        dict(wandb.config)


def test_inner_names_of_a_config(start):
    run = start(config={"lr": 0.1})
    assert run.config._items == run.config._as_dict() == {"lr": 0.1}  # noqa: SLF001 - they do


# --- what is quiet, and what says one sentence


def test_save_without_a_file_saves_nothing(start):
    run = start()
    wandb.run.name = "better"
    assert wandb.run.save() == []
    assert wandb.save() == []
    run.finish()
    assert run.name == "better"


def test_watch_needs_a_run(alone):
    with pytest.raises(UsageError, match=r"before tracker\.watch"):
        wandb.watch(object())


def test_words_for_servers_and_accounts(start):
    with warnings.catch_warnings():
        warnings.simplefilter("error", TrackerWarning)
        assert wandb.setup().settings.mode == "online"
        assert wandb.sagemaker_auth(path="x") is None
        assert wandb.api.api_key
        assert wandb.api.default_entity == ""
        run = start(magic=True)
        assert run.get_url() == run.url
        assert run.get_project_url() == run.project_url
        assert run.project_url.endswith("#tracker=p")
        assert run.get_sweep_url() is run.sweep_url is None
    disabled = start(mode="disabled", reinit="create_new")
    assert (disabled.project_url, disabled.sweep_url) == ("", None)


def test_a_trial_has_the_url_of_its_sweep(alone):
    found = []
    sweep = wandb.sweep({"method": "random", "parameters": {"x": {"values": [1]}}}, project="p")

    def train():
        with wandb.init(settings={"silent": True, "console": False, "system_interval_s": 0}) as run:
            found.append(run.sweep_url)
            run.log({"y": 1})

    wandb.agent(sweep, train, count=1)
    assert found[0].endswith(f"#tracker=p/{sweep}")


# --- errors


def test_what_is_not_there_is_a_comm_error_and_a_value_error(start):
    run = start()
    api = wandb.Api(timeout=10)
    for error in (wandb.CommError, wandb.errors.CommError, wandb.Error, ValueError, LookupError):
        with pytest.raises(error):
            api.run("me/p/nothing")
        with pytest.raises(error):
            api.sweep("me/p/nothing")
        with pytest.raises(error):
            list(api.runs("me/nothing"))
        with pytest.raises(error):
            api.artifact("me/p/nothing:latest")
        with pytest.raises(error):
            run.use_artifact("nothing:latest")
    assert issubclass(wandb.errors.AuthenticationError, wandb.errors.CommError)
    assert issubclass(wandb.errors.UnsupportedError, wandb.errors.UsageError)


# --- artifacts


def test_empty_aliases_are_left_out(start):
    """YOLOv5's logger says with them that this is not the best model."""
    with start() as run:
        logged = run.log_artifact(wandb.Artifact("n", "t"), aliases=["latest", "epoch 0", ""])
        assert sorted(logged.aliases) == ["epoch 0", "latest"]
        linked = logged.link("wandb-registry-model/My Model", aliases=["", "staging"])
        assert sorted(linked.aliases) == ["latest", "staging"]
        logged.aliases.append("")
        logged.save()
        assert sorted(logged.aliases) == ["epoch 0", "latest"]


def test_names_with_blanks(start, alone):
    (alone / "model.bin").write_bytes(b"weights")
    with start() as run:
        run.log_artifact(wandb.Artifact("my model", "model"))
        used = run.use_artifact("me/p/my model:latest")
        assert used.name == "my model:v0"
        run.link_artifact(used, "me/model-registry/Review Summarization", aliases=["quantized"])
        run.link_model("model.bin", "Industrial ViT")
    found = wandb.Api().artifact("me/model-registry/Review Summarization:quantized")
    assert found.source_name == "my model:v0"
    with found.new_draft().new_file("note.txt") as file:
        file.write("note")
    assert found.download().endswith("my model-v0")


# --- submodules


def test_names_of_submodules_lead_to_ours():
    assert wandb.sdk.wandb_run.Run is wandb.wandb_sdk.wandb_run.Run is wandb.Run
    assert wandb.wandb_run.Run is wandb.Run
    assert wandb.sdk.wandb_config.Config is wandb.Config
    assert wandb.apis.PublicApi is wandb.apis.public.Api is wandb.Api
    assert wandb.apis.public.Run is wandb.apis.public.runs.Run is tracker.api.Run
    assert wandb.apis.public.File is tracker.api.File
    assert wandb.apis.reports.Report is tracker.Report
    assert wandb.data_types.Table is wandb.Table
    assert wandb.sdk.data_types.video.Video is wandb.Video
    assert dir(wandb.apis) == ["public", "reports"]
    assert "Image" in dir(wandb.data_types)
    assert repr(wandb.sdk.lib) == "<names of wandb.sdk.lib>"
    with pytest.raises(AttributeError, match=r"W&B's 'sdk\.launch' is not part of this version"):
        wandb.sdk.launch  # noqa: B018


def test_functions_of_util():
    drawn = wandb.util.generate_id()
    assert len(drawn) == 8
    assert drawn.isalnum()
    assert len(wandb.sdk.lib.runid.generate_id(4)) == 4
    assert wandb.util.make_artifact_name_safe("a b/c-1.2") == "a_b_c-1.2"
    assert wandb.util.make_artifact_name_safe("x" * 300) == "x" * 63 + ".." + "x" * 63
    text = wandb.util.json_dumps_safer({"a": np.float32(0.5), "b": np.arange(3)}, indent=None)
    assert json.loads(text) == {"a": 0.5, "b": [0, 1, 2]}


# --- the read side


def test_a_stored_run_in_wandbs_other_spellings(start):
    with start(config={"lr": 0.1, "model": {"depth": 3}}, job_type="train") as logged:
        logged.log({"loss": 0.5})
        logged.log({"loss": 0.4})
    run = wandb.Api({"entity": "me"}).run(f"me/p/runs/{logged.id}")
    assert json.loads(run.json_config)["model"] == {"value": {"depth": 3}, "desc": None}
    assert run.rawconfig == run.config
    assert (run.createdAt, run.jobType, run.displayName) == (
        run.created_at, "train", run.name,
    )  # fmt: skip
    assert (run.sweepName, run.username) == (None, run.user.username)
    with pytest.raises(AttributeError, match="'Run' object has no attribute 'someThing'"):
        run.someThing  # noqa: B018


def test_a_stored_run_is_found_by_its_url_and_renamed_by_its_display_name(start):
    with start(project="a project") as logged:
        logged.log({"loss": 0.5})
    api = wandb.Api()
    run = api.run(logged.url.replace("https://wandb.ai/", ""))
    assert run.id == logged.id
    run.display_name = "renamed"
    run.update()
    assert api.run(run.url).name == "renamed"
    assert api.project("a project").url.endswith("#tracker=a%20project")
    sweep = wandb.sweep({"method": "grid", "parameters": {"x": {"values": [1]}}}, project="p")
    assert api.sweep(sweep.url).url == sweep.url


def test_a_report_in_the_older_spelling(start):
    with start() as logged:
        logged.log({"reward/mean": 0.5})
    wb = wandb.apis.reports
    report = wb.Report(project="p", title="mine v. main", description="a\nb")
    panel = wb.LinePlot(
        title="reward/mean", x="Step", y=["reward/mean"], title_x="Step",
        smoothing_show_original=True, max_runs_to_show=2, plot_type="line", font_size="auto",
        legend_position="north",
    )  # fmt: skip
    filters = {"$and": [{"display_name": {"$regex": "^.*"}}, {"hostname": {"$exists": True}}]}
    runset = wb.Runset(project="p", filters=filters)
    report.blocks = [wb.H1(text="all"), wb.PanelGrid(panels=[panel], runsets=[runset])]
    assert report.url.endswith("#tracker=p")
    report.save()
    assert report.url.endswith(f"#tracker=p/reports/{report.id}")
    assert len(wandb.Api().runs("me/p", filters)) == 1


def test_the_summary_of_a_stored_run_has_what_wandb_adds(start):
    with start() as logged:
        logged.log({"loss": 0.5})
    summary = wandb.Api(overrides={"project": "p"}, api_key="x").run(logged.path).summary
    assert dict(summary) == {"loss": 0.5}
    assert summary["_step"] == 0
    assert 0 < summary["_runtime"] < 60
    assert summary["_wandb"]["runtime"] == int(summary["_runtime"])
    assert summary.get("_timestamp") > 1.7e9
    assert "_runtime" in summary
    plain = summary._json_dict  # noqa: SLF001 - they do
    assert plain["loss"] == 0.5
    assert plain.keys() >= {"_step", "_runtime", "_timestamp", "_wandb"}


def test_arguments_of_the_newest_wandb(start):
    with start() as logged:
        logged.log({"loss": 0.5})
    api = wandb.Api()
    (run,) = api.runs("me/p", include_sweeps=True, lazy=False)
    assert [row["loss"] for row in run.scan_history(use_cache=False)] == [0.5]
    assert [project.name for project in api.projects("me", per_page=10)] == ["p"]
    assert api.artifact_types("p", start=None) == []


def test_times_are_text_as_in_wandb_and_times(start):
    with start() as logged:
        logged.log({"loss": 0.5})
        artifact = logged.log_artifact(wandb.Artifact("n", "t"))
    run = wandb.Api().run(logged.path)
    for text in (run.created_at, run.heartbeat_at, artifact.created_at, artifact.updated_at):
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007 - they do
        assert at <= datetime.fromisoformat(text).replace(tzinfo=None)
        day, _, rest = text.partition("T")
        assert (day, rest[-1]) == (text[:10], "Z")
        assert text.replace("Z", "+00:00").endswith("+00:00")
        assert f"{text}" == str(text) == json.loads(json.dumps(text))
        assert pickle.loads(pickle.dumps(text)) == text == copy.deepcopy(text)
    created, ended = run.created_at, run.heartbeat_at
    assert timedelta(0) <= ended - created < timedelta(minutes=1)
    assert created <= ended < datetime.now(UTC)
    assert datetime.now(UTC) > created
    assert datetime.now(UTC) - created < timedelta(minutes=1)
    assert created + timedelta(days=1) > ended >= created
    assert created == created.as_datetime != ended.as_datetime
    assert created == str(created) == f"{created:%Y-%m-%dT%H:%M:%SZ}"
    assert (created.year, created.tzinfo) == (created.as_datetime.year, UTC)
    assert created.replace(tzinfo=None) < datetime.now(UTC).replace(tzinfo=None)
    assert max([created, ended]) is ended
    assert created < "9"
    assert ended > "1"
    assert created + "!" == f"{created}!"
    assert {created: 1}[str(created)] == 1
    with pytest.raises(AttributeError):
        created.nonsense  # noqa: B018
