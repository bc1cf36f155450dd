"""``%%tracker_sweep``: the cell below it is what each trial of a sweep runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker import start
from tracker.errors import UsageError
from tracker.magics import words
from tracker.magics.parsers import CELL_SWEEP
from tracker.sweep.cell import CellFunction
from tracker.sweeps import Sweep, sweep


def run_sweep(shell: Any, line: str, cell: str) -> None:
    """Run a cell for each trial of a sweep that is made, or gone on with.

    Raises
    ------
    UsageError
        If the line or the cell cannot be used.
    """
    options = CELL_SWEEP.parse_args(words.split(shell.var_expand(line)))
    if not cell.strip():
        raise UsageError("%%tracker_sweep runs the cell below it for each trial, and it is empty.")
    given = shell.user_ns.get(options.sweep, options.sweep)
    if isinstance(given, Mapping) or _is_file(given):
        found = sweep(given, project=options.project, seed=options.seed, dir=options.dir)
    elif isinstance(given, str):
        found = Sweep(given, options.project, options.dir)
    else:
        raise UsageError(
            f"%%tracker_sweep was given {options.sweep!r}: expected a variable that holds a config "
            "or a sweep, a YAML file, or a sweep's id."
        )
    shell.user_ns[options.to] = found
    function = CellFunction(shell.transform_cell(cell), start.init, shell.user_ns)
    found.run(function, options.count, options.parallel)


def _is_file(given: object) -> bool:
    return isinstance(given, str) and Path(given).suffix in (".yaml", ".yml", ".json")
