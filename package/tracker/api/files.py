"""The files of a stored run, as W&B has them: what was saved, media, and what it writes itself."""

from __future__ import annotations

import functools
import json
import mimetypes
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from tracker.api.media_paths import TABLES, media_files
from tracker.api.reader import Reader, did_you_mean
from tracker.artifacts.words import check_inside
from tracker.errors import NotFoundError, UsageError
from tracker.media.loading import load
from tracker.moment import Moment
from tracker.run.run_files import copy_file, folders_of
from tracker.store.files.objects import Objects
from tracker.store.reading import read
from tracker.store.reading.logged import media_values

if TYPE_CHECKING:
    from tracker.records import RunRecord


@dataclass(frozen=True, slots=True, repr=False)
class File:
    """A file of a stored run.

    Attributes
    ----------
    name : str
        As it was saved, with ``/``; media are ``media/images/…``.
    updated_at : Moment
        When it was last written, UTC.
    """

    name: str
    updated_at: Moment
    _read: Callable[[], bytes] = field(repr=False, compare=False)
    _path: Path | None = field(default=None, repr=False, compare=False)
    _is_saved: bool = field(default=False, repr=False, compare=False)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self._read()) if self._path is None else self._path.stat().st_size

    @property
    def mimetype(self) -> str:
        """What it is, judged by its name."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def url(self) -> str:
        """Where it is, as a ``file:`` address; empty for one that is written on demand."""
        return "" if self._path is None else self._path.absolute().as_uri()

    @property
    def path_uri(self) -> str:
        """The same as :attr:`url`."""
        return self.url

    def __repr__(self) -> str:
        return f"<File {self.name} ({self.mimetype}, {self.size:,} bytes)>"

    def download(
        self,
        root: str | os.PathLike[str] = ".",
        replace: bool = False,
        exist_ok: bool = False,
        api: Any = None,
    ) -> TextIO:
        """Copy the file into a folder and open the copy.

        Parameters
        ----------
        root : path-like
            The folder; the file's own folders are made in it. Default the working directory.
        replace : bool
            Take the place of a file that is there. Default False.
        exist_ok : bool
            Open a file that is there instead. Default False.
        api
            Accepted for W&B's sake.

        Raises
        ------
        UsageError
            If there is a file and neither is wanted, or the name leads out of the folder.
        """
        target = Path(root) / check_inside(self.name)
        if target.exists() and not replace:
            if not exist_ok:
                raise UsageError(
                    f"{target} exists: download(replace=True) overwrites it and "
                    "download(exist_ok=True) leaves it."
                )
        elif self._path is not None:
            copy_file(self._path, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self._read())
        return target.open(encoding="utf-8", errors="surrogateescape")

    def delete(self) -> None:
        """Delete a file that was saved with the run.

        Raises
        ------
        UsageError
            If it was not saved as a file, such as logged media.
        """
        if self._path is None or not self._is_saved:
            raise UsageError(
                f"{self.name} cannot be deleted by itself: it is part of what the run logged."
            )
        self._path.unlink(missing_ok=True)


def list_files(
    reader: Reader, record: RunRecord, names: Sequence[str] | None, pattern: str | None
) -> list[File]:
    """Return the files of a run that have one of the names, or fit a pattern of SQL's LIKE.

    Raises
    ------
    UsageError
        If both are given.
    """
    if names and pattern:
        raise UsageError("Files are found by names or by a pattern: give one of them.")
    found: dict[str, File] = {}
    for file in _all(reader, record):
        found.setdefault(file.name, file)
    if names:
        return [found[name] for name in names if name in found]
    fits = re.compile(_like(pattern or "%"), re.DOTALL | re.IGNORECASE).fullmatch
    return [file for name, file in sorted(found.items()) if fits(name)]


def find_file(reader: Reader, record: RunRecord, name: str) -> File:
    """Return the file of this name.

    Raises
    ------
    NotFoundError
        If the run has none.
    """
    known = []
    for file in _all(reader, record):
        if file.name == name:
            return file
        known.append(file.name)
    hint = did_you_mean(name, known)
    raise NotFoundError(f"Run {record.project}/{record.run_id} has no file {name!r}.{hint}")


def add_file(reader: Reader, record: RunRecord, path: str, root: str) -> File:
    """Save one more file with a run.

    Raises
    ------
    UsageError
        If it is not below `root`.
    """
    source, base = Path(path).absolute(), Path(root).absolute()
    if not source.is_relative_to(base):
        raise UsageError(f"{path!r} is not below the root {root!r}: give a folder that it is in.")
    with reader.open() as db:
        folder = next(iter(folders_of(db, reader.store, record.run_key)))
    name = source.relative_to(base).as_posix()
    copy_file(source, folder / name)
    return _saved(name, folder / name)


def _all(reader: Reader, record: RunRecord) -> Iterator[File]:
    """Yield every file; of equal names the first counts."""
    with reader.open() as db:
        folders = list(folders_of(db, reader.store, record.run_key))
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield _saved(path.relative_to(folder).as_posix(), path)
    yield from _written(reader, record)
    objects = Objects(reader.store.objects_dir)
    with reader.open() as db:
        logged = media_values(db, record.run_key)
    for key, value in logged:
        for name, reference in media_files(key, value):
            yield _logged(name, reference, objects, Moment(record.updated_at))


def _saved(name: str, path: Path) -> File:
    at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return File(name, Moment(at), path.read_bytes, path, _is_saved=True)


def _logged(name: str, reference: dict[str, Any], objects: Objects, at: Moment) -> File:
    if reference["_type"] in TABLES:
        return File(name, at, lambda: _table_json(reference, objects))
    try:
        path = objects.path(reference["sha256"])
    except NotFoundError:
        return File(name, at, lambda: objects.path(reference["sha256"]).read_bytes())
    return File(name, at, path.read_bytes, path)


def _table_json(reference: dict[str, Any], objects: Objects) -> bytes:
    table = load(reference, objects)
    content = {
        "columns": [str(name) for name in table.columns],
        "data": table.data,
        "ncols": len(table.columns),
        "nrows": len(table.data),
    }
    return json.dumps(content, default=_plain).encode()


def _plain(cell: Any) -> Any:
    if callable(to_reference := getattr(cell, "to_reference", None)):
        from tracker.media.media import digest

        return to_reference(digest)
    return cell.tolist() if hasattr(cell, "tolist") else str(cell)


def _written(reader: Reader, record: RunRecord) -> Iterator[File]:
    """Yield the files that W&B writes for every run."""
    writers: dict[str, Callable[[], str]] = {
        "config.yaml": lambda: _yaml({k: {"value": v} for k, v in record.config.items()}),
        "output.log": lambda: _console(reader, record),
        "requirements.txt": lambda: _requirements(record),
        "wandb-metadata.json": lambda: _metadata(record),
        "wandb-summary.json": lambda: json.dumps(record.summary, default=str),
    }
    for name, write in writers.items():
        yield File(name, Moment(record.updated_at), functools.partial(_encoded, write))


def _encoded(write: Callable[[], str]) -> bytes:
    return write().encode()


def _console(reader: Reader, record: RunRecord) -> str:
    with reader.open() as db:
        return "".join(f"{line.text}\n" for line in read.console(db, record.run_key))


def _requirements(record: RunRecord) -> str:
    packages = record.metadata.get("packages") or {}
    return "".join(f"{name}=={version}\n" for name, version in packages.items())


def _metadata(record: RunRecord) -> str:
    # host and startedAt are W&B's names.
    added = {"host": record.metadata.get("hostname"), "startedAt": record.created_at.isoformat()}
    rest = {key: value for key, value in record.metadata.items() if key != "packages"}
    return json.dumps({**added, **rest}, indent=2, default=str)


def _yaml(values: dict[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(json.loads(json.dumps(values, default=str)), allow_unicode=True)


def _like(pattern: str) -> str:
    """Return SQL's LIKE as a regular expression."""
    return "".join({"%": ".*", "_": "."}.get(char, re.escape(char)) for char in pattern)
