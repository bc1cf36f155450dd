"""The summary of a stored run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tracker.api.media_paths import with_paths

if TYPE_CHECKING:
    from tracker.records import RunRecord


class Summary(MutableMapping[str, Any]):
    """The summary of a stored run: items and attributes, like a dict.

    Changes are kept here until :meth:`update`, or ``run.update()``, stores them. What W&B adds to
    every summary is found by its name, ``_step``, ``_runtime`` (seconds), ``_timestamp`` and
    ``_wandb``, and not listed; media say as ``path`` which of the run's files they are.
    """

    _values: dict[str, Any]
    _added: dict[str, Any]
    _store: Callable[[], None]

    def __init__(self, record: RunRecord, store: Callable[[], None]) -> None:
        added = {
            "_step": record.last_step,
            "_runtime": record.runtime_s,
            "_timestamp": record.updated_at.timestamp(),
            "_wandb": {"runtime": int(record.runtime_s)},
        }
        object.__setattr__(self, "_values", deepcopy(dict(record.summary)))
        object.__setattr__(self, "_added", added)
        object.__setattr__(self, "_store", store)

    def own(self) -> dict[str, Any]:
        """Return what the run has, and nothing that is added."""
        return dict(self._values)

    @property
    def _json_dict(self) -> dict[str, Any]:
        return deepcopy({**self._added, **dict(self)})

    def update(self, *given: Any, **more: Any) -> None:
        """Set the values given, if any, and store everything that was changed."""
        self._values.update(*given, **more)
        self._store()

    def __getitem__(self, key: str) -> Any:
        if key in self._added and key not in self._values:
            return self._added[key]
        return with_paths(key, self._values[key])

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
