"""Logged charts as the value of a notebook's cell, such as what ``run.get`` returned."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from tracker.errors import UsageError
from tracker.figures.formats import escape, shorten
from tracker.media.chart import CustomChart
from tracker.media.plotly import Plotly
from tracker.plot.drawing import draw
from tracker.report.views import PLOTLY, figure_bundle

# What is larger after thinning is shown as a picture alone.
MOST_BYTES: Final = 1_000_000
_MOST_ROWS: Final = 20
# Shorter lines are left as they are.
_LONG: Final = 1000


def chart_bundle(chart: CustomChart | Plotly) -> dict[str, Any]:
    """Return a chart as a notebook's output: for Plotly, thinned, and as a picture.

    A chart that is not drawn here is the head of its table.
    """
    try:
        figure = draw(chart) if isinstance(chart, CustomChart) else chart.spec
    except UsageError as error:
        return _table_bundle(chart, error)
    name = f"a logged {type(chart).__name__} chart"
    try:
        data = [_with_arrays(trace) for trace in figure.get("data") or ()]
        bundle = figure_bundle(
            {"data": data, "layout": dict(figure.get("layout") or {})},
            getattr(chart, "caption", None) or _title_of(figure) or name,
        )
    except Exception as error:  # noqa: BLE001 - a file may hold anything
        return {"text/plain": f"{name} that cannot be drawn: {error!r:.200}"}
    if len(json.dumps(bundle[PLOTLY])) > MOST_BYTES:
        del bundle[PLOTLY]
        bundle["text/plain"] += " (too large for a cell: .to_value() has all of it)"
    return bundle


def _table_bundle(chart: Any, error: UsageError) -> dict[str, Any]:
    frame = chart.to_value()
    note = str(error)
    if len(frame) > _MOST_ROWS:
        note += f" The first {_MOST_ROWS} of {len(frame):,} rows:"
    shown = frame.head(_MOST_ROWS).map(lambda cell: shorten(str(cell), 200))
    return {
        "text/plain": f"{note}\n{shown}",
        "text/html": f'<p style="opacity:.7">{escape(note)}</p>{shown.to_html(border=0)}',
    }


def _title_of(figure: dict[str, Any]) -> str:
    title = (figure.get("layout") or {}).get("title")
    return str(title.get("text") or "") if isinstance(title, dict) else str(title or "")


def _with_arrays(trace: dict[str, Any]) -> dict[str, Any]:
    """Return a trace with its numbers as arrays, where that makes no other line of it."""
    import numpy as np

    made = {key: _unpacked(value) for key, value in trace.items()}
    x, y = made.get("x"), made.get("y")
    if trace.get("type", "scatter") != "scatter" or not isinstance(y, list | np.ndarray):
        return made
    if x is None and len(y) > _LONG:
        x = np.arange(len(y), dtype=np.float64)
    if len(y) <= _LONG or not isinstance(x, list | np.ndarray) or len(x) != len(y):
        return made
    if not all(_is_numbers(each) for each in (x, y)):
        return made
    across = np.asarray(x, dtype=np.float64)
    if "lines" not in trace.get("mode", "lines") or not (np.diff(across) >= 0).all():
        return made
    return made | {"x": across, "y": np.asarray(y, dtype=np.float64)}


def _is_numbers(values: Any) -> bool:
    if not isinstance(values, list):
        return bool(values.dtype.kind in "fiu")
    return all(type(each) in (int, float) or each is None for each in values)


def _unpacked(value: Any) -> Any:
    """Return numbers that Plotly packed as an array; all else as it is."""
    if not isinstance(value, dict) or not {"dtype", "bdata"} <= value.keys():
        return value
    import numpy as np

    numbers = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
    shape = value.get("shape")
    return numbers.reshape([int(n) for n in str(shape).split(",")]) if shape else numbers
