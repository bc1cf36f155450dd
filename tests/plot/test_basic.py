from __future__ import annotations

import subprocess
import sys

import numpy as np
import plotly.graph_objects as go
import pytest

from tracker import plot
from tracker.errors import UsageError
from tracker.media.chart import CustomChart
from tracker.media.loading import digests, load, load_value
from tracker.media.table import Table
from tracker.store.files.objects import Objects

TABLE = Table(columns=["x", "y", "who"], data=[[0, 1.5, "a"], [1, 2.5, "a"], [0, 3.5, "b"]])


def drawn(chart: CustomChart) -> dict:
    figure = plot.draw(chart)
    go.Figure(figure)  # Plotly checks every name and value
    return figure


def test_line_by_stroke() -> None:
    chart = plot.line(TABLE, x="x", y="y", stroke="who", title="Lines")
    assert chart.spec.spec_name == "wandb/line/v0"
    assert chart.spec.fields == {"x": "x", "y": "y", "stroke": "who"}
    figure = drawn(chart)
    assert [(t["name"], t["x"], t["y"]) for t in figure["data"]] == [
        ("a", [0, 1], [1.5, 2.5]),
        ("b", [0], [3.5]),
    ]
    assert figure["layout"]["title"]["text"] == "Lines"


def test_line_alone() -> None:
    figure = drawn(plot.line(TABLE, "x", "y"))
    assert figure["data"][0]["y"] == [1.5, 2.5, 3.5]
    assert figure["layout"]["xaxis"]["title"]["text"] == "x"
    assert "title" not in figure["layout"]


def test_scatter_bar_and_histogram() -> None:
    points = drawn(plot.scatter(TABLE, "x", "y", title="T"))["data"][0]
    assert (points["mode"], points["x"]) == ("markers", [0, 1, 0])
    bars = drawn(plot.bar(TABLE, label="who", value="y"))["data"][0]
    assert (bars["type"], bars["y"], bars["x"]) == ("bar", ["a", "a", "b"], [1.5, 2.5, 3.5])
    counted = drawn(plot.histogram(TABLE, value="y"))["data"][0]
    assert (counted["type"], counted["x"]) == ("histogram", [1.5, 2.5, 3.5])


def test_a_missing_column_is_told() -> None:
    for attempt in (
        lambda: plot.line(TABLE, "x", "z"),
        lambda: plot.scatter(TABLE, "z", "y"),
        lambda: plot.bar(TABLE, "z", "y"),
        lambda: plot.histogram(TABLE, "z"),
    ):
        with pytest.raises(UsageError, match="no column 'z': the table has"):
            attempt()


def test_line_series_with_one_x() -> None:
    chart = plot.line_series(xs=[0, 1], ys=[[1, 2], [3, 4]], title="T", xname="step")
    assert chart.table.data == [
        [0, "line_0", 1], [1, "line_0", 2], [0, "line_1", 3], [1, "line_1", 4],
    ]  # fmt: skip
    figure = drawn(chart)
    assert [trace["y"] for trace in figure["data"]] == [[1, 2], [3, 4]]
    assert figure["layout"]["xaxis"]["title"]["text"] == "step"


def test_line_series_with_an_x_and_a_name_each() -> None:
    chart = plot.line_series(np.array([[0, 1], [2, 3]]), iter([[1, 2], [3, 4]]), keys=["a", "b"])
    assert chart.table.data == [[0, "a", 1], [1, "a", 2], [2, "b", 3], [3, "b", 4]]
    assert plot.line_series([], []).table.data == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([[0]], [[1], [2]]), r"x-series \(1\) must match y-series \(2\)"),
        (([0], [[1]], ["a", "b"]), r"keys \(2\) must match y-series \(1\)"),
    ],
)
def test_line_series_that_do_not_match(arguments, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        plot.line_series(*arguments)


def test_a_chart_comes_back(tmp_path) -> None:
    objects = Objects(tmp_path)
    chart = plot.line(TABLE, "x", "y", title="T", split_table=True)
    reference = chart.to_reference(objects.put_bytes)
    assert reference["_type"] == "custom-chart"
    read = load(reference, objects)
    assert read == chart
    assert plot.draw(read) == plot.draw(chart)
    assert len(load_value(reference, objects)) == 3
    assert set(digests(reference, objects)) == {reference["table"]["sha256"]}


def test_the_table_is_logged_beside_the_chart() -> None:
    assert list(plot.line(TABLE, "x", "y").companions("roc")) == ["roc_table"]
    split = plot.line(TABLE, "x", "y", split_table=True)
    assert split.companions("roc") == {"Custom Chart Tables/roc_table": TABLE}
    with pytest.raises(UsageError, match="Key for the custom chart spec is not set"):
        _ = plot.line(TABLE, "x", "y").spec.table_key


def test_a_chart_of_ones_own(tmp_path) -> None:
    objects = Objects(tmp_path)
    spec = {"mark": "point", "encoding": {"x": {"field": "${field:x}"}}}
    chart = plot.plot_table(spec, TABLE, {"x": "who"}, {"title": "T"})
    assert load(chart.to_reference(objects.put_bytes), objects) == chart
    with pytest.raises(UsageError, match="is not drawn here: show its table"):
        plot.draw(chart)
    with pytest.raises(UsageError, match="'me/mine/v0' is not drawn here"):
        plot.draw(plot.plot_table("me/mine/v0", TABLE, {}))


def test_by_wandbs_names() -> None:
    chart = plot.plot_table("wandb/line/v7", TABLE, {"x": "x", "y": "y"})
    assert len(drawn(chart)["data"]) == 1
    with pytest.raises(UsageError, match="needs the column 'cluster_ranges'"):
        plot.draw(plot.visualize("wandb/elbow/v1", TABLE))


def test_what_is_no_table_is_told() -> None:
    for attempt in (
        lambda: plot.plot_table("wandb/line/v0", [[1]], {}),
        lambda: plot.visualize("wandb/line/v0", None),
        lambda: plot.line({"x": [1]}, "x", "x"),
    ):
        with pytest.raises(UsageError, match="Expected `data_table` to be `tracker"):
            attempt()


def test_every_name_is_there_and_none_loads_plotly() -> None:
    code = (
        "import sys, tracker.plot as p\n"
        "for name in p.__all__: getattr(p, name)\n"
        "assert set(p.__all__) <= set(dir(p))\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"plotly", "sklearn", "scipy", "pandas"} & set(done.stdout.split())
    with pytest.raises(AttributeError, match="no attribute 'pie'"):
        _ = plot.pie
