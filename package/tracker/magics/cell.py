"""``%%tracker``: the cell below it is a run.

The first line becomes a call that starts the run, and the other lines stay as they are: they
run as in any cell, with ``await``, their own magics, line numbers and tracebacks. IPython
tells when the cell has ended, and how.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any

from IPython.core.error import UsageError as ShellUsageError
from IPython.core.inputtransformer2 import cell_magic

from tracker import start
from tracker.magics import words
from tracker.magics.parsers import CELL
from tracker.run.run import Run

SHELL_ATTRIBUTE = "tracker_magics"
_HEAD = re.compile(r"%%tracker(?:[ \t]+(?P<line>.*?))?\s*")


@dataclass(slots=True)
class _Open:
    """A cell that is running, and the run that it is."""

    info: Any
    run: Run | None = None


class CellRuns:
    """Makes a run of each cell that begins with ``%%tracker``.

    Parameters
    ----------
    shell
        The running IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._running = threading.local()

    def install(self) -> None:
        """Listen to the shell."""
        self._shell.input_transformers_cleanup.append(self.transform)
        self._shell.events.register("pre_run_cell", self._on_start)
        self._shell.events.register("post_run_cell", self._on_end)

    def uninstall(self) -> None:
        """Listen no more."""
        self._shell.input_transformers_cleanup.remove(self.transform)
        self._shell.events.unregister("pre_run_cell", self._on_start)
        self._shell.events.unregister("post_run_cell", self._on_end)

    def transform(self, lines: list[str]) -> list[str]:
        """Turn the first line into the call that starts the run."""
        head = _HEAD.fullmatch(lines[0]) if lines else None
        body = lines[1:]
        if head is None or not any(line.strip() for line in body):
            return lines
        first = f"get_ipython().{SHELL_ATTRIBUTE}.begin({head['line'] or ''!r})\n"
        while not body[0].strip():
            first += body.pop(0)
        return [first, *cell_magic(body)]  # type: ignore[no-untyped-call]

    # Else a terminal, which asks whether a cell is complete, would run the first line alone.
    transform.has_side_effects = True  # type: ignore[attr-defined]

    def begin(self, line: str) -> None:
        """Start the run of the cell that is running."""
        options = CELL.parse_args(words.split(self._shell.var_expand(line)))
        stack = self._stack()
        if not stack:
            raise ShellUsageError("%%tracker makes a run of a cell, and no cell is running.")
        settings = {"panel": False} if options.no_panel else None
        stack[-1].run = start.init(
            options.project,
            options.name,
            words.read_config(options.config, self._shell.user_ns),
            dir=options.dir,
            group=options.group,
            tags=options.tags.split(",") if options.tags else None,
            notes=options.notes,
            settings=settings,
        )

    def run_cell(self, line: str, cell: str) -> None:
        """Run a cell that was handed over by a program, such as a notebook saved as a script."""
        if not cell.strip():
            raise ShellUsageError("%%tracker makes a run of the cell below it, which is empty.")
        result = self._shell.run_cell(f"%%tracker {line}\n{cell}")
        if not result.success:
            # The traceback is on the screen already.
            raise ShellUsageError("The cell of %%tracker failed; see above.")

    def _stack(self) -> list[_Open]:
        # A kernel's subshells run cells in threads of their own.
        if not hasattr(self._running, "stack"):
            self._running.stack = []
        stack: list[_Open] = self._running.stack
        return stack

    def _on_start(self, info: Any) -> None:
        self._stack().append(_Open(info))

    def _on_end(self, result: Any) -> None:
        stack = self._stack()
        if result is not None and not any(each.info is result.info for each in stack):
            return
        while stack:
            ended = stack.pop()
            if result is None or ended.info is result.info:
                _close(ended, result)
                return


def _close(ended: _Open, result: Any) -> None:
    run = ended.run
    if run is None or run.state != "running":
        return
    if result is None:
        run.finish(exit_code=1)
        return
    error = result.error_before_exec or result.error_in_exec
    run.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)
