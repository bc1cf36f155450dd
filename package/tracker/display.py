"""What a user sees of a run without asking: the live panel, or two lines and sparklines."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Sequence
from numbers import Real
from typing import Any

from tracker.errors import StoreError, warn
from tracker.figures.sparkline import sparkline
from tracker.run.provenance import is_notebook
from tracker.run.run import Run
from tracker.store.reading import read
from tracker.store.reading.run_rows import hidden_keys
from tracker.store.series import curves as stored
from tracker.store.store import open_store

SHOWN = 10
SPARK_WIDTH = 40
TEXT_LIMIT = 20
INDENT = 4


def show(run: Run) -> None:
    """Show that the run has begun, and see to it that its end is shown too."""
    if run.settings.silent:
        return
    if is_notebook() and run.settings.panel:
        try:
            _show_panel(run)
        except Exception as error:  # noqa: BLE001 - a broken front end must not end a training
            warn(f"The live panel of run {run.id} cannot be shown: {error!r}.")
        return
    _say(f"tracker: run {run.name} ({run.id}) of {run.project} is recorded in {run.settings.root}")
    run.after_end(_say_goodbye)


def _show_panel(run: Run) -> None:
    from tracker.panels.live import show_live

    # So that the panel, and what is saved if the kernel dies within a second, name the run.
    with contextlib.suppress(StoreError):
        run.flush()
    live = show_live(run.settings.root, run.project, run.id)
    unsubscribe = run.subscribe(live.on_flush)

    def finish(ended: Run) -> None:
        unsubscribe()
        live.finish()

    run.after_end(finish)


def _say(text: str) -> None:
    # A notebook shows stderr as if something had gone wrong. A closed or broken terminal is no
    # reason to fail.
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stdout if is_notebook() else sys.stderr, flush=True)


def _say_goodbye(run: Run) -> None:
    if run.is_quiet:
        return
    with contextlib.suppress(Exception):
        _say("\n".join(f"tracker: {line}".rstrip() for line in farewell(run)))


def farewell(run: Run) -> list[str]:
    """Return the lines shown at the end: sparklines and last values, as W&B shows them."""
    with open_store(run.settings.root).reading() as db:
        record = read.run(db, run.project, run.id)
        if record is None:
            return []
        found = {
            series.key: series.series_key
            for series in read.series(db, [record.run_key], "default")
            if series.kind != "json" and not series.key.startswith("_")
        }
        for key in hidden_keys(db, dict.fromkeys(found, record.run_key)):
            del found[key]
        shown = sorted(found)[:SHOWN]
        curves = stored.curves(db, [found[key] for key in shown], width=SPARK_WIDTH)
    history = [(key, sparkline(curves[found[key]].y, SPARK_WIDTH)) for key in shown]
    summary = [
        (key, text)
        for key, value in sorted(record.summary.items())
        if not key.startswith("_") and (text := _short(value)) is not None
    ]
    return [
        "",
        *_grid("Run history:", history, len(found)),
        *_grid("Run summary:", summary[:SHOWN], len(summary)),
        f"run {run.name} ({run.id}): {run.state}, {run.url}",
    ]


def _grid(title: str, rows: Sequence[tuple[str, str]], total: int) -> list[str]:
    if not rows:
        return []
    rows = list(rows)
    if total > SHOWN:
        rows.append((f"+{total - SHOWN:,}", "..."))
    width = max(len(key) for key, _ in rows) + INDENT
    return [title, *(f"{key:>{width}} {text}" for key, text in rows), ""]


def _short(value: Any) -> str | None:
    if isinstance(value, str):
        return value if len(value) <= TEXT_LIMIT else value[:TEXT_LIMIT] + "..."
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Real):
        number = float(value)
        is_plain = number == 0 or (math.isfinite(number) and 1e-4 <= abs(number) < 1e12)
        return f"{number:.5f}".rstrip("0").rstrip(".") if is_plain else f"{number:g}"
    return None
