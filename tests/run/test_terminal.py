"""What a terminal shows, against a second, plain model of one."""

import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.run.console import collapse
from tracker.run.terminal import Terminal

ESCAPE = "\x1b["
ATTRIBUTES = {"1": "bold", "4": "underline", "31": "fg", "92": "fg", "44": "bg", "38;5;200": "fg"}
PIECES = st.one_of(
    st.text("abc xyz", min_size=1, max_size=6),
    st.sampled_from(["\n", "\r", "\b", "\r\n", "\t", "\x07", "漢字"]),
    st.sampled_from([f"{ESCAPE}{n}K" for n in ("", "0", "1", "2")]),
    st.sampled_from([f"{ESCAPE}J", f"{ESCAPE}0J", f"{ESCAPE}?25l", "\x1b]0;title\x07", "\x1b7"]),
    st.builds(
        lambda final, count: f"{ESCAPE}{count}{final}",
        st.sampled_from("ABCDEFG"),
        st.sampled_from(["", "0", "1", "2", "5"]),
    ),
    st.sampled_from([f"{ESCAPE}{code}m" for code in ("", "0", *ATTRIBUTES)]),
)


class Grid:
    """One dictionary entry a character cell, one rule a control: slow and simple."""

    def __init__(self):
        self.cells = {}
        self.row = self.column = self.last_row = 0
        self.style = {}

    def feed(self, text):
        pattern = r"\x1b\[([0-?]*)([@-~])|\x1b\].*?\x07|\x1b[0-9]|[\s\S]"
        for match in re.finditer(pattern, text):
            if match[2]:
                self.control(match[2], match[1])
            elif not match[0].startswith("\x1b"):
                self.character(match[0])

    def character(self, character):
        if character == "\n":
            self.row, self.column = self.row + 1, 0
            self.last_row = max(self.last_row, self.row)
        elif character == "\r":
            self.column = 0
        elif character == "\b":
            self.column = max(0, self.column - 1)
        elif character != "\x07":
            self.cells[self.row, self.column] = (character, frozenset(self.style.items()))
            self.column += 1

    def control(self, final, params):
        count = max(int(params), 1) if params.isdigit() else 1
        if final == "m":
            self.restyle(params)
        elif final == "K":
            first, last = {"1": (0, self.column), "2": (0, 10**9)}.get(params, (self.column, 10**9))
            self.erase(lambda row, column: row == self.row and first <= column <= last)
        elif final == "J":
            here = (self.row, self.column)
            self.erase(lambda row, column: (row, column) >= here)
        elif final in "ABEF":
            target = self.row + (count if final in "BE" else -count)
            self.row = min(max(target, 0), self.last_row)
        elif final in "CD":
            self.column = max(self.column + (count if final == "C" else -count), 0)
        self.column = {"E": 0, "F": 0, "G": count - 1}.get(final, self.column)

    def restyle(self, params):
        for code in re.findall(r"38;5;200|\d+", params or "0"):
            if code == "0":
                self.style = {}
            else:
                self.style[ATTRIBUTES[code]] = code

    def erase(self, is_erased):
        self.cells = {at: cell for at, cell in self.cells.items() if not is_erased(*at)}

    def rows(self):
        """Characters with their styles, without the blanks at the end of a row."""
        blank = (" ", frozenset())
        rows = []
        for row in range(self.last_row + 1):
            width = 1 + max((column for at, column in self.cells if at == row), default=-1)
            cells = [self.cells.get((row, column), blank) for column in range(width)]
            while cells and cells[-1] == blank:
                cells.pop()
            rows.append(cells)
        return rows


def read_back(text):
    grid = Grid()
    grid.feed(text)
    return grid.rows()


@given(st.lists(PIECES, max_size=30).map("".join))
@example(f"one\ntwo{ESCAPE}1A\r{ESCAPE}31mX{ESCAPE}0m\n")
@example(f"{ESCAPE}31mred\nstill red{ESCAPE}0m plain")
def test_collapse_shows_what_a_terminal_shows(text):
    collapsed = collapse(text)
    assert read_back(collapsed) == read_back(text)
    assert not set(re.sub(r"\x1b\[[0-9;]*m", "", collapsed)) & set("\r\b\x1b\x07")


@given(st.lists(PIECES, max_size=30).map("".join))
def test_collapsing_twice_changes_nothing(text):
    assert collapse(collapse(text)) == collapse(text)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t")))
def test_text_without_control_characters_is_unchanged(text):
    assert collapse(text) == text


@given(st.text(st.one_of(st.sampled_from("\x1b[]0;m\r\n\b\x07\\?KAa "), st.characters())))
def test_no_text_is_too_odd(text):
    collapsed = collapse(text)
    assert not set(re.sub(r"\x1b\[[0-9;:]*m", "", collapsed)) & set("\r\b\x1b\x07")


@given(st.lists(PIECES, max_size=20), st.lists(st.integers(0, 150), max_size=10))
def test_it_does_not_matter_where_the_text_is_split(pieces, places):
    text = "".join(pieces)
    terminal = Terminal(itertools.count(), window_rows=None)
    bounds = sorted({0, *(place for place in places if place < len(text)), len(text)})
    for start, end in itertools.pairwise(bounds):
        terminal.feed(text[start:end])
    shown = "\n".join(row.rendered() for row in terminal.rows)
    assert read_back(shown) == read_back(collapse(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10%\r50%\r100%", "100%"),
        ("100%\r9%", "9%0%"),
        ("loading...\r\x1b[Kdone\n", "done\n"),
        ("abc\b\bX", "aXc"),
        ("a\nb\nc\x1b[2A\rA", "A\nb\nc"),
        ("12%|#   |\r         \rdone", "done"),
        ("\x1b[1;31mbad\x1b[0m ok", "\x1b[1;31mbad\x1b[0m ok"),
        ("\x1b[38;2;1;2;3mx\x1b[39my", "\x1b[38;2;1;2;3mx\x1b[0my"),
        ("\x1b[38;5;1;4mx", "\x1b[38;5;1;4mx\x1b[0m"),
        ("\x1b[38;5m\x1b[1mx", "\x1b[1mx\x1b[0m"),
        ("\x1b[1mx\x1b[38;2;7mx", "\x1b[1mxx\x1b[0m"),
        ("\x1b[38:2::1:2:3mx", "\x1b[38:2::1:2:3mx\x1b[0m"),
        ("\x1b[99mx\x1b[?1mx\x1b[" + "1;" * 99 + "mx", "xxx"),
        ("\x1b[1mb\x1b[22mn", "\x1b[1mb\x1b[0mn"),
        ("\x1b[31mred\nred\x1b[0m", "\x1b[31mred\x1b[0m\n\x1b[31mred\x1b[0m"),
        ("\x1b[31mabc\x1b[0m\rX", "X\x1b[31mbc\x1b[0m"),
        ("\x1b[31mabc\x1b[0m\n\x1b[A\rX", "X\x1b[31mbc\x1b[0m\n"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2J\x1b[Hkept", "kept"),
        ("\x1b[31", ""),
        ("\x1b[99999999999999999999999Cx", " " * 512 + "x"),
        ("x\x1b[" + "9" * 5000 + "A", "x"),
    ],
)
def test_collapse_by_example(text, shown):
    assert collapse(text) == shown


def test_a_long_line_written_in_tiny_pieces_is_collapsed_quickly():
    terminal = Terminal(itertools.count())
    for _ in range(100):
        terminal.feed("." * 5_000)
    terminal.feed("\r" + "#" * 10)
    assert terminal.rows[-1].rendered() == "#" * 10 + "." * 499_990


def test_a_line_with_colours_can_be_redrawn_after_it_was_complete():
    terminal = Terminal(itertools.count())
    terminal.feed("\x1b[31mred\x1b[m and \x1b[1;32mgreen\x1b[0m\nnext")
    assert terminal.rows[0].rendered() == "\x1b[31mred\x1b[m and \x1b[1;32mgreen\x1b[0m"
    terminal.feed("\x1b[A\x1b[6GOR ")
    assert terminal.rows[0].rendered() == "\x1b[31mred\x1b[0m aOR \x1b[1;32mgreen\x1b[0m"
    terminal.feed("\x1b[1A\r\x1b[4C\x1b[K!")
    assert terminal.rows[0].rendered() == "\x1b[31mred\x1b[0m !"


def test_rows_beyond_the_window_are_final():
    terminal = Terminal(itertools.count(), window_rows=3)
    terminal.feed("a\nb\nc\nd\x1b[99A\rX")
    assert [row.rendered() for row in terminal.left] == ["a"]
    assert [row.rendered() for row in terminal.rows] == ["X", "c", "d"]
    assert [row.number for row in (*terminal.left, *terminal.rows)] == [0, 1, 2, 3]
