"""Images: from an array, a PIL image, a matplotlib figure or a file."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.errors import UsageError, warn

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image as PilImage

DIMENSION_LIMIT = 65_500
FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "bmp": "BMP"}
SAVABLE = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
}
PLACES = {"PNG": "png", "JPEG": "jpg", "BMP": "bmp", "GIF": "gif", "WEBP": "webp"}


class Image:
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
        self.caption = None if caption is None else str(caption)
        self.boxes = dict(boxes) if boxes else None
        self.classes = list(classes) if classes else None
        self.masks = _read_masks(masks) if masks else None
        if isinstance(data_or_path, Image):
            self._take_labels(data_or_path)
        self._encoding = FORMATS[encoding]
        self._content, self.format, size = self._read(data_or_path, mode, normalize)
        self.width, self.height = size

    def _take_labels(self, other: Image) -> None:
        for name in ("caption", "boxes", "classes", "masks"):
            if getattr(self, name) is None:
                setattr(self, name, getattr(other, name))

    @property
    def content(self) -> bytes:
        """The encoded image."""
        return self._content

    @property
    def image(self) -> PilImage:
        """The image as a PIL image."""
        from PIL import Image as Pil

        return Pil.open(io.BytesIO(self._content))

    def to_reference(self, put_bytes: Callable[[bytes], str]) -> dict[str, Any]:
        """Keep the image and return the JSON that stands for it in the history."""
        reference: dict[str, Any] = {
            "_type": "image-file",
            "sha256": put_bytes(self._content),
            "format": self.format,
            "width": self.width,
            "height": self.height,
            "size": len(self._content),
        }
        for name in ("caption", "boxes", "classes"):
            if (value := getattr(self, name)) is not None:
                reference[name] = value
        if self.masks is not None:
            reference["masks"] = {
                name: {"sha256": put_bytes(content), "format": "png", "class_labels": labels}
                for name, (content, labels) in self.masks.items()
            }
        return reference

    def _repr_png_(self) -> bytes | None:
        return self._content if self.format == "png" else None

    def _repr_jpeg_(self) -> bytes | None:
        return self._content if self.format == "jpg" else None

    def _read(
        self, given: Any, mode: str | None, normalize: bool
    ) -> tuple[bytes, str, tuple[int, int]]:
        if isinstance(given, Image):
            if mode is None:
                return given.content, given.format, (given.width, given.height)
            return self._encode(given.image, mode)
        if isinstance(given, str | os.PathLike):
            return self._read_file(Path(given), mode)
        drawing = given if hasattr(given, "savefig") else getattr(given, "figure", given)
        if hasattr(drawing, "savefig"):
            return self._encode(_draw(drawing), mode)
        if type(given).__module__.startswith("PIL."):
            return self._encode(given, mode)
        return self._encode(_from_array(given, normalize), mode)

    def _read_file(self, path: Path, mode: str | None) -> tuple[bytes, str, tuple[int, int]]:
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
                    return content, PLACES[picture.format], picture.size
                return self._encode(picture, mode)
        except UsageError:
            raise
        except Exception as error:  # whatever a broken file leads its decoder to
            is_foreign = isinstance(error, UnidentifiedImageError)
            reason = "no image" if is_foreign else getattr(error, "strerror", None) or error
            raise UsageError(f"Image file {path} cannot be used: {reason}.") from error

    def _encode(self, picture: PilImage, mode: str | None) -> tuple[bytes, str, tuple[int, int]]:
        _check_size(picture.size)
        if mode is not None and picture.mode != mode:
            try:
                picture = picture.convert(mode)
            except (ValueError, KeyError) as error:
                raise UsageError(f"mode is {mode!r}: {error}.") from error
        if picture.mode not in SAVABLE[self._encoding]:
            has_alpha = "A" in picture.mode and "RGBA" in SAVABLE[self._encoding]
            picture = picture.convert("RGBA" if has_alpha else "RGB")
        sink = io.BytesIO()
        # Level 1 takes a third of the time of the default for files a few percent larger.
        options = {"compress_level": 1} if self._encoding == "PNG" else {}
        picture.save(sink, self._encoding, **options)
        return sink.getvalue(), PLACES[self._encoding], picture.size


def _check_size(size: tuple[int, int]) -> None:
    if not all(0 < length <= DIMENSION_LIMIT for length in size):
        raise UsageError(
            f"An image of {size[0]}×{size[1]} pixels cannot be logged: expected 1 to "
            f"{DIMENSION_LIMIT:,} on each side."
        )


def _draw(figure: Any) -> PilImage:
    from PIL import Image as Pil

    drawn = figure.gcf() if hasattr(figure, "gcf") else figure
    sink = io.BytesIO()
    drawn.savefig(sink, format="png", bbox_inches="tight")
    return Pil.open(sink)


def _from_array(given: Any, normalize: bool) -> PilImage:
    import numpy as np
    from PIL import Image as Pil

    try:
        array = np.asarray(_on_this_machine(given))
    except Exception as error:  # array libraries have errors of their own
        raise UsageError(f"A {type(given).__name__} is no image: {error}.") from error
    if array.dtype.kind not in "biuf" or not array.size:
        raise UsageError(
            f"An array of shape {array.shape} and dtype {array.dtype} is no image: expected "
            "numbers, height × width × channels."
        )
    return Pil.fromarray(_as_bytes(_as_channels_last(array), normalize))


def _on_this_machine(given: Any) -> Any:
    """Return what NumPy can read of a tensor."""
    if not hasattr(given, "detach"):
        return given
    tensor = given.detach().cpu()
    # NumPy has no such numbers.
    return tensor.float() if str(getattr(tensor, "dtype", "")) == "torch.bfloat16" else tensor


def _as_channels_last(array: np.ndarray) -> np.ndarray:
    shape = array.shape
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[-1] not in (1, 2, 3, 4) and array.shape[0] in (1, 2, 3, 4):
        array = array.transpose(1, 2, 0)
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[:, :, 0]
    if array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (2, 3, 4)):
        return array
    raise UsageError(
        f"An array of shape {shape} is no image: expected height × width, height × width × "
        "channels or channels × height × width, with 1 to 4 channels."
    )


def _as_bytes(array: np.ndarray, normalize: bool) -> np.ndarray:
    import numpy as np

    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * 255
    numbers = array.astype(np.float64)
    if not np.isfinite(numbers).all():
        warn("An image holds NaN or infinity: drawn as 0.")
        numbers = np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = numbers.min(), numbers.max()
    if array.dtype.kind == "f" and normalize:
        if low >= 0 and high <= 1:
            return (numbers * 255).round().astype(np.uint8)
        if low >= -1 and high <= 1:
            return ((numbers + 1) * 127.5).round().astype(np.uint8)
    if low < 0 or high > 255:
        warn(f"An image holds values from {low:g} to {high:g}: clipped to 0…255.")
    return numbers.clip(0, 255).astype(np.uint8)


def _read_masks(masks: object) -> dict[str, tuple[bytes, dict[str, str]]]:
    """Return the encoded classes of each pixel, and the names of the classes.

    Raises
    ------
    UsageError
        If a mask is no array or image of class numbers from 0 to 255.
    """
    if not isinstance(masks, Mapping):
        raise UsageError(f"masks is {masks!r}: expected a dict of masks by name.")
    return {str(name): _read_mask(str(name), mask) for name, mask in masks.items()}


def _read_mask(name: str, mask: object) -> tuple[bytes, dict[str, str]]:
    given = mask if isinstance(mask, Mapping) else {}
    labels = {
        str(number): str(label) for number, label in (given.get("class_labels") or {}).items()
    }
    if "path" in given:
        return Image(given["path"], mode="L", file_type="png").content, labels
    import numpy as np

    classes = np.asarray(_on_this_machine(given.get("mask_data")))
    is_whole = classes.ndim == 2 and classes.size and classes.dtype.kind in "biu"
    if not is_whole or classes.min() < 0 or classes.max() > 255:
        raise UsageError(
            f"The mask {name!r} has no class number for each pixel: expected 'mask_data', an array "
            "height × width of whole numbers from 0 to 255, or 'path'."
        )
    return Image(classes.astype(np.uint8), mode="L").content, labels
