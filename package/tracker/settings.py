"""Where the store is and how often it is written: read once, then passed along."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from tracker.errors import UsageError

Mode = Literal["online", "offline", "disabled", "shared"]

STORE_FOLDER = ".tracker"
DATABASE_FILE = "tracker.duckdb"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is recorded.

    Attributes
    ----------
    root : Path
        Directory of the store (``tracker.duckdb``, ``journal/``, ``objects/``).
    mode : {"online", "offline", "disabled", "shared"}
        ``"disabled"`` records nothing; the others all record into the local store.
        ``"shared"`` lets several processes write the run of one id at once.
    primary : bool
        Of a shared run: whether this process says how the run is called and how it ends, and
        gives its readings, console and code; exactly one should. Default True.
    flush_interval_s : float
        Seconds between two writes of the journal into DuckDB; fewer while a panel looks
        on, more (up to ten times) where more than 8 other processes log into the store. At
        least 0.05, default 1.
    system_interval_s : float
        Seconds between two system readings, at least 0.1; 0 turns them off. Default 2.
    console : bool
        Capture stdout and stderr while a run is active. Default True.
    panel : bool
        Show the live panel under the cell that calls ``init``. Default True.
    silent : bool
        Print nothing. Default False.
    save_code : bool
        Keep the git patch and the executed cells with the run. Default True.
    strict_steps : bool
        Drop rows with an earlier step, as W&B does. Default False: keep them.
    keep_journal : bool
        Keep a finished run's journal, compressed, as the safety copy of the
        database. Default True.
    fsync : bool
        Force every row to the disk before ``log`` returns, which also survives a
        power cut and costs about a millisecond a call. Default False.
    gpu_ids : tuple of int or None
        GPUs to read; None reads all.
    disk_paths : tuple of str
        Paths whose disk use is read. Default ``("/",)``.
    artifact_home : str
        Where the files of artifacts are kept, such as ``s3://bucket/prefix``; noted in the
        store. Default: in the store.
    alert_command : tuple of str
        A program and its arguments, run for each alert of :meth:`tracker.Run.alert` with that
        alert as JSON on its stdin; as text it is taken apart as a shell would. Default: none.
    """

    root: Path = field(default_factory=Path)
    mode: Mode = "online"
    primary: bool = True
    flush_interval_s: float = 1.0
    system_interval_s: float = 2.0
    console: bool = True
    panel: bool = True
    silent: bool = False
    save_code: bool = True
    strict_steps: bool = False
    keep_journal: bool = True
    fsync: bool = False
    gpu_ids: tuple[int, ...] | None = None
    disk_paths: tuple[str, ...] = ("/",)
    artifact_home: str = ""
    alert_command: tuple[str, ...] = ()


def read_settings(
    directory: str | os.PathLike[str] | None = None,
    mode: str | None = None,
    overrides: Any = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Settle the settings from arguments, then environment, then defaults.

    Parameters
    ----------
    directory : path-like, optional
        The directory that holds the store's folder; see :func:`find_store`.
    mode : str, optional
        Overrides ``TRACKER_MODE`` (or ``WANDB_MODE``).
    overrides : mapping or settings object, optional
        Fields by name. W&B's names that mean the same here are understood
        (``x_disable_stats``, ``x_stats_sampling_interval``, ``console="off"`` …),
        its other names are ignored.
    environ : mapping, optional
        Environment variables; default ``os.environ``.

    Raises
    ------
    UsageError
        If the mode or the value of a setting is not one that exists.
    """
    values = _from_environment(environ)
    values.update(_from_overrides(overrides))
    if mode is not None:
        values["mode"] = mode
    if _is_code_private(overrides, environ):
        values["save_code"] = False
    chosen = values.get("mode", "online")
    if chosen in ("dryrun", "run"):
        values["mode"] = chosen = "offline" if chosen == "dryrun" else "online"
    if chosen not in get_args(Mode):
        raise UsageError(
            f"mode is {chosen!r}: expected one of {', '.join(map(repr, get_args(Mode)))}."
        )
    root = values.pop("root", None)
    place = find_store(directory if directory is not None else root, environ)
    return replace(Settings(), root=place, **values)


def find_store(
    directory: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] = os.environ,
    *,
    here: Path | None = None,
) -> Path:
    """Say where the store is.

    ``directory/.tracker`` (or `directory` itself where it is a store already), else
    ``TRACKER_DIR``, else ``WANDB_DIR/.tracker``, else the nearest ``.tracker`` in `here` (by
    default the working directory) and its parents, else the user's data directory.
    """
    if directory is not None:
        given = Path(directory).expanduser().resolve()
        is_store = given.name == STORE_FOLDER or (given / DATABASE_FILE).exists()
        return given if is_store else given / STORE_FOLDER
    if from_environment := environ.get("TRACKER_DIR"):
        return Path(from_environment).expanduser().resolve()
    if from_wandb := environ.get("WANDB_DIR"):
        return find_store(from_wandb, environ)
    here = Path.cwd() if here is None else here
    for parent in (here, *here.parents):
        if (parent / STORE_FOLDER).is_dir():
            return parent / STORE_FOLDER
    import platformdirs

    return Path(platformdirs.user_data_dir("tracker", appauthor=False))


_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
_LEAST_S = {"flush_interval_s": 0.05, "system_interval_s": 0.1}
_WANDB_CONSOLE = {"auto", "wrap", "redirect", "wrap_raw", "wrap_emu"}
_WANDB_NAMES = {
    "x_stats_sampling_interval": "system_interval_s",
    "x_stats_gpu_device_ids": "gpu_ids",
    "x_stats_disk_paths": "disk_paths",
    "quiet": "silent",
    "x_primary": "primary",
}
# W&B's switches against readings, the older one last
_NO_READINGS = ("WANDB_X_DISABLE_STATS", "WANDB__DISABLE_STATS")
# W&B's switches against keeping code; they win over save_code=True.
_PRIVATE = ("disable_code", "disable_git")


def _is_code_private(overrides: Any, environ: Mapping[str, str]) -> bool:
    given = overrides if isinstance(overrides, Mapping) else getattr(overrides, "__dict__", {})
    return any(
        given.get(name) or environ.get(f"WANDB_{name.upper()}", "").strip().lower() not in _FALSE
        for name in _PRIVATE
    )


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for item in fields(Settings):
        if item.name == "root":
            continue
        for prefix in ("TRACKER_", "WANDB_"):
            text = environ.get(prefix + item.name.upper())
            if text is not None:
                values[item.name] = _parse(item.name, text, prefix)
                break
    for theirs, ours in _WANDB_NAMES.items():
        text = environ.get(f"WANDB_{theirs.upper()}")
        if text is not None and ours not in values:
            values[ours] = _parse(ours, re.sub(r"[][\"']", "", text), "WANDB_")
    if any(environ.get(name, "").strip().lower() not in _FALSE for name in _NO_READINGS):
        values.setdefault("system_interval_s", 0.0)
    return values


def _parse(name: str, text: str, prefix: str = "") -> Any:
    shown = prefix + name.upper() if prefix else name
    default = getattr(Settings(), name)
    if isinstance(default, bool):
        word = text.strip().lower()
        if name == "console" and word in _WANDB_CONSOLE:
            return True
        if word in _TRUE | _FALSE:
            return word in _TRUE
        raise UsageError(f"{shown} is {text!r}: expected true or false.")
    if isinstance(default, float):
        return _seconds(shown, name, text)
    if name == "gpu_ids":
        return _gpu_ids(shown, [part for part in text.split(",") if part.strip()])
    if name == "disk_paths":
        return tuple(part for part in text.split(",") if part)
    if name == "alert_command":
        return _words(shown, text)
    return text


def _seconds(shown: str, name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise UsageError(f"{shown} is {value!r}: expected a number of seconds, 0 or more.")
    if name == "system_interval_s" and number == 0:
        return number
    return max(number, _LEAST_S[name])


def _gpu_ids(shown: str, given: Any) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in given)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{shown} is {given!r}: expected numbers of GPUs, such as 0,1.") from error


def _words(shown: str, text: str) -> tuple[str, ...]:
    """Return the words of a command; no shell reads it, so nothing in it is expanded."""
    import shlex

    try:
        return tuple(shlex.split(text, posix=os.name == "posix"))
    except ValueError as error:
        raise UsageError(f"{shown} is {text!r}: its quotes do not match.") from error


def _from_overrides(overrides: Any) -> dict[str, Any]:
    if overrides is None:
        return {}
    if isinstance(overrides, Settings):
        return {item.name: getattr(overrides, item.name) for item in fields(Settings)}
    if not isinstance(overrides, Mapping):
        overrides = {k: v for k, v in vars(overrides).items() if not k.startswith("_")}
    known = {item.name for item in fields(Settings)}
    values: dict[str, Any] = {}
    for name, value in overrides.items():
        if name == "x_disable_stats" or name == "_disable_stats":
            if value:
                values["system_interval_s"] = 0.0
            continue
        ours = _WANDB_NAMES.get(name, name)
        if ours in known and value is not None:
            values[ours] = _checked(ours, value)
    return values


def _checked(name: str, value: Any) -> Any:
    if name == "root":
        return Path(value)
    if isinstance(value, str):
        return _parse(name, value)
    default = getattr(Settings(), name)
    if isinstance(default, bool):
        return bool(value)
    if isinstance(default, float):
        return _seconds(name, name, value)
    if name == "gpu_ids":
        return _gpu_ids(name, value)
    if name in ("disk_paths", "alert_command"):
        return tuple(str(part) for part in value)
    return value
