"""Charts as Plotly figures, in plain dicts: Plotly itself is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tracker.errors import UsageError
from tracker.media.chart import CustomChart
from tracker.plot.drawing_models import MODEL_CHARTS
from tracker.plot.pieces import Drawing, Fields, Figure, Trace, axes, by_group, lines

# Of more classes, cells have no room for numbers: the pointer shows them.
_MOST_NUMBERED: Final = 25
_FEW: Final = 10


def draw(chart: CustomChart) -> Figure:
    """Return a chart as a Plotly figure: a dict of ``data`` and ``layout``.

    Raises
    ------
    UsageError
        If it is a chart of one's own, or of W&B's that is not drawn here: show its table.
    """
    name = chart.spec.spec_name
    columns = {str(key): chart.table.get_column(key) for key in chart.table.columns}
    return draw_columns(name, columns, chart.spec.fields, chart.spec.string_fields)


def draw_columns(
    name: str | Mapping[str, Any],
    columns: Mapping[str, Any],
    fields: Mapping[str, Any],
    strings: Mapping[str, Any],
) -> Figure:
    """Return columns as a Plotly figure, drawn as the chart of this name.

    Parameters
    ----------
    name : str
        W&B's name; the version after the last slash does not matter.
    columns : dict
        Column to its values.
    fields : dict
        The chart's field to the column; a field that is not given is the column of its name.
    strings : dict
        ``title``, ``x-axis-title`` and ``y-axis-title``, or what the chart calls them.

    Raises
    ------
    UsageError
        If there is no such chart here, or a column is missing.
    """
    charts = {**CHARTS, **MODEL_CHARTS}
    drawing = charts.get(name.rpartition("/")[0]) if isinstance(name, str) else None
    if drawing is None:
        known = ", ".join(sorted(charts))
        raise UsageError(
            f"The chart {name!r:.80} is not drawn here: show its table. Known: {known}."
        )
    chosen = {field: str(column) for field, column in fields.items() if column is not None}
    try:
        traces, layout = drawing(Fields(columns, chosen), strings)
    except KeyError as error:
        raise UsageError(
            f"The chart {name!r} needs the column {error}, and the table has {list(columns)}."
        ) from error
    title = strings.get("title")
    return {
        "data": traces,
        "layout": {**({"title": {"text": str(title)}} if title else {}), **layout},
    }


def _line(data: Fields, strings: Mapping[str, Any]) -> tuple[list[Trace], Figure]:
    xs, ys = data["x"], data["y"]
    layout = axes(data.name("x"), data.name("y"))
    if not data.has("stroke"):
        return lines([("", [xs, ys])]), {**layout, "showlegend": False}
    return lines(by_group(data["stroke"], xs, ys)), layout


def _scatter(data: Fields, strings: Mapping[str, Any]) -> tuple[list[Trace], Figure]:
    layout = axes(data.name("x"), data.name("y"), showlegend=False)
    return lines([("", [data["x"], data["y"]])], "markers"), layout


def _bar(data: Fields, strings: Mapping[str, Any]) -> tuple[list[Trace], Figure]:
    labels = [str(label) for label in data["label"]]
    trace = {"type": "bar", "orientation": "h", "x": data["value"], "y": labels}
    layout = axes(data.name("value"), data.name("label"))
    layout["yaxis"] |= {"type": "category", "autorange": "reversed"}
    return [trace], layout


def _histogram(data: Fields, strings: Mapping[str, Any]) -> tuple[list[Trace], Figure]:
    return [{"type": "histogram", "x": data["value"]}], axes(data.name("value"), "count")


def _line_series(data: Fields, strings: Mapping[str, Any]) -> tuple[list[Trace], Figure]:
    groups = by_group(data["lineKey"], data["step"], data["lineVal"])
    return lines(groups), axes(strings.get("xname", "x"), "")


def _area(data: Fields, strings: Mapping[str, Any]) -> tuple[list[Trace], Figure]:
    groups = by_group(data["class"], data["x"], data["y"])
    layout = axes(
        strings.get("x-axis-title", data.name("x")), strings.get("y-axis-title", data.name("y"))
    )
    for axis in ("xaxis", "yaxis"):
        layout[axis]["range"] = [-0.02, 1.02]
    return lines(groups), layout


def _confusion(data: Fields, strings: Mapping[str, Any]) -> tuple[list[Trace], Figure]:
    actual, predicted = ([str(n) for n in data[field]] for field in ("Actual", "Predicted"))
    counts = data["nPredictions"] if data.has("nPredictions") else data["Count"]
    cells = {(a, p): c for a, p, c in zip(actual, predicted, counts, strict=True)}
    down, across = list(dict.fromkeys(actual)), list(dict.fromkeys(predicted))
    # Square, but for a complete table of some classes against others.
    if set(down) == set(across) or len(cells) < len(down) * len(across):
        down = across = list(dict.fromkeys([*actual, *predicted]))
    table = [[cells.get((a, p)) or 0 for p in across] for a in down]
    trace: Trace = {
        "type": "heatmap",
        "x": across,
        "y": down,
        "z": table,
        "customdata": [_shares(row) for row in table],
        # Named scales of Plotly's begin with the darkest here and with the lightest there.
        "colorscale": [[0, "#e3edfd"], [0.5, "#7aa8f5"], [1, "#1d4fb8"]],
        "colorbar": {"thickness": 8, "outlinewidth": 0, "tickfont": {"size": 9}, "nticks": 5},
        "hovertemplate": (
            "actual %{y}<br>predicted %{x}<br>%{z:,.4~g} (%{customdata} of actual %{y})"
            "<extra></extra>"
        ),
    }
    most = max(len(down), len(across))
    if most <= _MOST_NUMBERED:
        trace |= {"xgap": 1, "ygap": 1}
        # Among many numbers those that are not zero are to be found.
        trace["text"] = [[_cell(n) if n or most <= _FEW else "" for n in row] for row in table]
        trace["texttemplate"] = "%{text}"
        # The numbers say it better, and want the room.
        trace["showscale"] = most > _FEW
    layout = axes("Predicted", "Actual")
    layout["xaxis"]["type"] = layout["yaxis"]["type"] = "category"
    layout["yaxis"]["autorange"] = "reversed"
    return [trace], layout


def _shares(row: list[Any]) -> list[str]:
    total = sum(row) or 1
    return [f"{n / total:.1%}" for n in row]


def _cell(number: Any) -> str:
    is_whole = isinstance(number, int) or float(number).is_integer()
    return f"{int(number):,}" if is_whole else f"{number:.2f}"


CHARTS: dict[str, Drawing] = {
    "wandb/area-under-curve": _area,
    "wandb/bar": _bar,
    "wandb/confusion_matrix": _confusion,
    "wandb/histogram": _histogram,
    "wandb/line": _line,
    "wandb/lineseries": _line_series,
    "wandb/scatter": _scatter,
}
