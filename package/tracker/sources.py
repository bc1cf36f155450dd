"""What feeds a run besides its user: readings, console, executed cells, provenance.

Each source runs on a thread of its own or inside the flush; none of them can end a
training, and all of them hand over their last facts before the run's end is written.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tracker.run import cells, provenance
from tracker.run.console import ConsoleCapture, ConsoleLine
from tracker.run.git import describe_git
from tracker.run.recorder import Recorder, now_us
from tracker.run.run import Run
from tracker.store import facts

PROVENANCE_PATIENCE_S = 6.0


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
    if run.settings.console:
        _connect_console(run, recorder, first_line)
    if run.settings.save_code:
        _connect_cells(run, recorder)
    _connect_provenance(run, recorder)
    if run.settings.system_interval_s:
        _connect_readings(run, recorder)


def _connect_console(run: Run, recorder: Recorder, first_line: int) -> None:
    def on_lines(lines: list[ConsoleLine]) -> None:
        for line in lines:
            recorder.append(facts.Line(line.number, line.stream, int(line.time_s * 1e6), line.text))

    capture = ConsoleCapture(on_lines, first_number=first_line)
    capture.start()
    run.before_flush(capture.drain)
    run.before_end(lambda ended: capture.stop())


def _connect_cells(run: Run, recorder: Recorder) -> None:
    watcher = cells.recorder()
    if watcher is None:
        return

    def keep(cell: cells.Cell) -> None:
        recorder.append(
            facts.Cell(
                cell.index, cell.execution_count, cell.source,
                None if cell.started_at is None else int(cell.started_at * 1e6),
                cell.duration_s, cell.status, cell.error, cell.cell_id,
            )
        )  # fmt: skip

    # Subscribed first: a cell that starts meanwhile is told twice rather than never.
    unsubscribe = watcher.subscribe(keep)
    first = watcher.position()
    for cell in watcher.cells_since(0):
        keep(cell)
    recorder.append(facts.Change(now_us(), {"metadata": {"first_cell": first}}))

    def stop(ended: Run) -> None:
        unsubscribe()
        if (running := watcher.current()) is not None:
            keep(replace(running, duration_s=_elapsed_s(running)))

    run.before_end(stop)


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
            described["git"] = describe_git(Path.cwd())
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
