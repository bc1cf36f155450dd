"""W&B's own magics, which are there once it is imported: ``%wandb`` and ``%%wandb``."""

from __future__ import annotations

import argparse
from typing import Any

from IPython.core.error import UsageError as ShellUsageError
from IPython.core.getipython import get_ipython
from IPython.display import display

from tracker import start
from tracker.errors import NotFoundError, UsageError
from tracker.magics import words
from tracker.magics.parsers import MagicParser
from tracker.magics.sentences import in_one_sentence
from tracker.panels.show import show


def _parser() -> argparse.ArgumentParser:
    parser = MagicParser("%wandb", add_help=False, allow_abbrev=False)
    parser.add_argument("path", nargs="?")
    parser.add_argument("-h", "--height", type=int)
    return parser


@in_one_sentence
def run_magic(line: str, cell: str | None = None) -> None:
    """Show the panel of a run, a sweep or a project, and run the cell.

    %wandb                      the current run
    %wandb PROJECT/RUN          a run; also a sweep or a project, by W&B's paths
    %%wandb -h 600              show the current run, and run the cell below

    The height is W&B's: a panel is as high as what it shows. A run that begins in the cell shows
    its panel by itself.
    """
    shell: Any = get_ipython()
    path = _parser().parse_args(words.split(shell.var_expand(line))).path
    if path:
        display(_panel(path))  # type: ignore[no-untyped-call]
    elif (run := start.current()) is not None:
        run.display()
    if cell is not None and not shell.run_cell(cell).success:
        # The traceback is on the screen already.
        raise ShellUsageError("The cell of %%wandb failed; see above.")


def _panel(path: str) -> Any:
    """Return the panel of ``[ENTITY/]PROJECT[/runs/RUN | /sweeps/SWEEP]``, or of our own names."""
    parts = [part for part in path.split("/") if part]
    if "reports" in parts:
        raise UsageError("%wandb shows runs, sweeps and projects, no reports.")
    if "runs" in parts[1:-1]:
        return show("/".join([parts[parts.index("runs") - 1], parts[-1]]))
    if "sweeps" in parts[1:-1]:
        return show(parts[-1])
    try:
        return show(path)
    except NotFoundError:
        if len(parts) != 2:
            raise
        return show(parts[1])
