"""What becomes of the active run when another one is begun."""

from __future__ import annotations

import pytest

import tracker
from tracker.errors import UsageError


def test_in_a_script_the_active_run_is_returned(start):
    first = start(config={"a": 1})
    assert start(config={"a": 2}, project="other") is first
    assert start(reinit=False) is first
    assert start(reinit="default") is first
    assert start(reinit="return_previous") is first
    assert dict(first.config) == {"a": 1}
    first.finish()
    second = start()
    assert second is not first


@pytest.mark.parametrize("reinit", [True, "finish_previous"])
def test_the_active_runs_are_finished(start, stored, reinit):
    first = start()
    beside = start(reinit="create_new")
    first.log({"x": 1})
    second = start(reinit=reinit)
    assert tracker.run is second
    assert (first.state, beside.state) == ("finished", "finished")
    assert stored.run(first).state == "finished"


def test_a_new_run_beside_is_not_the_current_one(start):
    beside = start(reinit="create_new")
    assert tracker.run is None
    assert beside.state == "running"
    first = start(reinit="create_new")
    assert first is not beside
    assert start() is first


def test_the_end_of_a_run_beside_leaves_the_current_one(start):
    first = start()
    start(reinit="create_new").finish()
    assert tracker.run is first


def test_other_words_are_told(start):
    with pytest.raises(UsageError, match="reinit is 'again': expected one of 'default'"):
        start(reinit="again")


def test_a_wrong_call_does_not_end_the_active_run(start):
    first = start()
    for wrong in ({"project": "a/b"}, {"tags": [""]}, {"id": "a/b"}, {"config": 3}):
        with pytest.raises(UsageError):
            start(reinit=True, **wrong)
    assert tracker.run is first
    assert first.state == "running"
