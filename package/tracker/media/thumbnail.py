"""Small pictures of large ones, so that a grid of hundreds is there at once."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

# Twice the size at which a grid shows them at first, less than a tenth of a photo's bytes.
LONGEST_SIDE: Final = 200
# A smaller file is its own thumbnail.
ENOUGH_BYTES: Final = 16 * 1024
_QUALITY = 82


def make_thumbnail(picture: PilImage) -> tuple[bytes, dict[str, Any]]:
    """Return a small copy of a picture, and what a reference says of it.

    JPEG, or WebP where there is transparency.
    """
    small = picture.copy() if max(picture.size) <= LONGEST_SIDE else _reduced(picture)
    has_alpha = "A" in small.getbands() or "transparency" in small.info
    encoding, mode = ("WEBP", "RGBA") if has_alpha else ("JPEG", "RGB")
    if small.mode != mode and not (encoding == "JPEG" and small.mode == "L"):
        small = small.convert(mode)
    sink = io.BytesIO()
    small.save(sink, encoding, quality=_QUALITY)
    return sink.getvalue(), {
        "format": "webp" if has_alpha else "jpg",
        "width": small.size[0],
        "height": small.size[1],
    }


def _reduced(picture: PilImage) -> PilImage:
    from PIL import Image as Pil

    if picture.mode in ("1", "P", "I;16", "I", "F"):
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    ratio = LONGEST_SIDE / max(picture.size)
    size = tuple(max(1, round(length * ratio)) for length in picture.size)
    return picture.resize((size[0], size[1]), Pil.Resampling.BILINEAR, reducing_gap=2.0)
