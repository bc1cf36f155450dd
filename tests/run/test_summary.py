"""The summary of a live run: read at any time, set by the user, stored."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tracker
from tracker.errors import RunFinishedError


def test_it_is_up_to_date_with_every_row(start, stored):
    with start() as run:
        assert dict(run.summary) == {}
        for value in range(50):
            run.log({"x": value, "text": f"t{value}"})
            assert run.summary["x"] == value
        assert tracker.summary.text == "t49"
        run.flush()
        assert dict(run.summary) == {"x": 49, "text": "t49"}
    assert stored.run(run).summary == {"x": 49, "text": "t49"}


def test_reading_goes_on_after_the_end(start):
    with start() as run:
        run.log({"x": 1})
    assert run.summary["x"] == 1
    assert dict(run.summary) == {"x": 1}


def test_what_the_user_sets_stays_until_the_key_is_logged_again(start, stored):
    with start() as run:
        run.log({"acc": 0.5, "loss": 2})
        run.summary["acc"] = 0.9
        run.summary.best = "epoch 3"
        run.summary.update({"a": 1}, b=np.float32(0.5))
        run.log({"loss": 1})
        assert run.summary["acc"] == 0.9
        run.flush()
        assert run.summary["acc"] == 0.9
        run.log({"acc": 0.6})
        assert run.summary["acc"] == 0.6
    assert stored.run(run).summary == {
        "acc": 0.6, "loss": 1, "best": "epoch 3", "a": 1, "b": 0.5,
    }  # fmt: skip


def test_values_are_missed_and_deleted(start, stored):
    with start() as run:
        run.log({"x": 1, "y": 2})
        assert run.summary.get("zz") is None
        with pytest.raises(KeyError):
            run.summary["zz"]
        with pytest.raises(AttributeError, match="no key 'zz'"):
            run.summary.zz  # noqa: B018
        with pytest.raises(KeyError):
            del run.summary["zz"]
        del run.summary["x"]
        assert "x" not in run.summary
        del run.summary.y
        run.log({"y": 3})
        assert (len(run.summary), list(run.summary)) == (1, ["y"])
    assert stored.run(run).summary == {"y": 3}


def test_nested_values_of_the_user(start, stored):
    with start() as run:
        run.summary["best"] = {"acc": 0.5, "at": {"epoch": 3}}
        run.summary["best"]["acc"] = 0.6
        run.summary["best"]["at"]["step"] = 30
        del run.summary["best"]["at"]["epoch"]
        assert run.summary["best"] == {"acc": 0.6, "at": {"step": 30}}
        assert repr(run.summary["best"]["at"]) == "{'step': 30}"
        run.summary["empty"] = {}
        run.summary["empty"]["x"] = 1
        with pytest.raises(KeyError):
            del run.summary["best"]["zz"]
    assert stored.run(run).summary == {
        "best": {"acc": 0.6, "at": {"step": 30}}, "empty": {"x": 1},
    }  # fmt: skip


def test_nested_values_that_were_logged(start, stored):
    with start() as run:
        run.log({"a": {"b": 1, "c": {"d": 2}}})
        assert run.summary["a"]["b"] == run.summary["a.b"] == 1
        assert run.summary["a"]["c"]["d"] == 2
        assert dict(run.summary["a"]) == {"b": 1, "c.d": 2}
        run.summary["a"]["b"] = 5
        run.summary["a"]["c"]["d"] = 6
        assert dict(run.summary) == {"a.b": 5, "a.c.d": 6}
        run.log({"a": {"b": 7}})
        assert run.summary["a"]["b"] == 7
        del run.summary["a"]["c"]
        run.summary["a"]["e"] = 8
    assert stored.run(run).summary == {"a.b": 7, "a.e": 8}


def test_nan_and_infinities(start, stored):
    with start() as run:
        run.log({"x": math.nan, "y": math.inf, "z": -math.inf})
        assert math.isnan(run.summary["x"])
    summary = stored.run(run).summary
    assert math.isnan(summary["x"])
    assert (summary["y"], summary["z"]) == (math.inf, -math.inf)


def test_a_finished_run_takes_no_summary(start):
    with start() as run:
        run.log({"x": {"y": 1}})
    for change in (
        lambda: run.summary.update({"x": 2}),
        lambda: run.summary.__setitem__("x", 2),
        lambda: run.summary.__delitem__("x"),
        lambda: run.summary["x"].__setitem__("y", 2),
    ):
        with pytest.raises(RunFinishedError, match="`summary`"):
            change()


def test_it_goes_on_in_a_resumed_run(start, stored):
    with start(id="r") as run:
        run.log({"x": 1, "y": 2})
        run.summary["best"] = 9
    with start(id="r", resume="must") as run:
        assert dict(run.summary) == {"x": 1, "y": 2, "best": 9}
        run.log({"x": 3})
    assert stored.run(run).summary == {"x": 3, "y": 2, "best": 9}


def test_hugging_face_reads_it_as_a_dict(start):
    with start() as run:
        run.log({"train/loss": 0.5, "note": "x", "_hidden": 1})
        numbers = {
            key: value
            for key, value in dict(run.summary).items()
            if isinstance(value, float) and not key.startswith("_")
        }
    assert numbers == {"train/loss": 0.5}
