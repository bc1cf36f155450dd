"""One panel of a workspace as a figure in a cell: what compares runs, without the workspace."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from tracker.errors import QueryError, UsageError
from tracker.figures.formats import escape
from tracker.panels.page.bundle import STATIC
from tracker.panels.runs.runset import RunSet
from tracker.panels.show import find_target, subject_of
from tracker.panels.views import Field, View, ViewMessage, filled, view_of
from tracker.panels.views.choices import texts
from tracker.settings import find_store
from tracker.store.reading.filter_text import write_text
from tracker.store.store import open_store

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from IPython.display import HTML

KINDS: Final = (
    "bar", "scatter", "parallel", "importance", "histogram", "distribution", "system", "comparer",
    "code", "sql",
)  # fmt: skip
_HEIGHT = 380
_DOT = '<i class="tkv-dot"></i>'
# The names that the panel's style sheet uses, in the colours of the page around the output.
_COLOURS = """.tkv-still {
--tkp-bg: var(--jp-layout-color0, Canvas); --tkp-fg: var(--jp-ui-font-color1, CanvasText);
--tkp-dim: color-mix(in srgb, var(--tkp-fg) 62%, transparent);
--tkp-line: color-mix(in srgb, var(--tkp-fg) 16%, transparent);
--tkp-soft: color-mix(in srgb, var(--tkp-fg) 5%, transparent);
--tkp-accent: #3b82f6; --tkp-good: #2f9e62; --tkp-bad: #e5484d; --tkp-warn: #e2762b;
color: var(--tkp-fg); font: 13px/1.4 system-ui, sans-serif; max-height: 520px; overflow: auto; }"""


def chart(
    kind: str,
    runs: Any = None,
    /,
    *,
    filter: str = "",
    group_by: str | Sequence[str] = (),
    baseline: str | None = None,
    title: str = "",
    dir: str | os.PathLike[str] | None = None,
    **fields: Any,
) -> go.Figure | HTML:
    """Return one panel of a project's workspace, as it is now.

    Parameters
    ----------
    kind : str
        ``bar``, ``scatter``, ``parallel``, ``importance``, ``histogram``, ``distribution``,
        ``system``, ``comparer``, ``code`` or ``sql``.
    runs : str, run, runs or sweep, optional
        What :func:`tracker.show` takes; all its runs are drawn. Default: the project of the
        newest run.
    filter : str
        Only runs that pass, as in the workspace: ``"config.lr > 0.1 and state = finished"``.
    group_by : str or sequence of str
        Columns whose values make groups, such as ``"config.lr"``: for ``bar`` and
        ``histogram``.
    baseline : str, optional
        The id of the run that others are compared with.
    title : str
        Above the figure. Default none.
    dir : path-like, optional
        The directory that holds the store; see :func:`tracker.settings.find_store`.
    **fields
        The fields of the panel's form: ``x``, ``y``, ``colour``, ``size`` and ``front`` of a
        scatter plot, ``columns`` and ``log`` of parallel coordinates, ``target`` of
        importance, ``query`` and ``draw`` of SQL, and so on. What is left out is chosen as
        in a new panel. Columns are ``config.KEY``, ``summary.KEY``, ``name``, ``state``,
        ``created_at``, ``duration``, ``step`` and ``tags``.

    Returns
    -------
    plotly.graph_objects.Figure or IPython.display.HTML
        HTML of ``comparer``, ``code``, and ``sql`` drawn as a table.

    Raises
    ------
    UsageError
        If there is no such kind, field or column, or nothing to learn importance from.
    QueryError
        If the filter or the query cannot be understood.
    NotFoundError
        If the store has nothing of that name.

    Examples
    --------
    >>> tracker.chart("scatter", "digits", x="config.lr", y="summary.loss", log_x=True)
    >>> tracker.chart("bar", "digits", columns=["summary.loss"], group_by="config.optimizer")
    """
    view = view_of(kind) if kind in KINDS else None
    if view is None:
        raise UsageError(f"There is no chart {kind!r}: expected one of {', '.join(KINDS)}.")
    root = find_store(dir)
    store = open_store(root)
    store.recover()
    name, only = subject_of(runs)
    with store.reading() as db:
        project, run_id = find_target(db, name, str(root))
        if run_id is not None and name is not None:
            only = write_text({"name": {"$eq": run_id}})
        runset = RunSet(project, objects_dir=store.objects_dir)
        chosen = " and ".join(f"({part})" for part in (only, filter) if part)
        runset.read(
            db,
            {"filter": chosen, "group_by": texts(group_by), "baseline": baseline, "first": "all"},
        )
        _check(view, runset, texts(group_by), fields)
        found = view.read(db, filled(view, fields, runset), runset, {})
    return _shown(found if isinstance(found, ViewMessage) else found(), title)


def _check(view: View, runset: RunSet, group_by: Iterable[str], fields: dict[str, Any]) -> None:
    """Raise an error that says what a user has mistyped."""
    if runset.problem is not None:
        raise QueryError(runset.problem.text)
    known = {field.name: field for field in view.fields}
    named = [*group_by]
    for name, value in fields.items():
        if name not in known:
            raise UsageError(
                f"A {view.kind} chart has no field {name!r}.{_hint(name, known)} It has "
                f"{', '.join(known) or 'none'}."
            )
        named += _columns(known[name], value)
    columns = {column.id for column in runset.columns}
    for name in named:
        if name not in columns:
            ends = [each for each in columns if each.endswith(f".{name}")]
            hint = f" Did you mean {ends[0]!r}?" if ends else _hint(name, columns)
            raise UsageError(f"The runs have no column {name!r}.{hint}")


def _columns(field: Field, value: Any) -> list[str]:
    return texts(value) if field.type in ("column", "columns") else []


def _hint(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _shown(message: ViewMessage, title: str) -> Any:
    content = message.content
    if "figure" in content:
        from plotly.io import from_json

        figure = from_json(content["figure"])
        figure.update_layout(height=_HEIGHT)
        if title:
            heading = {"text": escape(title), "x": 0.02, "font": {"size": 14}}
            margin = {"t": 52}
            figure.update_layout(title=heading, margin=margin)
        return figure
    from IPython.display import HTML

    html = content["html"]
    for colour in content.get("colours", ()):
        html = html.replace(_DOT, f'<i class="tkv-dot" style="background:{colour}"></i>', 1)
    only = " tkv-only" if content.get("only") else ""
    style = f"{_COLOURS}\n.tkv-only .tkv-same, .tkv-only .tkv-alike {{ display: none; }}\n"
    style += (STATIC / "viewers.css").read_text(encoding="utf-8")
    head = f"<h4>{escape(title)}</h4>" if title else ""
    whole = f'<div class="tkp-html tkv-still{only}"><style>{style}</style>{head}{html}</div>'
    return HTML(whole)  # type: ignore[no-untyped-call]
