from __future__ import annotations

import numpy as np
import pytest

from tracker.errors import UsageError
from tracker.media.classes import Classes
from tracker.media.image import Image


def test_classes_go_with_an_image(objects) -> None:
    classes = Classes([{"id": np.int64(0), "name": "cat"}, {"id": 1, "name": "dog", "more": 1}])
    assert len(classes) == 2
    assert classes == Classes(list(classes))
    reference = Image(np.zeros((2, 2)), classes=classes).to_reference(objects.put_bytes)
    assert reference["classes"] == [
        {"id": 0, "name": "cat"}, {"id": 1, "name": "dog", "more": 1},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("class_set", "sentence"),
    [
        ([5], "A class is 5: expected a dict with id and name"),
        ([{"id": 1}], "expected a dict with id and name"),
        ([{"id": "a", "name": "x"}], "the id 'a': expected a whole number"),
        ([{"id": 1, "name": "x"}, {"id": 1, "name": "y"}], "class 1 comes twice"),
    ],
)
def test_what_are_no_classes_is_told(class_set, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        Classes(class_set)
