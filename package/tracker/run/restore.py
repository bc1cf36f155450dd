"""The cells of a run as a notebook that can be run again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracker.run.cells import Cell

if TYPE_CHECKING:
    from nbformat import NotebookNode

# Magics that look something up and change nothing that a later cell could need.
_LOOKUPS = frozenset(
    [
        *("hist", "history", "lsmagic", "pdoc", "pfile", "pinfo", "pinfo2", "psource", "quickref"),
        *("restore", "tracker", "who", "who_ls", "whos"),
    ]
)
_LINE_MAGIC = re.compile(r"%(?P<name>\w+)(?:\s.*)?")
_HELP = re.compile(r"\?{1,2}[\w.]+|[%\w.]+\?{1,2}")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|])")


def cells_to_notebook(
    cells: Sequence[Cell], *, title: str, metadata: Mapping[str, Any]
) -> NotebookNode:
    """Make a notebook of executed cells.

    Parameters
    ----------
    cells
        The executions, in any order; the notebook has them in order of execution, one cell each,
        with its execution count and without outputs. Cells that only look something up
        (``%restore``, ``%tracker``, ``%history``, ``run.log?`` …) are left out; a cell that ended
        with an error is tagged ``raises-exception``, so that running all does not stop there.
    title
        Heading of the notebook: the run's name.
    metadata
        What the header says below the title, a line an entry, in this order: id, time, git commit
        and the like. Entries that are None or no plain values are left out of it.

    Returns
    -------
    nbformat.NotebookNode
        A valid notebook, format 4.5. Its metadata has `metadata` under ``tracker``, and so has
        each cell its index, time, length, outcome and id in the first notebook.
    """
    import nbformat

    ordered = sorted(cells, key=lambda cell: cell.index)
    header = {
        "cell_type": "markdown",
        "id": "run",
        "metadata": {},
        "source": _header(title, metadata),
    }
    notebook: NotebookNode = nbformat.from_dict(  # type: ignore[no-untyped-call]
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {
                "kernelspec": {
                    "name": "python3",
                    "display_name": "Python 3",
                    "language": "python",
                },
                "language_info": {"name": "python"},
                "tracker": _plain(metadata),
            },
            "cells": [
                header,
                *(_code_cell(each) for each in ordered if not is_lookup(each.source)),
            ],
        }
    )
    nbformat.validate(notebook)
    return notebook


def is_lookup(source: str) -> bool:
    """Say whether a cell only looks something up, or is empty or a comment.

    Parameters
    ----------
    source
        The cell as written, magics included.
    """
    lines = (line.strip() for line in source.splitlines())
    return all(_is_lookup_line(line) for line in lines if line and not line.startswith("#"))


def _is_lookup_line(line: str) -> bool:
    if _HELP.fullmatch(line):
        return True
    match = _LINE_MAGIC.fullmatch(line)
    return match is not None and match["name"] in _LOOKUPS


def _code_cell(cell: Cell) -> dict[str, Any]:
    facts = {
        "index": cell.index,
        "started_at": cell.started_at,
        "duration_s": cell.duration_s,
        "status": cell.status,
        "error": cell.error,
        "cell_id": cell.cell_id,
    }
    metadata: dict[str, Any] = {"tracker": {k: v for k, v in facts.items() if v is not None}}
    if cell.status == "error":
        metadata["tags"] = ["raises-exception"]
    return {
        "cell_type": "code",
        "id": f"cell-{cell.index}",
        "execution_count": cell.execution_count,
        "metadata": metadata,
        "source": cell.source,
        "outputs": [],
    }


def _header(title: str, metadata: Mapping[str, Any]) -> str:
    facts = (
        f"- **{_escaped(key.replace('_', ' '))}**: {_escaped(str(value))}"
        for key, value in metadata.items()
        if isinstance(value, str | int | float) and value != ""
    )
    return "\n".join([f"# {_escaped(title)}", "", *facts]).rstrip()


def _escaped(text: str) -> str:
    """Show `text` in Markdown as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _plain(value: Any) -> Any:
    """Keep what JSON has, and everything else as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)
