"""Masks on images: a class for each pixel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tracker.errors import UsageError, warn
from tracker.media.pixels import on_this_machine
from tracker.media.raster import Raster


class Mask(NamedTuple):
    """The classes of an image's pixels, as grey levels, and their names."""

    raster: Raster
    labels: dict[str, str]


def read_masks(masks: object) -> dict[str, Mask]:
    """Return masks by name.

    Raises
    ------
    UsageError
        If a mask is no array or image of class numbers from 0 to 255.
    """
    if not isinstance(masks, Mapping):
        raise UsageError(f"masks is {masks!r}: expected a dict of masks by name.")
    return {str(name): _read_mask(str(name), mask) for name, mask in masks.items()}


def _read_mask(name: str, mask: object) -> Mask:
    given = mask if isinstance(mask, Mapping) else {}
    labels = {
        str(number): str(label) for number, label in (given.get("class_labels") or {}).items()
    }
    raster = Raster()
    if "path" in given:
        raster.read(given["path"], mode="L")
        return Mask(raster, labels)
    import numpy as np

    classes = np.asarray(on_this_machine(given.get("mask_data")))
    is_mask = classes.ndim == 2 and classes.size and classes.dtype.kind in "biuf"
    # NaN is in no range.
    if not is_mask or not (classes.min() >= 0 and classes.max() <= 255):
        raise UsageError(
            f"The mask {name!r} has no class number for each pixel: expected 'mask_data', an array "
            "height × width of whole numbers from 0 to 255, or 'path'."
        )
    numbers = classes.astype(np.uint8)
    if classes.dtype.kind == "f" and (numbers != classes).any():
        warn(f"The mask {name!r} has fractions: they are cut off to class numbers, as W&B does.")
    raster.read(numbers, mode="L")
    return Mask(raster, labels)
