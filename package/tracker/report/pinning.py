"""Pins run sets and blocks: what they read is kept as an object of the store, by its content."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import zstandard

from tracker.errors import NotFoundError, StoreError
from tracker.records import CellRecord, Curve, MetricRule, RunRecord, Series
from tracker.report.answers import Answered, Rows, Version, ask, question_of
from tracker.report.drawing import draw_all
from tracker.report.manuscript import Manuscript
from tracker.report.pin import Pin
from tracker.report.runset import PanelGrid, Runset
from tracker.report.scene import Scene
from tracker.report.source import LiveSource, PinnedSource, Shot, Source, naming

_VERSION = 1
_SIZE_LIMIT_BYTES = 1 << 29


class _Points(msgspec.Struct, array_like=True):
    """A curve, with its numbers as bytes."""

    series_key: int
    run_key: int
    key: str
    x: bytes
    y: bytes
    total: int
    is_exact: bool


class _Kept(msgspec.Struct):
    """What a pinned run set's object holds: answers by the name of their question."""

    version: int
    time: str
    answers: dict[str, msgspec.Raw]


# How the answers of each question are read back.
_TYPES: dict[str, Any] = {
    "runs": list[RunRecord],
    "series": list[Series],
    "rules": dict[int, list[MetricRule]],
    "curves": list[_Points],
    "expression": list[_Points],
    "columns": dict[str, tuple[str, bytes]],
    "media": list[Shot],
    "cells": dict[int, list[CellRecord]],
    "code": dict[int, dict[str, str]],
    "sql": Rows,
    "artifact": Version,
}


def source_of(report: Manuscript, runset: Runset) -> Source:
    """Return where the panels over a run set read."""
    if runset.pin is not None:
        path = report.objects.path(runset.pin.sha256)
        return PinnedSource(_decode(path.read_bytes()), runset.pin.time)
    return LiveSource(report.store, report.project_of(runset), runset)


def answer_of(report: Manuscript, block: Answered) -> Any:
    """Return what a block shows: what it gave when it was pinned, else what the store has now.

    Raises
    ------
    TrackerError
        If the store cannot tell, or the block was pinned with another question.
    """
    if block.pin is None:
        return ask(report, block)
    known = _decode(report.objects.path(block.pin.sha256).read_bytes())
    kind, *rest = question_of(report, block)
    found = known.get(naming(kind, rest))
    if found is None:
        raise NotFoundError(
            f"The block was pinned on {block.pin.time[:10]} and has changed since: "
            "report.unpin() and report.pin() read it anew."
        )
    return found


def pin_block(report: Manuscript, block: Answered, *, only_wanted: bool) -> None:
    """Ask what a block shows, and keep it, if it is not pinned yet.

    Parameters
    ----------
    report : Manuscript
    block : SQLBlock or ArtifactBlock
    only_wanted : bool
        Leave a block that follows the store as it is.
    """
    if block.pin is not None or (only_wanted and block.follow):
        return
    kind, *rest = question_of(report, block)
    time = datetime.now(UTC).isoformat(timespec="seconds")
    content = _encode({naming(kind, rest): ask(report, block)}, time)
    block.pin, block.follow = Pin(report.objects.put_bytes(content), time), False


def pin_grid(report: Manuscript, grid: PanelGrid, *, only_wanted: bool) -> None:
    """Read what the panels of a grid draw, and keep it for each run set that is not pinned yet.

    Parameters
    ----------
    report : Manuscript
    grid : PanelGrid
    only_wanted : bool
        Leave run sets that follow live runs as they are.
    """
    wanted = [
        each for each in grid.runsets if each.pin is None and not (only_wanted and each.follow)
    ]
    if not wanted:
        return
    sources = [source_of(report, each) for each in grid.runsets]
    draw_all(Scene(report, grid, sources))
    time = datetime.now(UTC).isoformat(timespec="seconds")
    for runset, source in zip(grid.runsets, sources, strict=True):
        if isinstance(source, LiveSource) and any(runset is each for each in wanted):
            sha256 = report.objects.put_bytes(_encode(source.answers, time))
            runset.pin = Pin(sha256, time, [run.run_id for run in source.runs()])
            runset.follow = False


def _encode(answers: dict[str, Any], time: str) -> bytes:
    told = {
        name: msgspec.Raw(msgspec.msgpack.encode(_packed(answer)))
        for name, answer in sorted(answers.items())
    }
    packed = msgspec.msgpack.encode(_Kept(_VERSION, time, told))
    return zstandard.ZstdCompressor(level=9).compress(packed)


def _decode(content: bytes) -> dict[str, Any]:
    try:
        if zstandard.frame_content_size(content) > _SIZE_LIMIT_BYTES:
            raise ValueError("it says to be larger than 512 MB")
        packed = zstandard.ZstdDecompressor().decompress(content, max_output_size=_SIZE_LIMIT_BYTES)
        kept = msgspec.msgpack.decode(packed, type=_Kept)
        return {name: _unpacked(name, raw) for name, raw in kept.answers.items()}
    except (zstandard.ZstdError, msgspec.MsgspecError, KeyError, ValueError) as error:
        raise StoreError(f"What was pinned cannot be read: {error}.") from error


def _packed(answer: Any) -> Any:
    if isinstance(answer, list) and answer and isinstance(answer[0], Curve):
        return [
            _Points(c.series_key, c.run_key, c.key, _bytes(c.x), _bytes(c.y), c.total, c.is_exact)
            for c in answer
        ]
    if isinstance(answer, dict) and "series_key" in answer:
        return {name: (array.dtype.str, array.tobytes()) for name, array in answer.items()}
    return answer


def _unpacked(name: str, raw: msgspec.Raw) -> Any:
    question = msgspec.json.decode(name)[0]
    decode: Callable[..., Any] = msgspec.msgpack.decode
    answer = decode(raw, type=_TYPES[question], strict=False)
    if question == "columns":
        return {name: np.frombuffer(data, dtype) for name, (dtype, data) in answer.items()}
    if question not in ("curves", "expression"):
        return answer
    return [
        Curve(p.series_key, p.run_key, p.key, _array(p.x), _array(p.y), p.total, p.is_exact)
        for p in answer
    ]


def _bytes(array: Any) -> bytes:
    return bytes(np.ascontiguousarray(array, dtype="<f8").tobytes())


def _array(content: bytes) -> Any:
    return np.frombuffer(content, dtype="<f8")
