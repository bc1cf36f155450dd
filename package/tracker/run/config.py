"""The configuration of a run: what the user chose before training."""

from __future__ import annotations

import argparse
import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from tracker.errors import ConfigError, UsageError
from tracker.run.values import Storable

_OWN = ("_values", "_saved", "_is_free", "_save", "_plain", "_locked")


class Config(MutableMapping[str, Any]):
    """Keys and values by item or attribute: ``config["lr"]``, ``config.lr``.

    Changing a value that is set raises :class:`~tracker.errors.ConfigError` unless
    changes are allowed, as they are in notebooks.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        *,
        plain: Callable[[Any], Any],
        save: Callable[[dict[str, Any]], None],
        allow_val_change: bool,
    ) -> None:
        self._plain = plain
        self._save = save
        self._is_free = allow_val_change
        self._locked: dict[str, str] = {}
        self._values: dict[str, Any] = dict(values)
        self._saved = copy.deepcopy(self._values)

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
        """
        changes = {**read_config(given), **more}
        for key, value in changes.items():
            self._check(key, value, allow_val_change)
        self._set_all(changes)

    def setdefaults(self, given: Any = None) -> None:
        """Set the values of `given` whose keys are not set."""
        self._set_all({k: v for k, v in read_config(given).items() if _name(k) not in self._values})

    def as_dict(self) -> dict[str, Any]:
        """Return the values as a plain dict."""
        return copy.deepcopy(self._values)

    def lock(self, values: Mapping[str, Any], owner: str) -> None:
        """Set values that only `owner`, such as a sweep, may set from now on."""
        self._set_all(values)
        self._locked.update(dict.fromkeys(map(_name, values), owner))

    def notice_changes(self) -> None:
        """Save nested values that were changed in place."""
        if self._values != self._saved:
            self._store()

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._check(key, value, None)
        self._set_all({key: value})

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self._store()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

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
            raise AttributeError(
                f"The config has no key {name!r}; it has {', '.join(self._values) or 'none'}."
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def __repr__(self) -> str:
        return repr(self._values)

    def _check(self, key: str, value: Any, allowed: bool | None) -> None:
        if isinstance(value, Storable) and not isinstance(value, type):
            raise TypeError(
                f"Config value {key!r} is a {type(value).__name__}: media cannot be config, log "
                "it with run.log()."
            )
        name = _name(key)
        is_allowed = self._is_free if allowed is None else allowed
        if is_allowed or name not in self._values or name in self._locked:
            return
        new, old = self._plain(value), self._values[name]
        if new != old:
            raise ConfigError(
                f'Attempted to change value of key "{name}" from {old} to {new}\n'
                "If you really want to do this, pass allow_val_change=True to config.update()"
            )

    def _set_all(self, changes: Mapping[str, Any]) -> None:
        for key, value in changes.items():
            name = _name(key)
            if name not in self._locked:
                self._values[name] = self._plain(value)
        if self._values != self._saved:
            self._store()

    def _store(self) -> None:
        self._saved = copy.deepcopy(self._values)
        self._save(self._saved)


def _name(key: Any) -> str:
    return str(key).removeprefix("--")


def read_config(given: Any) -> dict[str, Any]:
    """Return the values of anything that ``init(config=…)`` takes.

    Raises
    ------
    UsageError
        If it is nothing of the kind, or a file that cannot be read.
    """
    if given is None:
        return {}
    if isinstance(given, Config):
        return given.as_dict()
    if isinstance(given, Mapping):
        return {_name(key): value for key, value in given.items()}
    if isinstance(given, str | Path):
        return _read_yaml(Path(given))
    if isinstance(given, argparse.Namespace):
        return dict(vars(given))
    if dataclasses.is_dataclass(given) and not isinstance(given, type):
        return dataclasses.asdict(given)
    for method in ("flag_values_dict", "model_dump", "to_dict"):
        if callable(read := getattr(given, method, None)) and not isinstance(given, type):
            return read_config(read())
    raise UsageError(
        f"config is a {type(given).__name__}: expected a dict, an argparse.Namespace, a "
        "dataclass or the path of a YAML file."
    )


def _read_yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"config file {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"config file {path} is not valid YAML: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UsageError(
            f"config file {path} holds a {type(content).__name__}: expected a mapping."
        )
    return {
        _name(key): value["value"] if isinstance(value, dict) and "value" in value else value
        for key, value in content.items()
        if key != "wandb_version"
    }
