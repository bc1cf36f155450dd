"""What lies over a logged image: boxes and masks, read and coloured as live panels do it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tracker.errors import TrackerError
from tracker.figures.colours import class_colour
from tracker.figures.formats import escape, format_number, shorten
from tracker.panels.media.items import describe
from tracker.report.rich import data_address
from tracker.store.files.objects import Objects

# Of a mask each class is a layer of its own, to be shown and hidden.
MOST_CLASSES: Final = 32
_LONGEST_SIDE = 512
_MASK_ALPHA = 120
_LABEL_LENGTH = 40
_WHOLE = "position:absolute;left:0;top:0;width:100%;height:100%"
_LABEL = "position:absolute;left:-2px;top:-2px;padding:0 4px;color:#fff;font:11px/15px sans-serif"


def overlay_html(reference: Mapping[str, Any], objects: Objects) -> tuple[str, dict[str, str]]:
    """Return what lies over an image as safe HTML, and the colours of the classes in it."""
    item = describe(reference)
    parts: list[str] = []
    classes: dict[str, str] = {}
    for key, colour, layer in _layers(item.get("masks", ()), objects):
        classes[key] = colour
        parts.append(
            f'<img class="mask" alt="" data-class="{escape(key)}" '
            f'style="{_WHOLE};image-rendering:pixelated" src="{data_address(layer, "image/png")}">'
        )
    for box in item.get("boxes", ()):
        key, colour = _key(box["label"], box["class"]), class_colour(box["class"])
        classes[key] = colour
        parts.append(_box(box, key, colour))
    return "".join(parts), classes


def _key(label: str, number: str) -> str:
    return label or number


def _box(box: Mapping[str, Any], key: str, colour: str) -> str:
    left, top, wide, high = (f"{100 * length:.3f}%" for length in box["place"])
    words = shorten(box["caption"] or box["label"], _LABEL_LENGTH)
    scores = [score for _, score in box["scores"]]
    told = ", ".join(f"{name} {format_number(score)}" for name, score in box["scores"])
    score = f' data-score="{max(scores)!r}"' if scores else ""
    label = f'<b style="{_LABEL};background:{colour}">{escape(words)}</b>' if words else ""
    return (
        f'<span class="box" data-class="{escape(key)}"{score} '
        f'title="{escape(" · ".join(filter(None, [box["caption"] or key, told])))}" '
        f'style="position:absolute;left:{left};top:{top};width:{wide};height:{high};'
        f'box-sizing:border-box;border:2px solid {colour}">{label}</span>'
    )


def _layers(masks: Any, objects: Objects) -> Iterator[tuple[str, str, bytes]]:
    """Yield a picture of each class of each mask, clear where the class is not."""
    import numpy as np

    for mask in masks:
        pixels = _pixels(mask["sha"], objects)
        if pixels is None:
            continue
        labels = mask["labels"]
        numbers = [n for n in np.unique(pixels).tolist() if n or "0" in labels]
        for number in numbers[:MOST_CLASSES]:
            name, colour = str(number), class_colour(str(number))
            yield _key(labels.get(name, ""), name), colour, _layer(pixels == number, colour)


def _pixels(sha256: str, objects: Objects) -> Any:
    import numpy as np
    from PIL import Image as Pil

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pil.DecompressionBombWarning)
            picture: Any = Pil.open(io.BytesIO(objects.path(sha256).read_bytes())).convert("L")
    except (TrackerError, OSError, ValueError, SyntaxError, Warning):
        return None  # damaged or lost: the image is shown without it
    if (longest := max(picture.size)) > _LONGEST_SIDE:
        size = [max(1, side * _LONGEST_SIDE // longest) for side in picture.size]
        picture = picture.resize(size, Pil.Resampling.NEAREST)
    return np.asarray(picture)


def _layer(is_class: Any, colour: str) -> bytes:
    from PIL import Image as Pil

    picture = Pil.fromarray(is_class.astype("uint8"), "P")
    picture.putpalette([0, 0, 0, *bytes.fromhex(colour.removeprefix("#"))])
    sink = io.BytesIO()
    picture.save(sink, "PNG", transparency=bytes([0, _MASK_ALPHA]), bits=1, optimize=True)
    return sink.getvalue()
