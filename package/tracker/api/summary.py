"""The summary of a stored run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from copy import deepcopy
from typing import Any


class Summary(MutableMapping[str, Any]):
    """The summary of a stored run: items and attributes, like a dict.

    Changes are kept here until :meth:`update`, or ``run.update()``, stores them.
    """

    _values: dict[str, Any]
    _store: Callable[[], None]

    def __init__(self, values: Mapping[str, Any], store: Callable[[], None]) -> None:
        object.__setattr__(self, "_values", deepcopy(dict(values)))
        object.__setattr__(self, "_store", store)

    @property
    def _json_dict(self) -> dict[str, Any]:
        return deepcopy(self._values)

    def update(self, *given: Any, **more: Any) -> None:
        """Set the values given, if any, and store everything that was changed."""
        self._values.update(*given, **more)
        self._store()

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values[key]

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self._values:
            return self._values[name]
        known = ", ".join(map(repr, self._values)) or "nothing"
        raise AttributeError(f"The summary has no {name!r}: it has {known}.")

    def __setattr__(self, name: str, value: Any) -> None:
        self._values[name] = value

    def __delattr__(self, name: str) -> None:
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)
