"""A notebook cell as the function of a sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

from tracker.errors import UsageError
from tracker.run.run import Run

FILE_NAME = "<the cell of a sweep>"


class CellFunction:
    """Runs the text of a cell for each trial, in a copy of the notebook's names.

    The cell finds the trial's parameters as ``config`` and its run as ``run``. What it assigns is
    not seen by the next trial, nor by the notebook. A cell that calls ``init`` itself begins its
    own run.

    Parameters
    ----------
    source : str
        Python, without magics.
    begin : callable
        Begins a run: ``tracker.init``.
    names : mapping
        The notebook's names; only those that the cell uses are kept.

    Raises
    ------
    UsageError
        If the source is no Python.
    """

    def __init__(self, source: str, begin: Callable[[], Run], names: Mapping[str, Any]) -> None:
        try:
            code = compile(source, FILE_NAME, "exec")
        except SyntaxError as error:
            raise UsageError(
                f"The cell of a sweep cannot be read, line {error.lineno}: {error.msg}."
            ) from error
        used = _names(code)
        self.source = source
        self._begin = begin
        self.names = {name: names[name] for name in used if name in names}
        self._begins_itself = "init" in used

    def __call__(self) -> None:
        """Run one trial."""
        code = compile(self.source, FILE_NAME, "exec")
        names = {"__name__": "__main__", **self.names}
        if self._begins_itself:
            exec(code, names)
            return
        run = self._begin()
        exec(code, {**names, "run": run, "config": run.config})


def _names(code: CodeType) -> set[str]:
    """Return every name that some code, or a function in it, may look up."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
    return found
