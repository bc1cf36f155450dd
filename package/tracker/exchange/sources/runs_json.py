"""Runs that ``tracker export`` wrote as JSON: all that they say of themselves, but media."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from tracker.errors import UsageError
from tracker.exchange.choices import Choices
from tracker.exchange.elsewhere import Elsewhere, Item, Row
from tracker.exchange.times import as_time_us
from tracker.exchange.words import as_project, as_run_id, as_tags
from tracker.run.values import RESERVED_KEYS

FORMAT: Final = "runs"
_WORDS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_STATES: Final = ("finished", "failed", "crashed", "stopped")
_HEAD_BYTES: Final = 64
_SIGN: Final = b'"project"'


def is_here(source: Path) -> bool:
    """Say whether a path leads to such a file."""
    if not source.is_file() or source.suffix.lower() != ".json":
        return False
    with source.open("rb") as file:
        head = file.read(_HEAD_BYTES).split()
    return head[:2] == [b"[", b"{" + _SIGN + b":"]


def find(source: Path, choices: Choices) -> Iterator[Elsewhere]:
    """Yield the runs of a file.

    Raises
    ------
    UsageError
        If it cannot be read, or has something else.
    """
    try:
        told = json.loads(source.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{source} cannot be read as runs: {error}.") from error
    for place, run in enumerate(told if isinstance(told, list) else [told], 1):
        if not isinstance(run, dict) or not isinstance(run.get("history"), list):
            raise UsageError(f"{source} cannot be read as runs: entry {place} is none.")
        yield _run(source, run, choices)


def _run(source: Path, run: dict[str, Any], choices: Choices) -> Elsewhere:
    told = source.stat()
    run_id, state = str(run.get("run_id") or source.stem), run.get("state")
    found = Elsewhere(
        FORMAT,
        run_id,
        f"{told.st_size}-{told.st_mtime_ns}",
        as_project(choices.project or str(run.get("project") or "")),
        as_run_id(run_id),
        choices.name or str(run.get("name") or run_id),
        partial(_items, history=run["history"]),
        started_us=as_time_us(run.get("created_at")) or int(told.st_mtime * 1e6),
        ended_us=as_time_us(run.get("ended_at")),
        # A run that was going on then is over here.
        state=str(state) if state in _STATES else "crashed",
        exit_code=run["exit_code"] if isinstance(run.get("exit_code"), int) else 0,
        tags=as_tags(run.get("tags")),
    )
    for field in ("group", "job_type", "notes"):
        setattr(found, field, str(run[field]) if run.get(field) else None)
    for field in ("config", "summary", "metadata"):
        setattr(found, field, _numbers(run[field]) if isinstance(run.get(field), dict) else {})
    found.summary = {k: v for k, v in found.summary.items() if not _is_media(v)}
    found.metadata.pop("imported", None)
    return found


def _items(source: Elsewhere, history: list[Any]) -> Iterator[Item]:
    for row in history:
        if not isinstance(row, dict) or not isinstance(row.get("_step"), int):
            source.lost["rows that cannot be read"] += 1
            continue
        values = {
            key: _WORDS.get(value, value) if isinstance(value, str) else value
            for key, value in row.items()
            if key not in RESERVED_KEYS
        }
        media = [key for key, value in values.items() if _is_media(value)]
        if media:
            source.lost["media, whose files are not in JSON"] += len(media)
            for key in media:
                del values[key]
        if values:
            time_us = as_time_us(row.get("_timestamp")) or source.started_us
            yield Row(row["_step"], time_us, values)


def _is_media(value: Any) -> bool:
    return isinstance(value, dict) and "_type" in value


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return _WORDS.get(value, value) if isinstance(value, str) else value
