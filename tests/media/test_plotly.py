from __future__ import annotations

import datetime
import json

import matplotlib as mpl
import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import pytest

from tracker.errors import UsageError
from tracker.media.image import Image
from tracker.media.plotly import Plotly

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_a_figure_comes_back(keep) -> None:
    figure = px.scatter(pd.DataFrame({"x": [1, 2], "y": [3.0, np.nan], "c": ["a", "b"]}), "x", "y")
    logged = Plotly(figure, caption="c")
    read = keep(logged)
    assert read == logged
    assert read.spec == json.loads(figure.to_json())
    assert json.loads(go.Figure(read.to_value()).to_json()) == json.loads(figure.to_json())


def test_changing_the_figure_afterwards_changes_nothing() -> None:
    figure = go.Figure(go.Scatter(y=[1, 2]))
    logged = Plotly(figure)
    figure.data[0].y = [9, 9]
    assert logged.spec["data"][0]["y"] == [1, 2]
    logged.spec["data"].clear()
    assert len(logged.spec["data"]) == 1


def test_a_dict_is_a_figure() -> None:
    logged = Plotly(
        {"data": [{"y": np.array([1.0, np.nan]), "x": np.array(["2020-01-01"], "M8[ns]")}],
         "layout": {"t": (1, {2}), "d": datetime.date(2020, 1, 1), 3: None}}
    )  # fmt: skip
    assert logged.spec == {
        "data": [{"y": [1.0, None], "x": ["2020-01-01T00:00:00.000000000"]}],
        "layout": {"t": [1, [2]], "d": "2020-01-01", "3": None},
    }


@pytest.mark.parametrize("given_data", [5, "x", None, {}, [go.Figure()], object()])
def test_what_is_no_figure_is_told(given_data) -> None:
    with pytest.raises(UsageError, match="Logged plots must be plotly figures, or matplotlib"):
        Plotly(given_data)


# --- matplotlib


def traces(value) -> list[dict]:
    logged = Plotly(value)
    go.Figure(logged.spec)  # Plotly checks every name and value
    return logged.spec["data"]


def test_lines() -> None:
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3], [1, 4, 9], "o--", color="red", label="squares")
    axes.legend()
    axes.set(title="T", xlabel="X", ylabel="Y")
    (line,) = traces(figure)
    assert (line["x"], line["y"]) == ([1, 2, 3], [1, 4, 9])
    assert (line["mode"], line["name"], line["line"]["dash"]) == (
        "lines+markers", "squares", "dash",
    )  # fmt: skip
    assert line["line"]["color"] == "#ff0000"
    layout = Plotly(figure).spec["layout"]
    assert layout["xaxis"]["title"]["text"] == "X"
    assert layout["annotations"][0]["text"] == "T"
    assert layout["showlegend"]


def test_pyplot_and_axes_mean_their_figure() -> None:
    axes = plt.plot([1, 2])[0].axes
    assert traces(plt) == traces(axes) == traces(axes.figure)


def test_points_bars_areas_and_edges() -> None:
    figure, axes = plt.subplots(2, 2)
    axes[0, 0].scatter([1, 2], [3, 4], s=[4, 9], c=["red", "blue"])
    axes[0, 1].bar(["a", "b"], [3, 4], label="bars")
    axes[1, 0].fill_between([1, 2], [0, 0], [1, 2])
    axes[1, 1].errorbar([1, 2], [3, 4], yerr=0.5)
    axes[1, 1].axvspan(0, 1)
    axes[1, 1].axhline(3.5)
    axes[1, 1].text(1, 3, "note")
    made = traces(figure)
    assert made[0]["marker"] == {"color": ["#ff0000", "#0000ff"], "size": [2, 3]}
    assert (made[1]["type"], made[1]["y"], made[1]["x"], made[1]["name"]) == (
        "bar", [3, 4], [0, 1], "bars",
    )  # fmt: skip
    assert made[2]["fill"] == "toself"
    layout = Plotly(figure).spec["layout"]
    assert layout["xaxis2"]["ticktext"] == ["a", "b"]
    assert [note["text"] for note in layout["annotations"]] == ["note"]
    level = next(trace for trace in made if trace["y"] == [3.5, 3.5])
    assert level["x"] == list(axes[1, 1].get_xlim())
    span = made[-1]
    assert span["y"][0] == pytest.approx(np.ptp(axes[1, 1].get_ylim()))


def test_dates_and_logarithms() -> None:
    figure, axes = plt.subplots()
    axes.plot([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], [1, 10])
    axes.set_yscale("log")
    (line,) = traces(figure)
    assert line["x"][0].startswith("2020-01-01T00:00:00")
    assert Plotly(figure).spec["layout"]["yaxis"]["type"] == "log"


def test_pie_box_and_violin() -> None:
    figure, axes = plt.subplots(1, 3)
    axes[0].pie([1, 2])
    axes[1].boxplot([[1, 2, 3]])
    axes[2].violinplot([[1, 2, 3]])
    assert len(traces(figure)) > 8


def test_pictures_cannot_become_plotly() -> None:
    figure, axes = plt.subplots()
    axes.imshow(np.eye(3))
    with pytest.raises(UsageError, match=r"figures containing images.*tracker\.Image"):
        Plotly(figure)
    assert isinstance(Plotly.make_plot_media(figure), Image)
    other, axes = plt.subplots()
    axes.plot([1, 2])
    assert isinstance(Plotly.make_plot_media(other), Plotly)


def test_what_cannot_be_shown_is_told() -> None:
    figure, axes = plt.subplots()
    axes.pcolormesh(np.eye(3))
    with pytest.raises(UsageError, match=r"it holds a QuadMesh.*tracker\.Image"):
        Plotly(figure)


def test_an_empty_figure_is_told() -> None:
    with pytest.raises(UsageError, match="figure is empty"):
        Plotly(plt.figure())
    with pytest.raises(UsageError, match="figure is empty"):
        Plotly(plt.subplots()[0])
