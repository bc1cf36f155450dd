"""Where the members of groups are on the x-axis: their steps, or their times in columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tracker.figures.grouped import Cells
from tracker.panels.curves.charts import Ask
from tracker.panels.runs.runset import Run
from tracker.records import Series
from tracker.store.database.connection import Connection
from tracker.store.series.clock import read_spans
from tracker.store.series.columnar import Columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

COLUMNS_PER_PIXEL: Final = 0.7
POINTS_PER_PIXEL: Final = 4
NUMBERS: Final = ("n", "total", "low", "high", "last")

Odd = tuple["NDArray[np.int64]", "Floats", "Floats"]  # member, x, value


@dataclass(frozen=True, slots=True)
class Member:
    """A series, the run it is of, and the place of its group."""

    series: Series
    run: Run
    group: int


def on_axis(
    db: Connection, members: Sequence[Member], rows: Columns, odd: Columns, ask: Ask
) -> tuple[Cells, Odd]:
    """Give the members numbers, and find the places on the x-axis."""
    import numpy as np

    keys = np.array([member.series.series_key for member in members], dtype=np.int64)
    order = np.argsort(keys)

    def who(series_keys: NDArray[Any]) -> NDArray[np.int64]:
        return np.asarray(order[np.searchsorted(keys, series_keys, sorter=order)], dtype=np.int64)

    member, odd_member = who(rows["series_key"]), who(odd["series_key"])
    if ask.x == "step":
        low, high = rows["first_step"].astype(float), rows["last_step"].astype(float)
        odd_x, column = odd["step"].astype(float), rows["column"]
        odd_column = _column_of(odd["step"], column, rows["last_step"])
    else:
        clock = _Clock(db, members, ask)
        low, high = clock.seconds(member, rows["first_us"]), clock.seconds(member, rows["last_us"])
        odd_x = _times_of(rows, low, member, odd_member, odd["step"])
        column, odd_column = time_columns((low + high) / 2, odd_x, ask.width)
    numbers = [rows[name].astype(float) for name in NUMBERS]
    found = Cells(member, column, low, high, *numbers)
    if len(odd_x):
        nan = np.full(len(odd_x), np.nan)
        none = np.zeros(len(odd_x))
        more = Cells(odd_member, odd_column, odd_x, odd_x, none, nan, nan, nan, nan)
        found = Cells.joined([found, more])
    return found, (odd_member, odd_x, odd["value"].astype(float))


def _column_of(steps: NDArray[Any], columns: NDArray[Any], ends: NDArray[Any]) -> NDArray[np.int64]:
    """Return the column that each step is in, or its own number where there is none."""
    import numpy as np

    known, place = np.unique(columns, return_inverse=True)
    if not len(known):
        return steps
    last = np.full(len(known), np.iinfo(np.int64).min)
    np.maximum.at(last, place, ends)
    found = np.clip(np.searchsorted(known, steps, side="right") - 1, 0, None)
    is_inside = (known[found] <= steps) & (steps <= last[found])
    return np.where(is_inside, known[found], steps)


def _times_of(
    rows: Columns,
    seconds: Floats,
    member: NDArray[np.int64],
    odd_member: NDArray[np.int64],
    steps: NDArray[Any],
) -> Floats:
    """Return when values that are no numbers were logged, judged by those that are."""
    import numpy as np

    found = np.zeros(len(steps))
    for one in np.unique(odd_member):
        own, wanted = member == one, odd_member == one
        at = rows["first_step"][own]
        if len(at):
            found[wanted] = np.interp(steps[wanted], at, seconds[own])
    return found


def time_columns(x: Floats, odd_x: Floats, width: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Share places in time out to columns of a power of two of seconds, if they are many."""
    import numpy as np

    both = np.concatenate((x, odd_x))
    if not len(both) or len(np.unique(both)) <= POINTS_PER_PIXEL * width:
        columns = (both + 0.0).view(np.int64)
    else:
        span = float(both.max() - both.min()) / (width * COLUMNS_PER_PIXEL)
        size = 2.0 ** math.ceil(math.log2(span)) if span > 0 else 1.0
        columns = np.floor(both / size).astype(np.int64)
    return columns[: len(x)], columns[len(x) :]


class _Clock:
    """The time of members on an axis of time, in seconds."""

    def __init__(self, db: Connection, members: Iterable[Member], ask: Ask) -> None:
        self._spans: list[Any] = []
        if ask.x == "relative":
            runs = [member.run.key for member in members]
            spans = read_spans(db, runs)
            self._spans = [spans.get(key, []) for key in runs]

    def seconds(self, member: NDArray[np.int64], us: NDArray[Any]) -> Floats:
        import numpy as np

        if not self._spans:
            return np.asarray(us / 1e6, dtype=np.float64)
        shift = np.array([spans[0].shift_us if spans else 0 for spans in self._spans])[member]
        for number, spans in enumerate(self._spans):
            for span in spans[1:]:
                shift[(member == number) & (us >= span.since_us)] = span.shift_us
        return np.asarray((us - shift) / 1e6, dtype=np.float64)
