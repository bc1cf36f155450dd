"""Pixels on their way to a file: of an array, a PIL image, a matplotlib figure, or a file."""

from __future__ import annotations

import hashlib
import io
import os
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.errors import UsageError
from tracker.media.pixels import as_pixels
from tracker.media.recent import RECENT
from tracker.media.source import read_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as PilImage

DIMENSION_LIMIT = 65_500
MOST_CHANNELS = 4
MODES = {2: "LA", 3: "RGB", 4: "RGBA"}
SAVABLE = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
}
PLACES = {"PNG": "png", "JPEG": "jpg", "BMP": "bmp", "GIF": "gif", "WEBP": "webp"}


class Raster:
    """Pixels, and the file that they become when it is asked for first.

    Parameters
    ----------
    encoding : str
        PIL's name of how pixels are encoded. Default ``"PNG"``, which loses nothing.

    Attributes
    ----------
    format : str
        How the name of the file ends.
    width, height : int
        In pixels.
    """

    def __init__(self, encoding: str = "PNG") -> None:
        self._lock = threading.Lock()
        # Either the file, or what it is to be encoded from.
        self._content: bytes | None = None
        self._pixels: PilImage | NDArray[np.uint8] | None = None
        self._encoding = encoding
        self.format, self.width, self.height = "", 0, 0

    @property
    def content(self) -> bytes:
        """The file; pixels are encoded at the first use."""
        with self._lock:
            if self._content is None:
                self._content = self._encode()
                self._pixels = None
            return self._content

    @property
    def held_bytes(self) -> int:
        """How much memory it takes until it is kept."""
        if self._content is not None:
            return len(self._content)
        return self.width * self.height * MOST_CHANNELS

    @property
    def is_encoded(self) -> bool:
        """Whether the file is there already."""
        return self._content is not None

    def picture(self) -> PilImage | None:
        """Return the pixels; None once they have become a file."""
        with self._lock:
            return None if self._pixels is None else self._picture()

    def read(self, given: Any, mode: str | None = None, normalize: bool = True) -> None:
        """Take an array, a tensor, a PIL image, a matplotlib figure or a file.

        Raises
        ------
        UsageError
            If it is no image.
        """
        drawing = given if hasattr(given, "savefig") else getattr(given, "figure", given)
        if isinstance(given, str | os.PathLike):
            content = read_path(Path(given), "Image")
            self._read_content(content, f"file {given}", mode)
        elif isinstance(given, io.BytesIO):
            self._read_content(given.getvalue(), "in memory", mode)
        elif hasattr(drawing, "savefig"):
            self._take_drawing(drawing, mode)
        elif type(given).__module__.startswith("PIL."):
            self._take_picture(given.copy(), mode)
        else:
            self._take_array(as_pixels(given, normalize), mode)

    def _read_content(self, content: bytes, what: str, mode: str | None) -> None:
        from PIL import Image as Pil
        from PIL import UnidentifiedImageError

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Pil.DecompressionBombWarning)
                picture = Pil.open(io.BytesIO(content))
                _check_size(picture.size)
                if mode is None and picture.format in PLACES:
                    picture.verify()
                    self.take_file(content, PLACES[picture.format], picture.size)
                else:
                    picture.load()
                    self._take_picture(picture, mode)
        except UsageError:
            raise
        except Exception as error:  # whatever a broken file leads its decoder to
            is_foreign = isinstance(error, UnidentifiedImageError)
            reason = "no image" if is_foreign else getattr(error, "strerror", None) or error
            raise UsageError(f"Image {what} cannot be used: {reason}.") from error

    def take_file(self, content: bytes, format: str, size: tuple[int, int]) -> None:
        """Take a file as it is; `format` is how its name ends."""
        self._content, self._pixels, self.format = content, None, format
        self.width, self.height = size

    def _take_drawing(self, drawing: Any, mode: str | None) -> None:
        from PIL import Image as Pil

        drawn = _draw(drawing)
        picture = Pil.open(io.BytesIO(drawn))
        if mode is None and self._encoding == "PNG":
            self.take_file(drawn, "png", picture.size)
        else:
            self._take_picture(picture, mode)

    def _take_array(self, pixels: NDArray[np.uint8], mode: str | None) -> None:
        kind = "L" if pixels.ndim == 2 else MODES[pixels.shape[2]]
        if mode not in (None, kind) or kind not in SAVABLE[self._encoding]:
            self._take_picture(_from_pixels(pixels), mode)
            return
        self._take(pixels, (pixels.shape[1], pixels.shape[0]))

    def _take_picture(self, picture: PilImage, mode: str | None) -> None:
        _check_size(picture.size)
        if mode is not None and picture.mode != mode:
            try:
                picture = picture.convert(mode)
            except (ValueError, KeyError) as error:
                raise UsageError(f"mode is {mode!r}: {error}.") from error
        if picture.mode not in SAVABLE[self._encoding]:
            has_alpha = "A" in picture.mode and "RGBA" in SAVABLE[self._encoding]
            picture = picture.convert("RGBA" if has_alpha else "RGB")
        self._take(picture, picture.size)

    def _take(self, pixels: PilImage | NDArray[np.uint8], size: tuple[int, int]) -> None:
        _check_size(size)
        self._pixels, self.format = pixels, PLACES[self._encoding]
        self.width, self.height = size

    def _picture(self) -> PilImage:
        pixels: Any = self._pixels
        return pixels if hasattr(pixels, "getbands") else _from_pixels(pixels)

    def _encode(self) -> bytes:
        pixels: Any = self._pixels
        if hasattr(pixels, "getbands"):
            return self._save()[0]
        # Of what an array is made is known in a fiftieth of the time that encoding it takes.
        ordered = pixels if pixels.flags.c_contiguous else pixels.copy("C")
        key = self._encoding, pixels.shape, hashlib.sha256(ordered.data).digest()
        return RECENT.get(key, self._save)[0]

    def _save(self) -> tuple[bytes, dict[str, Any]]:
        sink = io.BytesIO()
        # Level 1 takes a third of the time of the default for files a few percent larger.
        options = {"compress_level": 1} if self._encoding == "PNG" else {}
        self._picture().save(sink, self._encoding, **options)
        return sink.getvalue(), {}


def _from_pixels(pixels: NDArray[np.uint8]) -> PilImage:
    from PIL import Image as Pil

    return Pil.fromarray(pixels)


def _check_size(size: tuple[int, int]) -> None:
    if not all(0 < length <= DIMENSION_LIMIT for length in size):
        raise UsageError(
            f"An image of {size[0]}×{size[1]} pixels cannot be logged: expected 1 to "
            f"{DIMENSION_LIMIT:,} on each side."
        )


def _draw(figure: Any) -> bytes:
    drawn = figure.gcf() if hasattr(figure, "gcf") else figure
    sink = io.BytesIO()
    drawn.savefig(sink, format="png", bbox_inches="tight")
    return sink.getvalue()
