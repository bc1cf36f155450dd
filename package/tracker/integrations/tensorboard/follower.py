"""Reads event files as they grow, by TensorBoard's own reader, and logs them to a run."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import tracker
from tracker.integrations import need
from tracker.integrations.tensorboard.values import READERS

_loader = need("tensorboard.backend.event_processing.event_file_loader", "tensorboard")

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
        self._files: dict[Path, _EventFile] = {}
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

    def _look(self, *, is_last: bool) -> None:
        try:
            for writer in list(self._writers):
                with suppress(Exception):  # a writer that is closed has flushed
                    _flush(writer, is_last=is_last)
            with self._lock:
                self._find()
            for file in list(self._files.values()):
                for row in file.rows(is_last=is_last):
                    self._log(row, file)
        except tracker.errors.TrialStopped:
            pass  # whoever trains hears of it by what it logs itself
        except ReferenceError:
            self._ended.set()  # the run is gone without having been finished
        except Exception as error:  # noqa: BLE001 - training goes on
            tracker.termwarn(f"Events of TensorBoard are not logged: {error!r}.", repeat=False)

    def _find(self) -> None:
        found: set[Path] = set()
        if self._is_whole and self._root is not None:
            found |= set(self._root.rglob(FILES))
        for folder in self._folders:
            found |= event_files(folder)
        for path in sorted(found - self._known - set(self._files)):
            self._files[path] = _EventFile(path, self._namespace(path.parent))

    def _namespace(self, folder: Path) -> str:
        """Return what a folder's keys begin with."""
        if self._root is None or folder == self._root:
            return ""
        common = os.path.commonpath([self._root, folder])
        return f"{folder.relative_to(common).as_posix()}/"

    def _log(self, row: dict[str, Any], file: _EventFile) -> None:
        if config := row.pop("", None):
            self._run.config.update(config, allow_val_change=True)
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


class _EventFile:
    """A file of events, read as it grows.

    Attributes
    ----------
    namespace : str
        What its keys begin with.
    defined : set of str
        Keys whose axis the run knows.
    """

    def __init__(self, path: Path, namespace: str) -> None:
        self.namespace = namespace
        self.defined: set[str] = set()
        self._reader = _loader.EventFileLoader(str(path))
        self._plugins: dict[str, str] = {}
        self._row: dict[str, Any] = {}
        self._step = 0

    def rows(self, *, is_last: bool) -> Iterator[dict[str, Any]]:
        """Give the rows that are complete: those of a step, which another step ends, or a pause."""
        is_news = False
        for event in self._reader.Load():
            values = {
                name: value for each in event.summary.value for name, value in self._values(each)
            }
            if not values:
                continue
            is_news = True
            # Before it is given away, so that nothing is lost where it cannot be logged.
            done = self._whole_row() if self._row and event.step != self._step else None
            self._step = event.step
            for name, value in values.items():
                held = self._row.get(name)
                # Images of a batch come one by one.
                self._row[name] = held + value if isinstance(held, list) else value
            if done is not None:
                yield done
        if self._row and (is_last or not is_news):
            yield self._whole_row()

    def _whole_row(self) -> dict[str, Any]:
        row, self._row = self._row, {}
        if self.namespace:
            row[f"{self.namespace}{STEP}"] = self._step
        row[STEP] = self._step
        return row

    def _values(self, value: Any) -> Iterator[tuple[str, Any]]:
        given = value.metadata.plugin_data.plugin_name
        plugin = self._plugins.setdefault(value.tag, given) or given
        read = READERS.get(plugin)
        if read is None:
            return
        try:
            for name, found in read(value):
                yield (f"{self.namespace}{name}" if name else ""), found
        except Exception as error:  # noqa: BLE001 - the other values are worth reading
            tracker.termwarn(f"{value.tag!r} of TensorBoard is not logged: {error}", repeat=False)
