"""One value that a run logged, as the object that it was."""

from __future__ import annotations

from typing import Any

from tracker.api.reader import Reader, did_you_mean
from tracker.errors import NotFoundError
from tracker.media.loading import load
from tracker.records import RunRecord
from tracker.store.files.objects import Objects
from tracker.store.reading import read
from tracker.store.series.history import read_rows, read_steps


def read_value(reader: Reader, record: RunRecord, key: str, step: int | None) -> Any:
    """Return the last value of a key up to a step; see :meth:`tracker.api.run.Run.get`."""
    end = None if step is None else step + 1
    with reader.open() as db:
        steps = read_steps(db, record.run_key, [key], max_step=end)
        if not len(steps):
            known = [series.key for series in read.series(db, [record.run_key])]
            raise _nothing(record.run_id, key, step, known)
        rows = read_rows(db, record.run_key, [key], steps=steps[-1:])
    (value,) = [value for cells in rows.keys.values() for _, value in cells.cells()]
    return load(value, Objects(reader.store.objects_dir))


def _nothing(run_id: str, key: str, step: int | None, known: list[str]) -> NotFoundError:
    if key in known:
        return NotFoundError(f"Run {run_id!r} logged {key!r} only after step {step}.")
    hint = did_you_mean(key, known)
    return NotFoundError(f"Run {run_id!r} logged nothing under {key!r}.{hint}")
