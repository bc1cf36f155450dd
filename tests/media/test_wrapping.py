from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from PIL import Image as Pil

from tracker.media.bokeh import Bokeh
from tracker.media.image import Image
from tracker.media.molecule import Molecule
from tracker.media.plotly import Plotly
from tracker.media.table import Table
from tracker.media.vega import Vega
from tracker.media.wrapping import as_media

mpl.use("Agg")


def test_a_frame_is_a_table() -> None:
    made = as_media(pd.DataFrame({"a": [1, 2]}))
    assert isinstance(made, Table)
    assert made.data == [[1], [2]]


def test_a_frame_of_polars_is_a_table() -> None:
    polars = pytest.importorskip("polars")
    made = as_media(polars.DataFrame({"a": [1, 2], "b": ["x", None]}))
    assert isinstance(made, Table)
    assert (made.columns, made.data) == (["a", "b"], [[1, "x"], [2, None]])


def test_figures_are_media() -> None:
    assert isinstance(as_media(go.Figure()), Plotly)
    plt = pytest.importorskip("matplotlib.pyplot")
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    assert isinstance(as_media(figure), Image)
    assert isinstance(as_media(plt), Image)
    plt.close("all")


def test_pictures_are_images() -> None:
    assert isinstance(as_media(Pil.new("L", (2, 2))), Image)


def test_charts_of_altair_and_bokeh() -> None:
    altair = pytest.importorskip("altair")
    assert isinstance(as_media(altair.Chart(pd.DataFrame({"a": [1]})).mark_bar()), Vega)
    plotting = pytest.importorskip("bokeh.plotting")
    assert isinstance(as_media(plotting.figure()), Bokeh)


def test_molecules_of_rdkit() -> None:
    chem = pytest.importorskip("rdkit.Chem")
    assert isinstance(as_media(chem.MolFromSmiles("CCO")), Molecule)


@pytest.mark.parametrize(
    "value", [1, "x", None, [1], {"a": 1}, np.zeros(2), object(), pd.Series([1])]
)
def test_anything_else_is_none(value) -> None:
    assert as_media(value) is None


def test_a_figure_in_a_cell_is_kept_as_media(keep) -> None:
    table = keep(Table(columns=["f"], data=[[go.Figure(go.Scatter(y=[1, 2]))]]))
    assert isinstance(table.data[0][0], Plotly)
