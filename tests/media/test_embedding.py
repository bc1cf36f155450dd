from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tracker.errors import UsageError
from tracker.media.embedding import project, project_table
from tracker.media.table import Table

RNG = np.random.default_rng(0)


def test_the_first_directions_are_those_of_scikit_learn() -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    for shape in ((50, 7), (5, 40)):
        rows = RNG.normal(size=shape) * np.arange(1, shape[1] + 1)
        expected = decomposition.PCA(2, svd_solver="full").fit_transform(rows)
        places = project(rows)
        np.testing.assert_allclose(abs(places), abs(expected), atol=1e-8)


@settings(max_examples=50, deadline=None)
@given(
    npst.arrays(
        np.float64,
        st.tuples(st.integers(1, 20), st.integers(1, 20)),
        elements=st.floats(-1e100, 1e100),
    ),
    st.sampled_from([2, 3]),
)
def test_every_row_has_a_place(rows, dimensions: int) -> None:
    places = project(rows, dimensions=dimensions)
    assert places.shape == (len(rows), dimensions)
    assert np.isfinite(places).all()
    assert np.array_equal(places, project(rows.tolist(), dimensions=dimensions))


def test_a_plane_keeps_its_distances() -> None:
    plane = RNG.normal(size=(20, 2))
    turned = plane @ np.linalg.qr(RNG.normal(size=(9, 2)))[0].T
    places = project(turned)
    distances = [np.linalg.norm(each[:, None] - each[None], axis=2) for each in (plane, places)]
    np.testing.assert_allclose(*distances, atol=1e-9)


def test_groups_stay_apart_by_tsne() -> None:
    pytest.importorskip("sklearn.manifold")
    rows = np.concatenate([RNG.normal(0, 0.1, (20, 5)), RNG.normal(9, 0.1, (20, 5))])
    places = project(rows, "tsne")
    centres = places[:20].mean(axis=0), places[20:].mean(axis=0)
    spread = max(places[:20].std(), places[20:].std())
    assert np.linalg.norm(centres[0] - centres[1]) > spread
    assert np.array_equal(places, project(rows, "tsne"))
    assert project(rows[:2], "tsne").shape == (2, 2)


@pytest.mark.slow  # numba compiles it for half a minute
@pytest.mark.filterwarnings("default")  # numba's, and umap's about Tensorflow
def test_groups_stay_apart_by_umap() -> None:
    pytest.importorskip("umap")
    rows = np.concatenate([RNG.normal(0, 0.1, (20, 5)), RNG.normal(9, 0.1, (20, 5))])
    places = project(rows, "umap")
    centres = places[:20].mean(axis=0), places[20:].mean(axis=0)
    assert np.linalg.norm(centres[0] - centres[1]) > max(places[:20].std(), places[20:].std())
    for count in range(1, 7):
        assert project(rows[:count], "umap").shape == (count, 2)


def test_a_missing_library_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(UsageError, match="umap-learn, which is not installed"):
        project(np.eye(3), "umap")


@pytest.mark.parametrize(
    ("vectors", "options", "sentence"),
    [
        ([[1, 2], [1]], {}, "not numbers of one length"),
        ([["a"]], {}, "not numbers of one length"),
        ([], {}, "expected rows × numbers"),
        ([1, 2], {}, "expected rows × numbers"),
        ([[1, 2], [math.nan, 1]], {}, "row 1 holds NaN"),
        ([[1, 2]], {"method": "lda"}, "expected one of pca, tsne, umap"),
        ([[1, 2]], {"dimensions": 5}, "expected 2 or 3"),
    ],
)
def test_what_has_no_place_is_told(vectors, options, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        project(vectors, **options)


def test_a_table_keeps_its_other_columns() -> None:
    table = Table(columns=["x", "vector", "label"])
    for number in range(5):
        table.add_data(number, RNG.normal(size=8), f"l{number}")
    made = project_table(table)
    assert made.columns == ["projected_x", "y", "x", "label"]
    assert [row[2:] for row in made.data] == [[n, f"l{n}"] for n in range(5)]
    expected = project(np.stack(table.get_column("vector")))
    np.testing.assert_array_equal([row[:2] for row in made.data], expected)
    assert project_table(table, "vector", dimensions=3).columns[:3] == ["projected_x", "y", "z"]


def test_which_column_must_be_clear() -> None:
    table = Table(columns=["a", "b"], data=[[[1, 2], [3, 4]]])
    with pytest.raises(UsageError, match=r"2 columns of vectors \(\['a', 'b'\]\)"):
        project_table(table)
    with pytest.raises(UsageError, match="0 columns of vectors"):
        project_table(Table(columns=["a"], data=[[1]]))
    with pytest.raises(UsageError, match="no column 'z'"):
        project_table(table, "z")
