"""Embeddings on a plane: many numbers a row as two or three that can be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from tracker.errors import UsageError
from tracker.media.media import import_extra
from tracker.media.table import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Method = Literal["pca", "tsne", "umap"]
AXES = ("x", "y", "z")


def project(
    vectors: Any, method: Method = "pca", dimensions: int = 2, seed: int = 0
) -> NDArray[np.float64]:
    """Return a place in few dimensions for each vector, near ones near; the same each time.

    Parameters
    ----------
    vectors : array or sequence
        Rows × numbers.
    method : {"pca", "tsne", "umap"}
        The directions in which the vectors differ most, or a picture of neighbourhoods by
        scikit-learn or umap-learn. Default ``"pca"``, which needs neither.
    dimensions : int
        2 or 3. Default 2.
    seed : int
        Where t-SNE and UMAP begin. Default 0.

    Raises
    ------
    UsageError
        If the rows are no numbers of one length, or a library is not installed.
    """
    rows = _as_matrix(vectors)
    if dimensions not in (2, 3):
        raise UsageError(f"dimensions is {dimensions!r}: expected 2 or 3.")
    if method not in _METHODS:
        raise UsageError(f"method is {method!r}: expected one of {', '.join(_METHODS)}.")
    return _METHODS[method](rows, dimensions, seed)


def project_table(
    table: Table,
    vector: str | int | None = None,
    method: Method = "pca",
    dimensions: int = 2,
    seed: int = 0,
) -> Table:
    """Return a table with ``x`` and ``y`` (and ``z``), and the other columns beside them.

    Parameters
    ----------
    table : Table
        With a column of vectors.
    vector : str or int, optional
        That column. Default: the only one whose cells are lists or arrays.
    method, dimensions, seed
        As of :func:`project`.

    Raises
    ------
    UsageError
        If there is no such column, or as of :func:`project`.
    """
    name = _vector_column(table) if vector is None else vector
    places = project(table.get_column(name), method, dimensions, seed)
    others = [column for column in table.columns if column != name]
    axes = [axis if axis not in others else f"projected_{axis}" for axis in AXES[:dimensions]]
    kept = [table.columns.index(column) for column in others]
    rows = [
        [*place, *(row[index] for index in kept)]
        for place, row in zip(places.tolist(), table.data, strict=True)
    ]
    return Table(columns=[*axes, *others], data=rows, allow_mixed_types=True)


def _vector_column(table: Table) -> Any:
    def is_vector(cell: Any) -> bool:
        return isinstance(cell, list | tuple) or len(getattr(cell, "shape", ())) == 1

    found = [
        name
        for place, name in enumerate(table.columns)
        if table.data and all(is_vector(row[place]) for row in table.data)
    ]
    if len(found) != 1:
        raise UsageError(
            f"The table has {len(found)} columns of vectors ({found}): name one with vector=…."
        )
    return found[0]


def _as_matrix(vectors: Any) -> NDArray[np.float64]:
    import numpy as np

    if hasattr(vectors, "detach"):
        vectors = vectors.detach().cpu()
    try:
        rows = np.asarray(vectors if hasattr(vectors, "shape") else list(vectors), np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The vectors are not numbers of one length: {error}.") from error
    if rows.ndim != 2 or not rows.size:
        raise UsageError(f"The vectors have the shape {rows.shape}: expected rows × numbers.")
    if not np.isfinite(rows).all():
        place = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise UsageError(f"The vector of row {place} holds NaN or infinity: it has no place.")
    return rows


def _pca(rows: NDArray[np.float64], dimensions: int, seed: int) -> NDArray[np.float64]:
    import numpy as np

    scale = abs(rows).max() or 1.0  # squares of what is left neither vanish nor overflow
    centred = rows / scale
    centred -= centred.mean(axis=0)
    if rows.shape[0] >= rows.shape[1]:
        _, vectors = np.linalg.eigh(centred.T @ centred)
        axes = vectors[:, ::-1][:, :dimensions]
    else:
        axes = np.linalg.svd(centred, full_matrices=False)[2][:dimensions].T
    largest = np.take_along_axis(axes, abs(axes).argmax(axis=0)[None], axis=0)
    places = centred @ (axes * np.where(largest < 0, -1.0, 1.0)) * scale
    made = np.zeros((len(rows), dimensions))
    made[:, : places.shape[1]] = places
    return made


def _tsne(rows: NDArray[np.float64], dimensions: int, seed: int) -> NDArray[np.float64]:
    import numpy as np

    manifold = import_extra("sklearn.manifold", "t-SNE", package="scikit-learn", extra=False)
    if len(rows) < 3:
        return _pca(rows, dimensions, seed)
    perplexity = min(30.0, (len(rows) - 1) / 3)
    model = manifold.TSNE(
        dimensions, perplexity=perplexity, init=_pca(rows, dimensions, seed), random_state=seed
    )
    return np.asarray(model.fit_transform(rows), np.float64)


def _umap(rows: NDArray[np.float64], dimensions: int, seed: int) -> NDArray[np.float64]:
    import numpy as np

    umap = import_extra("umap", "UMAP", package="umap-learn", extra=False)
    if len(rows) < 5:  # too few for its spectral beginning
        return _pca(rows, dimensions, seed)
    neighbours = min(15, len(rows) - 1)
    model = umap.UMAP(neighbours, dimensions, random_state=seed, n_jobs=1)
    return np.asarray(model.fit_transform(rows), np.float64)


_METHODS = {"pca": _pca, "tsne": _tsne, "umap": _umap}
