"""How settings are settled: arguments, then the environment, then the file system."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

import tracker
from tracker.errors import UsageError
from tracker.settings import Settings, find_store, read_settings


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"flush_interval_s": 3}, "flush_interval_s", 3.0),
        ({"flush_interval_s": 0}, "flush_interval_s", 0.05),
        ({"system_interval_s": 0}, "system_interval_s", 0.0),
        ({"system_interval_s": 1e-9}, "system_interval_s", 0.1),
        ({"x_disable_stats": True}, "system_interval_s", 0.0),
        ({"x_stats_sampling_interval": 7}, "system_interval_s", 7.0),
        ({"x_stats_gpu_device_ids": [0, 2]}, "gpu_ids", (0, 2)),
        ({"x_stats_disk_paths": ["/", "/a"]}, "disk_paths", ("/", "/a")),
        ({"alert_command": ["send", "a b", 3]}, "alert_command", ("send", "a b", "3")),
        ({"alert_command": "send 'a b' $X"}, "alert_command", ("send", "a b", "$X")),
        ({"console": "off"}, "console", False),
        ({"console": "wrap"}, "console", True),
        ({"console": False}, "console", False),
        ({"quiet": True}, "silent", True),
        ({"silent": "true"}, "silent", True),
        ({"silent": None}, "silent", False),
        ({"start_method": "fork", "init_timeout": 3}, "silent", False),
        (tracker.Settings(save_code=False), "save_code", False),
        (tracker.Settings(disable_code=True, save_code=True), "save_code", False),
        (SimpleNamespace(disable_git=True), "save_code", False),
        ({"disable_code": False}, "save_code", True),
        (SimpleNamespace(strict_steps=True, _private=1), "strict_steps", True),
        (Settings(fsync=True), "fsync", True),
        ({"mode": "disabled"}, "mode", "disabled"),
        (None, "panel", True),
    ],
)
def test_overrides(given, field, value):
    assert getattr(read_settings("d", overrides=given, environ={}), field) == value


@pytest.mark.parametrize(
    ("environ", "field", "value"),
    [
        ({"WANDB_QUIET": "true"}, "silent", True),
        ({"WANDB_QUIET": "true", "WANDB_SILENT": "false"}, "silent", False),
        ({"TRACKER_SILENT": "1"}, "silent", True),
        ({"WANDB_SILENT": "TRUE"}, "silent", True),
        ({"TRACKER_SILENT": "no", "WANDB_SILENT": "1"}, "silent", False),
        ({"WANDB_CONSOLE": "off"}, "console", False),
        ({"WANDB_CONSOLE": "auto"}, "console", True),
        ({"WANDB_MODE": "dryrun"}, "mode", "offline"),
        ({"WANDB_MODE": "run"}, "mode", "online"),
        ({"TRACKER_FLUSH_INTERVAL_S": "0.5"}, "flush_interval_s", 0.5),
        ({"TRACKER_GPU_IDS": "0, 3"}, "gpu_ids", (0, 3)),
        ({"TRACKER_DISK_PATHS": "/,/data"}, "disk_paths", ("/", "/data")),
        ({"WANDB_SAVE_CODE": "false"}, "save_code", False),
        ({"WANDB_X_DISABLE_STATS": "true"}, "system_interval_s", 0.0),
        ({"WANDB__DISABLE_STATS": "True"}, "system_interval_s", 0.0),
        ({"WANDB_X_DISABLE_STATS": "false"}, "system_interval_s", 2.0),
        ({"WANDB_X_DISABLE_STATS": "1", "TRACKER_SYSTEM_INTERVAL_S": "5"}, "system_interval_s", 5),
        ({"WANDB_X_STATS_SAMPLING_INTERVAL": "7"}, "system_interval_s", 7.0),
        ({"WANDB_X_STATS_GPU_DEVICE_IDS": "[0, 2]"}, "gpu_ids", (0, 2)),
        ({"WANDB_X_STATS_DISK_PATHS": '["/","/a"]'}, "disk_paths", ("/", "/a")),
        ({"WANDB_X_PRIMARY": "false"}, "primary", False),
        ({"TRACKER_ALERT_COMMAND": "send -v"}, "alert_command", ("send", "-v")),
    ],
)
def test_environment(environ, field, value):
    assert getattr(read_settings("d", environ=environ), field) == value
    if field == "silent":
        assert read_settings("d", overrides={"silent": not value}, environ=environ).silent != value


def test_code_that_is_to_stay_private_stays_so_whatever_a_script_says():
    for environ in ({"WANDB_DISABLE_CODE": "true"}, {"WANDB_DISABLE_GIT": "*.patch"}):
        assert not read_settings("d", overrides={"save_code": True}, environ=environ).save_code
    assert read_settings("d", environ={"WANDB_DISABLE_CODE": "false"}).save_code


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"mode": "offlien"}, "mode is 'offlien': expected one of 'online', 'offline'"),
        ({"overrides": {"flush_interval_s": "soon"}}, "flush_interval_s is 'soon'"),
        ({"overrides": {"system_interval_s": -1}}, "system_interval_s is -1"),
        ({"overrides": {"flush_interval_s": float("inf")}}, "flush_interval_s is inf"),
        ({"overrides": {"gpu_ids": ["a"]}}, r"gpu_ids is \['a'\]"),
        ({"overrides": {"silent": "perhaps"}}, "silent is 'perhaps': expected true or false"),
        ({"environ": {"TRACKER_SILENT": "perhaps"}}, "TRACKER_SILENT is 'perhaps'"),
        ({"environ": {"TRACKER_GPU_IDS": "a"}}, "TRACKER_GPU_IDS is"),
        ({"environ": {"WANDB_MODE": "x"}}, "mode is 'x'"),
        ({"overrides": {"alert_command": "send 'a"}}, "alert_command is .*quotes do not match"),
    ],
)
def test_what_is_no_setting_is_told(options, sentence):
    with pytest.raises(UsageError, match=sentence):
        read_settings("d", **{"environ": {}, **options})


def test_where_the_store_is(alone, monkeypatch):
    inner = alone / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert find_store("x", {}) == inner / "x" / ".tracker"
    assert find_store(inner / ".tracker", {}) == inner / ".tracker"
    assert find_store(None, {"TRACKER_DIR": str(alone / "t")}) == alone / "t"
    assert find_store(None, {"WANDB_DIR": str(alone / "w")}) == alone / "w" / ".tracker"
    assert find_store("x", {"TRACKER_DIR": str(alone / "t")}) == inner / "x" / ".tracker"
    assert find_store(None, {}).name == "tracker"
    (alone / ".tracker").mkdir()
    assert find_store(None, {}) == alone / ".tracker"
    assert find_store("~/x", {}) == Path.home() / "x" / ".tracker"


def test_a_store_can_be_named_itself(start, stored):
    start().finish()
    assert find_store(stored.root, {}) == stored.root
    renamed = stored.root.rename(stored.root.with_name("mine"))
    assert find_store(renamed, {}) == renamed


def test_init_reads_its_arguments_from_the_environment(start, stored, monkeypatch):
    given = {
        "PROJECT": "q", "NAME": "n", "RUN_ID": "r", "TAGS": "a, b", "NOTES": "text",
        "RUN_GROUP": "g", "JOB_TYPE": "j",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    monkeypatch.setenv("TRACKER_JOB_TYPE", "ours")
    with start(project=None) as run:
        found = (run.project, run.name, run.id, run.tags, run.notes, run.group, run.job_type)
        assert found == ("q", "n", "r", ("a", "b"), "text", "g", "ours")
    for name in ("NAME", "TAGS"):
        monkeypatch.setenv(f"WANDB_RUN_{name}", "other")
    with start(project=None, id="s") as run:
        assert (run.name, run.tags) == ("n", ("a", "b"))
        monkeypatch.delenv("WANDB_NAME")
    with start(project=None, id="s") as run:
        assert run.name == "other"
    monkeypatch.setenv("WANDB_RESUME", "must")
    with start(project="q", name="m", tags=[]) as run:
        assert (run.resumed, run.name, run.tags) == (True, "m", ())


def test_settings_of_a_run(start):
    with start(settings={"flush_interval_s": 5}, save_code=False) as run:
        assert run.settings.flush_interval_s == 5
        assert run.settings.save_code is False
    with start(save_code=True) as run:
        assert run.settings.save_code is True
