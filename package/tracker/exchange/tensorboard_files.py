"""Writes runs as TensorBoard's event files."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from tracker.errors import TrackerError
from tracker.exchange import wire
from tracker.exchange.tfrecord import join
from tracker.media.loading import load
from tracker.records import RunRecord, Series
from tracker.store.files.objects import Objects
from tracker.store.reading import copying, read
from tracker.store.store import Store

_UNSAFE: Final = re.compile(r"[^\w.-]+")
_STRING: Final = 7  # DT_STRING
_PAGE: Final = 100_000
_SUCCESS, _FAILURE, _RUNNING = 1, 2, 3


def write_run(store: Store, record: RunRecord, folder: Path, lost: Counter[str]) -> Path:
    """Write a run into a folder of its own below `folder`; return the event file.

    Parameters
    ----------
    store : Store
    record : RunRecord
        The run.
    folder : Path
    lost : Counter
        Where to count what TensorBoard cannot show.
    """
    began_s = record.created_at.timestamp()
    name = _UNSAFE.sub("_", record.name).strip("._") or "run"
    place = folder / f"{name}-{_UNSAFE.sub('_', record.run_id)}"
    place.mkdir(parents=True, exist_ok=True)
    # Named as TensorBoard looks for it, and the same each time.
    safe_id = _UNSAFE.sub("_", record.run_id)
    target = place / f"events.out.tfevents.{int(began_s):010d}.tracker.{safe_id}"
    partial = target.with_name(f".{place.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(join([_event(began_s, 0, wire.field(3, "brain.Event:2"))]))
            file.write(join(_hparams(record, began_s)))
            with store.reading() as db:
                series = read.series(db, [record.run_key], "default")
            for each in series:
                for part in _series(store, each, lost):
                    file.write(part)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _event(time_s: float, step: int, content: bytes) -> bytes:
    return wire.field(1, time_s) + wire.field(2, step) + content


def _summary(value: bytes) -> bytes:
    return wire.field(5, wire.field(1, value))


def _series(store: Store, series: Series, lost: Counter[str]) -> Iterator[bytes]:
    if series.kind == "json":
        yield from _values(store, series, lost)
        return
    with store.reading() as db:
        steps, times_us, numbers = copying.read_points(db, series.series_key)
    tag = wire.field(1, series.key)
    # All that differs between two points is of fixed length, but for the step.
    head = wire.varint(2 << 3 | wire.FIXED32)
    scalars = numbers.astype("<f4").tobytes()
    for start in range(0, len(steps), _PAGE):
        contents = [
            _event(times_us[place] / 1e6, int(steps[place]),
                   _summary(tag + head + scalars[4 * place : 4 * place + 4]))
            for place in range(start, min(start + _PAGE, len(steps)))
        ]  # fmt: skip
        yield join(contents)


def _values(store: Store, series: Series, lost: Counter[str]) -> Iterator[bytes]:
    objects = Objects(store.objects_dir)
    with store.reading() as db:
        found = copying.read_values(db, series.series_key)
    for step, time_us, value in found:
        try:
            loaded = load(value, objects)
        except TrackerError:
            lost["media that cannot be read"] += 1
            continue
        items = loaded if isinstance(loaded, list) else [loaded]
        for place, item in enumerate(items):
            tag = f"{series.key}/{place}" if len(items) > 1 else series.key
            content = _value(tag, item, lost)
            if content is not None:
                yield join([_event(time_us / 1e6, step, _summary(content))])


def _value(tag: str, item: Any, lost: Counter[str]) -> bytes | None:
    """Return a value as TensorBoard has it, None where it has nothing of the kind."""
    kind = getattr(item, "type_name", None)
    if isinstance(item, bool | int | float):
        return wire.field(1, tag) + wire.single_field(2, float(item))
    if isinstance(item, str):
        return _text(tag, item)
    make = _MAKERS.get(kind) if isinstance(kind, str) else None
    if make is None:
        lost[f"values of the type {kind or type(item).__name__}"] += 1
        return None
    return make(tag, item)


# --- media


def _text(tag: str, text: str) -> bytes:
    shape = wire.field(2, wire.field(1, 1))
    tensor = wire.field(1, _STRING) + wire.field(2, shape) + wire.field(8, text)
    return wire.field(1, tag) + wire.field(8, tensor) + _plugin("text")


def _plugin(name: str, content: bytes = b"") -> bytes:
    told = wire.field(1, name) + (wire.field(2, content) if content else b"")
    return wire.field(9, wire.field(1, told))


def _image(tag: str, image: Any) -> bytes:
    content = image.content
    if image.format not in ("png", "jpg", "jpeg"):
        with io.BytesIO() as made:
            image.image.save(made, "PNG")
            content = made.getvalue()
    told = wire.field(1, int(image.height)) + wire.field(2, int(image.width)) + wire.field(3, 3)
    return wire.field(1, tag) + wire.field(4, told + wire.field(4, content))


def _audio(tag: str, audio: Any) -> bytes:
    told = (
        wire.single_field(1, float(audio.sample_rate or 0))
        + wire.field(2, int(audio.channels or 1))
        + wire.field(3, int((audio.duration_s or 0) * (audio.sample_rate or 0)))
        + wire.field(4, audio.content)
        + wire.field(5, f"audio/{audio.format}")
    )
    return wire.field(1, tag) + wire.field(6, told)


def _histogram(tag: str, histogram: Any) -> bytes:
    counts = np.asarray(histogram.histogram, dtype="<f8")
    edges = np.asarray(histogram.bins, dtype="<f8")
    middles = (edges[:-1] + edges[1:]) / 2  # what there was is known no better
    total = float(counts @ middles)
    squares = float(counts @ middles**2)
    told = (
        wire.field(1, float(edges[0])) + wire.field(2, float(edges[-1]))
        + wire.field(3, float(counts.sum())) + wire.field(4, total) + wire.field(5, squares)
        + wire.field(6, edges[1:].tobytes()) + wire.field(7, counts.tobytes())
    )  # fmt: skip
    return wire.field(1, tag) + wire.field(5, told)


def _text_media(tag: str, text: Any) -> bytes:
    return _text(tag, text.text)


_MAKERS: Final = {
    "audio-file": _audio,
    "histogram": _histogram,
    "image-file": _image,
    "text-file": _text_media,
}


# --- hyperparameters


def _hparams(record: RunRecord, began_s: float) -> list[bytes]:
    """Return the events that say what the config was, and how the run ended."""
    values = dict(_flat(record.config))
    if not values:
        return []
    entries = [
        wire.field(1, wire.field(1, key) + wire.field(2, _hparam(value)))
        for key, value in values.items()
    ]
    start = wire.field(3, b"".join(entries) + wire.field(5, began_s))
    states = {"finished": _SUCCESS, "running": _RUNNING}
    ended_s = (record.ended_at or record.updated_at).timestamp()
    end = wire.field(4, wire.field(1, states.get(record.state, _FAILURE)) + wire.field(2, ended_s))
    return [
        _event(time_s, 0, _summary(wire.field(1, tag) + _plugin("hparams", content)))
        for time_s, tag, content in (
            (began_s, "_hparams_/session_start_info", start),
            (ended_s, "_hparams_/session_end_info", end),
        )
    ]


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{key}.")
        else:
            yield above + key, value


def _hparam(value: Any) -> bytes:
    if isinstance(value, bool):
        return wire.field(4, int(value))
    if isinstance(value, int | float):
        return wire.field(2, float(value))
    return wire.field(3, value if isinstance(value, str) else repr(value))
