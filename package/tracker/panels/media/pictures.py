"""The last images of a run, small: what a saved notebook shows of them without a kernel."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tracker.errors import TrackerError
from tracker.figures.summary import StaticPicture
from tracker.panels.media.items import flat, kind_of
from tracker.store.database.connection import Connection
from tracker.store.files.objects import Objects
from tracker.store.reading.logged import Logged, MediaKey, media_at

MOST_PICTURES: Final = 12
MOST_OF_A_KEY: Final = 4
# All of them together, before they are written as text, which takes a third more.
LIMIT_BYTES: Final = 45_000
_SIDE = 96
_QUALITY = 72


def last_pictures(
    db: Connection, run_key: int, keys: Sequence[MediaKey]
) -> list[tuple[str, Logged]]:
    """Return the last values of the keys that hold images or films, with their keys."""
    wanted = [one.key for one in keys if kind_of(one.type) in ("image", "video")]
    return [
        (key, value) for key in wanted[:MOST_PICTURES] for value in media_at(db, [run_key], key)
    ]


def static_pictures(found: Sequence[tuple[str, Logged]], files: Objects) -> list[StaticPicture]:
    """Return as many of them as there is room for; what cannot be read is left out."""
    pictures: list[StaticPicture] = []
    left = LIMIT_BYTES
    for key, value in found:
        for picture in _pictures(key, value, files):
            left -= len(picture.content)
            if left < 0 or len(pictures) >= MOST_PICTURES:
                return pictures
            pictures.append(picture)
    return pictures


def _pictures(key: str, value: Logged, files: Objects) -> Iterator[StaticPicture]:
    for reference in flat(value.reference)[:MOST_OF_A_KEY]:
        content = _small(reference, files)
        if content is not None:
            caption = reference.get("caption")
            said = str(caption)[:80] if caption else ""
            yield StaticPicture(key, content, said, value.step)


def _small(reference: Mapping[str, Any], files: Objects) -> bytes | None:
    from PIL import Image as Pil

    thumbnail = reference.get("thumbnail")
    source = thumbnail if isinstance(thumbnail, Mapping) else reference
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pil.DecompressionBombWarning)
            picture = Pil.open(io.BytesIO(files.path(str(source.get("sha256"))).read_bytes()))
            picture.thumbnail((_SIDE, _SIDE))
            on_white = Pil.new("RGB", picture.size, "white")
            clear = picture.convert("RGBA")
            on_white.paste(clear, mask=clear.getchannel("A"))
    except (TrackerError, OSError, ValueError, SyntaxError, Warning):
        return None  # an mp4, a damaged or a lost file
    sink = io.BytesIO()
    on_white.save(sink, "JPEG", quality=_QUALITY)
    return sink.getvalue()
