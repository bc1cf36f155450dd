"""Images: from an array, a PIL image, a matplotlib figure or a file."""

from __future__ import annotations

import hashlib
import io
import os
import threading
import warnings
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tracker.errors import UsageError
from tracker.media.media import QUICK_FILE_BYTES, Find, Media, Put
from tracker.media.pixels import as_pixels
from tracker.media.recent import RECENT
from tracker.media.thumbnail import ENOUGH_BYTES, make_thumbnail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as PilImage

    from tracker.media.masks import Mask

DIMENSION_LIMIT = 65_500
MOST_CHANNELS = 4
# Encoding so much takes about 0.3 ms.
QUICK_BYTES = 16 * 1024
MODES = {2: "LA", 3: "RGB", 4: "RGBA"}
FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "bmp": "BMP"}
SAVABLE = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
}
PLACES = {"PNG": "png", "JPEG": "jpg", "BMP": "bmp", "GIF": "gif", "WEBP": "webp"}


class Image(Media):
    """An image to log: ``run.log({"sample": tracker.Image(array)})``.

    Parameters
    ----------
    data_or_path : array, PIL image, matplotlib figure, Image or path
        Arrays are H×W, H×W×C or C×H×W with 1 to 4 channels, or with a leading axis of
        length 1. Floats in [0, 1] are scaled by 255, floats in [-1, 1] are shifted and
        scaled; anything else is clipped to 0…255, with a warning.
    mode : str, optional
        PIL's mode to convert to, such as ``"RGB"`` or ``"L"``.
    caption : str, optional
        Shown under the image, as plain text.
    grouping : int, optional
        Accepted for W&B's sake.
    classes : sequence of dict, optional
        ``{"id": 0, "name": "cat"}`` for boxes.
    boxes : dict, optional
        W&B's bounding boxes, kept as given.
    masks : dict, optional
        ``{"prediction": {"mask_data": array, "class_labels": {1: "cat"}}}``, the array
        height × width of class numbers from 0 to 255; or a file as ``"path"``.
    file_type : {"png", "jpg", "jpeg", "bmp"}, optional
        How an array is encoded; default ``"png"``, which loses nothing.
    normalize : bool
        Scale floats as above; otherwise they are taken as 0…255. Default True.

    Raises
    ------
    UsageError
        If it is no image: wrong shape, empty, not a number, a file that cannot be read.
    """

    type_name: ClassVar[str] = "image-file"

    def __init__(
        self,
        data_or_path: Any,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,
        classes: Any = None,
        boxes: Mapping[str, Any] | None = None,
        masks: Mapping[str, Any] | None = None,
        file_type: str | None = None,
        normalize: bool = True,
    ) -> None:
        encoding = "png" if file_type is None else str(file_type).lower()
        if encoding not in FORMATS:
            raise UsageError(f"file_type is {file_type!r}: expected one of {', '.join(FORMATS)}.")
        super().__init__(caption)
        # Copies, because an image is encoded later than it is made.
        self.boxes = deepcopy(dict(boxes)) if boxes else None
        self.classes = deepcopy(list(classes)) if classes else None
        self.masks = _read_masks(masks) if masks else None
        self._lock = threading.Lock()
        # Either the file, or what it is to be encoded from.
        self._content: bytes | None = None
        self._pixels: PilImage | NDArray[np.uint8] | None = None
        self._encoding = FORMATS[encoding]
        self.format, self.width, self.height = "", 0, 0
        self._read(data_or_path, mode, normalize)

    def _take_labels(self, other: Image) -> None:
        for name in ("caption", "boxes", "classes", "masks"):
            if getattr(self, name) is None:
                setattr(self, name, getattr(other, name))

    @property
    def content(self) -> bytes:
        """The encoded image; an array is encoded at the first use."""
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
    def is_quick(self) -> bool:
        """Whether keeping it takes less than handing it to another thread is worth."""
        return self.held_bytes <= (QUICK_BYTES if self._content is None else QUICK_FILE_BYTES)

    @property
    def image(self) -> PilImage:
        """The image as a PIL image."""
        from PIL import Image as Pil

        return Pil.open(io.BytesIO(self.content))

    def to_reference(self, put_bytes: Put) -> dict[str, Any]:
        """Keep the image and a thumbnail, return the JSON that stands for it in the history."""
        with self._lock:
            picture = None if self._pixels is None else self._picture()
        content = self.content
        sha256 = put_bytes(content)
        reference: dict[str, Any] = {
            "_type": self.type_name,
            "sha256": sha256,
            "format": self.format,
            "width": self.width,
            "height": self.height,
            "size": len(content),
        }
        for name in ("caption", "boxes", "classes"):
            if (value := getattr(self, name)) is not None:
                reference[name] = value
        if self.masks is not None:
            reference["masks"] = {
                name: {
                    "sha256": put_bytes(mask.image.content),
                    "format": "png",
                    "class_labels": mask.labels,
                }
                for name, mask in self.masks.items()
            }
        if len(content) > ENOUGH_BYTES:
            small, what = RECENT.get(
                ("thumbnail", sha256),
                lambda: make_thumbnail(self.image if picture is None else picture),
            )
            reference["thumbnail"] = {"sha256": put_bytes(small), **what}
        return reference

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> Image:
        """Return what was logged."""
        named: dict[str, Any] = {key: reference.get(key) for key in ("caption", "boxes", "classes")}
        named["masks"] = {
            name: {"path": find(str(mask["sha256"])), "class_labels": mask.get("class_labels")}
            for name, mask in (reference.get("masks") or {}).items()
        }
        path = find(str(reference["sha256"]))
        if _is_usual(reference):
            return cls(path, **named)
        # As large as a decompression bomb, and logged on purpose.
        made = cls([[0]], **named)
        size = int(reference["width"]), int(reference["height"])
        made._take_file(path.read_bytes(), str(reference["format"]), size)
        return made

    def to_value(self) -> NDArray[np.uint8]:
        """Return the pixels: height × width, or height × width × channels."""
        import numpy as np

        return np.asarray(self.image)

    def _repr_png_(self) -> bytes | None:
        return self.content if self.format == "png" else None

    def _repr_jpeg_(self) -> bytes | None:
        return self.content if self.format == "jpg" else None

    def _read(self, given: Any, mode: str | None, normalize: bool) -> None:
        drawing = given if hasattr(given, "savefig") else getattr(given, "figure", given)
        if isinstance(given, Image):
            self._take_labels(given)
            if mode is None:
                self._take_file(given.content, given.format, (given.width, given.height))
            else:
                self._take_picture(given.image, mode)
        elif isinstance(given, str | os.PathLike):
            self._read_file(Path(given), mode)
        elif hasattr(drawing, "savefig"):
            self._take_drawing(drawing, mode)
        elif type(given).__module__.startswith("PIL."):
            self._take_picture(given.copy(), mode)
        else:
            self._take_array(as_pixels(given, normalize), mode)

    def _read_file(self, path: Path, mode: str | None) -> None:
        from PIL import Image as Pil
        from PIL import UnidentifiedImageError

        try:
            if path.exists() and not path.is_file():
                raise UsageError(f"Image file {path} cannot be used: it is no file.")
            content = path.read_bytes()
            with warnings.catch_warnings():
                warnings.simplefilter("error", Pil.DecompressionBombWarning)
                picture = Pil.open(io.BytesIO(content))
                _check_size(picture.size)
                if mode is None and picture.format in PLACES:
                    picture.verify()
                    self._take_file(content, PLACES[picture.format], picture.size)
                else:
                    picture.load()
                    self._take_picture(picture, mode)
        except UsageError:
            raise
        except Exception as error:  # whatever a broken file leads its decoder to
            is_foreign = isinstance(error, UnidentifiedImageError)
            reason = "no image" if is_foreign else getattr(error, "strerror", None) or error
            raise UsageError(f"Image file {path} cannot be used: {reason}.") from error

    def _take_file(self, content: bytes, format: str, size: tuple[int, int]) -> None:
        self._content, self._pixels, self.format = content, None, format
        self.width, self.height = size

    def _take_drawing(self, drawing: Any, mode: str | None) -> None:
        from PIL import Image as Pil

        drawn = _draw(drawing)
        picture = Pil.open(io.BytesIO(drawn))
        if mode is None and self._encoding == "PNG":
            self._take_file(drawn, "png", picture.size)
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


def _is_usual(reference: dict[str, Any]) -> bool:
    from PIL import Image as Pil

    width, height = reference.get("width"), reference.get("height")
    has_size = isinstance(width, int) and isinstance(height, int)
    limit = Pil.MAX_IMAGE_PIXELS
    return not has_size or limit is None or width * height <= limit  # type: ignore[operator]


def _read_masks(masks: object) -> dict[str, Mask]:
    from tracker.media.masks import read_masks  # masks are images

    return read_masks(masks)


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
