"""Images that are logged again and again are encoded once."""

from __future__ import annotations

import numpy as np
import pytest

from tracker.media.image import Image
from tracker.media.recent import Recent

RNG = np.random.default_rng(0)


def test_what_was_used_last_stays_within_the_limit() -> None:
    made: list[str] = []

    def get(key: str, size: int) -> int:
        def make() -> tuple[bytes, dict]:
            made.append(key)
            return bytes(size), {}

        return len(recent.get(key, make)[0])

    recent = Recent(100)
    assert [get(key, 40) for key in "aabab"] == [40] * 5
    assert made == ["a", "b"]
    get("a", 40)
    get("c", 40)  # b goes, which was used before a
    get("a", 40)
    get("b", 40)
    assert made == ["a", "b", "c", "b"]
    assert get("large", 101) == 101
    get("a", 40)
    assert made == ["a", "b", "c", "b", "large"]


def test_equal_arrays_are_encoded_once_and_others_are_not_mistaken_for_them() -> None:
    array = RNG.integers(0, 256, (40, 30, 3), dtype=np.uint8)
    first = Image(array).content
    assert Image(array.copy()).content is first
    assert Image(array, file_type="jpg").content != first
    assert Image(array.reshape(30, 40, 3)).content != first
    changed = array.copy()
    changed[3, 4, 1] ^= 1
    assert np.array_equal(Image(changed).to_value(), changed)


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_in_any_order_come_back(order: str) -> None:
    channels_first = np.asarray(RNG.random((3, 20, 10)), order=order)
    expected = (channels_first.transpose(1, 2, 0) * 255).round().astype(np.uint8)
    for _ in range(2):
        assert np.array_equal(Image(channels_first).to_value(), expected)
