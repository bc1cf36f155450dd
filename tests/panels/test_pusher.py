from __future__ import annotations

import threading
import time
import warnings
from itertools import pairwise

import pytest

from tracker.errors import TrackerWarning
from tracker.panels.page import pusher as pusher_module
from tracker.panels.page.pusher import MIN_INTERVAL_S, Pusher


class Counted:
    """A panel that always has news, and counts how often it is called."""

    def __init__(self, *, fails: bool = False, burns_s: float = 0.0) -> None:
        self.asked_s = 0.0
        self.calls_s: list[tuple[float, float]] = []
        self.called = threading.Semaphore(0)
        self.has = True
        self.fails = fails
        self.burns_s = burns_s

    def has_news(self) -> bool:
        self.asked_s = time.monotonic()
        return self.has

    def tick(self) -> None:
        """Note when it was asked and when it was called: its rest begins between the two."""
        self.calls_s.append((self.asked_s, time.monotonic()))
        until = time.thread_time() + self.burns_s
        while time.thread_time() < until:
            pass
        self.called.release()
        if self.fails:
            raise RuntimeError("no")

    def rests_s(self) -> list[float]:
        """How long it was left alone at the most, after each call."""
        return [call - asked for (asked, _), (_, call) in pairwise(self.calls_s)]


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "tracker-panels"]


@pytest.fixture
def pusher(monkeypatch: pytest.MonkeyPatch) -> Pusher:
    """One that never looks by itself: what happens is done at once, or when it is woken."""
    monkeypatch.setattr(pusher_module, "POLL_INTERVAL_S", 600.0)
    return Pusher()


def test_one_thread_serves_all_panels_and_ends_with_the_last(pusher: Pusher) -> None:
    before = len(threads())
    panels = [Counted(), Counted()]
    for panel in panels:
        pusher.add(panel)
    for panel in panels:
        assert panel.called.acquire(timeout=60)
    assert len(threads()) == before + 1
    pusher.remove(panels[0])
    assert len(threads()) == before + 1
    pusher.remove(panels[1])
    assert len(threads()) == before
    pusher.remove(panels[1])


def test_news_are_sent_at_once_and_then_twice_a_second(pusher: Pusher) -> None:
    panel = Counted()
    pusher.add(panel)
    for _ in range(3):
        assert panel.called.acquire(timeout=60)
        pusher.wake()
    pusher.remove(panel)
    assert min(panel.rests_s()) >= MIN_INTERVAL_S


def test_a_panel_without_news_is_left_alone_until_woken(pusher: Pusher) -> None:
    panel = Counted()
    panel.has = False
    pusher.add(panel)
    assert not panel.called.acquire(timeout=0.3)
    panel.has = True
    pusher.wake()
    assert panel.called.acquire(timeout=60)
    pusher.remove(panel)


def test_a_panel_that_costs_much_is_called_less_often(pusher: Pusher) -> None:
    panel = Counted(burns_s=0.05)
    pusher.add(panel)
    for _ in range(2):
        assert panel.called.acquire(timeout=60)
        pusher.wake()
    pusher.remove(panel)
    assert panel.rests_s()[0] > 0.05 / 0.04


def test_a_panel_that_fails_is_a_warning_and_goes_on(pusher: Pusher) -> None:
    panel, other = Counted(fails=True), Counted()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        pusher.add(panel)
        pusher.add(other)
        for _ in range(2):
            assert panel.called.acquire(timeout=60)
            pusher.wake()
        pusher.remove(panel)
        pusher.remove(other)
    assert other.calls_s
    assert {w.category for w in warned} == {TrackerWarning}
    assert "could not be drawn: RuntimeError('no')" in str(warned[0].message)


def test_a_panel_may_leave_while_it_is_called(pusher: Pusher) -> None:
    class Leaving(Counted):
        def tick(self) -> None:
            pusher.remove(self)
            super().tick()

    before = len(threads())
    panel = Leaving()
    pusher.add(panel)
    assert panel.called.acquire(timeout=60)
    for _ in range(3000):
        if len(threads()) == before:
            break
        threading.Event().wait(0.02)
    assert len(threads()) == before
    pusher.add(other := Counted())
    assert other.called.acquire(timeout=60)
    pusher.remove(other)
