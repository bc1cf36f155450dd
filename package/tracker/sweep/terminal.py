"""What ``tracker sweep`` and ``tracker agent`` do in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tracker.errors import UsageError
from tracker.store import documents
from tracker.store.ledger import Ledger
from tracker.store.store import Store, open_store
from tracker.sweep import creation
from tracker.sweep.controller import KIND, Controller
from tracker.sweep.handle import SweepHandle
from tracker.sweep.program import ProgramAgent

TURNS = {"pause": "paused", "resume": "running", "stop": "stopped", "cancel": "cancelled"}
Row = list[object]


def make(root: Path, config: str, project: str | None, name: str | None, priors: list[str]) -> str:
    """Make a sweep from a YAML file; return its path, ``project/id``.

    Raises
    ------
    UsageError
        If the file cannot be used.
    """
    given = creation.read_given(config)
    if name is not None:
        given["name"] = name
    controller = creation.create(open_store(root), given, project, priors)
    return f"{controller.project}/{controller.sweep_id}"


def turn(root: Path, sweep: str, word: str) -> str:
    """Pause, resume, stop or cancel a sweep; return a line that says so."""
    controller = find(open_store(root), sweep)
    controller.turn(TURNS[word])
    return f"Sweep {controller.project}/{controller.sweep_id} is {TURNS[word]}."


def run_agent(root: Path, sweep: str, project: str | None, count: int | None) -> int:
    """Run the program of a sweep for trial after trial; return how many."""
    if count is not None and count < 1:
        raise UsageError(f"--count is {count}: expected 1 or more.")
    return ProgramAgent(find(open_store(root), sweep, project), count).run()


def find(store: Store, sweep: str, project: str | None = None) -> Controller:
    """Return the sweep that is meant by an id, ``project/id`` or ``entity/project/id``."""
    *around, sweep_id = sweep.strip("/").split("/")
    return Controller(store, sweep_id, around[-1] if around else project)


def has_sweep(root: Path, sweep: str) -> bool:
    """Say whether the store has a sweep of this id, or ``project/id``."""
    try:
        return Ledger(root, sweep.strip("/").split("/")[-1]).exists()
    except UsageError:
        return False


def list_sweeps(root: Path, project: str | None = None) -> Iterator[Row]:
    """Yield project, id, name, method, state, trials and best value of each sweep, newest last."""
    store = open_store(root)
    with store.reading() as db:
        found = documents.find(db, KIND, project)
    for document in sorted(found, key=lambda each: each.updated_at):
        controller = Controller(store, document.name, document.project)
        handle = SweepHandle.of(controller)
        best, book = handle.best_trial(), controller.ledger.read()
        expected = "" if controller.expected_count is None else f" of {controller.expected_count}"
        yield [
            document.project, document.name, handle.name if handle.name != document.name else "",
            controller.config.method, book.state, f"{book.own_count}{expected}",
            "" if best is None or best.value is None else f"{best.value:.6g}",
        ]  # fmt: skip
