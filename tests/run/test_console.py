"""What the process prints while a run is active: one process, a clock in our hands."""

import io
import sys
import threading

import pytest

from tracker.run.console import ConsoleCapture


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self):
        self.now_s = 1_000.0

    def __call__(self):
        return self.now_s


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


def test_lines_come_numbered_with_stream_and_time(streams):
    recorded, clock = Recorded(), Clock()
    capture = ConsoleCapture(recorded, clock=clock)
    capture.start()
    print("one")
    clock.now_s += 0.1
    print("two", file=sys.stderr)
    print("three\n\nfive")
    capture.stop()
    assert [(line.number, line.stream, line.time_s, line.text) for line in recorded.lines] == [
        (0, "stdout", 1_000.0, "one"),
        (1, "stderr", 1_000.1, "two"),
        (2, "stdout", 1_000.1, "three"),
        (3, "stdout", 1_000.1, ""),
        (4, "stdout", 1_000.1, "five"),
    ]
    assert streams.readouterr() == ("one\nthree\n\nfive\n", "two\n")


def test_stop_flushes_the_open_line_and_restores_the_stream(streams):
    recorded = Recorded()
    capture = ConsoleCapture(recorded)
    out = sys.stdout
    before = out.write
    capture.start()
    assert out.write != before
    print("no end", end="")
    capture.stop()
    capture.stop()
    print("after")
    capture.drain()
    assert recorded.texts() == ["no end"]
    assert sys.stdout is out
    assert out.write == before
    assert "write" not in vars(out)


def test_a_resumed_run_goes_on_counting(streams):
    recorded = Recorded()
    capture = ConsoleCapture(recorded, first_number=12)
    capture.start()
    print("a\nb")
    capture.stop()
    assert [line.number for line in recorded.lines] == [12, 13]


def test_lines_are_handed_over_when_the_interval_is_over(streams):
    recorded, clock = Recorded(), Clock()
    capture = ConsoleCapture(recorded, interval_s=0.25, clock=clock)
    capture.start()
    for _ in range(18):
        print("x")
        clock.now_s += 0.0625
    assert [len(batch) for batch in recorded.batches] == [4, 4, 4, 4]
    capture.stop()
    assert len(recorded.lines) == 18


def test_a_clock_set_back_does_not_silence_the_run(streams):
    recorded, clock = Recorded(), Clock()
    capture = ConsoleCapture(recorded, clock=clock)
    capture.start()
    clock.now_s = 10.0
    print("x")
    print("y")
    capture.drain()
    assert recorded.texts() == ["x", "y"]
    capture.stop()


def test_drain_hands_over_what_a_quiet_process_printed(streams):
    recorded, clock = Recorded(), Clock()
    capture = ConsoleCapture(recorded, clock=clock)
    capture.start()
    print("x")
    assert recorded.lines == []
    capture.drain()
    assert recorded.texts() == ["x"]
    capture.drain()
    assert len(recorded.batches) == 1
    capture.stop()
    assert len(recorded.batches) == 1


def test_a_progress_bar_is_one_line_updated_every_two_seconds(streams):
    recorded, clock = Recorded(), Clock()
    capture = ConsoleCapture(recorded, rewrite_s=2.0, clock=clock)
    capture.start()
    for step in range(1_001):
        print(f"\r{step / 10:5.1f} %", end="", file=sys.stderr)
        clock.now_s += 0.01
    print(file=sys.stderr)
    print("done")
    capture.stop()
    states = [line for line in recorded.lines if line.number == 0]
    # 10 s: a state about every 2 s, and the last.
    assert 4 <= len(states) <= 7
    assert states[-1].text == "100.0 %"
    assert all(line.time_s == 1_000.0 for line in states)
    assert recorded.texts() == ["100.0 %", "done"]


def test_an_open_line_shows_while_it_lives(streams):
    recorded, clock = Recorded(), Clock()
    capture = ConsoleCapture(recorded, clock=clock)
    capture.start()
    print("loading", end="")
    capture.drain()
    assert recorded.lines == []
    clock.now_s += 2.5
    capture.drain()
    assert recorded.texts() == ["loading"]
    print(" done")
    clock.now_s += 0.3
    capture.drain()
    assert recorded.texts() == ["loading done"]
    capture.stop()


def draw_bar(position, text):
    """Write as tqdm does for the bar at `position`."""
    sys.stderr.write("\n" * position + "\r" + text + "\x1b[A" * position)
    sys.stderr.flush()


def test_nested_bars_are_a_line_each(streams):
    recorded, clock = Recorded(), Clock()
    capture = ConsoleCapture(recorded, clock=clock)
    capture.start()
    for epoch in range(1, 6):
        draw_bar(0, f"epochs {epoch}/5")
        for batch in range(1, 101):
            draw_bar(1, f"batches {batch}/100 of epoch {epoch}")
            clock.now_s += 0.01
    draw_bar(1, " " * 40)
    sys.stderr.write("\n")
    print("trained")
    capture.stop()
    assert recorded.texts() == ["epochs 5/5", "", "trained"]
    updates = [line.text for line in recorded.lines if line.number == 1]
    assert 2 <= len(updates) <= 8
    assert any("of epoch 3" in text for text in updates)


def test_redrawn_blocks_update_at_most_every_two_seconds(streams):
    recorded, clock = Recorded(), Clock()
    capture = ConsoleCapture(recorded, clock=clock)
    capture.start()
    for step in range(500):
        # As rich's Live: the cursor ends on the last line, every line is redrawn.
        sys.stdout.write(("\r\x1b[2K\x1b[1A\x1b[2K" if step else "") + f"a {step}\nb {step}")
        clock.now_s += 0.02
    capture.stop()
    assert recorded.texts() == ["a 499", "b 499"]
    assert len(recorded.lines) <= 2 * 8


def test_a_callback_that_raises_never_reaches_the_print(streams):
    calls = []

    def broken(lines):
        calls.append(len(lines))
        raise RuntimeError("broken on purpose")

    capture = ConsoleCapture(broken, batch_lines=10)
    capture.start()
    for number in range(100):
        print(number)
    capture.drain()
    capture.stop()
    assert sum(calls) == capture.lost_lines == 100
    assert streams.readouterr().out.splitlines() == [str(number) for number in range(100)]


def test_a_capture_can_be_stopped_by_its_callback(streams):
    recorded = Recorded()

    def stopping(lines):
        recorded(lines)
        capture.stop()

    capture = ConsoleCapture(stopping, batch_lines=3)
    capture.start()
    print("a\nb\nc\nd\ne")
    capture.drain()
    print("later")
    assert recorded.texts() == ["a", "b", "c", "d", "e"]


def test_huge_lines_are_cut_with_a_marker(streams):
    recorded = Recorded()
    capture = ConsoleCapture(recorded, line_limit_bytes=1_000)
    capture.start()
    print("é" * 600)
    print("x" * 1_000)
    print("y" * 5_000_000)
    capture.stop()
    cut, whole, longest = recorded.texts()
    assert cut == "é" * 500 + " … [cut: the line is longer than 1,000 bytes]"
    assert whole == "x" * 1_000
    assert longest == "y" * 1_000 + " … [cut: the line is longer than 1,000 bytes]"
    assert len(streams.readouterr().out) > 5_000_000


def test_lone_surrogates_can_be_stored(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    recorded = Recorded()
    capture = ConsoleCapture(recorded)
    capture.start()
    print("a\ud800b")
    capture.stop()
    assert [text.encode() for text in recorded.texts()] == [b"a?b"]


def test_batches_are_bounded(streams):
    recorded = Recorded()
    capture = ConsoleCapture(recorded, batch_lines=1_000)
    capture.start()
    print("\n".join(map(str, range(20_000))))
    capture.stop()
    assert max(len(batch) for batch in recorded.batches) <= 1_000
    assert recorded.texts() == [str(number) for number in range(20_000)]


def test_a_stuck_callback_stops_neither_the_prints_nor_lets_memory_grow(streams):
    is_stuck, may_go_on = threading.Event(), threading.Event()
    received = Recorded()

    def stuck(lines):
        received(lines)
        is_stuck.set()
        may_go_on.wait(60)

    capture = ConsoleCapture(stuck)
    capture.start()
    print("first")
    flusher = threading.Thread(target=capture.drain)
    flusher.start()
    assert is_stuck.wait(60)
    for number in range(120_000):
        print(number)
    may_go_on.set()
    flusher.join()
    capture.stop()
    # Nothing is lost unnoticed, the oldest gave way, and the newest are there.
    assert len(received.lines) + capture.lost_lines == 120_001
    assert 40_000 <= len(received.lines) <= 60_000
    assert received.texts()[-1] == "119999"


def test_lines_of_threads_are_complete(streams):
    recorded = Recorded()
    capture = ConsoleCapture(recorded)
    capture.start()

    def work(name):
        for number in range(2_000):
            sys.stdout.write(f"{name} {number}\n")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        capture.drain()
    for thread in threads:
        thread.join()
    capture.stop()
    texts = recorded.texts()
    assert sorted(texts) == sorted(f"{name} {n}" for name in range(4) for n in range(2_000))
    for name in range(4):
        own = [int(text.split()[1]) for text in texts if text.startswith(f"{name} ")]
        assert own == sorted(own)
