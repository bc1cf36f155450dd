"""What a page is told of logged media: which files, and what lies over an image.

References come from the store, which anybody may have written: nothing in one is taken for
granted, and a part that is not understood is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tracker.panels.curves.charts import OTHER_SECTION, split_key
from tracker.store.reading.logged import MediaKey

MOST_ITEMS: Final = 1000
_MOST_BOXES = 500
_MOST_TEXT = 500
# What a logged value is -> how it is shown.
SHOWN_AS: Final = {
    "image-file": "image",
    "audio-file": "audio",
    "video-file": "video",
    "table-file": "table",
    "incremental-table-file": "table",
    "joined-table": "table",
    "html-file": "page",
    "bokeh-file": "page",
    "vega-file": "page",
    "text-file": "text",
    "plotly-file": "figure",
    "custom-chart": "figure",
    "object3D-file": "figure",
    "molecule-file": "figure",
    "graph-file": "figure",
    "histogram": "figure",
}
# Kinds of which a page has all steps at once, and fetches the files itself.
LIGHT: Final = frozenset({"image", "audio", "video"})

MEDIA_SECTION: Final = "Media"
_HEIGHTS: Final = {"image": 240, "audio": 230, "video": 260, "table": 360, "page": 320}
# Charts have a size of their own, of about this height.
_CHART_TYPES: Final = ("bokeh-file", "vega-file")
_CHART_HEIGHT: Final = 430

Item = dict[str, Any]


def kind_of(type_name: str) -> str:
    """Return how media of a type are shown: ``other`` for what this version does not know."""
    return SHOWN_AS.get(type_name, "other")


def shown_keys(keys: Sequence[MediaKey]) -> list[MediaKey]:
    """Return the keys that get a panel by themselves: all but the tables of charts."""
    beside = {f"{one.key}_table" for one in keys if one.type == "custom-chart"}
    return [
        one
        for one in keys
        if one.key not in beside
        and one.key.removeprefix("Custom Chart Tables/") not in beside
        and not one.key.startswith("_")
        and one.type in SHOWN_AS
    ]


def media_spec(key: MediaKey) -> dict[str, Any]:
    """Return the panel that a key gets by itself, as in a workspace's document."""
    section, title = split_key(key.key)
    kind = kind_of(key.type)
    is_alone = len(key.run_keys) == 1
    width, height = 12, _height(kind, len(key.run_keys))
    if key.type in _CHART_TYPES:
        width, height = 6 if is_alone else 12, _CHART_HEIGHT
    elif kind in ("figure", "text") and is_alone:
        width, height = 4, 240
    elif kind in LIGHT and not key.is_list:
        width = 6
    return {
        "id": f"media/{key.key}",
        "kind": "media",
        "key": key.key,
        "title": title,
        "section": MEDIA_SECTION if section == OTHER_SECTION else section,
        "width": width,
        "height": height,
    }


def _height(kind: str, runs: int) -> int:
    """Return a height in pixels; images, sounds and films of each run have a row of their own."""
    rows = min(runs, 3) - 1 if kind in LIGHT else 0
    return _HEIGHTS.get(kind, 300) + rows * 110


def flat(reference: Any) -> list[Mapping[str, Any]]:
    """Return the references in a value: one, or those of a list."""
    if not isinstance(reference, Mapping):
        return []
    if reference.get("_type") == "media-list":
        items = reference.get("items")
        listed = items if isinstance(items, list) else []
        return [item for item in listed[:MOST_ITEMS] if isinstance(item, Mapping)]
    return [reference]


def describe(reference: Mapping[str, Any]) -> Item:
    """Return what a page needs for an image, a sound or a film."""
    item: Item = {"sha": _text(reference.get("sha256")), "format": _text(reference.get("format"))}
    for name in ("width", "height", "size", "duration_s", "sample_rate", "fps", "frames"):
        if (number := _number(reference.get(name))) is not None:
            item[name] = number
    if reference.get("caption") is not None:
        item["caption"] = _text(reference["caption"])
    thumbnail = reference.get("thumbnail")
    if isinstance(thumbnail, Mapping):
        item["thumb"] = {
            "sha": _text(thumbnail.get("sha256")),
            "format": _text(thumbnail.get("format")),
            "width": _number(thumbnail.get("width")) or 0,
        }
    classes = _class_names(reference.get("classes"))
    if boxes := list(_boxes(reference, classes)):
        item["boxes"] = boxes
    if masks := list(_masks(reference.get("masks"), classes)):
        item["masks"] = masks
    return item


def _boxes(reference: Mapping[str, Any], classes: Mapping[str, str]) -> Iterable[Item]:
    """Yield boxes in parts of the image's width and height."""
    groups = reference.get("boxes")
    size = (_number(reference.get("width")) or 1, _number(reference.get("height")) or 1)
    for name, group in _items(groups):
        labels = {**classes, **_labels(group)}
        data = group.get("box_data") if isinstance(group, Mapping) else None
        for box in data[:_MOST_BOXES] if isinstance(data, list) else ():
            place = _place(box, size) if isinstance(box, Mapping) else None
            if place is not None:
                yield {"group": name, "place": place, **_said_of(box, labels)}


def _said_of(box: Mapping[str, Any], labels: Mapping[str, str]) -> Item:
    number = _text(box.get("class_id", ""))
    scores = [
        (_text(name), score)
        for name, value in _items(box.get("scores"))
        if (score := _number(value)) is not None
    ]
    return {
        "class": number,
        "label": labels.get(number, number),
        "caption": _text(box.get("box_caption") or ""),
        "scores": scores,
    }


def _place(box: Mapping[str, Any], size: tuple[float, float]) -> list[float] | None:
    """Return left, top, width and height."""
    position = box.get("position")
    if not isinstance(position, Mapping):
        return None
    if "middle" in position:
        middle = position["middle"]
        parts = [*(middle if isinstance(middle, list) else []), position.get("width"),
                 position.get("height")]  # fmt: skip
    else:
        parts = [position.get(name) for name in ("minX", "minY", "maxX", "maxY")]
    numbers = [number for part in parts if (number := _number(part)) is not None]
    if len(numbers) != len(parts) or len(numbers) != 4:
        return None
    first, second, third, fourth = numbers
    if "middle" in position:
        found = [first - third / 2, second - fourth / 2, third, fourth]
    else:
        found = [first, second, third - first, fourth - second]
    if box.get("domain") == "pixel":
        scale = (*size, *size)
        found = [length / whole for length, whole in zip(found, scale, strict=True)]
    return [round(length, 6) for length in found]


def _masks(masks: Any, classes: Mapping[str, str]) -> Iterable[Item]:
    for name, mask in _items(masks):
        if isinstance(mask, Mapping):
            labels = {**classes, **_labels(mask)}
            yield {"name": name, "sha": _text(mask.get("sha256")), "labels": labels}


def _class_names(classes: Any) -> dict[str, str]:
    listed = classes if isinstance(classes, list) else []
    return {
        _text(each.get("id")): _text(each.get("name"))
        for each in listed[:_MOST_BOXES]
        if isinstance(each, Mapping)
    }


def _labels(group: Any) -> dict[str, str]:
    labels = group.get("class_labels") if isinstance(group, Mapping) else None
    return {name: _text(label) for name, label in _items(labels)}


def _items(given: Any) -> list[tuple[str, Any]]:
    if not isinstance(given, Mapping):
        return []
    return [(_text(name), value) for name, value in list(given.items())[:_MOST_BOXES]]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def _text(value: Any) -> str:
    return str(value)[:_MOST_TEXT] if value is not None else ""
