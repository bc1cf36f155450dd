"""What feeds a run besides its user: readings, console, executed cells, provenance.

Each source runs on a thread of its own or inside the flush; none of them can end a
training, and all of them hand over their last facts before the run's end is written.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tracker.errors import warn
from tracker.run import cells, provenance
from tracker.run.console import ConsoleCapture, ConsoleLine
from tracker.run.git import describe_git
from tracker.run.recorder import Recorder, now_us
from tracker.run.redaction import hide_in_code
from tracker.run.run import Run
from tracker.store.journal import facts
from tracker.store.writing import edits

PROVENANCE_PATIENCE_S = 6.0

Connect = Callable[[Run, Recorder], None]


def connect(run: Run, first_line: int = 0) -> None:
    """Connect every source that the run's settings ask for.

    Parameters
    ----------
    run : Run
        A run that has just begun.
    first_line : int
        The number of the first console line; more than 0 for a resumed run.
    """
    recorder = run._recorder  # noqa: SLF001 - sources write to the journal as the run does
    wanted: dict[str, Connect] = {}
    if run.settings.console:
        wanted["the console"] = lambda run, recorder: _connect_console(run, recorder, first_line)
    if run.settings.save_code:
        wanted["executed cells"] = _connect_cells
    wanted["provenance"] = _connect_provenance
    if run.settings.system_interval_s:
        wanted["system readings"] = _connect_readings
    for name, source in wanted.items():
        try:
            source(run, recorder)
        except Exception as error:  # noqa: BLE001 - the run is worth more than one of its sources
            warn(f"Run {run.id} is recorded without {name}: {error!r}.")


def _connect_console(run: Run, recorder: Recorder, first_line: int) -> None:
    def on_lines(lines: list[ConsoleLine]) -> None:
        recorder.append(
            *(facts.Line(each.number, each.stream, int(each.time_s * 1e6), each.text)
              for each in lines)
        )  # fmt: skip

    capture = ConsoleCapture(on_lines, first_number=first_line)
    capture.start()
    run.hear_logs_by(capture.hear)
    run.before_flush(capture.drain)
    run.before_end(lambda ended: capture.stop())


def _connect_cells(run: Run, recorder: Recorder) -> None:
    watcher = cells.recorder()
    if watcher is None:
        return

    def keep(cell: cells.Cell) -> None:
        recorder.append(_fact(cell))

    # Subscribed first: a cell that starts meanwhile is told twice rather than never.
    unsubscribe = watcher.subscribe(keep)
    first = watcher.position()
    recorder.append(*map(_fact, watcher.cells_since(0)))
    recorder.append(facts.Change(now_us(), {"metadata": {"first_cell": first}}))

    def stop(ended: Run) -> None:
        unsubscribe()
        if (running := watcher.current()) is not None:
            keep(replace(running, duration_s=_elapsed_s(running)))
            _keep_end_of(running, watcher, recorder)

    run.before_end(stop)


def _keep_end_of(running: cells.Cell, watcher: cells.CellRecorder, recorder: Recorder) -> None:
    """Store how the cell ended in which its run was finished."""

    def store(cell: cells.Cell) -> None:
        # Cosmetic: at worst the cell stays "running".
        with contextlib.suppress(Exception):
            edits.amend(recorder.store, recorder.project, recorder.run_id, [_fact(cell)])

    def on_cell(cell: cells.Cell) -> None:
        if cell.index == running.index and cell.status != "running":
            unsubscribe()
            # Not a daemon: the kernel may be told to end right after the cell.
            threading.Thread(target=store, args=(cell,), name="tracker-cell").start()

    unsubscribe = watcher.subscribe(on_cell)


def _fact(cell: cells.Cell) -> facts.Cell:
    error = None if cell.error is None else hide_in_code(cell.error)
    return facts.Cell(
        cell.index, cell.execution_count, hide_in_code(cell.source),
        None if cell.started_at is None else int(cell.started_at * 1e6),
        cell.duration_s, cell.status, error, cell.cell_id,
    )  # fmt: skip


def _elapsed_s(cell: cells.Cell) -> float | None:
    return None if cell.started_at is None else time.time() - cell.started_at


def _connect_provenance(run: Run, recorder: Recorder) -> None:
    def describe() -> None:
        recorder.append(facts.Change(now_us(), {"metadata": describe_everything(run)}))

    worker = threading.Thread(target=describe, name="tracker-provenance", daemon=True)
    worker.start()
    run.before_end(lambda ended: worker.join(PROVENANCE_PATIENCE_S))


def describe_everything(run: Run) -> dict[str, Any]:
    """Return program, packages, hardware and, where code is saved, git."""
    from tracker.system import read_hardware

    described: dict[str, Any] = {}
    # What cannot be found out about the machine must not end a training.
    with contextlib.suppress(Exception):
        described.update(provenance.describe_program())
    with contextlib.suppress(Exception):
        described["hardware"] = read_hardware()
    if run.settings.save_code:
        with contextlib.suppress(Exception):
            described["git"] = git = describe_git(Path.cwd())
            if git is not None and git["patch"] is not None:
                git["patch"] = hide_in_code(git["patch"])
    with contextlib.suppress(Exception):
        described["packages"] = provenance.list_packages()
    return described


def _connect_readings(run: Run, recorder: Recorder) -> None:
    from tracker.system import Sampler

    settings = run.settings
    sampler = Sampler(
        recorder.log_system,
        interval_s=settings.system_interval_s,
        disk_paths=settings.disk_paths,
        gpu_ids=settings.gpu_ids,
    )
    sampler.start()
    run.before_end(lambda ended: sampler.stop())
