"""Media of one key: of each run, at one step or over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tracker.figures.histogram import counts_of
from tracker.panels.media.items import LIGHT, describe, flat, kind_of
from tracker.panels.media.shown import show, show_figure
from tracker.panels.runs.runset import Run, RunSet
from tracker.panels.views import Field, ViewMessage, Work
from tracker.panels.views.choices import compared
from tracker.panels.views.distribution import distribution_of, histograms_over_steps
from tracker.store.database.connection import Connection
from tracker.store.files.objects import Objects
from tracker.store.reading import logged
from tracker.store.reading.logged import Logged

MOST_RUNS: Final = 20
# So many figures, pages or tables are drawn beside each other.
MOST_HEAVY: Final = 6
# Up to so many values a page has all steps of, and moves through them without the kernel.
MOST_VALUES: Final = 1500
MOST_STEPS: Final = 3000


class MediaView:
    """Images, sounds, films, tables, pages and figures that were logged under a key."""

    kind = "media"
    title = "Media"
    fields = (Field("key", "Key", "text", hint="val/samples"),)

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return a panel without a key."""
        return {"title": "", "width": 6, "key": ""}

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str]:
        """Return the key."""
        return frozenset({str(spec.get("key") or "")})

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage | Work:
        """Return the media at the step that was asked for, the last one by default."""
        key = str(spec.get("key") or "")
        runs = compared(runset)[:MOST_RUNS]
        by_key = {run.key: run for run in runs}
        known = {one.key: one for one in logged.media_keys(db, list(by_key), key)}
        if key not in known:
            text = (
                f"No run that is drawn has logged media under {key!r}." if key else "Choose a key."
            )
            return ViewMessage("trouble", {"text": text})
        kind = kind_of(known[key].type)
        steps = logged.media_steps(db, list(by_key), key)
        step = _chosen(ask.get("step"), steps)
        content = {
            "key": key,
            "kind": kind,
            "runs": [{"id": run.id, "name": run.name[:200], "colour": run.colour} for run in runs],
            "baseline": runset.baseline.id if runset.baseline else None,
            "steps": _thinned(steps),
            "step": step,
        }
        if kind in LIGHT:
            values = _window(db, list(by_key), key, steps, step, known[key].count)
            return ViewMessage("media", content | {"cells": _cells(values, by_key)})
        if known[key].type == "histogram":
            return _histograms(db, content, runs, ask.get("step"))
        values = logged.media_at(db, list(by_key), key, step)
        shown = [(by_key[value.run_key], value) for value in values]
        shown.sort(key=lambda pair: runs.index(pair[0]))
        if kind == "table":
            shown = [pair for pair in shown if pair[0].id == ask.get("run")][:1] or shown[:1]
            content["run"] = shown[0][0].id
        files = Objects(runset.objects_dir)
        return lambda: _heavy(content, shown, files, ask.get("table") or {})


def _heavy(
    content: dict[str, Any],
    shown: Sequence[tuple[Run, Logged]],
    files: Objects,
    table: Mapping[str, Any],
) -> ViewMessage:
    """Draw figures, pages and tables, which needs files and takes a while."""
    cells = [
        {
            "run": run.id,
            "step": value.step,
            "items": [show(one, files, table) for one in flat(value.reference)[:MOST_HEAVY]],
        }
        for run, value in shown[:MOST_HEAVY]
    ]
    return _packed(content | {"more": max(0, len(shown) - MOST_HEAVY)}, cells)


def _histograms(
    db: Connection, content: dict[str, Any], runs: Sequence[Run], step: int | None
) -> Work:
    """Draw the histograms of all runs over their steps, or those of one step, as one figure."""
    key = content["key"]
    if step is None:
        found, x_key = histograms_over_steps(db, runs, key)
    else:
        by_key = {run.key: run for run in runs}
        values = logged.media_at(db, list(by_key), key, content["step"])
        at_step = [(by_key[each.run_key], counts_of(each.step, each.reference)) for each in values]
        found, x_key = [(run, [counts]) for run, counts in at_step if counts], None

    def draw() -> ViewMessage:
        item = show_figure(lambda: distribution_of(found, key, x_key))
        cell = {"run": "", "step": content["step"], "items": [item]}
        return _packed(content | {"is_over_steps": step is None}, [cell])

    return draw


def _packed(content: dict[str, Any], cells: list[dict[str, Any]]) -> ViewMessage:
    """Return a message in which large texts and figures are buffers."""
    buffers: list[bytes] = []
    for cell in cells:
        for item in cell["items"]:
            if "large" in item:
                buffers.append(item["large"])
                item["large"] = len(buffers) - 1
    return ViewMessage("media", content | {"cells": cells}, buffers)


def _chosen(asked: Any, steps: Sequence[int]) -> int:
    """Return the last step up to the one that was asked for."""
    if not isinstance(asked, int) or isinstance(asked, bool):
        return steps[-1]
    return max((step for step in steps if step <= asked), default=steps[0])


def _thinned(steps: list[int]) -> list[int]:
    if len(steps) <= MOST_STEPS:
        return steps
    stride = -(-len(steps) // MOST_STEPS)
    return sorted({*steps[::stride], steps[-1]})


def _window(
    db: Connection, runs: list[int], key: str, steps: list[int], step: int, count: int
) -> list[Logged]:
    """Return all values, or where there are too many those around a step."""
    if count <= MOST_VALUES:
        return logged.media_between(db, runs, key, steps[0], steps[-1])
    half = max(1, MOST_VALUES * len(steps) // (2 * count))
    place = steps.index(step)
    first, last = steps[max(0, place - half)], steps[min(len(steps) - 1, place + half)]
    return logged.media_between(db, runs, key, first, last)


def _cells(values: Sequence[Logged], runs: Mapping[int, Run]) -> list[dict[str, Any]]:
    return [
        {
            "run": runs[value.run_key].id,
            "step": value.step,
            "items": [describe(one) for one in flat(value.reference)],
        }
        for value in values
    ]
