"""``tracker.show``: the live panel of a run, a sweep or a project, or a report that moves."""

from __future__ import annotations

import os
from typing import Any

from tracker.panels.project_panel import ProjectPanel
from tracker.panels.show import show as show_panel
from tracker.panels.workspace import DEFAULT
from tracker.report.notebook import block_cells, title_cell
from tracker.report.pinning import source_of
from tracker.report.report import Report
from tracker.report.runset import PanelGrid
from tracker.report.scene import Scene
from tracker.report.showing import display_cell, display_object
from tracker.report.views import View, panel_bundle
from tracker.report.workspaces import is_live, to_workspace


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
        Of a :class:`tracker.Report` the text is shown, and each panel grid as the live
        workspace of its runs; grids that are pinned, or have several run sets, as they are
        now. For all else a panel is returned, which as a cell's last line shows itself.
    dir : path-like, optional
        The directory that holds the store. A report has its own.
    workspace : str
        For a project, the saved workspace to open.
    """
    if isinstance(target, Report):
        _show_report(target)
        return None
    return show_panel(target, dir, workspace=workspace)


def _show_report(report: Report) -> None:
    display_cell(title_cell(report))
    for block in report.walk():
        if isinstance(block, PanelGrid) and is_live(block):
            scene = Scene(report, block, [source_of(report, each) for each in block.runsets])
            content, rest = to_workspace(scene)
            project = report.project_of(block.runsets[0])
            # Saved from there, it is a workspace of its own.
            name = f"report: {report.title}"
            panel = ProjectPanel(report.store.root, project, workspace=name, content=content)
            display_object(panel)
            for other in rest:
                display_object(View(panel_bundle(scene, other)))
            continue
        for cell in block_cells(report, block):
            display_cell(cell)
