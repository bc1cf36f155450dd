"""The columns that a table of runs can have, and which it has before anybody has chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

FIXED: Final = ("name", "state", "created_at", "duration", "step", "tags", "notes")
TIMES: Final = ("created_at", "updated_at", "ended_at")
_MORE: Final = ("id", "group", "job_type", "sweep", "updated_at", "ended_at")


class HasValues(Protocol):
    """A run, as far as columns go."""

    @property
    def config(self) -> Mapping[str, Any]:
        """Its config, flat."""

    @property
    def summary(self) -> Mapping[str, Any]:
        """Its summary, flat."""

    def value(self, column: str) -> Any:
        """Return what a column says of it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that the table of runs can have.

    Attributes
    ----------
    id : str
        Such as ``"config.lr"``.
    is_number : bool
        Whether every value there is a number.
    count : int
        Runs that have a value.
    is_constant : bool
        Whether all runs have the same.
    is_media : bool
        Whether every value stands for media, which have panels of their own.
    """

    id: str
    is_number: bool
    count: int
    is_constant: bool
    is_media: bool = False


def columns_of(runs: Sequence[HasValues]) -> list[Column]:
    """Return every column that runs have values for, fixed ones first."""
    found = [_column(name, [run.value(name) for run in runs]) for name in (*FIXED, *_MORE)]
    for part in ("summary", "config"):
        values: dict[str, list[Any]] = {}
        for run in runs:
            for key, value in getattr(run, part).items():
                values.setdefault(key, []).append(value)
        for key, given in values.items():
            found.append(_column(f"{part}.{key}", given, is_everywhere=len(given) == len(runs)))
    return [column for column in found if column.count]


def usual_columns(columns: Sequence[Column]) -> list[str]:
    """Return the ids of the columns that are shown before anybody has chosen.

    Config that is the same in all runs is left out: it tells none of them apart. So are media.
    """
    fixed = [column.id for column in columns if column.id in FIXED]
    config = [c.id for c in columns if c.id.startswith("config.") and not c.is_constant]
    summary = [c for c in columns if c.id.startswith("summary.") and not c.is_media]
    summary.sort(key=lambda column: (not column.is_number, -column.count))
    return [*fixed, *config, *(column.id for column in summary)]


def _column(name: str, values: Sequence[Any], *, is_everywhere: bool = True) -> Column:
    given = [value for value in values if value not in (None, [])]
    is_number = bool(given) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in given
    )
    is_media = bool(given) and all(
        isinstance(value, Mapping) and "_type" in value for value in given
    )
    first = repr(given[0]) if given else ""
    is_constant = is_everywhere and all(repr(value) == first for value in given)
    return Column(name, is_number, len(given), is_constant, is_media)
