"""Writes the executed cells of a stored run to a notebook file."""

from __future__ import annotations

import re
from pathlib import Path

from tracker.errors import NotFoundError, UsageError
from tracker.records import CellRecord, RunRecord
from tracker.run.cells import Cell
from tracker.run.restore import cells_to_notebook, is_lookup
from tracker.store import read
from tracker.store.store import open_store

_UNSAFE = re.compile(r"[^\w.-]+")


def find_run(root: Path, path: str) -> tuple[RunRecord, list[CellRecord]]:
    """Return a stored run and its executed cells.

    Parameters
    ----------
    root : Path
        The store's directory.
    path : str
        ``project/run`` or ``run``, where a run is its id or its name.

    Raises
    ------
    NotFoundError
        If there is no such run, or the name is that of several.
    """
    store = open_store(root)
    if not store.database.exists():
        raise NotFoundError(f"There is no store in {root}: name another with --dir or TRACKER_DIR.")
    project, slash, run_id = path.partition("/")
    with store.reading() as db:
        found = read.run(db, project, run_id) if slash else None
        found = found or read.run(db, None, path)
        if found is None:
            same_name = [f"{p}/{i}" for p, i, name in read.names(db) if name in (path, run_id)]
            raise NotFoundError(_missing(path, root, same_name))
        return found, read.cells(db, found.run_key)


def write_notebook(
    root: Path, path: str, target: Path | None = None, *, force: bool = False
) -> tuple[Path, int]:
    """Write the cells that led to a run, from the start of its kernel to its end.

    Parameters
    ----------
    root : Path
        The store's directory.
    path : str
        ``project/run`` or ``run``, where a run is its id or its name.
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
    NotFoundError
        If there is no such run.
    UsageError
        If the run has no cells, or the file exists or cannot be written.
    """
    import nbformat

    record, stored = find_run(root, path)
    if not stored:
        raise UsageError(
            f"Run {record.name} ({record.run_id}) has no executed cells: a script logged it, or "
            "save_code was False."
        )
    notebook = cells_to_notebook(
        [_cell(each) for each in stored], title=record.name, metadata=_described(record)
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


def read_sources(root: Path, path: str) -> list[str]:
    """Return the sources of the cells that led to a run, without those that only look around.

    Raises
    ------
    NotFoundError
        If there is no such run.
    """
    _, stored = find_run(root, path)
    return [each.source.rstrip() for each in stored if not is_lookup(each.source)]


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


def _missing(path: str, root: Path, same_name: list[str]) -> str:
    if len(same_name) > 1:
        return f"{path!r} is the name of several runs: choose one of {', '.join(same_name[:10])}."
    return f"There is no run {path!r} in {root}. `%tracker ls` and `tracker ls` list the projects."
