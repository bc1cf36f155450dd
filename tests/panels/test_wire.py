from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tracker.panels.curves.wire import Parcel, plain, unpack


@given(st.lists(st.lists(st.floats(width=64), max_size=20), max_size=8))
def test_arrays_come_out_as_they_went_in(lists: list[list[float]]) -> None:
    parcel = Parcel()
    arrays = [np.array(numbers, dtype=np.float64) for numbers in lists]
    places = [parcel.add(array) for array in arrays]
    buffers = parcel.buffers()
    assert len(buffers) <= 1
    for array, place in zip(arrays, places, strict=True):
        np.testing.assert_array_equal(unpack(place, buffers), array)


def test_pairs_are_text_of_bounded_number_and_length() -> None:
    pairs = plain(((f"key{i}" * 9, "x" * 1000) for i in range(50)), limit=3, length=10)
    assert len(pairs) == 3
    assert pairs[0] == ["key0key0ke", "xxxxxxxxx…"]
