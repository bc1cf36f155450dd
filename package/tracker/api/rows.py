"""Rows of history in the shapes that users ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tracker.api.media_paths import with_paths
from tracker.errors import UsageError
from tracker.records import Stream
from tracker.store.database.connection import Connection
from tracker.store.series.history import ROW_KEYS, STEP, Rows, read_rows, read_steps

if TYPE_CHECKING:
    from pandas import DataFrame


def check_keys(keys: Sequence[str] | None, samples: int | None = None) -> list[str] | None:
    """Return the keys as a list, None for all.

    Raises
    ------
    UsageError
        If they are not strings, or `samples` is not a number of rows.
    """
    if samples is not None and samples < 1:
        raise UsageError(f"samples is {samples}: expected 1 or more, or None for every row.")
    if keys is None:
        return None
    if isinstance(keys, str) or not all(isinstance(key, str) for key in keys):
        raise UsageError(f"keys is {keys!r}: expected a list of strings.")
    return list(dict.fromkeys(keys)) or None


def read_sampled(
    db: Connection,
    run_key: int,
    keys: list[str] | None,
    x_axis: str,
    samples: int | None,
    stream: Stream,
) -> Rows:
    """Return rows that hold at least one of the keys, thinned evenly to `samples`."""
    wanted = None if keys is None else [key for key in keys if key not in ROW_KEYS]
    if wanted == []:
        wanted = None  # every row has a step and times
    also = [] if x_axis in ROW_KEYS or wanted is None else [x_axis]
    steps = None
    if samples is not None or also:
        every = read_steps(db, run_key, wanted, stream)
        is_long = samples is not None and len(every) > samples
        if is_long or also:
            steps = _spread(every, samples) if is_long else every
    return read_rows(
        db, run_key, wanted and list(dict.fromkeys([*wanted, *also])), stream, steps=steps
    )


def _spread(steps: NDArray[np.int64], samples: int | None) -> NDArray[np.int64]:
    assert samples is not None
    return steps[np.linspace(0, len(steps) - 1, samples).round().astype(np.intp)]


def to_columns(rows: Rows, keys: list[str] | None, x_axis: str) -> dict[str, Any]:
    """Return columns: the x-axis first, then the keys; without keys, all there is."""
    length = len(rows.steps)
    logged = {key: _with_paths(key, c.column(length)) for key, c in rows.keys.items()}
    every = {**rows.special(), **logged}
    if keys is None:
        names = [STEP, *rows.keys, *(name for name in ROW_KEYS if name != STEP)]
    else:
        names = keys
    ordered = dict.fromkeys([x_axis, *names])
    return {name: every[name] if name in every else np.full(length, np.nan) for name in ordered}


def _with_paths(key: str, column: Any) -> Any:
    return [with_paths(key, value) for value in column] if isinstance(column, list) else column


def to_dicts(rows: Rows, keys: list[str] | None) -> Iterator[dict[str, Any]]:
    """Yield a dict for each row: what it holds, or exactly the keys, None for what it lacks."""
    special = {name: column.tolist() for name, column in rows.special().items()}
    length = len(rows.steps)
    made: list[dict[str, Any]] = [{} for _ in range(length)]
    if keys is not None:
        for row in made:
            row.update(dict.fromkeys(keys))
    for key, cells in rows.keys.items():
        if keys is None or key in keys:
            for place, value in cells.cells():
                made[place][key] = with_paths(key, value)
    for name in ROW_KEYS:
        if keys is None or name in keys:
            for row, value in zip(made, special[name], strict=True):
                row[name] = value
    yield from made


def to_frame(columns: dict[str, Any]) -> DataFrame:
    """Return columns as a DataFrame."""
    import pandas as pd

    return pd.DataFrame(columns)
