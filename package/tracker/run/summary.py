"""The summary of a live run: the last or best value of each key, and what the user sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

_OWN = ("_read", "_change", "_plain")


class Summary(MutableMapping[str, Any]):
    """Keys and values by item or attribute, up to date with every row logged.

    A value that the user sets stays until its key is logged again.
    """

    def __init__(
        self,
        *,
        read: Callable[[], dict[str, Any]],
        change: Callable[[dict[str, Any], list[str]], None],
        plain: Callable[[Any], Any],
    ) -> None:
        self._read = read
        self._change = change
        self._plain = plain

    def update(self, given: Any = None, **more: Any) -> None:
        """Set several values."""
        changes = {**dict(given or {}), **more}
        self._change({str(k): self._plain(v) for k, v in changes.items()}, [])

    def __getitem__(self, key: str) -> Any:
        values = self._read()
        if key in values:
            value = values[key]
            return _Nested(self, (key,), value) if isinstance(value, dict) else value
        prefix = key + "."
        inner = {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
        if inner:
            return inner
        raise KeyError(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._change({str(key): self._plain(value)}, [])

    def __delitem__(self, key: str) -> None:
        if key not in self._read():
            raise KeyError(key)
        self._change({}, [key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __getattr__(self, name: str) -> Any:
        if name in _OWN or name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"The summary has no key {name!r}.") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def _as_dict(self) -> dict[str, Any]:
        return self._read()

    def __repr__(self) -> str:
        return repr(self._read())

    def set_inner(self, path: tuple[str, ...], value: Any) -> None:
        top = dict(self._read().get(path[0]) or {})
        place = top
        for key in path[1:-1]:
            place[key] = dict(place.get(key) or {})
            place = place[key]
        place[path[-1]] = self._plain(value)
        self._change({path[0]: top}, [])


class _Nested(dict[str, Any]):
    """A nested value that can be set in place: ``summary["a"]["b"] = 1``."""

    def __init__(self, owner: Summary, path: tuple[str, ...], values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._owner = owner
        self._path = path

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        return _Nested(self._owner, (*self._path, key), value) if type(value) is dict else value

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._owner.set_inner((*self._path, key), value)
