"""A report in a notebook."""

from __future__ import annotations

from typing import Any

from tracker.figures.formats import escape, format_time
from tracker.report.manuscript import Manuscript

_CARD = "border:1px solid rgba(128,128,128,.28);border-radius:8px;padding:10px 14px;max-width:640px"


def card(report: Manuscript) -> str:
    """Return what a notebook shows of a report that is the value of a cell."""
    saved = f"version {report.version}" if report.version else "not saved"
    when = f", {format_time(report.updated_at)}" if report.updated_at else ""
    panels = sum(len(grid.panels) for grid in report.grids())
    return (
        f'<div style="{_CARD}"><b>{escape(report.title)}</b><div>{escape(report.description)}</div>'
        f'<div style="opacity:.7;font-size:12px">{escape(report.project)} · {saved}{when} · '
        f"{len(report.blocks)} blocks, {panels} panels</div></div>"
    )


def display_cell(cell: dict[str, Any]) -> None:
    """Show what a cell of a report's notebook shows."""
    from IPython.display import display

    if cell["cell_type"] == "markdown":
        bundle = {"text/markdown": cell["source"], "text/plain": cell["source"]}
        display(bundle, raw=True)  # type: ignore[no-untyped-call]
    for output in cell.get("outputs", ()):
        if list(output["data"]) != ["text/plain"]:
            display(output["data"], raw=True)  # type: ignore[no-untyped-call]


def display_object(shown: Any) -> None:
    """Show what knows how it is shown."""
    from IPython.display import display

    display(shown)  # type: ignore[no-untyped-call]
