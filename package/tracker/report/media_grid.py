"""Media as a table: of runs and steps, or of what else a browser is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tracker.figures.formats import escape, shorten
from tracker.report.scene import Drawn, Item

Key = tuple[Any, ...]


def _run_head(item: Item) -> str:
    return (
        f'<i class="dot" style="background:{escape(item.run.colour)}"></i>'
        f"{escape(shorten(item.run.name, 60))}<small>{escape(shorten(item.key, 60))}</small>"
    )


# What places an item on an axis, and what stands there.
_AXES: Final[dict[str, tuple[Callable[[Item], Key], Callable[[Item], str]]]] = {
    "run": (lambda item: (item.run.run_id, item.key), _run_head),
    "step": (lambda item: (item.step,), lambda item: f"step {item.step:,}"),
    "index": (lambda item: (item.index,), lambda item: f"#{item.index + 1}"),
}


def media_table(drawn: Drawn, content: Callable[[Item], str]) -> str:
    """Return media as a table.

    Parameters
    ----------
    drawn : Drawn
        Its ``grid`` names what goes down and across.
    content : callable
        Returns an item as HTML.
    """
    down, across = drawn.grid or ("run", "step")
    row_of, row_head = _AXES[down]
    column_of, column_head = _AXES[across]
    columns = _ordered(drawn.items, column_of, is_kept=across == "run")
    rows = _ordered(drawn.items, row_of, is_kept=down == "run")
    cells: dict[tuple[Key, Key], list[Item]] = {}
    for item in drawn.items:
        cells.setdefault((row_of(item), column_of(item)), []).append(item)
    head = "".join(_head(column_head, item, across, "col") for item in columns.values())
    body = "".join(
        f"<tr{_run_mark(item, down)}>{_head(row_head, item, down, 'row')}"
        + "".join(_cell(cells.get((row, key), []), content, across) for key in columns)
        + "</tr>"
        for row, item in rows.items()
    )
    return (
        f'<div class="scroll" tabindex="0"><table class="shots-grid"><thead><tr><th></th>{head}'
        f"</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _ordered(items: list[Item], key_of: Callable[[Item], Key], *, is_kept: bool) -> dict[Key, Item]:
    """Return the first item of each place of an axis: runs as they come, numbers by size."""
    found: dict[Key, Item] = {}
    for item in items:
        found.setdefault(key_of(item), item)
    return found if is_kept else dict(sorted(found.items(), key=lambda pair: pair[0]))


def _run_mark(item: Item, axis: str, name: str = "run") -> str:
    return f' data-{name}="{escape(item.run.run_id)}"' if axis == "run" else ""


def _head(words: Callable[[Item], str], item: Item, axis: str, scope: str) -> str:
    mark = _run_mark(item, axis, "column-run") if scope == "col" else ""
    return f'<th scope="{scope}"{mark}>{words(item)}</th>'


def _cell(items: list[Item], content: Callable[[Item], str], across: str) -> str:
    mark = _run_mark(items[0], across, "column-run") if items else ""
    return f"<td{mark}>{''.join(map(content, items))}</td>"
