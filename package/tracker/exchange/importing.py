"""Imports runs of other programs."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tracker.errors import StoreError, TrackerError, UsageError, warn
from tracker.exchange import formats
from tracker.exchange.choices import Choices
from tracker.exchange.elsewhere import Elsewhere
from tracker.exchange.taking import Taking
from tracker.settings import find_store
from tracker.store.store import Store, open_store
from tracker.store.writing.whole import importing

PATIENCE_S: Final = 2.0
INTERVAL_S: Final = 0.5
_MOST_SAID: Final = 5
_WORDS: Final = {
    "new": "imported", "grown": "brought up to date", "replaced": "imported anew",
    "unchanged": "unchanged",
}  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes
    ----------
    runs : tuple of str
        The runs that are in the store now, as ``project/id``, each once.
    outcomes : dict of str to int
        How many sources were ``new``, had ``grown``, were ``replaced`` or ``unchanged``.
    lost : dict of str to int
        What could not be kept: what it is, and how many.
    remarks : tuple of str
        What else there is to say, runs that could not be imported among it.
    """

    runs: tuple[str, ...]
    outcomes: dict[str, int]
    lost: dict[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [
            f"{number:,} {'run' if number == 1 else 'runs'} {word}"
            for outcome, word in _WORDS.items()
            if (number := self.outcomes.get(outcome, 0))
        ]
        return (", ".join(parts) or "No runs imported") + "."

    __repr__ = __str__

    @property
    def complaint(self) -> str:
        """What could not be kept, in one sentence; empty if everything was."""
        parts = [f"{what} ({number:,})" for what, number in sorted(self.lost.items())]
        said = [f"Not kept: {', '.join(parts)}."] if parts else []
        said += self.remarks[:_MOST_SAID]
        if (more := len(self.remarks) - _MOST_SAID) > 0:
            said.append(f"… and {more:,} more.")
        return " ".join(said)


def import_runs(
    source: Any,
    format: str | None = None,
    project: str | None = None,
    *,
    name: str | None = None,
    run_column: str | None = None,
    step_column: str | None = None,
    time_column: str | None = None,
    follow_links: bool = False,
    dir: str | os.PathLike[str] | None = None,
) -> Imported:
    """Import runs that another program has recorded.

    Importing the same source again adds nothing twice: of a run that has grown only what is new.

    Parameters
    ----------
    source : path-like or DataFrame
        A file or a folder: ``wandb/``, ``mlruns/``, a folder of event files, ``metrics.csv`` ….
    format : str, optional
        What it is; see ``package/docs/import_export.md``. By default that is found out.
    project : str, optional
        The project of all its runs. By default what the source says.
    name : str, optional
        The run's name, where the source is one run.
    run_column, step_column, time_column : str, optional
        Of a table: which columns say so. By default they are found out by their names.
    follow_links : bool
        Whether files outside of the source's folder, to which links in it lead, are kept with
        the run. Default False, for a source may come from anybody.
    dir : path-like, optional
        The directory that holds the store; see :func:`tracker.settings.find_store`.

    Returns
    -------
    Imported
        Which runs, and what could not be kept: that is one warning, too.

    Raises
    ------
    UsageError
        If there is nothing to import, or no run could be imported.
    StoreError
        If the store cannot be written; runs before that are imported.
    """
    choices = Choices(project, name, follow_links, run_column, step_column, time_column)
    store = open_store(find_store(dir))
    found = formats.find(source, format, choices)
    done = _import_all(store, found)
    if done.complaint:
        if not done.runs:
            raise UsageError(done.complaint)
        warn(done.complaint)
    return done


def _import_all(store: Store, found: Iterator[Elsewhere]) -> Imported:
    runs: dict[str, None] = {}
    outcomes: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    remarks: dict[str, None] = {}
    with importing(store), Progress() as progress:
        store.recover()
        taking = Taking(store, progress.add)
        for source in found:
            path = f"{source.project}/{source.run_id}"
            progress.begin(path)
            try:
                outcomes[taking.take(source)] += 1
            except StoreError:
                raise
            except (TrackerError, OSError) as error:
                remarks[f"{source.part}: {error}"] = None
                continue
            except Exception as error:  # noqa: BLE001 - one run must not keep the others out
                remarks[f"{source.part} cannot be read: {error!r}."] = None
                continue
            runs[path] = None
            lost += source.lost
            remarks.update(source.remarks)
        taking.flush()
    return Imported(tuple(runs), dict(outcomes), dict(lost), tuple(remarks))


class Progress:
    """One line on stderr, of an import that takes longer than two seconds."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._shown_at = self._began + PATIENCE_S - INTERVAL_S
        self._is_shown = False
        self._runs = self._items = 0
        self._path = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            self._show(f"read {self._runs:,} runs, {self._items:,} rows")
            self._write("\n")

    def begin(self, path: str) -> None:
        """Begin the next run."""
        self._runs, self._path = self._runs + 1, path
        self.add(0)

    def add(self, count: int) -> None:
        """Count items that are done."""
        self._items += count
        now = time.monotonic()
        if now - self._shown_at >= INTERVAL_S:
            self._shown_at, self._is_shown = now, True
            self._show(f"importing run {self._runs:,}, {self._items:,} rows: {self._path}")

    def _show(self, words: str) -> None:
        self._write(f"\r{f'tracker: {words}':<78.78}")

    def _write(self, text: str) -> None:
        # A closed or broken terminal is no reason to fail.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(text)
            sys.stderr.flush()
