"""A report below a cell of a notebook: what is not pinned goes on with its runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tracker.panels.workspace.project_panel import ProjectPanel
from tracker.report import blocks as b
from tracker.report.manuscript import Manuscript
from tracker.report.notebook import block_cells, title_cell
from tracker.report.runset import PanelGrid
from tracker.report.showing import display_cell, display_object
from tracker.report.stage import Artist, ReportSource, block_panel, grid_panel, still_grid
from tracker.report.workspaces import is_workspace, to_workspace


def show(report: Manuscript) -> None:
    """Show a report below the cell: text as text, all that has news as a live panel."""
    display_cell(title_cell(report))
    for block in report.walk():
        make = _LIVE.get(type(block), _no_panel)
        panel = make(report, block)
        if panel is not None:
            display_object(panel)
            continue
        for cell in block_cells(report, block):
            display_cell(cell)


def _grid(report: Manuscript, grid: PanelGrid) -> Any:
    """Return a grid as a live panel; None where all of it is pinned."""
    if all(each.pin is not None for each in grid.runsets):
        return None
    return _workspace(report, grid) if is_workspace(grid) else grid_panel(report, grid)


class ReportPanel(ProjectPanel):
    """A grid as a workspace; where no kernel is, as the report's page has it."""

    def __init__(self, report: Manuscript, grid: PanelGrid, project: str, **options: Any) -> None:
        self._report, self._grid = report, grid
        super().__init__(report.store.root, project, **options)

    def static_html(self) -> str:
        """Return the panels as pictures."""
        return still_grid(self._report, self._grid)


def _workspace(report: Manuscript, grid: PanelGrid) -> ProjectPanel:
    """Return a grid as the workspace of its runs, with all that readers can do there."""
    content, own = to_workspace(report, grid)
    project = report.project_of(grid.runsets[0])
    # Saved from there, it is a workspace of its own.
    name = f"report: {report.title}"
    source = ReportSource(Artist(report, grid, own), project, name) if own else None
    return ReportPanel(report, grid, project, workspace=name, content=content, source=source)


def _block(report: Manuscript, block: b.SQLBlock | b.ArtifactBlock) -> Any:
    return None if block.pin is not None else block_panel(report, block)


def _no_panel(report: Manuscript, block: b.Block) -> None:
    return None


_LIVE: Final[Mapping[type[b.Block], Callable[[Manuscript, Any], Any]]] = {
    PanelGrid: _grid,
    b.SQLBlock: _block,
    b.ArtifactBlock: _block,
}
