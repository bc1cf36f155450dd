"""Reads event files as they grow, and logs them to a run."""

from __future__ import annotations

import os
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import tracker

LOOK_AGAIN_S = 1.0
STEP = "global_step"
FILES = "*tfevents*"


def event_files(folder: Path) -> set[Path]:
    """Return the files of events in a folder."""
    return set(folder.glob(FILES)) if folder.is_dir() else set()


class Follower:
    """Logs to a run what is written into folders, until the run ends.

    Parameters
    ----------
    run : Run
        The run.
    root : Path, optional
        The folder below which everything is followed.
    """

    def __init__(self, run: Any, root: Path | None) -> None:
        self._run = weakref.proxy(run)
        self._root = root.absolute() if root is not None else None
        self._is_whole = root is not None
        self._known = set(self._root.rglob(FILES)) if self._root is not None else set()
        self._folders: dict[Path, None] = {}
        self._files: dict[Path, _File] = {}
        self._writers: list[Any] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="tracker-tensorboard", daemon=True)
        self._thread.start()
        run.before_end(self._end)

    def follow(self, folder: Path, known: set[Path], writer: Any) -> None:
        """Follow a folder, but for files that it had before; `writer` writes into it."""
        folder = folder.absolute()
        with self._lock:
            if self._root is None:
                self._root = folder
            if folder not in self._folders:
                self._folders[folder] = None
                if not (self._is_whole and folder.is_relative_to(self._root)):
                    self._known |= {path.absolute() for path in known}
            self._writers.append(writer)

    def _work(self) -> None:
        while not self._ended.wait(LOOK_AGAIN_S):
            self._look(is_last=False)

    def _end(self, run: Any) -> None:
        self._ended.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        self._look(is_last=True)
        lost = sum((file.events.lost for file in self._files.values()), Counter[str]())
        if lost:
            words = ", ".join(f"{what} ({count})" for what, count in lost.items())
            tracker.termwarn(f"Not logged of what was written for TensorBoard: {words}.")

    def _look(self, *, is_last: bool) -> None:
        try:
            for writer in list(self._writers):
                with suppress(Exception):  # a writer that is closed has flushed
                    _flush(writer, is_last=is_last)
            with self._lock:
                self._find()
            for file in list(self._files.values()):
                self._read(file, is_last=is_last)
        except tracker.errors.TrialStopped:
            pass  # whoever trains hears of it by what it logs itself
        except ReferenceError:
            self._ended.set()  # the run is gone without having been finished
        except Exception as error:  # noqa: BLE001 - training goes on
            tracker.termwarn(f"Events of TensorBoard are not logged: {error!r}.", repeat=False)

    def _read(self, file: _File, *, is_last: bool) -> None:
        try:
            for row in file.rows(is_last=is_last):
                self._log(row, file)
        except tracker.errors.TrackerError as error:  # the other files are worth reading
            tracker.termwarn(f"Events of TensorBoard are not logged: {error}", repeat=False)
        config, file.config = file.config, {}
        if config:
            self._run.config.update(config, allow_val_change=True)

    def _find(self) -> None:
        found: set[Path] = set()
        if self._is_whole and self._root is not None:
            found |= set(self._root.rglob(FILES))
        for folder in self._folders:
            found |= event_files(folder)
        for path in sorted(found - self._known - set(self._files)):
            self._files[path] = _File(path, self._namespace(path.parent))

    def _namespace(self, folder: Path) -> str:
        """Return what a folder's keys begin with."""
        if self._root is None or folder == self._root:
            return ""
        common = os.path.commonpath([self._root, folder])
        return f"{folder.relative_to(common).as_posix()}/"

    def _log(self, row: dict[str, Any], file: _File) -> None:
        axes = {STEP, f"{file.namespace}{STEP}"}
        for key in set(row) - file.defined:
            file.defined.add(key)
            if key in axes:
                self._run.define_metric(key, hidden=True)
            else:
                self._run.define_metric(key, step_metric=STEP)
        if set(row) - axes:
            self._run.log(row)


def _flush(writer: Any, *, is_last: bool) -> None:
    """Let a writer write what it holds; tensorboardX's thread may still hold some at the end."""
    queue = getattr(writer, "_event_queue", None)
    if is_last and queue is not None:
        worker = writer._worker  # noqa: SLF001 - there is no other way to wait for it
        worker.stop()  # works off what is queued
        writer._worker = type(worker)(queue, writer._ev_writer, writer._flush_secs)  # noqa: SLF001
        writer._worker.start()  # noqa: SLF001
    writer.flush()


class _File:
    """Makes rows of a file of events.

    Attributes
    ----------
    namespace : str
        What its keys begin with.
    events : EventFile
        The file.
    defined : set of str
        Keys whose axis the run knows.
    config : dict
        Hyperparameters that the run does not know yet.
    """

    def __init__(self, path: Path, namespace: str) -> None:
        self.namespace = namespace
        self.events = tracker.EventFile(path)
        self.defined: set[str] = set()
        self.config: dict[str, Any] = {}
        self._row: dict[str, Any] = {}
        self._step = 0

    def rows(self, *, is_last: bool) -> Iterator[dict[str, Any]]:
        """Give the rows that are complete: those of a step, which another step ends, or a pause."""
        is_news = False
        for event in self.events.read():
            self.config.update(event.hparams)
            if not event.values:
                continue
            is_news = True
            # Before it is given away, so that nothing is lost where it cannot be logged.
            done = self._whole_row() if self._row and event.step != self._step else None
            self._step = event.step
            for tag, value in event.values.items():
                self._put(*_as_logged(tag, value))
            if done is not None:
                yield done
        if self._row and (is_last or not is_news):
            yield self._whole_row()

    def _put(self, name: str, value: Any) -> None:
        key = f"{self.namespace}{name}"
        held = self._row.get(key)
        # Images of a batch come one by one.
        is_more = isinstance(held, list) and isinstance(value, list)
        self._row[key] = held + value if is_more else value

    def _whole_row(self) -> dict[str, Any]:
        row, self._row = self._row, {}
        if self.namespace:
            row[f"{self.namespace}{STEP}"] = self._step
        row[STEP] = self._step
        return row


def _as_logged(tag: str, value: Any) -> tuple[str, Any]:
    """Return the key and the value that W&B has for a tag; images and sounds are lists."""
    if isinstance(value, int | float):
        return tag, value
    items = value if isinstance(value, list) else [value]
    first = items[0] if items else None
    if isinstance(first, tracker.Image | tracker.Video):
        start, _, last = tag.rpartition("/")
        name = start if start and last.isdigit() else tag
        return name.replace("/", "_").replace("\\", "_"), items
    return tag, items if isinstance(first, tracker.Audio) else value
