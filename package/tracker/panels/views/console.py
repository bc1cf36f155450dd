"""What a run printed, with search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.panels.runs.runset import RunSet
from tracker.panels.views import ViewMessage
from tracker.panels.views.choices import offered, the_run
from tracker.store.database.connection import Connection
from tracker.store.reading.console_lines import read_lines

_LINES = 300
_MOST_LINES = 2000
_TEXT = 4000


class ConsoleView:
    """The console of one run at a time; the page asks for stretches of it."""

    kind = "console"
    title = "Console"
    fields = ()

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return the console of the first run that is drawn."""
        return {"title": "Console", "width": 12}

    def keys(self, spec: Mapping[str, Any]) -> None:
        """Return that any news concern it: lines come without keys."""
        return

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage:
        """Return the lines that the page asked for, by default the last ones."""
        run = the_run(runset, ask, spec)
        if run is None:
            return ViewMessage("console", {"runs": [], "run": "", "total": 0, "first": 0})
        first, count = _whole(ask.get("first")), _whole(ask.get("count")) or _LINES
        search = str(ask.get("search") or "")[:200]
        found = read_lines(db, run.key, first, min(count, _MOST_LINES), search)
        return ViewMessage(
            "console",
            {
                "runs": offered(runset),
                "run": run.id,
                "search": search,
                "total": found.total,
                "first": found.first,
                "lines": [[number, stream, text[:_TEXT]] for number, stream, text in found.lines],
            },
        )


def _whole(value: Any) -> int | None:
    return max(0, int(value)) if isinstance(value, int | float) and value - value == 0 else None
