"""Alerts are kept with the run and shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

import tracker
from tracker.errors import UsageError


def test_they_are_kept_and_shown(start, stored, capsys):
    with start(settings={"silent": False}) as run:
        capsys.readouterr()
        run.alert("Low accuracy", "below 0.5", level="WARN")
        tracker.alert("Done", "all is well", level=tracker.AlertLevel.INFO)
        run.alert(title="t" * 100, text=3, level="error", wait_duration=timedelta(seconds=1))
        shown = capsys.readouterr().err
    assert [event.payload for event in stored.events(run, "alert")] == [
        {"title": "Low accuracy", "text": "below 0.5", "level": "WARN"},
        {"title": "Done", "text": "all is well", "level": "INFO"},
        {"title": "t" * 64, "text": "3", "level": "ERROR"},
    ]
    assert shown.splitlines()[0] == "tracker: WARN Low accuracy: below 0.5"


def test_the_same_title_waits(start, stored, capsys):
    with start() as run:
        for _ in range(3):
            run.alert("a")
            run.alert("b", wait_duration=0)
            run.alert("c", wait_duration=timedelta(0))
            run.alert("d", wait_duration=timedelta(hours=1))
    titles = [event.payload["title"] for event in stored.events(run, "alert")]
    assert sorted(titles) == ["a", "b", "b", "b", "c", "c", "c", "d"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("level", ["LOUD", 3])
def test_other_levels_are_told(start, stored, level):
    with start() as run:
        with pytest.raises(UsageError, match="level must be one of 'INFO', 'WARN', or 'ERROR'"):
            run.alert("a", level=level)
        with pytest.raises(ValueError, match="wait_duration is 'x'"):
            run.alert("a", wait_duration="x")
    assert stored.events(run) == []
