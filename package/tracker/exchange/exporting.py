"""Exports runs for other programs."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tracker.api.api import Api
from tracker.api.plain import plain_run
from tracker.errors import NotFoundError, UsageError, warn
from tracker.exchange.formats import EXPORTED
from tracker.exchange.tensorboard_files import write_run
from tracker.records import RunRecord
from tracker.settings import find_store
from tracker.store.reading import copying
from tracker.store.store import Store, open_store

if TYPE_CHECKING:
    from tracker.api.run import Run

_ENDINGS: Final = {".parquet": "parquet", ".csv": "csv", ".json": "json"}
_SPECIAL: Final = {math.inf: "Infinity", -math.inf: "-Infinity"}


@dataclass(frozen=True)
class Exported:
    """What an export wrote.

    Attributes
    ----------
    path : Path
        The file or the folder.
    runs : tuple of str
        Which runs, as ``project/id``.
    lost : dict of str to int
        What the format cannot hold: what it is, and how many.
    """

    path: Path
    runs: tuple[str, ...]
    lost: dict[str, int]

    def __str__(self) -> str:
        number = len(self.runs)
        return f"{number:,} {'run' if number == 1 else 'runs'} written to {self.path}"

    __repr__ = __str__

    @property
    def complaint(self) -> str:
        """What the format cannot hold, in one sentence; empty if it holds everything."""
        parts = [f"{what} ({number:,})" for what, number in sorted(self.lost.items())]
        return f"Not exported: {', '.join(parts)}." if parts else ""


def export_runs(
    runs: Any,
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    dir: str | os.PathLike[str] | None = None,
) -> Exported:
    """Write runs into a file or a folder for other programs.

    Parameters
    ----------
    runs : str, run, or sequence of them
        A project, ``"project/id"``, or runs of :meth:`tracker.Api.runs`.
    path : path-like
        The file to write, or the folder for ``"tensorboard"``. A file is replaced.
    format : {"parquet", "csv", "json", "tensorboard"}, optional
        Default: by how the file's name ends.
    dir : path-like, optional
        The directory that holds the store; see :func:`tracker.settings.find_store`.

    Returns
    -------
    Exported
        Which runs, and what the format cannot hold: that is one warning, too.

    Raises
    ------
    UsageError
        If there is no such format, or the file cannot be written.
    NotFoundError
        If there are no such runs.
    """
    target = Path(path)
    chosen = _ENDINGS.get(target.suffix.lower()) if format is None else format
    if chosen not in EXPORTED:
        raise UsageError(
            f"format is {format!r} and the file {target.name!r}: expected one of "
            f"{', '.join(EXPORTED)}, or a name that ends in {', '.join(_ENDINGS)}."
        )
    api = Api(dir)
    found = list(_find(api, runs))
    store = open_store(find_store(dir))
    lost: Counter[str] = Counter()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[chosen](store, found, target, lost)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}.") from error
    paths = tuple(f"{run.project}/{run.id}" for run in found)
    done = Exported(target, paths, dict(lost))
    if done.complaint:
        warn(done.complaint)
    return done


def _find(api: Api, given: Any) -> Iterator[Run]:
    if isinstance(given, str):
        yield from _named(api, given)
    elif isinstance(getattr(given, "record", None), RunRecord):
        yield given
    else:
        for each in given:
            yield from _find(api, each)


def _named(api: Api, name: str) -> list[Run]:
    if "/" in name:
        return [api.run(name)]
    try:
        return list(api.runs(name))
    except NotFoundError:
        pass
    try:
        return [api.run(name)]
    except NotFoundError as error:
        raise NotFoundError(f"There is no project and no run {name!r}.") from error


# --- the formats


def _write_table(format: Any) -> Callable[[Store, Sequence[Run], Path, Counter[str]], None]:
    def write(store: Store, runs: Sequence[Run], target: Path, lost: Counter[str]) -> None:
        keys = [run.record.run_key for run in runs]
        partial = target.with_name(f".{target.name}.partial")
        try:
            with store.copying() as db:
                copying.copy_points(db, keys, partial, format)
                media = copying.count_media(db, keys)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        if media:
            lost["media, which no table holds"] += media

    return write


def _write_json(store: Store, runs: Sequence[Run], target: Path, lost: Counter[str]) -> None:
    partial = target.with_name(f".{target.name}.partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            for number, run in enumerate(runs):
                file.write("[\n" if number == 0 else ",\n")
                json.dump(_as_json(_facts(run)), file, ensure_ascii=False, allow_nan=False)
            file.write("\n]\n" if runs else "[]\n")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _facts(run: Run) -> dict[str, Any]:
    told = plain_run(run.record)
    return {**told, "metadata": run.record.metadata, "history": list(run.scan_history())}


def _as_json(value: Any) -> Any:
    """Return a value as JSON can say it: what is no finite number as W&B's and Trackio's words."""
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return _SPECIAL.get(value, "NaN")
    return value


def _write_events(store: Store, runs: Sequence[Run], target: Path, lost: Counter[str]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for run in runs:
        write_run(store, run.record, target, lost)


_WRITERS: Final[dict[str, Callable[[Store, Sequence[Run], Path, Counter[str]], None]]] = {
    "csv": _write_table("csv"),
    "json": _write_json,
    "parquet": _write_table("parquet"),
    "tensorboard": _write_events,
}
