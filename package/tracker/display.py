"""What a user sees of a run without asking: the live panel, or two lines and sparklines."""

from __future__ import annotations

import contextlib
import math
import sys
from numbers import Real
from typing import Any

from tracker.figures.sparkline import sparkline
from tracker.run.provenance import is_notebook
from tracker.run.run import Run
from tracker.store import curves as stored
from tracker.store import read
from tracker.store.store import open_store

SHOWN = 10
SPARK_WIDTH = 40
TEXT_LIMIT = 20


def show(run: Run) -> None:
    """Show that the run has begun, and see to it that its end is shown too."""
    if is_notebook() and run.settings.panel and not run.settings.silent:
        _show_panel(run)
        return
    if not run.settings.silent:
        _say(f"tracker: run {run.name} ({run.id}) of {run.project} is recorded in "
             f"{run.settings.root}")  # fmt: skip
    run.after_end(_say_goodbye)


def _show_panel(run: Run) -> None:
    from tracker.panels.live import show_live

    live = show_live(run.settings.root, run.project, run.id)
    unsubscribe = run.subscribe(live.on_flush)

    def finish(ended: Run) -> None:
        unsubscribe()
        live.finish()

    run.after_end(finish)


def _say(text: str) -> None:
    # A closed or broken terminal is no reason to fail.
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def _say_goodbye(run: Run) -> None:
    if run.is_quiet:
        return
    with contextlib.suppress(Exception):
        _say("\n".join(farewell(run)))


def farewell(run: Run) -> list[str]:
    """Return the lines shown at the end: sparklines and last values, as W&B shows them."""
    with open_store(run.settings.root).reading() as db:
        record = read.run(db, run.project, run.id)
        if record is None:
            return []
        found = [
            series
            for series in read.series(db, [record.run_key], "default")
            if series.kind != "json" and not series.key.startswith("_")
        ]
        found.sort(key=lambda series: series.key)
        chosen = found[:SHOWN]
        curves = stored.curves(db, [series.series_key for series in chosen], width=SPARK_WIDTH)
    width = max([len(s.key) for s in chosen] + [len(k) for k in list(record.summary)[:SHOWN]] + [0])
    lines = ["tracker:", "tracker: Run history:"]
    for series in chosen:
        values = curves[series.series_key].y if series.series_key in curves else []
        lines.append(f"tracker: {series.key:>{width}} {sparkline(_spread(values))}")
    lines += _more(len(found))
    lines += ["tracker:", "tracker: Run summary:"]
    shown = [(key, text) for key, value in sorted(record.summary.items())
             if not key.startswith("_") and (text := _short(value)) is not None]  # fmt: skip
    lines += [f"tracker: {key:>{width}} {text}" for key, text in shown[:SHOWN]]
    lines += _more(len(shown))
    lines += ["tracker:", f"tracker: run {run.name} ({run.id}): {run.state}, {run.url}"]
    return lines


def _spread(values: Any) -> list[float]:
    numbers = list(values)
    if len(numbers) <= SPARK_WIDTH:
        return numbers
    stride = (len(numbers) - 1) / (SPARK_WIDTH - 1)
    return [numbers[round(index * stride)] for index in range(SPARK_WIDTH)]


def _more(total: int) -> list[str]:
    return [f"tracker:      +{total - SHOWN:,} ..."] if total > SHOWN else []


def _short(value: Any) -> str | None:
    if isinstance(value, str):
        return value if len(value) <= TEXT_LIMIT else value[:TEXT_LIMIT] + "..."
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, Real):
        number = float(value)
        is_plain = number == 0 or (math.isfinite(number) and 1e-4 <= abs(number) < 1e12)
        return f"{number:.5f}".rstrip("0").rstrip(".") if is_plain else f"{number:g}"
    return None
