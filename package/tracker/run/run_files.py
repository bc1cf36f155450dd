"""Files that a run keeps beside its metrics: copied when saved, and found again by name."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tracker.errors import NotFoundError, UsageError
from tracker.store.reading import read
from tracker.store.store import Store

POLICIES = ("live", "now", "end")

PathLike = str | bytes | os.PathLike[str]


def match_files(
    pattern: PathLike, base: PathLike | None, folder: Path, *, is_glob: bool
) -> dict[Path, Path]:
    """Return the files that a pattern matches: where they are to where they go, as W&B says.

    Relative paths keep their folders, absolute ones their last folder, and files below
    `base` those below it. What is in `folder` already stays where it is.

    Raises
    ------
    UsageError
        If the pattern is not below `base`, or would leave `folder`.
    """
    text = os.fsdecode(pattern)
    below = _base(Path(text), None if base is None else Path(os.fsdecode(base)), folder)
    found = sorted(glob.glob(text)) if is_glob else [text]  # noqa: PTH207 - the text as given
    return {
        Path(match): folder / _relative(Path(match), below)
        for match in found
        if Path(match).is_file()
    }


def _base(path: Path, base: Path | None, folder: Path) -> Path:
    if base is not None:
        return base
    if not path.is_absolute():
        return Path()
    return folder if path.is_relative_to(folder) else path.parent.parent


def _relative(path: Path, base: Path) -> Path:
    place, start = Path(os.path.normpath(path)), Path(os.path.normpath(base))
    if start == Path() and (place.is_absolute() or ".." in place.parts):
        raise UsageError(
            f"save() was given {str(path)!r}: give the folder that it is in as base_path."
        )
    if not place.is_relative_to(start):
        raise UsageError(
            f"save() was given {str(path)!r}, which is not in base_path {str(base)!r}."
        )
    return place.relative_to(start)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, so that a reader finds the old or the new content and nothing between.

    Raises
    ------
    OSError
        If it cannot be copied; what was there stays.
    """
    if target.exists() and source.samefile(target):
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copy2(source, partial)
        partial.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def find_file(store: Store, project: str, run_id: str, name: str) -> Path:
    """Return where a saved file of a run is, the one of its newest session that has it.

    Raises
    ------
    NotFoundError
        If there is no such run, or it has no such file.
    UsageError
        If `name` would leave the run's folder.
    """
    parts = Path(os.path.normpath(name))
    if parts.is_absolute() or ".." in parts.parts:
        raise UsageError(f"restore() was given {name!r}: expected the name of a saved file.")
    with store.reading() as db:
        record = read.run(db, project, run_id)
        if record is None:
            raise NotFoundError(f"There is no run {run_id!r} in project {project!r}.")
        folders = list(folders_of(db, store, record.run_key))
    for folder in folders:
        if (path := folder / parts).is_file():
            return path
    raise NotFoundError(f"File {name!r} not found in {project}/{run_id}.")


def folders_of(db: Any, store: Store, run_key: int) -> Iterator[Path]:
    """Yield the folder of each session of a run, the newest first; it may not be there."""
    rows = db.execute(
        "SELECT journal FROM session WHERE run_key = ? ORDER BY journal DESC", [run_key]
    ).fetchall()
    for (stem,) in rows:
        yield store.root / "files" / stem
