"""The config: what goes in, what may change, what is saved."""

from __future__ import annotations

import argparse
import copy
import dataclasses
import math
import pickle
import threading
import types
from pathlib import Path

import numpy as np
import pytest

import tracker
from tracker.errors import ConfigError, RunFinishedError, UsageError
from tracker.run.config import Config


@dataclasses.dataclass
class Model:
    width: int = 8
    kind: type = int


@dataclasses.dataclass
class Options:
    lr: float = 0.1
    model: Model = dataclasses.field(default_factory=Model)


class Flags:
    """Behaves as absl's FLAGS."""

    def flag_values_dict(self):
        return {"lr": 0.1, "epochs": 3}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"lr": 0.1, "n": {"m": 1}}, {"lr": 0.1, "n": {"m": 1}}),
        ({"--lr": 0.1, 3: "x"}, {"lr": 0.1, "3": "x"}),
        (argparse.Namespace(lr=0.1, layers=(1, 2)), {"lr": 0.1, "layers": [1, 2]}),
        (types.SimpleNamespace(lr=0.1), {"lr": 0.1}),
        (Options(), {"lr": 0.1, "model": {"width": 8, "kind": "builtins.int"}}),
        (Flags(), {"lr": 0.1, "epochs": 3}),
        ({"p": Path("/a"), "s": {2, 1}, "f": np.float32(0.5)}, {"p": "/a", "s": [1, 2], "f": 0.5}),
        (Config({"a": 1}), {"a": 1}),
        (None, {}),
    ],
    ids=["dict", "dashes", "namespace", "simple", "dataclass", "absl", "values", "config", "none"],
)
def test_what_a_config_can_be_given_as(start, stored, given, expected):
    with start(config=given) as run:
        assert run.config.as_dict() == expected
    assert stored.run(run).config == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lr: 0.1\nmodel: {width: 8}\n", {"lr": 0.1, "model": {"width": 8}}),
        (
            "wandb_version: 1\nlr:\n  value: 0.1\n  desc: rate\nn: {value: [1, 2]}\n",
            {"lr": 0.1, "n": [1, 2]},
        ),
        ("drop: {value: 0.5, rate: 2}\n--flag: 1\n2: 3\n", {
            "drop": {"value": 0.5, "rate": 2}, "flag": 1, "2": 3,
        }),
        ("", {}),
    ],
    ids=["plain", "wandb", "own value", "empty"],
)  # fmt: skip
def test_yaml_files(start, tmp_path, text, expected):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    for given in (path, str(path)):
        with start(config=given, reinit="create_new") as run:
            assert run.config.as_dict() == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [1", r"'.*run\.yaml' is not plain YAML"),
        ("a: !!python/object/apply:os.system ['false']", r"not plain YAML.*python/object"),
        ("- 1\n- 2", r"holds a list: expected a mapping"),
        ("\udcff".encode("utf-8", "surrogateescape"), r"cannot be read"),
    ],
    ids=["broken", "code", "list", "bytes"],
)
def test_bad_yaml_is_told(start, tmp_path, text, sentence):
    path = tmp_path / "run.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=f"(?s){sentence}"):
        start(config=path)


@pytest.mark.parametrize("given", ["no such file.yaml", 3, [1], object(), Options])
def test_what_is_no_config_is_told(start, given):
    with pytest.raises(UsageError, match="config"):
        start(config=given)


def test_defaults_come_first(start, stored, tmp_path):
    (tmp_path / "config-defaults.yaml").write_text("lr: {value: 0.1}\nepochs: {value: 3}\n")
    with start(config={"lr": 0.5}) as run:
        assert run.config.as_dict() == {"lr": 0.5, "epochs": 3}
    assert stored.run(run).config == {"lr": 0.5, "epochs": 3}
    with start(mode="disabled") as run:
        assert run.config.epochs == 3


def test_empty_defaults_are_warned_of(start, tmp_path, warns_once):
    (tmp_path / "config-defaults.yaml").touch()
    with warns_once(r"Found an empty default config file \(config-defaults.yaml\)"):
        start().finish()


def test_keys_of_the_config_can_be_chosen(start):
    given = {"a": 1, "b": 2, "c": 3}
    with start(config=given, config_exclude_keys=["a"], reinit="create_new") as run:
        assert dict(run.config) == {"b": 2, "c": 3}
    with start(config=given, config_include_keys=["a"], reinit="create_new") as run:
        assert dict(run.config) == {"a": 1}


def test_items_attributes_and_methods(start):
    with start(config={"lr": 0.1, "model": {"width": 8}}) as run:
        config = tracker.config
        config["epochs"] = 3
        config.seed = 1
        config.update({"a": 1}, b=2)
        config.update(argparse.Namespace(c=3))
        config.setdefaults({"lr": 9, "d": 4})
        assert config.setdefault("e", 5) == 5
        assert (config.lr, config["lr"], config.get("lr"), config.get("zz", 7)) == (0.1,) * 3 + (7,)
        assert config.model["width"] == 8
        assert "seed" in config
        assert "zz" not in config
        assert dict(config) == dict(config.items()) == {**config} == config.as_dict()
        assert list(config) == ["lr", "model", "epochs", "seed", "a", "b", "c", "d", "e"]
        assert len(config) == 9
        assert repr(config) == repr(config.as_dict())
        with pytest.raises(AttributeError, match="no attribute 'zz': the config has lr, model"):
            config.zz  # noqa: B018
        with pytest.raises(KeyError):
            config["zz"]
        assert not hasattr(config, "zz")
        assert run.config_static["lr"] == 0.1
        with pytest.raises(TypeError):
            run.config_static["lr"] = 1


def test_a_value_that_is_set_does_not_change(start, stored):
    with start(config={"a": 1, "nan": math.nan, "t": (1, 2)}) as run:
        with pytest.raises(ConfigError) as error:
            run.config.a = 2
        assert str(error.value) == (
            'Attempted to change value of key "a" from 1 to 2\n'
            "If you really want to do this, pass allow_val_change=True to config.update()"
        )
        with pytest.raises(ConfigError):
            run.config.update({"b": 1, "a": 2})
        assert "b" not in run.config
        with pytest.raises(ConfigError, match="delete"):
            del run.config["a"]
        run.config.update({"a": 1, "nan": math.nan, "t": [1, 2]})
        run.config.update({"a": 2}, allow_val_change=True)
        assert run.config.a == 2
    assert stored.run(run).config["a"] == 2


def test_changes_can_be_allowed(start, stored):
    with start(config={"a": 1, "b": 1}, allow_val_change=True) as run:
        run.config.a = 2
        del run.config["b"]
        with pytest.raises(ConfigError):
            run.config.update({"a": 3}, allow_val_change=False)
    assert stored.run(run).config == {"a": 2}


def test_changes_are_kept_as_events(start, stored):
    with start(config={"a": 1}, allow_val_change=True) as run:
        run.config.b = 2
        run.config.a = 1
        run.config.update({"a": 3, "b": 2})
        del run.config["b"]
    assert [event.payload for event in stored.events(run, "config")] == [
        {"changed": {"b": 2}, "before": {}, "removed": []},
        {"changed": {"a": 3}, "before": {"a": 1}, "removed": []},
        {"changed": {}, "before": {}, "removed": ["b"]},
    ]


def test_nested_values_changed_in_place_are_saved(start, stored):
    with start(config={"model": {"width": 8, "layers": [1]}}) as run:
        run.config["model"]["width"] = 16
        run.flush()
        assert stored.run(run).config["model"]["width"] == 16
        run.config.model["layers"].append(np.int64(2))
        run.config["model"]["drop"] = (np.float32(0.5), {1})
        run.flush()
        run.flush()
        run.config["model"]["last"] = np.arange(2)
    assert stored.run(run).config["model"] == {
        "width": 16, "layers": [1, 2], "drop": [0.5, [1]], "last": [0, 1],
    }  # fmt: skip
    assert len(stored.events(run, "config")) == 3


def test_what_is_given_can_change_without_changing_the_config(start, stored):
    given = {"model": {"width": 8}}
    with start(config=given) as run:
        given["model"]["width"] = 9
        assert run.config.model == {"width": 8}
    assert stored.run(run).config == {"model": {"width": 8}}


def test_media_cannot_be_config(start):
    image = tracker.Image(np.zeros((2, 2), np.uint8))
    with pytest.raises(TypeError, match="'image' is a Image: media objects cannot be added"):
        start(config={"image": image})
    with start() as run, pytest.raises(TypeError, match="cannot be added to the run config"):
        run.config.image = image


def test_an_artifact_as_config_is_used_by_the_run(start, stored, tmp_path):
    (tmp_path / "data.txt").write_text("1 2 3")
    data = tracker.Artifact("numbers", "dataset")
    data.add_file(tmp_path / "data.txt")
    with start(config={"data": data, "lr": 1}) as run:
        assert dict(run.config) == {"lr": 1, "data": "numbers:v0"}
        run.config.also = data
    assert stored.run(run).config["also"] == "numbers:v0"
    found = tracker.Api(stored.root.parent).run(f"p/{run.id}")
    assert found.config["data"] == "numbers:v0"


def test_what_a_sweep_locks_stays(start, stored, warns_once):
    with start(config={"lr": 1, "model": {"width": 1, "depth": 2}}) as run:
        run.config.lock({"--lr": 5, "model": {"width": 7}}, "sweep")
        run.config.update({"lr": 5, "model": {"width": 7, "drop": 0.1}}, allow_val_change=True)
        with warns_once("Config item 'lr' was locked by 'sweep' \\(ignored update\\)"):
            run.config.update({"lr": 2, "other": 3})
            run.config.lr = 4
    assert stored.run(run).config == {
        "lr": 5, "model": {"width": 7, "drop": 0.1}, "other": 3,
    }  # fmt: skip


def test_threads_change_the_config(start, stored):
    def change(number):
        for index in range(20):
            run.config[f"k{number}.{index}"] = index
            run.config["nested"][f"n{number}.{index}"] = index

    with start(config={"nested": {}}, settings={"flush_interval_s": 0.05}) as run:
        threads = [threading.Thread(target=change, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    config = stored.run(run).config
    assert len(config) == 121
    assert len(config["nested"]) == 120


def test_a_finished_run_takes_no_config(start, stored):
    with start(config={"a": 1}, allow_val_change=True) as run:
        pass
    with pytest.raises(RunFinishedError, match="`config`"):
        run.config.a = 2
    with pytest.raises(RunFinishedError):
        run.config.update({"b": 2})
    with pytest.raises(RunFinishedError):
        del run.config["a"]
    assert dict(run.config) == {"a": 1} == stored.run(run).config


def test_a_copy_belongs_to_no_run(start, stored):
    with start(config={"a": {"b": 1}}) as run:
        for copied in (
            copy.copy(run.config), copy.deepcopy(run.config), pickle.loads(pickle.dumps(run.config))
        ):  # fmt: skip
            assert isinstance(copied, Config)
            copied["a"]["b"] = 2
            copied.c = 3
    assert stored.run(run).config == {"a": {"b": 1}}
