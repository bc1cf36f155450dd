"""The summary of a live run: the last or best value of each key, and what the user sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

_OWN = ("_change", "_inside", "_plain", "_read")


class Summary(MutableMapping[str, Any]):
    """Keys and values by item or attribute, up to date with every row logged.

    A value that the user sets stays until its key is logged again. What was logged as
    nested dicts can be read and set nested too: ``summary["a"]["b"]`` is ``summary["a.b"]``.

    Parameters
    ----------
    read : callable
        Returns all values by key; they are not changed here.
    change : callable
        Is given values to set and keys to delete.
    plain : callable
        Makes a value plain.
    """

    def __init__(
        self,
        *,
        read: Callable[[], Mapping[str, Any]],
        change: Callable[[dict[str, Any], list[str]], None],
        plain: Callable[[Any], Any],
    ) -> None:
        self._read = read
        self._change = change
        self._plain = plain

    def update(self, given: Any = None, **more: Any) -> None:  # type: ignore[override]
        """Set several values."""
        values = self._read()
        changed: dict[str, Any] = {}
        deleted: list[str] = []
        for key, value in {**dict(given or {}), **more}.items():
            below = [each for each in values if each.startswith(f"{key}.")]
            plain = self._plain(value)
            if below and plain and _is_branch(plain):
                plain = dict(_leaves(f"{key}.", plain))
                changed.update(plain)
                deleted += [each for each in [str(key), *below] if each not in plain]
            else:
                changed[str(key)] = plain
                deleted += below
        if changed:
            self._change(changed, [key for key in deleted if key not in changed])

    def __getitem__(self, key: str) -> Any:
        return _at(self._read, self.__setitem__, key)

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        found = [each for each in self._read() if each == key or each.startswith(f"{key}.")]
        if not found:
            raise KeyError(key)
        self._change({}, found)

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

    def __delattr__(self, name: str) -> None:
        del self[name]

    def _as_dict(self) -> dict[str, Any]:
        return dict(self._read())

    def __repr__(self) -> str:
        return repr(dict(self._read()))


class Branch(MutableMapping[str, Any]):
    """Nested values of a summary, to be read and set in place.

    Parameters
    ----------
    read : callable
        Returns the values that they are nested in.
    write : callable
        Is given a key of those, and the value to set there.
    key : str
        Where they are nested.
    """

    def __init__(
        self, read: Callable[[], Mapping[str, Any]], write: Callable[[str, Any], None], key: str
    ) -> None:
        self._around = read
        self._write = write
        self._key = key

    def _read(self) -> dict[str, Any]:
        values = self._around()
        prefix = self._key + "."
        stored = values.get(self._key)
        below = {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
        return {**(stored if isinstance(stored, dict) else {}), **below}

    def __getitem__(self, key: str) -> Any:
        return _at(self._read, self.__setitem__, key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._write(self._key, {**self._read(), key: value})

    def __delitem__(self, key: str) -> None:
        kept = {k: v for k, v in self._read().items() if k != key and not k.startswith(f"{key}.")}
        if len(kept) == len(self):
            raise KeyError(key)
        self._write(self._key, kept)

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return repr(self._read())


def _at(read: Callable[[], Mapping[str, Any]], write: Callable[[str, Any], None], key: str) -> Any:
    values = read()
    if key in values:
        return Branch(read, write, key) if _is_branch(values[key]) else values[key]
    if any(each.startswith(f"{key}.") for each in values):
        return Branch(read, write, key)
    raise KeyError(key)


def _is_branch(value: Any) -> bool:
    return isinstance(value, dict) and "_type" not in value


def _leaves(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if value and _is_branch(value):
            yield from _leaves(f"{prefix}{key}.", value)
        else:
            yield prefix + key, value
