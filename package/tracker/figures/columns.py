"""What runs say in a column such as ``config.lr``, and where that stands on an axis."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from tracker.figures.colours import colour_of
from tracker.figures.formats import format_number, format_time, shorten
from tracker.figures.summary import flat_items
from tracker.records import RunRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_TEXT = 60
_TIMES: Final = ("created_at", "updated_at", "ended_at")
Kind = Literal["number", "time", "category"]


class RunLike(Protocol):
    """A run, as far as drawings go: a name, a colour, and values in columns."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def name(self) -> str:
        """Its name, not escaped."""

    @property
    def colour(self) -> str:
        """Its colour, as ``#rrggbb``."""

    def value(self, column: str) -> Any:
        """Return what a column says of it; None where it says nothing."""


class RecordRun:
    """A run of the store as :class:`RunLike`: ``RecordRun(record).value("config.lr")``.

    Columns are ``config.KEY`` and ``summary.KEY`` with nested keys joined by dots, ``name``,
    ``id``, ``state``, ``group``, ``job_type``, ``sweep``, ``tags``, ``notes``, ``step``,
    ``duration`` (seconds), and ``created_at``, ``updated_at``, ``ended_at`` (epoch seconds).
    """

    def __init__(self, record: RunRecord) -> None:
        self.record = record
        self.id = record.run_id
        self.name = record.name
        self.colour = colour_of(record.run_key)
        self.config = dict(flat_items(record.config))
        self.summary = dict(flat_items(record.summary))

    def value(self, column: str) -> Any:
        """Return what a column says of the run; None where it says nothing."""
        head, dot, key = column.partition(".")
        if dot and head in ("config", "summary"):
            return (self.config if head == "config" else self.summary).get(key)
        record = self.record
        if column in _TIMES:
            moment = getattr(record, column)
            return None if moment is None else moment.timestamp()
        if column == "step":
            return record.last_step if record.last_step >= 0 else None
        names = {"id": "run_id", "duration": "runtime_s", "sweep": "sweep_id"}
        value = getattr(record, names.get(column, column), None)
        return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of some runs, as places on an axis.

    Attributes
    ----------
    name : str
        Such as ``"config.lr"``.
    kind : {"number", "time", "category"}
        A column is one of numbers if every value there is a number; NaN and infinities are.
    places : float64 array
        One for each run: the number, the epoch seconds, or the position of its category;
        NaN where the run has no value, or none that is finite.
    labels : list of str
        Of the categories, by position; not escaped.
    texts : list of str
        What each run has, as a person reads it; not escaped.
    """

    name: str
    kind: Kind
    places: Floats
    labels: list[str]
    texts: list[str]

    @property
    def title(self) -> str:
        """The column's name as it stands at an axis; not escaped."""
        return title_of(self.name)

    @property
    def is_category(self) -> bool:
        """Whether its values are no numbers."""
        return self.kind == "category"


def read_column(runs: Sequence[RunLike], name: str) -> Column:
    """Return a column of some runs."""
    import numpy as np

    values = [run.value(name) for run in runs]
    write = _moment if name in _TIMES else text_of
    texts = ["–" if value is None else write(value) for value in values]
    given = [value for value in values if value is not None]
    if all(_is_number(value) for value in given):
        numbers = np.array([math.nan if v is None else _as_float(v) for v in values], dtype=float)
        numbers[~np.isfinite(numbers)] = np.nan
        return Column(name, "time" if name in _TIMES else "number", numbers, [], texts)
    labels = sorted({text_of(value) for value in given}, key=_natural)
    places = {label: float(place) for place, label in enumerate(labels)}
    found = [math.nan if v is None else places[text_of(v)] for v in values]
    return Column(name, "category", np.array(found, dtype=float), labels, texts)


def title_of(name: str) -> str:
    """Return a column's name without the part that says where it is kept."""
    for prefix in ("config.", "summary."):
        if name.startswith(prefix) and len(name) > len(prefix):
            return name[len(prefix) :]
    words = {"created_at": "created", "updated_at": "updated", "ended_at": "ended"}
    return "duration (s)" if name == "duration" else words.get(name, name)


def text_of(value: Any) -> str:
    """Write a value in one line; not escaped."""
    if isinstance(value, bool | int | float):
        return format_number(value)
    if isinstance(value, Mapping | list | tuple):
        value = json.dumps(value, default=str, ensure_ascii=False)
    return shorten(" ".join(str(value).split()) or "(empty)", _TEXT)


def as_number(value: Any) -> float:
    """Return a value as a finite number; NaN for what is none. Booleans are none."""
    number = _as_float(value) if _is_number(value) else math.nan
    return number if math.isfinite(number) else math.nan


def numeric_columns(runs: Sequence[RunLike], names: Iterable[str]) -> list[str]:
    """Return those of the columns that hold numbers only."""
    return [name for name in names if read_column(runs, name).kind == "number"]


def _moment(value: Any) -> str:
    return format_time(datetime.fromtimestamp(value, UTC)) if _is_number(value) else text_of(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _natural(label: str) -> tuple[Any, ...]:
    """Order as people do: 2 before 10, also within text."""
    try:
        return 0, float(label.replace(",", "")), label
    except ValueError:
        parts = re.split(r"(\d+)", label.casefold())
        words = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
        return 1, 0.0, words, label
