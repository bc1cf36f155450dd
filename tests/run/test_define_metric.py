"""What ``define_metric`` does to rows, to the summary and to what is stored."""

from __future__ import annotations

import math

import pytest

import tracker
from tracker.errors import RunFinishedError, UsageError
from tracker.store.reading import read
from tracker.store.store import Store


def rules(stored, run):
    with Store(stored.root).reading() as db:
        key = stored.run(run).run_key
        return {rule.name: rule for rule in read.metrics(db, [key])[key]}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 2.0),
        ({"summary": "min"}, {"min": 1.0}),
        ({"summary": "max"}, {"max": 4.0}),
        ({"summary": "mean"}, {"mean": 7 / 3}),
        ({"summary": "first"}, {"first": 4.0}),
        ({"summary": "min,max"}, {"min": 1.0, "max": 4.0}),
        ({"summary": " MIN , last "}, {"min": 1.0, "last": 2.0}),
        ({"summary": "best", "goal": "maximize"}, {"best": 4.0}),
        ({"summary": "best", "goal": "minimize"}, {"best": 1.0}),
        ({"summary": "best", "goal": "max"}, {"best": 4.0}),
        ({"summary": "copy"}, 2.0),
        ({"summary": "none"}, None),
        ({"hidden": True}, 2.0),
    ],
)
def test_operations(start, stored, options, expected):
    with start() as run:
        tracker.define_metric("loss", **options)
        for value in (4.0, 1.0):
            run.log({"loss": value})
        run.flush()
        run.log({"loss": 2.0})
        assert run.summary.get("loss") == expected
    assert stored.run(run).summary.get("loss") == expected


def test_nan_takes_no_part(start, stored):
    with start() as run:
        run.define_metric("x", summary="min,max,mean")
        for value in (math.nan, 3.0, math.nan, 1.0):
            run.log({"x": value})
        run.log({"x": "text"})
        assert run.summary["x"]["mean"] == 2.0
    assert stored.run(run).summary["x"] == {"min": 1.0, "max": 3.0, "mean": 2.0}


def test_an_overwritten_value_of_an_open_row_takes_no_part(start, stored):
    with start() as run:
        run.define_metric("x", summary="min,max")
        run.log({"x": 5})
        run.log({"x": -9}, commit=False)
        run.flush()
        run.log({"x": 6})
    assert stored.run(run).summary["x"] == {"min": 5.0, "max": 6.0}


def test_the_longest_rule_that_fits_counts(start, stored):
    with start() as run:
        run.define_metric("*", summary="max")
        run.define_metric("train/*", summary="min")
        run.define_metric("train/acc", summary="last")
        for value in (1, 3, 2):
            run.log({"train/loss": value, "train/acc": value, "val": value})
    summary = stored.run(run).summary
    assert summary["train/loss"] == {"min": 1.0}
    assert summary["val"] == {"max": 3.0}
    assert summary["train/acc"] in (2, {"last": 2})


def test_a_step_metric_is_given_to_rows_that_lack_it(start, stored):
    with start() as run:
        run.define_metric("val/*", step_metric="epoch")
        run.log({"val/loss": 10})
        run.log({"epoch": 1})
        run.log({"val/loss": 20})
        run.log({"other": 5})
        run.log({"val/loss": 30, "epoch": 2})
        run.log({"val": {"x": 1}, "val/loss": 40})
    assert stored.rows(run) == {
        0: {"val/loss": 10, "epoch": 0},
        1: {"epoch": 1},
        2: {"val/loss": 20, "epoch": 1},
        3: {"other": 5},
        4: {"val/loss": 30, "epoch": 2},
        5: {"val.x": 1, "val/loss": 40, "epoch": 2},
    }


def test_a_step_metric_of_the_same_row_wins(start, stored):
    with start() as run:
        run.define_metric("loss", step_metric="epoch")
        run.log({"loss": 1}, commit=False)
        run.log({"epoch": 7})
    assert stored.rows(run) == {0: {"loss": 1, "epoch": 7}}


def test_the_synchronisation_can_be_turned_off(start, stored):
    with start() as run:
        rule = run.define_metric("loss", step_metric="epoch", step_sync=False)
        assert (rule.step_metric, rule.step_sync) == ("epoch", False)
        run.log({"loss": 1})
    assert stored.rows(run) == {0: {"loss": 1}}


def test_as_hugging_face_calls_it(start, stored):
    with start() as run:
        assert callable(getattr(tracker, "define_metric", None))
        tracker.define_metric("train/global_step")
        tracker.define_metric("*", step_metric="train/global_step", step_sync=True)
        run.log({"train/loss": 0.5, "train/global_step": 10})
        run.log({"eval/loss": 0.4})
    assert stored.rows(run)[1] == {"eval/loss": 0.4, "train/global_step": 10}


def test_a_resumed_run_keeps_rules_and_step_metrics(start, stored):
    with start(id="r") as run:
        run.define_metric("loss", step_metric="epoch", summary="min")
        run.log({"loss": 1, "epoch": 4})
    with start(id="r", resume="must") as run:
        run.log({"loss": 2})
        assert run.summary["loss"] == {"min": 1.0}
    assert stored.rows(run)[1] == {"loss": 2, "epoch": 4}
    assert rules(stored, run)["loss"].step_metric == "epoch"


def test_calls_are_merged(start, stored):
    with start() as run:
        run.define_metric("x", summary="min", hidden=True)
        rule = run.define_metric("x", summary="max", step_metric="epoch")
        assert (rule.summary, rule.hidden, rule.step_metric) == (("min", "max"), True, "epoch")
        rule = run.define_metric("x", summary="mean", overwrite=True)
        assert (rule.summary, rule.hidden, rule.step_metric) == (("mean",), False, None)
    assert rules(stored, run)["x"] == rule


def test_what_it_returns_can_be_a_step_metric(start):
    with start() as run:
        axis = run.define_metric("epoch")
        assert axis.name == "epoch"
        assert run.define_metric("loss", step_metric=axis).step_metric == "epoch"
        assert run.define_metric("this\\.that").name == "this.that"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": "a*b"}, r"Unhandled define_metric\(\) arg: name \(glob suffixes only\): a\*b"),
        ({"name": ""}, "got the name ''"),
        ({"name": 3}, "got the name 3"),
        ({"name": "x", "summary": "median"}, "summary op: median"),
        ({"name": "x", "summary": ["min"]}, "summary is"),
        ({"name": "x", "goal": "up"}, "goal is 'up'"),
        ({"name": "x", "goal": 1}, "goal is 1"),
        ({"name": "x", "step_metric": 3}, "step_metric is 3"),
        ({"name": "x", "step_metric": "e*"}, r"step_metric is 'e\*'"),
    ],
)
def test_what_cannot_be_defined_is_told(start, stored, arguments, sentence):
    with start() as run:
        with pytest.raises(UsageError, match=sentence):
            run.define_metric(**arguments)
        run.log({"x": 1})
    assert stored.values(run, "x") == [1]
    assert rules(stored, run) == {}


def test_a_finished_run_defines_nothing(start):
    with start() as run:
        pass
    with pytest.raises(RunFinishedError, match="define_metric"):
        run.define_metric("x")
