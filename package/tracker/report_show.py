"""``tracker.show``: the live panel of a run, a sweep or a project, or a report that moves."""

from __future__ import annotations

import os
from typing import Any

from tracker.panels.show import show as show_panel
from tracker.panels.workspace.workspace import DEFAULT
from tracker.report.report import Report


def show(
    target: Any = None,
    dir: str | os.PathLike[str] | None = None,
    *,
    workspace: str = DEFAULT,
) -> Any:
    """Show what is named, and follow it; see :func:`tracker.panels.show.show`.

    Parameters
    ----------
    target : str, run, runs, sweep or Report, optional
        A :class:`tracker.Report` is shown as its :meth:`~tracker.Report.show` does. For all
        else a panel is returned, which as a cell's last line shows itself.
    dir : path-like, optional
        The directory that holds the store. A report has its own.
    workspace : str
        For a project, the saved workspace to open.
    """
    if isinstance(target, Report):
        target.show()
        return None
    return show_panel(target, dir, workspace=workspace)
