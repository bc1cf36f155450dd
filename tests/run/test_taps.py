"""Streams that several listen to, replace and wrap."""

import contextlib
import io
import logging
import sys

import pytest

from tracker.run.console import ConsoleCapture


class Recorded:
    """Collects what a capture hands over."""

    def __init__(self):
        self.batches = []

    def __call__(self, lines):
        self.batches.append(lines)

    @property
    def lines(self):
        return [line for batch in self.batches for line in batch]

    def final(self):
        """The text of every line in its last state, by number."""
        return dict(sorted((line.number, line.text) for line in self.lines))

    def texts(self):
        return [text for _, text in sorted({line.number: line.text for line in self.lines}.items())]


@pytest.fixture
def streams(capsys):
    """``sys.stdout`` and ``sys.stderr`` of this test alone; read with ``readouterr()``."""
    return capsys


def test_captures_nest_and_each_has_the_lines_of_its_lifetime(streams):
    first, second, third = Recorded(), Recorded(), Recorded()
    captures = [ConsoleCapture(each) for each in (first, second, third)]
    before = sys.stdout.write
    for number, capture in enumerate(captures):
        capture.start()
        print(f"in {number}")
    captures[0].stop()
    print("without the first")
    captures[2].stop()
    print("only the second")
    captures[1].stop()
    print("nobody")
    assert first.texts() == ["in 0", "in 1", "in 2"]
    assert second.texts() == ["in 1", "in 2", "without the first", "only the second"]
    assert third.texts() == ["in 2", "without the first"]
    assert sys.stdout.write == before
    assert streams.readouterr().out.count("in 0") == 1


def test_a_stream_put_in_place_meanwhile_stays(streams, monkeypatch):
    recorded = Recorded()
    capture = ConsoleCapture(recorded)
    original = sys.stdout
    capture.start()
    theirs = io.StringIO()
    monkeypatch.setattr(sys, "stdout", theirs)
    print("theirs")
    capture.drain()
    capture.stop()
    assert sys.stdout is theirs
    assert theirs.getvalue() == "theirs\n"
    assert "write" not in vars(original)
    assert recorded.lines == []


def test_a_redirect_hides_from_the_run_what_it_hides_from_the_user(streams):
    recorded = Recorded()
    capture = ConsoleCapture(recorded)
    capture.start()
    with contextlib.redirect_stdout(io.StringIO()) as hidden:
        print("hidden")
    print("seen")
    capture.stop()
    assert hidden.getvalue() == "hidden\n"
    assert recorded.texts() == ["seen"]


def test_a_run_started_inside_a_redirect_hears_the_process_afterwards(streams):
    recorded = Recorded()
    capture = ConsoleCapture(recorded)
    with contextlib.redirect_stdout(io.StringIO()):
        capture.start()
        print("inside")
    capture.drain()
    print("outside")
    capture.stop()
    assert recorded.texts() == ["inside", "outside"]
    assert "write" not in vars(sys.stdout)


def test_a_wrapper_of_someone_else_on_top_is_left_alone(streams):
    recorded, theirs = Recorded(), []
    capture = ConsoleCapture(recorded)
    capture.start()
    ours = sys.stdout.write

    def wrapper(text):
        theirs.append(text)
        return ours(text)

    sys.stdout.write = wrapper
    print("both")
    capture.stop()
    print("theirs only")
    assert sys.stdout.write is wrapper
    assert theirs == ["both", "\n", "theirs only", "\n"]
    assert recorded.texts() == ["both"]
    assert streams.readouterr().out == "both\ntheirs only\n"


def test_a_write_restored_over_ours_is_noticed_at_the_next_drain(streams):
    recorded = Recorded()
    capture = ConsoleCapture(recorded)
    capture.start()
    del sys.stdout.write
    print("unheard")
    capture.drain()
    print("heard")
    capture.stop()
    assert recorded.texts() == ["heard"]


def test_stdout_and_stderr_may_be_one_stream(streams, monkeypatch):
    monkeypatch.setattr(sys, "stderr", sys.stdout)
    recorded = Recorded()
    capture = ConsoleCapture(recorded)
    capture.start()
    print("once", file=sys.stderr)
    capture.stop()
    assert recorded.texts() == ["once"]


def test_a_process_without_streams_can_be_tracked(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", object())
    recorded = Recorded()
    capture = ConsoleCapture(recorded)
    capture.start()
    print("nowhere")
    capture.drain()
    capture.stop()
    assert recorded.lines == []


def test_handlers_that_hold_the_stream_are_heard(streams):
    handler = logging.StreamHandler(sys.stderr)
    logger = logging.Logger("held")
    logger.addHandler(handler)
    recorded = Recorded()
    capture = ConsoleCapture(recorded)
    capture.start()
    logger.warning("made before the run")
    sys.stderr.writelines(["a\n", "b\n"])
    capture.stop()
    assert recorded.texts() == ["made before the run", "a", "b"]


def test_what_a_callback_prints_is_shown_and_not_captured(streams):
    recorded = Recorded()

    def chatty(lines):
        recorded(lines)
        print(f"handed over {len(lines)}")

    capture = ConsoleCapture(chatty, batch_lines=4)
    capture.start()
    for _ in range(50):
        print("x")
    capture.stop()
    assert set(recorded.texts()) == {"x"}
    assert len(recorded.lines) == 50
    assert "handed over" in streams.readouterr().out


def test_two_chatty_callbacks_do_not_feed_each_other(streams):
    first, second = Recorded(), Recorded()

    def chatty(recorded):
        def on_lines(lines):
            recorded(lines)
            print("chat")

        return on_lines

    captures = [ConsoleCapture(chatty(each), batch_lines=1) for each in (first, second)]
    for capture in captures:
        capture.start()
    print("x")
    for capture in captures:
        capture.drain()
        capture.stop()
    assert first.texts() == second.texts() == ["x"]
