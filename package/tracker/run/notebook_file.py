"""Writes the executed cells of a stored run to a notebook file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tracker.errors import UsageError
from tracker.records import CellRecord, RunRecord
from tracker.run.cells import Cell
from tracker.run.restore import cells_to_notebook, is_lookup

_UNSAFE = re.compile(r"[^\w.-]+")


def write_notebook(
    record: RunRecord,
    cells: Sequence[CellRecord],
    target: Path | None = None,
    *,
    force: bool = False,
) -> tuple[Path, int]:
    """Write the cells that led to a run, from the start of its kernel to its end.

    Parameters
    ----------
    record : RunRecord
        The run.
    cells : sequence of CellRecord
        Its cells.
    target : Path, optional
        The file. Default ``NAME-ID.ipynb`` in this folder.
    force : bool
        Replace a file that exists. Default False.

    Returns
    -------
    (Path, int)
        The file, and the number of its code cells.

    Raises
    ------
    UsageError
        If the run has no cells, or the file exists or cannot be written.
    """
    import nbformat

    _check(record, cells)
    notebook = cells_to_notebook(
        [_cell(each) for each in cells], title=record.name, metadata=_described(record)
    )
    name = _UNSAFE.sub("-", record.name).strip("-.") or "run"
    file = target or Path(f"{name}-{_UNSAFE.sub('-', record.run_id)}.ipynb")
    text = nbformat.writes(notebook)  # type: ignore[no-untyped-call, unused-ignore]
    try:
        with file.open("w" if force else "x", encoding="utf-8") as sink:
            sink.write(text + "\n")
    except FileExistsError:
        raise UsageError(
            f"{file} exists: name another file with -o, or replace this one with --force."
        ) from None
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.") from error
    return file, sum(cell.cell_type == "code" for cell in notebook.cells)


def join_sources(record: RunRecord, cells: Sequence[CellRecord]) -> str:
    """Return the code that led to a run, without the cells that only looked something up.

    Raises
    ------
    UsageError
        If the run has no cells.
    """
    _check(record, cells)
    return "\n\n".join(each.source.rstrip() for each in cells if not is_lookup(each.source))


def _check(record: RunRecord, cells: Sequence[CellRecord]) -> None:
    if not cells:
        raise UsageError(
            f"Run {record.name} ({record.run_id}) has no executed cells: a script logged it, or "
            "save_code was False."
        )


def _cell(record: CellRecord) -> Cell:
    return Cell(
        record.number,
        record.execution_count,
        record.source,
        record.started_at.timestamp() if record.started_at else None,
        record.duration_s,
        "error" if record.status == "error" else "running" if record.status == "running" else "ok",
        record.error,
        record.cell_id,
    )


def _described(record: RunRecord) -> dict[str, object]:
    git = record.metadata.get("git") or {}
    return {
        "run": f"{record.project}/{record.run_id}",
        "state": record.state,
        "started_at": record.created_at.isoformat(timespec="seconds"),
        "commit": git.get("commit"),
        "branch": git.get("branch"),
        "config": record.config,
    }
