"""Several runs, read at the first use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, overload

from tracker.api import html, rows
from tracker.api.reader import Reader
from tracker.api.run import Run
from tracker.errors import UsageError
from tracker.records import RunRecord, Stream
from tracker.store.reading import read
from tracker.store.reading.filter_text import parse_text
from tracker.store.reading.filters import parse_filters, parse_order

if TYPE_CHECKING:
    from pandas import DataFrame

Format = Literal["default", "pandas", "polars"]


class Runs(Sequence[Run]):
    """The runs that :meth:`tracker.Api.runs` found, as they were at the first use.

    Has a length, indexes, slices (lists of runs) and iteration. A notebook displays it as
    a table.
    """

    def __init__(
        self,
        reader: Reader,
        project: str | None,
        filters: Mapping[str, Any] | str | None,
        order: str,
        per_page: int,
    ) -> None:
        if per_page < 1:
            raise UsageError(f"per_page is {per_page}: expected 1 or more.")
        parse_order(order)
        self._reader = reader
        self._project = project
        self._where = parse_filters(parse_text(filters) if isinstance(filters, str) else filters)
        self._order = order
        self._per_page = per_page
        self._found: list[Run] | None = None

    def __len__(self) -> int:
        return len(self._runs())

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> list[Run]: ...
    def __getitem__(self, index: int | slice) -> Run | list[Run]:
        return self._runs()[index]

    def __repr__(self) -> str:
        place = "all projects" if self._project is None else repr(self._project)
        number = "not read yet" if self._found is None else f"{len(self._found):,} runs"
        return f"<Runs of {place}: {number}>"

    def _repr_html_(self) -> str:
        return html.runs_table(self._records(), self._per_page)

    def to_dataframe(self) -> DataFrame:
        """Return a row for each run.

        Returns
        -------
        DataFrame
            ``id``, ``name``, ``project``, ``state``, ``group``, ``job_type``, ``tags``,
            ``notes``, ``created_at`` and ``heartbeat_at`` (UTC), ``duration`` (seconds),
            ``last_step``, then ``config.KEY`` and ``summary.KEY``, nested keys joined by
            dots. What a run lacks is NaN, or None.
        """
        records = self._records()
        columns: dict[str, list[Any]] = {
            "id": [r.run_id for r in records],
            "name": [r.name for r in records],
            "project": [r.project for r in records],
            "state": [r.state for r in records],
            "group": [r.group for r in records],
            "job_type": [r.job_type for r in records],
            "tags": [list(r.tags) for r in records],
            "notes": [r.notes for r in records],
            "created_at": [r.created_at for r in records],
            "heartbeat_at": [r.updated_at for r in records],
            "duration": [r.runtime_s for r in records],
            "last_step": [r.last_step for r in records],
        }
        for title, mappings in (
            ("config", [r.config for r in records]),
            ("summary", [r.summary for r in records]),
        ):
            for place, mapping in enumerate(mappings):
                for key, value in _flatten(title, mapping):
                    if key not in columns:
                        columns[key] = [None] * len(records)
                    columns[key][place] = value
        return rows.to_frame(columns)

    def histories(
        self,
        samples: int | None = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        format: Format = "default",
        stream: Stream = "default",
    ) -> Any:
        """Return the histories of all these runs, one after the other.

        Parameters
        ----------
        samples : int or None
            At most so many rows of each run; None for every row. Default 500.
        keys, x_axis, stream
            As for :meth:`Run.history`.
        format : {"default", "pandas", "polars"}
            A list of dicts, or a DataFrame of that library.

        Returns
        -------
        list of dict, or DataFrame
            The rows of :meth:`Run.history`, ``run_id`` first.

        Raises
        ------
        UsageError
            If the format does not exist, or polars is not installed.
        """
        if format not in ("default", "pandas", "polars"):
            raise UsageError(f"format is {format!r}: expected 'default', 'pandas' or 'polars'.")
        wanted = rows.check_keys(keys, samples)
        found = self._runs()
        with self._reader.open() as db:
            parts = [
                rows.read_sampled(db, run.record.run_key, wanted, x_axis, samples, stream)
                for run in found
            ]
        if format == "default":
            return [
                {"run_id": run.id, **row}
                for run, part in zip(found, parts, strict=True)
                for row in rows.to_dicts(part, wanted)
            ]
        frame = _joined(
            [
                {"run_id": [run.id] * len(part.steps), **rows.to_columns(part, wanted, x_axis)}
                for run, part in zip(found, parts, strict=True)
            ]
        )
        return frame if format == "pandas" else _to_polars(frame)

    def _runs(self) -> list[Run]:
        if self._found is None:
            with self._reader.open() as db:
                records = read.runs(db, self._project, self._where, self._order)
                is_known = bool(records) or self._project is None or read.names(db, self._project)
            if not is_known and self._project is not None:
                raise self._reader.no_project(self._project)
            self._found = [Run(self._reader, record) for record in records]
        return self._found

    def _records(self) -> list[RunRecord]:
        return [run.record for run in self._runs()]


def _flatten(prefix: str, mapping: Mapping[str, Any]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in mapping.items():
        name = f"{prefix}.{key}"
        if isinstance(value, dict) and value and "_type" not in value:
            pairs += _flatten(name, value)
        else:
            pairs.append((name, value))
    return pairs


def _joined(parts: list[dict[str, Any]]) -> DataFrame:
    import pandas as pd

    frames = [pd.DataFrame(part) for part in parts if len(part["run_id"])]
    if not frames:
        return pd.DataFrame(columns=list(parts[0]) if parts else ["run_id"])
    return pd.concat(frames, ignore_index=True)


def _to_polars(frame: DataFrame) -> Any:
    try:
        polars = import_module("polars")
    except ImportError:
        raise UsageError(
            "format is 'polars', but polars is not installed: install it, or ask for 'pandas'."
        ) from None
    return polars.DataFrame({name: frame[name].to_list() for name in frame.columns}, strict=False)
