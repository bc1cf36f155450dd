"""A report as a notebook: cells that run again, with what they showed in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tracker.figures.formats import format_time
from tracker.report import blocks as b
from tracker.report.drawing import prepare
from tracker.report.manuscript import Manuscript
from tracker.report.markdown_cells import (
    PICTURES,
    block_markdown,
    escape_markdown,
    picture_cell,
    without_html,
)
from tracker.report.pictures import Picture
from tracker.report.pinning import source_of
from tracker.report.plots import Panel
from tracker.report.runset import PanelGrid
from tracker.report.scene import Scene
from tracker.report.viewers import MarkdownPanel
from tracker.report.views import block_bundle, panel_bundle
from tracker.report.words import plain

if TYPE_CHECKING:
    from nbformat import NotebookNode


Cell = dict[str, Any]


def to_notebook(report: Manuscript) -> NotebookNode:
    """Return a report as a notebook of format 4.5, validated."""
    import nbformat

    cells = [*_opening(report), *_cells(report, report.blocks)]
    for number, cell in enumerate(cells):
        cell["id"] = f"report-{number}"
    count = 0
    for cell in cells:
        if cell["cell_type"] == "code":
            count += 1
            cell["execution_count"] = count
            for output in cell["outputs"]:
                output["execution_count"] = count
    notebook: NotebookNode = nbformat.from_dict(  # type: ignore[no-untyped-call]
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {
                "kernelspec": {
                    "name": "python3", "display_name": "Python 3", "language": "python",
                },
                "language_info": {"name": "python"},
                "title": report.title,
                "tracker": {"report": report.id, "version": report.version},
            },
            "cells": cells,
        }
    )  # fmt: skip
    nbformat.validate(notebook)
    return notebook


def title_cell(report: Manuscript) -> Cell:
    """Return the cell with the title of a report."""
    return _markdown(_title(report))


def block_cells(report: Manuscript, block: b.Block) -> Iterator[Cell]:
    """Yield the cells of one block, without what is folded away below a heading."""
    text = _text_of(report, block)
    if text is not None:
        yield _markdown(text)
    else:
        yield from _shown(report, block)


def _title(report: Manuscript) -> str:
    words = f"\n\n{escape_markdown(report.description)}" if report.description else ""
    when = f" · {format_time(report.updated_at)}" if report.updated_at else ""
    facts = escape_markdown(report.project) + (f" · version {report.version}" if report.id else "")
    return f"# {escape_markdown(report.title)}{words}\n\n<small>{facts}{when}</small>"


def _opening(report: Manuscript) -> Iterator[Cell]:
    yield _markdown(_title(report))
    source = (
        "import tracker\n"
        "from tracker.report import *\n\n"
        "# The store of these runs; None looks for the one of this folder.\n"
        f"STORE = {str(report.store.root)!r}\n"
        f"report = Report({report.project!r}, title={report.title!r}, dir=STORE)"
    )
    yield _code(source, None)


def _cells(report: Manuscript, blocks: list[b.Block]) -> Iterator[Cell]:
    words: list[str] = []
    for block in blocks:
        text = _text_of(report, block)
        if text is not None and not isinstance(block, b.Heading):
            words.append(text)
            continue
        if words:
            yield _markdown("\n\n".join(words))
            words = []
        if isinstance(block, b.Heading):
            yield from _heading(report, block, text or "")
        else:
            yield from _shown(report, block)
    if words:
        yield _markdown("\n\n".join(words))


def _text_of(report: Manuscript, block: b.Block) -> str | None:
    if isinstance(block, b.TableOfContents):
        return "\n".join(_contents(report))
    return block_markdown(block)


def _contents(report: Manuscript) -> Iterator[str]:
    for each in report.walk():
        if isinstance(each, b.Heading):
            level = {b.H1: 0, b.H2: 1}.get(type(each), 2)
            words = plain(each.text).strip()
            place = "".join(
                "-" if sign.isspace() else sign for sign in words if sign not in "()[]<>"
            )
            yield f"{'  ' * level}- [{escape_markdown(words)}](#{place})"


def _heading(report: Manuscript, heading: b.Heading, text: str) -> Iterator[Cell]:
    cell = _markdown(text)
    if heading.collapsed_blocks is not None:
        cell["metadata"] = {"jp-MarkdownHeadingCollapsed": True}
    yield cell
    yield from _cells(report, heading.collapsed_blocks or [])


def _shown(report: Manuscript, block: b.Block) -> Iterator[Cell]:
    """Yield the cells of a block that shows data: code, and what it gave."""
    if isinstance(block, PanelGrid):
        yield from _grid(report, block)
    elif isinstance(block, PICTURES) and isinstance(block, Picture):
        text, attachments = picture_cell(block, block.load(report.objects.path))
        yield {**_markdown(text), **({"attachments": attachments} if attachments else {})}
    else:
        yield _code(f"report.view({block!r})", block_bundle(report, block))


def _grid(report: Manuscript, grid: PanelGrid) -> Iterator[Cell]:
    scene = Scene(report, grid, [source_of(report, each) for each in grid.runsets])
    prepare(scene)
    told = ", ".join(map(repr, grid.runsets))
    count = len(scene.runs)
    names = ", ".join(run.name for run in scene.runs[:5]) + (" …" if count > 5 else "")
    yield _code(f"runs = report.runs({told})\nruns", {"text/plain": f"<{count} runs: {names}>"})
    for panel in grid.panels:
        yield from _panel(scene, panel)


def _panel(scene: Scene, panel: Panel) -> Iterator[Cell]:
    if isinstance(panel, MarkdownPanel):
        yield _markdown(without_html(panel.markdown))
    else:
        yield _code(f"runs.draw({panel!r})", panel_bundle(scene, panel))


def _markdown(text: str) -> Cell:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(source: str, bundle: dict[str, Any] | None) -> Cell:
    shown = [] if bundle is None else [
        {"output_type": "execute_result", "data": bundle, "metadata": {}}
    ]  # fmt: skip
    return {
        "cell_type": "code", "metadata": {}, "source": source, "outputs": shown,
        "execution_count": None,
    }  # fmt: skip
