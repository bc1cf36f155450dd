"""Arrays and tensors as the bytes of an image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tracker.errors import UsageError, warn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def as_pixels(given: Any, normalize: bool) -> NDArray[np.uint8]:
    """Return a copy of an array or a tensor as height × width, or height × width × channels.

    Raises
    ------
    UsageError
        If it has another shape, is empty or holds no numbers.
    """
    import numpy as np

    try:
        array = np.asarray(on_this_machine(given))
    except Exception as error:  # array libraries have errors of their own
        raise UsageError(f"A {type(given).__name__} is no image: {error}.") from error
    if array.dtype.kind not in "biuf" or not array.size:
        raise UsageError(
            f"An array of shape {array.shape} and dtype {array.dtype} is no image: expected "
            "numbers, height × width × channels."
        )
    return _as_bytes(_as_channels_last(array), normalize)


def on_this_machine(given: Any) -> Any:
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


def _as_bytes(array: np.ndarray, normalize: bool) -> NDArray[np.uint8]:
    import numpy as np

    if array.dtype == np.uint8:
        return array.copy(order="C")
    if array.dtype.kind == "b":
        return np.where(array, np.uint8(255), np.uint8(0))
    # Halves and bfloat16 gain nothing by more than 32 bits, and shades need no more.
    numbers: NDArray[Any] = array.astype(
        np.float64 if array.dtype.itemsize > 4 else np.float32, copy=False
    )
    low, high = float(numbers.min()), float(numbers.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        warn("An image holds NaN or infinity: drawn as 0.")
        numbers = np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0)
        low, high = float(numbers.min()), float(numbers.max())
    if array.dtype.kind == "f" and normalize:
        if low >= 0 and high <= 1:
            return (numbers * 255).round().astype(np.uint8)
        if low >= -1 and high <= 1:
            return ((numbers + 1) * 127.5).round().astype(np.uint8)
    if low < 0 or high > 255:
        warn(f"An image holds values from {low:g} to {high:g}: clipped to 0…255.")
    return numbers.clip(0, 255).astype(np.uint8)
