"""One view of a panel in one page: what it shows, and what it has been sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from tracker.figures.axes import XKind
from tracker.panels.curves.charts import Ask, Chart, Sent, Span
from tracker.panels.runs.table import Window

Send = Callable[[dict[str, Any], Sequence[bytes]], None]

_FIRST_FEW = 24
# Pages say something every 15 seconds.
_SILENCE_S = 50.0
_WIDTHS = (40, 4000)
_MAX_ROWS = 1000


@dataclass(eq=False)
class Client:
    """One view of a panel.

    Attributes
    ----------
    send : callable
        Sends a message and its buffers to the page.
    close : callable
        Ends the connection to the page.
    is_mute : bool
        Whether the page may be unable to speak while a cell is busy.
    sees_all : bool
        Whether the page cannot say which charts are on the screen: the first few count.
    is_hidden : bool
        Whether nobody can see the view now: then nothing is read for it.
    x, width
        See :class:`~tracker.panels.curves.charts.Ask`.
    visible : set of str
        Names of the charts that are on the screen.
    spans : dict of str to (float, float)
        Stretches of the x-axis that charts have been zoomed to.
    widths : dict of str to int
        Charts with another width than the others: the one shown large.
    window : Window or None
        What the page shows of the table of runs.
    questions : dict of str to dict
        What the page asked last of each panel that is not a chart.
    turns : dict of str to int
        How often each of those has been read.
    sent : dict
        What the page has, by part of the panel, to tell what is news.
    lines : dict of str to Sent
        What the page has of the lines of each chart.
    heard_s : float
        When the page last said something, on the monotonic clock.
    """

    send: Send
    close: Callable[[], None] = field(default=lambda: None)
    is_hidden: bool = False
    is_mute: bool = False
    sees_all: bool = False
    x: XKind = "step"
    width: int = 320
    has_strip: bool = True
    has_console: bool = False
    has_summary: bool = False
    visible: set[str] = field(default_factory=set)
    spans: dict[str, Span] = field(default_factory=dict)
    widths: dict[str, int] = field(default_factory=dict)
    window: Window | None = None
    questions: dict[str, dict[str, Any]] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)
    sent: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, Sent] = field(default_factory=dict)
    heard_s: float = field(default_factory=time.monotonic)

    @property
    def is_watching(self) -> bool:
        """Whether somebody can see the view: it is not hidden, and its page still speaks."""
        if self.is_hidden:
            return False
        return self.is_mute or time.monotonic() - self.heard_s < _SILENCE_S

    def look(self, message: Mapping[str, Any]) -> None:
        """Take over what the page says of itself; what is missing or wrong stays as it is."""
        self.is_hidden = bool(message.get("hidden", self.is_hidden))
        self.has_strip = bool(message.get("strip", self.has_strip))
        self.has_console = bool(message.get("console", self.has_console))
        self.has_summary = bool(message.get("summary", self.has_summary))
        for kind in get_args(XKind):
            if message.get("x") == kind != self.x:
                self.spans.clear()
                self.x = kind
        if (width := _whole(message.get("width"))) is not None:
            self.width = width
        if isinstance(visible := message.get("visible"), list):
            self.sees_all = False
            self.visible = {str(name) for name in visible}

    def zoom(self, message: Mapping[str, Any]) -> str:
        """Take over which stretch of a chart is shown, and how wide; return the chart's name."""
        name = str(message.get("chart", ""))
        low, high = message.get("low"), message.get("high")
        self.spans.pop(name, None)
        if isinstance(low, int | float) and isinstance(high, int | float) and low < high:
            self.spans[name] = (float(low), float(high))
        self.widths.pop(name, None)
        if (width := _whole(message.get("width"))) is not None:
            self.widths[name] = width
        return name

    def look_at_rows(self, message: Mapping[str, Any]) -> None:
        """Take over which rows and columns of the table are on the screen."""
        first, last = message.get("from"), message.get("to")
        if not isinstance(first, int) or not isinstance(last, int) or first < 0:
            return
        columns = _texts(message.get("columns"))
        opened = frozenset(_texts(message.get("open")))
        self.window = Window(first, min(last, first + _MAX_ROWS), columns, opened)

    def question(self, message: Mapping[str, Any]) -> None:
        """Take over what the page asks of a panel that is not a chart."""
        name = str(message.get("panel", ""))
        ask = {key: message[key] for key in message if key not in ("type", "panel", "request")}
        self.questions[name] = self.questions.get(name, {}) | ask

    def sees(self, name: str) -> bool:
        """Say whether a panel is on the screen, or may be."""
        return self.sees_all or name in self.visible

    def ask_for(self, name: str) -> Ask:
        """Return how a chart's lines are wanted."""
        return Ask(self.x, self.widths.get(name, self.width), self.spans.get(name))

    def asks(self, charts: Iterable[Chart]) -> dict[Ask, list[Chart]]:
        """Sort the charts that are on the screen by how their lines are wanted."""
        found: dict[Ask, list[Chart]] = {}
        charts = list(charts)
        visible = {chart.name for chart in charts[:_FIRST_FEW]} if self.sees_all else self.visible
        for chart in charts:
            if chart.name in visible:
                found.setdefault(self.ask_for(chart.name), []).append(chart)
        return found

    def forget(self) -> None:
        """Send everything again."""
        self.sent.clear()
        self.lines.clear()

    def forget_all_but(self, charts: Collection[str]) -> None:
        """Forget what the page has of charts that there are no more."""
        for name in self.lines.keys() - charts:
            del self.lines[name]
            for part in ("version", "lines", "face", "failed"):
                self.sent.pop(f"{part} {name}", None)

    def is_news(self, part: str, value: Any) -> bool:
        """Say whether the page has another value of a part of the panel; it is sent then."""
        if part in self.sent and self.sent[part] == value:
            return False
        self.sent[part] = value
        return True


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _whole(value: Any) -> int | None:
    if not isinstance(value, int | float) or value != value:
        return None
    return int(min(max(value, _WIDTHS[0]), _WIDTHS[1]))
