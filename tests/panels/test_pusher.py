from __future__ import annotations

import threading
import time
import warnings

import pytest

from tracker.errors import TrackerWarning
from tracker.panels.pusher import MIN_INTERVAL_S, Pusher


class Counted:
    """A panel that always has news, and counts how often it is called."""

    def __init__(self, *, fails: bool = False, burns_s: float = 0.0) -> None:
        self.calls_s: list[float] = []
        self.called = threading.Semaphore(0)
        self.has = True
        self.fails = fails
        self.burns_s = burns_s

    def has_news(self) -> bool:
        return self.has

    def tick(self) -> None:
        self.calls_s.append(time.monotonic())
        until = time.thread_time() + self.burns_s
        while time.thread_time() < until:
            pass
        self.called.release()
        if self.fails:
            raise RuntimeError("no")


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "tracker-panels"]


@pytest.fixture
def pusher() -> Pusher:
    return Pusher()


def test_one_thread_serves_all_panels_and_ends_with_the_last(pusher: Pusher) -> None:
    before = len(threads())
    panels = [Counted(), Counted()]
    for panel in panels:
        pusher.add(panel)
    for panel in panels:
        assert panel.called.acquire(timeout=5)
    assert len(threads()) == before + 1
    pusher.remove(panels[0])
    assert len(threads()) == before + 1
    pusher.remove(panels[1])
    assert len(threads()) == before
    pusher.remove(panels[1])


def test_news_are_sent_at_once_and_then_twice_a_second(pusher: Pusher) -> None:
    panel = Counted()
    began_s = time.monotonic()
    pusher.add(panel)
    for _ in range(3):
        assert panel.called.acquire(timeout=5)
        pusher.wake()
    pusher.remove(panel)
    first, second, third = panel.calls_s[:3]
    assert first - began_s < 0.3
    assert min(second - first, third - second) > MIN_INTERVAL_S - 0.01
    assert third - first < 4 * MIN_INTERVAL_S


def test_a_panel_without_news_is_left_alone_until_woken(pusher: Pusher) -> None:
    panel = Counted()
    panel.has = False
    pusher.add(panel)
    assert not panel.called.acquire(timeout=0.3)
    panel.has = True
    pusher.wake()
    assert panel.called.acquire(timeout=1)
    pusher.remove(panel)


def test_a_panel_that_costs_much_is_called_less_often(pusher: Pusher) -> None:
    panel = Counted(burns_s=0.05)
    pusher.add(panel)
    for _ in range(2):
        assert panel.called.acquire(timeout=10)
        pusher.wake()
    pusher.remove(panel)
    first, second = panel.calls_s[:2]
    assert second - first > 0.05 / 0.04


def test_a_panel_that_fails_is_a_warning_and_goes_on(pusher: Pusher) -> None:
    panel, other = Counted(fails=True), Counted()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        pusher.add(panel)
        pusher.add(other)
        for _ in range(2):
            assert panel.called.acquire(timeout=5)
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
    assert panel.called.acquire(timeout=5)
    for _ in range(100):
        if len(threads()) == before:
            break
        threading.Event().wait(0.02)
    assert len(threads()) == before
    pusher.add(other := Counted())
    assert other.called.acquire(timeout=5)
    pusher.remove(other)
