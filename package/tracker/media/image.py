"""Images: from an array, a PIL image, a matplotlib figure or a file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar

from tracker.errors import UsageError
from tracker.media.masks import read_masks
from tracker.media.media import QUICK_FILE_BYTES, Find, Media, Put
from tracker.media.raster import Raster
from tracker.media.recent import RECENT
from tracker.media.thumbnail import ENOUGH_BYTES, make_thumbnail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as PilImage

# Encoding so much takes about 0.3 ms.
QUICK_BYTES = 16 * 1024
FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "bmp": "BMP"}


class Image(Media):
    """An image to log: ``run.log({"sample": tracker.Image(array)})``.

    Parameters
    ----------
    data_or_path : array, PIL image, matplotlib figure, Image, BytesIO or path
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
        self.masks = read_masks(masks) if masks else None
        self._raster = Raster(FORMATS[encoding])
        if isinstance(data_or_path, Raster):
            self._raster = data_or_path
        elif isinstance(data_or_path, Image):
            self._take_other(data_or_path, mode)
        else:
            self._raster.read(data_or_path, mode, normalize)

    @property
    def format(self) -> str:  # type: ignore[override]
        """The kind of file."""
        return self._raster.format

    @property
    def width(self) -> int:
        """How many pixels it is wide."""
        return self._raster.width

    @property
    def height(self) -> int:
        """How many pixels it is high."""
        return self._raster.height

    @property
    def content(self) -> bytes:
        """The encoded image; an array is encoded at the first use."""
        return self._raster.content

    @property
    def held_bytes(self) -> int:
        """How much memory it takes until it is kept."""
        return self._raster.held_bytes

    def _take_other(self, other: Image, mode: str | None) -> None:
        if mode is None:
            self._raster.take_file(other.content, other.format, (other.width, other.height))
        else:
            self._raster.read(other.image, mode)
        for name in ("caption", "boxes", "classes", "masks"):
            if getattr(self, name) is None:
                setattr(self, name, getattr(other, name))

    @property
    def is_quick(self) -> bool:
        """Whether keeping it takes less than handing it to another thread is worth."""
        return self.held_bytes <= (QUICK_FILE_BYTES if self._raster.is_encoded else QUICK_BYTES)

    @property
    def image(self) -> PilImage:
        """The image as a PIL image."""
        from PIL import Image as Pil

        return Pil.open(io.BytesIO(self.content))

    @property
    def _image(self) -> PilImage:
        return self.image

    def to_reference(self, put_bytes: Put) -> dict[str, Any]:
        """Keep the image and a thumbnail, return the JSON that stands for it in the history."""
        picture = self._raster.picture()
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
                    "sha256": put_bytes(mask.raster.content),
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
        raster = Raster()
        size = int(reference["width"]), int(reference["height"])
        raster.take_file(path.read_bytes(), str(reference["format"]), size)
        return cls(raster, **named)

    def to_value(self) -> NDArray[np.uint8]:
        """Return the pixels: height × width, or height × width × channels."""
        import numpy as np

        return np.asarray(self.image)

    def about(self) -> str:
        """Say how large it is, and what lies over it."""
        over = [word for word in ("boxes", "masks") if getattr(self, word)]
        return " ".join([f"{self.width}×{self.height} {self.format}", *over])

    def _repr_png_(self) -> bytes | None:
        return self.content if self.format == "png" else None

    def _repr_jpeg_(self) -> bytes | None:
        return self.content if self.format == "jpg" else None


def _is_usual(reference: dict[str, Any]) -> bool:
    from PIL import Image as Pil

    width, height = reference.get("width"), reference.get("height")
    has_size = isinstance(width, int) and isinstance(height, int)
    limit = Pil.MAX_IMAGE_PIXELS
    return not has_size or limit is None or width * height <= limit  # type: ignore[operator]
