"""The configuration of a run: what the user chose before training."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Protocol

from tracker.errors import ConfigError
from tracker.run.config_input import config_name, read_config
from tracker.run.values import Coercer, is_storable
from tracker.store.database.encode import dump_json

SHOWN_KEYS = 20
_OWN = ("_is_free", "_keeper", "_locked", "_saved", "_values")


class Keeper(Protocol):
    """What a config needs of the run that it belongs to."""

    def plain(self, value: Any) -> Any:
        """Return a value as plain data."""

    def changing(self) -> contextlib.AbstractContextManager[Any]:
        """Keep other threads out during a change; raise if the run takes no more."""

    def save(self, values: dict[str, Any], before: dict[str, Any]) -> None:
        """Keep the values; `before` are those that they had when last saved."""

    def complain(self, sentence: str) -> None:
        """Warn of something."""


class _NoKeeper:
    """Stands for the run of a config that belongs to none, such as a copy."""

    def plain(self, value: Any) -> Any:
        return Coercer(lambda content: "", self.complain).plain(value)

    def changing(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def save(self, values: dict[str, Any], before: dict[str, Any]) -> None:
        return

    def complain(self, sentence: str) -> None:
        return


class Config(MutableMapping[str, Any]):
    """Keys and values by item or attribute: ``config["lr"]``, ``config.lr``.

    Changing a value that is set raises :class:`~tracker.errors.ConfigError` unless
    changes are allowed, as they are in notebooks. Copied or pickled it becomes a config
    that belongs to no run.
    """

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        keeper: Keeper | None = None,
        allow_val_change: bool = False,
    ) -> None:
        self._keeper = keeper or _NoKeeper()
        self._is_free = allow_val_change
        self._locked: dict[str, tuple[str, Any]] = {}
        self._values: dict[str, Any] = copy.deepcopy(dict(values or {}))
        self._saved: dict[str, Any] = copy.deepcopy(self._values)

    def update(  # type: ignore[override]
        self, given: Any = None, allow_val_change: bool | None = None, **more: Any
    ) -> None:
        """Set several values at once.

        Parameters
        ----------
        given : mapping, argparse.Namespace, dataclass or path of a YAML file, optional
            The values.
        allow_val_change : bool, optional
            Whether values that are set may change; by default only in notebooks.

        Raises
        ------
        ConfigError
            If a value would change and may not; nothing is set then.
        TypeError
            If a value is media, such as an image.
        """
        self._change({**read_config(given), **more}, allow_val_change)

    def setdefaults(self, given: Any = None) -> None:
        """Set the values of `given` whose keys are not set."""
        values = {k: v for k, v in read_config(given).items() if k not in self._values}
        self._change(values, True)

    def as_dict(self) -> dict[str, Any]:
        """Return the values as a plain dict."""
        return copy.deepcopy(self._values)

    @property
    def _items(self) -> dict[str, Any]:
        return self.as_dict()

    def _as_dict(self) -> dict[str, Any]:
        return self.as_dict()

    def lock(self, values: Mapping[str, Any], owner: str) -> None:
        """Set values that only `owner`, such as ``"sweep"``, may set from now on."""
        locked = {config_name(key): self._read(key, value) for key, value in values.items()}
        merged = {name: merge_locked(self._values.get(name), v) for name, v in locked.items()}
        self._change(merged, True)
        self._locked |= {name: (owner, value) for name, value in locked.items()}

    def notice_changes(self) -> None:
        """Save nested values that were changed in place."""
        values = self._keeper.plain(self._values)
        if dump_json(values) != dump_json(self._saved):
            self._store(values)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._change({key: value}, None)

    def __delitem__(self, key: str) -> None:
        with self._keeper.changing():
            if key not in self._values:
                raise KeyError(key)
            if key in self._locked or not self._is_free:
                raise ConfigError(
                    f'Attempted to delete key "{key}" of the config: keys can be deleted in '
                    "notebooks, and after tracker.init(allow_val_change=True)."
                )
            del self._values[key]
            self._store(self._keeper.plain(self._values))

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __getattr__(self, name: str) -> Any:
        if name in _OWN:
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            shown = ", ".join(list(self._values)[:SHOWN_KEYS]) or "no keys"
            raise AttributeError(
                f"'Config' object has no attribute {name!r}: the config has {shown}."
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def __reduce__(self) -> tuple[type[Config], tuple[dict[str, Any]]]:
        return Config, (self.as_dict(),)

    def __repr__(self) -> str:
        return repr(self._values)

    def _change(self, given: Mapping[str, Any], allowed: bool | None) -> None:
        with self._keeper.changing():
            changes = {config_name(key): self._read(key, value) for key, value in given.items()}
            for name in self._locked.keys() & changes.keys():
                changes[name] = self._guarded(name, changes[name])
            if not (self._is_free if allowed is None else allowed):
                for name, value in changes.items():
                    self._check(name, value)
            self._values.update(changes)
            values = self._keeper.plain(self._values)
            if dump_json(values) != dump_json(self._saved):
                self._store(values)

    def _read(self, key: str, value: Any) -> Any:
        if is_storable(value):
            raise TypeError(
                f"Config value {key!r} is a {type(value).__name__}: media objects cannot be added "
                "to the run config, log them with run.log()."
            )
        return self._keeper.plain(value)

    def _check(self, name: str, value: Any) -> None:
        old = self._values.get(name, value)
        if value != old and dump_json(value) != dump_json(old):
            raise ConfigError(
                f'Attempted to change value of key "{name}" from {old} to {value}\n'
                "If you really want to do this, pass allow_val_change=True to config.update()"
            )

    def _guarded(self, name: str, value: Any) -> Any:
        """Return the value with what is locked of it as it was."""
        owner, locked = self._locked[name]
        merged = merge_locked(value, locked)
        if dump_json(merged) != dump_json(value):
            self._keeper.complain(f"Config item '{name}' was locked by '{owner}' (ignored update).")
        return merged

    def _store(self, values: dict[str, Any]) -> None:
        before, self._saved = self._saved, values
        self._keeper.save(values, before)


class ConfigCopy(Mapping[str, Any]):
    """Keys and values by item or attribute, as :class:`Config` has them, not to be changed."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_values", dict(values))

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(f"The copy of the config has no {name!r}.")
        return self._values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("config_static is a copy, not to be changed: change run.config.")

    def __reduce__(self) -> tuple[type[ConfigCopy], tuple[dict[str, Any]]]:
        return ConfigCopy, (self._values,)

    def __repr__(self) -> str:
        return repr(self._values)


def merge_locked(value: Any, locked: Any) -> Any:
    """Return a value with what is locked of it put in its place, group by group."""
    if not (isinstance(value, dict) and isinstance(locked, dict)):
        return copy.deepcopy(locked)
    kept = {key: merge_locked(value.get(key), item) for key, item in locked.items()}
    return {**value, **kept}
