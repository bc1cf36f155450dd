r"""What a terminal would show for the text written to it: ``\r``, ``\b`` and cursor moves applied.

Only what programs use to redraw lines is understood: carriage return, backspace, the cursor up,
down, left, right and column moves, and erasing (``CSI K``, ``CSI J``). Colours (SGR) are kept, in
canonical form, and every row carries its own. Clearing the screen and absolute positions are
ignored, because a log keeps what was printed before. Every character counts as one column wide.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator

# Everything but line ends and colours.
_UNUSUAL = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]")
_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
_SELF_CONTAINED = re.compile(r"[^\x1b]*(?:\x1b\[[0-9;:]*m[^\x1b]*)*\x1b\[0?m[^\x1b]*")
_TOKEN = re.compile(
    r"(?P<text>[^\x00-\x08\x0a-\x1f\x7f]+)"
    r"|(?P<newline>\n)"
    r"|\x1b\[(?P<params>[0-?]*)[ -/]*(?P<final>[@-~])"
    # Strings sent to the terminal itself: titles, hyperlinks, inline pictures.
    r"|\x1b[\]PX^_][^\x00-\x1f]*(?:\x07|\x1b\\)"
    r"|\x1b[ -/]+[0-~]|\x1b[0-Z\\`-~]"
    r"|(?P<control>[\x00-\x1f\x7f])",
)
_OPEN_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x00-\x1f]*\x1b?|[ -/]*)\Z")
_LONGEST_OPEN_ESCAPE = 65_536
# A cursor told to go far right stops here, as at the edge of a (very wide) real screen.
_SCREEN_WIDTH = 512
_LONGEST_SGR = 100
_RESET = "\x1b[0m"
_OFF_CODES = {
    "22": ("1", "2"),
    "23": ("3", "20"),
    "24": ("4", "21"),
    "4:0": ("4", "21"),
    "25": ("5", "6"),
    "27": ("7",),
    "28": ("8",),
    "29": ("9",),
    "39": ("fg",),
    "49": ("bg",),
    "55": ("53",),
    "59": ("ul",),
}
_EXTENDED = {"38": "fg", "48": "bg", "58": "ul"}


def _group(code: str) -> str | None:
    """Name the property of a character that an SGR code sets; None for a code not known."""
    head = code.partition(":")[0].partition(";")[0]
    if head in _EXTENDED:
        return _EXTENDED[head]
    number = int(head) if head.isdigit() and len(head) <= 3 else -1
    if 30 <= number <= 37 or 90 <= number <= 97:
        return "fg"
    if 40 <= number <= 47 or 100 <= number <= 107:
        return "bg"
    return head if 1 <= number <= 9 or number in (20, 21, 53) else None


def _codes(params: str) -> Iterator[str]:
    """Split the parameters of an SGR sequence into codes, ``38;5;n`` and ``38;2;r;g;b`` whole."""
    parts = iter(params.split(";"))
    for part in parts:
        code = part.lstrip("0") or "0"
        if code not in _EXTENDED:
            yield code
            continue
        mode = next(parts, "")
        count = {"5": 1, "2": 3}.get(mode, 0)
        values = list(itertools.islice(parts, count))
        # Half a colour would take the next code for its missing value.
        if count == len(values) > 0 and all(value.isdigit() for value in values):
            yield ";".join([code, mode, *values])


@functools.lru_cache(maxsize=1024)
def _restyled(style: str, params: str) -> str:
    """Return `style`, itself one SGR sequence or nothing, after one more SGR sequence."""
    if len(params) > _LONGEST_SGR:
        return style
    properties: dict[str, str] = {}
    for code in (*_codes(style[2:-1]), *_codes(params)) if style else _codes(params):
        if code == "0":
            properties.clear()
        elif code in _OFF_CODES:
            for name in _OFF_CODES[code]:
                properties.pop(name, None)
        elif group := _group(code):
            properties[group] = code
    return f"\x1b[{';'.join(properties.values())}m" if properties else ""


class Row:
    """One line of the screen.

    Parameters
    ----------
    born_s
        When its first character was written, in the caller's seconds.

    Attributes
    ----------
    number
        Its place in the output; -1 until something is written in it.
    """

    __slots__ = (
        "born_s",
        "is_changed",
        "is_rewritten",
        "is_settled",
        "number",
        "sent_s",
        "styles",
        "text",
        "whole",
    )

    def __init__(self, born_s: float) -> None:
        self.text = ""
        # Where a style starts, and which; None while the whole row is plain, as nearly always.
        self.styles: list[tuple[int, str]] | None = None
        # Text and styles in one, as written, until something overwrites them.
        self.whole: str | None = None
        self.number = -1
        self.born_s = self.sent_s = born_s
        self.is_changed = self.is_rewritten = self.is_settled = False

    def put(self, column: int, text: str, style: str, limit: int) -> None:
        """Write `text` over what stands at `column`; nothing beyond `limit` characters."""
        self.unfold()
        length = len(self.text)
        if column + len(text) > limit:
            text = text[: max(limit - column, 0)]
        if column > length:
            self._append(" " * (column - length), "")
        if column >= length:
            self._append(text, style)
            return
        self.is_rewritten = True
        end = column + len(text)
        if style or self.styles is not None:
            each = self._each_style()
            each[column:end] = [style] * len(text)
            self.styles = _runs_of(each)
        self.text = self.text[:column] + text + self.text[end:]

    def unfold(self) -> None:
        """Take a whole line apart into its text and styles."""
        if self.whole is None:
            return
        first, *parts = _SGR.split(self.whole)
        self.whole = None
        self._append(first, "")
        style = ""
        for params, text in zip(parts[::2], parts[1::2], strict=True):
            style = _restyled(style, params)
            if text:
                self._append(text, style)

    def _append(self, text: str, style: str) -> None:
        if self.styles is None:
            if style:
                self.styles = [(0, ""), (len(self.text), style)]
        elif self.styles[-1][1] != style:
            self.styles.append((len(self.text), style))
        self.text += text

    def _each_style(self) -> list[str]:
        styles = self.styles or [(0, "")]
        ends = [start for start, _ in styles[1:]] + [len(self.text)]
        each: list[str] = []
        for (start, style), end in zip(styles, ends, strict=True):
            each += [style] * (end - start)
        return each

    def cut(self, start: int, end: int | None = None) -> None:
        """Erase from `start` on, or the characters up to `end` to blanks."""
        self.unfold()
        self.is_rewritten = True
        if end is None or end >= len(self.text):
            self.text = self.text[:start]
            if self.styles is not None:
                self.styles = [run for run in self.styles if run[0] < start] or None
            return
        self.put(start, " " * (end - start), "", len(self.text))

    def rendered(self) -> str:
        """Return the row's text with its colours, which it closes itself."""
        if self.whole is not None:
            return self.whole
        text = self.text
        if self.styles is not None:
            parts = []
            end = len(text)
            for start, style in reversed(self.styles):
                if style and start < end:
                    parts += [_RESET, text[start:end], style]
                else:
                    parts.append(text[start:end])
                end = start
            text = "".join(reversed(parts))
        return text.rstrip(" ") if self.is_rewritten else text


def _runs_of(styles: list[str]) -> list[tuple[int, str]]:
    """Return where each run of equal styles starts, the first run at 0."""
    runs = [(0, "")]
    runs += [
        (index, style)
        for index, style in enumerate(styles)
        if style != (styles[index - 1] if index else "")
    ]
    return runs


class Terminal:
    """A screen without width, whose last rows can still be redrawn.

    Parameters
    ----------
    numbers
        Gives every row its number when its first character or its line end is written.
    window_rows
        How many of the last rows the cursor can go back to. None: all.
    row_limit
        The longest row in characters; what is written beyond is dropped.
    """

    def __init__(
        self, numbers: Iterator[int], *, window_rows: int | None = 100, row_limit: int = 1_000_000
    ) -> None:
        self.rows: list[Row] = [Row(0.0)]
        self.left: list[Row] = []
        self.row_index = 0
        self._column = 0
        self._style = ""
        self._numbers = numbers
        self._window_rows = window_rows
        self._row_limit = row_limit
        self._open_escape = ""
        self._now_s = 0.0

    def feed(self, text: str, now_s: float = 0.0) -> None:
        """Write `text`; an escape sequence that it leaves open waits for the next call."""
        self._now_s = now_s
        if self._open_escape:
            text = self._open_escape + text
            self._open_escape = ""
        if "\x1b" in text[-_LONGEST_OPEN_ESCAPE:] and (match := _OPEN_ESCAPE.search(text)):
            if len(match[0]) < _LONGEST_OPEN_ESCAPE:
                self._open_escape = match[0]
            text = text[: match.start()]
        if _UNUSUAL.search(text) is not None:
            self._feed_tokens(text)
            return
        *lines, last = text.split("\n")
        for line in lines:
            if "\x1b" in line:
                if not self._is_kept_whole(line):
                    self._feed_coloured(line)
            elif line:
                self._put(line)
            self._new_line()
        if last:
            self._feed_coloured(last)

    def _is_kept_whole(self, line: str) -> bool:
        """Keep a complete line that closes its colours as it is, which nearly all do."""
        row = self.rows[self.row_index]
        if (
            row.number >= 0
            or self._style
            or self._column
            or len(line) > self._row_limit
            or _SELF_CONTAINED.fullmatch(line) is None
        ):
            return False
        self._open(row)
        row.whole = line
        return True

    def _feed_coloured(self, line: str) -> None:
        """Write a line whose only escape sequences are, most likely, colours: a shorter way."""
        parts = _SGR.split(line)
        if line.count("\x1b") != len(parts) // 2:
            self._feed_tokens(line)
            return
        if parts[0]:
            self._put(parts[0])
        for index in range(1, len(parts), 2):
            self._style = _restyled(self._style, parts[index])
            if parts[index + 1]:
                self._put(parts[index + 1])

    def _feed_tokens(self, text: str) -> None:
        for token in _TOKEN.finditer(text):
            self._take(token)

    def _take(self, token: re.Match[str]) -> None:
        kind = token.lastgroup
        if kind == "text":
            self._put(token[0])
        elif kind == "newline":
            self._new_line()
        elif kind == "final":
            self._command(token["final"], token["params"])
        elif token[0] == "\r":
            self._column = 0
        elif token[0] == "\b":
            self._column = max(self._column - 1, 0)

    def _put(self, text: str) -> None:
        row = self.rows[self.row_index]
        if row.number < 0:
            self._open(row)
        if self._column < self._row_limit:
            row.put(self._column, text, self._style, self._row_limit)
        self._column += len(text)
        row.is_changed = True

    def _open(self, row: Row) -> None:
        row.number = next(self._numbers)
        row.born_s = row.sent_s = self._now_s
        row.is_changed = True

    def _new_line(self) -> None:
        row = self.rows[self.row_index]
        if row.number < 0:
            self._open(row)
        self.row_index += 1
        self._column = 0
        if self.row_index < len(self.rows):
            return
        self.rows.append(Row(self._now_s))
        if self._window_rows is not None and len(self.rows) > self._window_rows:
            self.left.append(self.rows.pop(0))
            self.row_index -= 1

    def _command(self, final: str, params: str) -> None:
        if final == "m" and params[:1] not in tuple("<=>?"):
            self._style = _restyled(self._style, params)
        elif final in "KJ" and params in ("", "0", "1", "2"):
            self._erase(final, params)
        elif final in "ABCDEFG" and (not params or params.isdigit()):
            self._move(final, max(int(params[:6] or 1), 1))

    def _erase(self, final: str, params: str) -> None:
        row = self.rows[self.row_index]
        if final == "J":
            if params not in ("", "0"):
                return
            for below in self.rows[self.row_index + 1 :]:
                below.cut(0)
                below.is_changed = below.number >= 0
        if params == "1":
            row.cut(0, self._column + 1)
        else:
            row.cut(0 if params == "2" else self._column)
        row.is_changed = row.number >= 0

    def _move(self, final: str, count: int) -> None:
        if final in "AF":
            self.row_index = max(self.row_index - count, 0)
        elif final in "BE":
            self.row_index = min(self.row_index + count, len(self.rows) - 1)
        elif final == "D":
            self._column = max(self._column - count, 0)
        else:
            target = self._column + count if final == "C" else count - 1
            row = self.rows[self.row_index]
            row.unfold()
            width = max(len(row.text), _SCREEN_WIDTH)
            self._column = min(target, width)
        if final in "EF":
            self._column = 0


def collapse(text: str) -> str:
    r"""Return what a terminal shows for `text`: progress bars in their last state.

    Parameters
    ----------
    text
        One piece of output. Text without control characters comes back unchanged.

    Returns
    -------
    str
        The lines, joined by ``\n``. Colours stay, in canonical form, each line with its own;
        other escape sequences are gone. Trailing blanks of redrawn lines are dropped.
    """
    terminal = Terminal(itertools.count(), window_rows=None, row_limit=len(text) + _SCREEN_WIDTH)
    terminal.feed(text)
    return "\n".join(row.rendered() for row in terminal.rows)
