"""The names of classes, for boxes and masks on images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tracker.errors import UsageError


class Classes:
    """Classes by number: ``tracker.Image(array, classes=tracker.Classes([…]))``.

    Parameters
    ----------
    class_set : sequence of dict
        ``{"id": 0, "name": "cat"}`` for each.

    Raises
    ------
    UsageError
        If one has no id or name, or an id comes twice.
    """

    def __init__(self, class_set: Iterable[Mapping[str, Any]]) -> None:
        self.class_set: list[dict[str, Any]] = []
        for each in class_set:
            if not isinstance(each, Mapping) or not {"id", "name"} <= set(each):
                raise UsageError(f"A class is {each!r:.100}: expected a dict with id and name.")
            number = each["id"]
            if not hasattr(number, "__index__") or isinstance(number, bool):
                raise UsageError(f"A class has the id {number!r}: expected a whole number.")
            if any(known["id"] == int(number) for known in self.class_set):
                raise UsageError(f"The class {int(number)} comes twice: give each its own id.")
            self.class_set.append({**each, "id": int(number), "name": str(each["name"])})

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.class_set)

    def __len__(self) -> int:
        return len(self.class_set)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Classes):
            return NotImplemented
        return self.class_set == other.class_set

    __hash__ = None  # type: ignore[assignment]
