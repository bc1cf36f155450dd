"""What TensorBoard's events say, as values that are logged here.

One module for all who read such events: the import of files, and runs that follow them.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np

from tracker.exchange import wire
from tracker.exchange.elsewhere import LOST
from tracker.exchange.tensors import read_tensor

_TEXT_SUFFIX: Final = "/text_summary"  # which PyTorch adds
_MOST_BINS: Final = 512
_STATES: Final = {1: "finished", 2: "failed"}
# Fields of Event that are parts of a program rather than values.
_PROGRAM: Final = {4: "graphs of models", 9: "graphs of models", 8: "profiles"}


@dataclass(slots=True)
class Event:
    """Values that were logged at one moment.

    Attributes
    ----------
    time_s : float
        Seconds since the epoch.
    step : int
    values : dict
        Numbers, or callables that make media, by tag; a callable returns LOST if it cannot.
    hparams : dict
        Hyperparameters.
    """

    time_s: float
    step: int
    values: dict[str, Any] = field(default_factory=dict)
    hparams: dict[str, Any] = field(default_factory=dict)


class Events:
    """Decodes the events of one run, in order.

    Attributes
    ----------
    state : str or None
        How the run ended, where it says so.
    lost : Counter of str
        What could not be read, in words.
    """

    def __init__(self, lost: Counter[str] | None = None) -> None:
        self.state: str | None = None
        self.lost: Counter[str] = Counter() if lost is None else lost
        # Only the first event of a tag says what it is.
        self._kinds: dict[str, str] = {}

    def decode(self, record: bytes) -> Event:
        """Return what a record says; an event without values where that is nothing.

        Raises
        ------
        WireError
            If it is no event.
        """
        event = Event(0.0, 0)
        for number, value in wire.fields(record):
            if number == 1:
                event.time_s = wire.double(value)
            elif number == 2:
                event.step = wire.signed(value)
            elif number == 5 and isinstance(value, bytes):
                for each, content in wire.fields(value):
                    if each == 1 and isinstance(content, bytes):
                        self._take(content, event)
            elif number in _PROGRAM:
                self.lost[_PROGRAM[number]] += 1
        return event

    def _take(self, content: bytes, event: Event) -> None:
        tag, scalar, found = "", None, None
        for number, value in wire.fields(content):
            if number == 1:
                tag = wire.as_text(value)
            elif number == 2:
                scalar = wire.single(value)
            else:
                found = found or wire.read(content)
        if found is not None and 9 in found:
            plugin = wire.message(wire.message(found, 9), 1)
            kind = self._kinds.setdefault(tag, wire.text(plugin, 1))
            if kind == "hparams":
                self._take_hparams(plugin, event)
                return
        if scalar is not None:
            event.values[tag] = scalar
        elif found is not None:
            value = self._made(tag, found)
            if value is not LOST:
                event.values[tag.removesuffix(_TEXT_SUFFIX)] = value

    def _made(self, tag: str, found: wire.Fields) -> Any:
        for number, make in _CLASSIC.items():
            if number in found:
                return partial(self._safely, make, wire.message(found, number))
        kind = self._kinds.get(tag, "")
        if 8 in found:
            tensor = wire.message(found, 8)
            if kind in _PLUGINS:
                return partial(self._safely, _PLUGINS[kind], tensor)
            if kind == "pr_curves":
                return partial(self._safely, partial(_curve, tag), tensor)
            if kind in ("", "scalars"):
                return self._scalar(tensor)
        self.lost[f"values of the plugin {kind or 'unknown'}"] += 1
        return LOST

    def _scalar(self, tensor: wire.Fields) -> Any:
        try:
            value = read_tensor(tensor)
        except ValueError:
            value = np.zeros(0)
        if value.size != 1 or value.dtype.kind not in "fiub":
            self.lost["tensors"] += 1
            return LOST
        return value.reshape(()).item()

    def _safely(self, make: Callable[[wire.Fields], Any], found: wire.Fields) -> Any:
        try:
            return make(found)
        except Exception:  # noqa: BLE001 - the other values are worth reading
            self.lost["media that cannot be read"] += 1
            return LOST

    def _take_hparams(self, plugin: wire.Fields, event: Event) -> None:
        content = wire.message(plugin, 2)
        for entry in wire.messages(wire.message(content, 3), 1):
            event.hparams[wire.text(entry, 1)] = _hparam(wire.message(entry, 2))
        if 4 in content:
            self.state = _STATES.get(wire.integer(wire.message(content, 4), 1))


def _hparam(value: wire.Fields) -> Any:
    """Return a google.protobuf.Value."""
    if 2 in value:
        return wire.double(value[2][-1])
    if 3 in value:
        return wire.text(value, 3)
    return bool(wire.integer(value, 4)) if 4 in value else None


# --- media, from their own messages and from tensors


def _image(found: wire.Fields) -> Any:
    return _picture(_content(found, 4))


def _picture(content: bytes) -> Any:
    """Return an image; films are written as images that move."""
    if content.startswith(b"GIF8"):
        from tracker.media.video import Video

        return Video(io.BytesIO(content), format="gif")
    from tracker.media.image import Image

    return Image(io.BytesIO(content))


def _audio(found: wire.Fields) -> Any:
    from tracker.media.audio import Audio

    return Audio(io.BytesIO(_content(found, 4)))


def _content(found: wire.Fields, number: int) -> bytes:
    content = found[number][-1]
    return content if isinstance(content, bytes) else b""


def _histogram(found: wire.Fields) -> Any:
    low, high = (wire.double(found.get(number, [b""])[-1]) for number in (1, 2))
    counts, limits = _doubles(found, 7), _doubles(found, 6)
    edges = np.clip(np.concatenate([[low], limits]), low, high)
    return _as_histogram(counts, edges)


def _doubles(found: wire.Fields, number: int) -> Any:
    packed = b"".join(value for value in found.get(number, ()) if isinstance(value, bytes))
    return np.frombuffer(packed, dtype="<f8")


def _as_histogram(counts: Any, edges: Any) -> Any:
    """Return a histogram without bins of no width, and of at most 512 bins."""
    from tracker.media.histogram import Histogram

    if edges[0] == edges[-1]:
        return Histogram(np_histogram=([counts.sum()], [edges[0] - 0.5, edges[0] + 0.5]))
    # What lies at an edge belongs to the next bin that has a width, the last to the one before.
    is_wide = np.diff(edges) > 0
    starts = np.flatnonzero(is_wide)
    owners = np.minimum(np.cumsum(is_wide) - is_wide, len(starts) - 1)
    counts = np.bincount(owners, weights=counts, minlength=len(starts))
    edges = np.append(edges[starts], edges[-1])
    while len(counts) > _MOST_BINS:
        if len(counts) % 2:
            counts, edges = np.append(counts, 0), np.append(edges, np.nextafter(edges[-1], np.inf))
        counts, edges = counts.reshape(-1, 2).sum(axis=1), edges[::2]
    return Histogram(np_histogram=(counts.tolist(), edges.tolist()))


def _tensor_histogram(tensor: wire.Fields) -> Any:
    bins = read_tensor(tensor).reshape(-1, 3)
    return _as_histogram(bins[:, 2], np.append(bins[:, 0], bins[-1, 1]))


def _tensor_images(tensor: wire.Fields) -> Any:
    # Width and height as text come first.
    images = [_picture(content) for content in _strings(tensor)[2:]]
    return images if len(images) != 1 else images[0]


def _tensor_audio(tensor: wire.Fields) -> Any:
    from tracker.media.audio import Audio

    # Each with a label, which is no longer used.
    sounds = [Audio(io.BytesIO(content)) for content in _strings(tensor)[::2]]
    return sounds if len(sounds) != 1 else sounds[0]


def _tensor_text(tensor: wire.Fields) -> Any:
    from tracker.media.text import Text

    return Text("\n".join(content.decode("utf-8", "replace") for content in _strings(tensor)))


def _curve(tag: str, tensor: wire.Fields) -> Any:
    """Return a precision-recall curve as W&B draws it."""
    from tracker.media.table import Table
    from tracker.plot.custom import plot_table

    *_, precision, recall = read_tensor(tensor).tolist()
    points = [[r, p] for r, p in zip(recall, precision, strict=True) if r or p]
    points.sort(key=lambda point: (point[0], -point[1]))
    table = Table(columns=["recall", "precision"], data=points)
    fields, title = {"x": "recall", "y": "precision"}, f"{tag} Precision v. Recall"
    return plot_table("wandb/line/v0", table, fields, {"title": title})


def _strings(tensor: wire.Fields) -> list[bytes]:
    return [value for value in tensor.get(8, ()) if isinstance(value, bytes)]


_CLASSIC: Final = {4: _image, 5: _histogram, 6: _audio}
_PLUGINS: Final = {
    "audio": _tensor_audio,
    "histograms": _tensor_histogram,
    "images": _tensor_images,
    "text": _tensor_text,
}


def follow(records: Iterator[bytes], events: Events) -> Iterator[Event]:
    """Yield the events of records that say something; those that are no events are counted."""
    for record in records:
        try:
            event = events.decode(record)
        except wire.WireError:
            events.lost["events that cannot be read"] += 1
            continue
        if event.values or event.hparams:
            yield event
