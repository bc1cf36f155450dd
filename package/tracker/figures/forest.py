"""Which settings matter for a result: a random forest's importances, and correlations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tracker.errors import UsageError
from tracker.figures.columns import Column, RunLike, read_column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Of fewer runs a forest finds patterns in noise.
MIN_RUNS: Final = 6
TREES: Final = 100
_MAX_CATEGORIES = 20


@dataclass(frozen=True, slots=True)
class Importance:
    """How much a column matters for the result.

    Attributes
    ----------
    column : str
        Such as ``"config.lr"``.
    label : str
        The column's title, with ``= value`` for one value of a category; not escaped.
    importance : float
        Its share of what the forest explains; all of them together are 1.
    correlation : float
        Pearson's coefficient with the result, -1 to 1; NaN where there is none.
    runs : int
        Runs with a value for it.
    """

    column: str
    label: str
    importance: float
    correlation: float
    runs: int


def make_ready() -> None:
    """Import pandas, before a thread that grows a forest does so beside one that draws.

    Plotly looks at pandas as soon as anybody has begun to import it, and fails where that takes
    until later.
    """
    import pandas  # noqa: F401


def importances(
    runs: Sequence[RunLike], target: str, columns: Iterable[str]
) -> tuple[list[Importance], int]:
    """Work out how much columns matter for a result, the most important first.

    A random forest of 100 trees learns the result from the columns; its impurity-based
    importances are the answer, as in W&B. The forest is the same for the same runs. Numbers
    are taken as they are, and a missing one as the column's median; booleans are 0 and 1; any
    other value becomes one column that is 0 or 1 for each value (one-hot), missing ones among
    them. Columns that are the same everywhere say nothing and are left out, as are those with
    more than 20 values that are no numbers.

    Parameters
    ----------
    runs : sequence of RunLike
        Those without a finite number for `target` are left out.
    target : str
        Such as ``"summary.val/loss"``.
    columns : iterable of str
        What may matter; `target` is left out.

    Returns
    -------
    list of Importance, int
        And how many runs were learned from.

    Raises
    ------
    UsageError
        If fewer than six runs have a number for `target`, all have the same, or no column
        differs between them.
    """
    import numpy as np

    result = read_column(runs, target)
    known = np.isfinite(result.places) & (not result.is_category)
    count = int(known.sum())
    if count < MIN_RUNS:
        raise UsageError(
            f"{count} of the shown runs {'has' if count == 1 else 'have'} a number for {target}: "
            f"importance needs {MIN_RUNS} or more."
        )
    chosen = [run for run, is_known in zip(runs, known, strict=True) if is_known]
    goal = result.places[known]
    if float(goal.min()) == float(goal.max()):
        raise UsageError(f"{target} is the same in all {count} runs: nothing explains it.")
    found = [feature for name in columns if name != target for feature in _features(chosen, name)]
    if not found:
        raise UsageError(f"No setting differs between the {count} runs that have {target}.")
    shares = _learn(np.column_stack([values for _, _, values, _ in found]), goal)
    ranked = [
        Importance(column, label, float(share), _correlation(values, goal), seen)
        for (column, label, values, seen), share in zip(found, shares, strict=True)
    ]
    ranked.sort(key=lambda each: (-each.importance, each.label))
    return ranked, count


def _features(runs: Sequence[RunLike], name: str) -> list[tuple[str, str, Floats, int]]:
    """Return column, label, numbers, and how many runs have a value, of what differs."""
    column = read_column(runs, name)
    if column.kind == "number":
        return _number(column)
    if set(column.labels) == {"false", "true"} and not _missing(column).any():
        return [(name, column.title, column.places, len(runs))]
    return _one_hot(column)


def _number(column: Column) -> list[tuple[str, str, Floats, int]]:
    import numpy as np

    is_given = ~_missing(column)
    given = column.places[is_given]
    if not len(given) or float(given.min()) == float(given.max()):
        return []
    values = np.where(is_given, column.places, float(np.median(given)))
    return [(column.name, column.title, values, int(is_given.sum()))]


def _one_hot(column: Column) -> list[tuple[str, str, Floats, int]]:
    missing = _missing(column)
    seen = int((~missing).sum())
    if column.kind == "time" or len(column.labels) > _MAX_CATEGORIES:
        return []
    found = [
        (column.name, f"{column.title} = {label}", (column.places == place).astype(float), seen)
        for place, label in enumerate(column.labels)
    ]
    if missing.any():
        found.append((column.name, f"{column.title} = none", missing.astype(float), seen))
    if len(found) == 2:  # the second says the opposite of the first
        found = found[1:] if missing.all() else found[:1]
    return [each for each in found if float(each[2].min()) != float(each[2].max())]


def _missing(column: Column) -> NDArray[np.bool_]:
    import numpy as np

    return np.isnan(column.places)


def _learn(features: Floats, goal: Floats) -> Floats:
    import numpy as np
    from sklearn.ensemble import RandomForestRegressor

    # The forest computes in float32, where large numbers are infinite: ranks split alike.
    forest = RandomForestRegressor(TREES, random_state=0, n_jobs=1)
    forest.fit(_ranks(features), _centred(goal))
    shares: Floats = np.asarray(forest.feature_importances_, dtype=np.float64)
    return shares


def _ranks(features: Floats) -> Floats:
    import numpy as np

    ranked = [np.unique(column, return_inverse=True)[1] for column in features.T]
    return np.column_stack(ranked).astype(np.float64)


def _centred(goal: Floats) -> Floats:
    import numpy as np

    scaled: Floats = goal / float(np.abs(goal).max())
    scaled = scaled - scaled.mean()
    scaled /= float(np.abs(scaled).max())
    return scaled


def _correlation(values: Floats, goal: Floats) -> float:
    import numpy as np

    one, other = (_centred(each) if np.abs(each).max() else each for each in (values, goal))
    scale = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum() / scale) if scale else float("nan")
