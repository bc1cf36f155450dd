"""A row of the table of runs as the record that the other rooms have of a run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from tracker.records import RunRecord
from tracker.store.database.encode import load_json

# All but the documents, which cost as much to parse as the rest to read.
PLAIN: Final = (
    "run_key, project, run_id, name, group_name, job_type, tags, notes, state, exit_code, "
    "created_at, updated_at, ended_at, runtime_s, last_step, sweep_id"
)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def run_record(
    plain: Iterable[Any],
    config: dict[str, Any],
    summary: dict[str, Any],
    metadata: dict[str, Any] | None = None,
    parent: dict[str, Any] | None = None,
) -> RunRecord:
    """Return the record of a run.

    Parameters
    ----------
    plain : iterable
        The values of the columns :data:`PLAIN`.
    config, summary, metadata, parent : dict
        The documents of the run, parsed.
    """
    (
        run_key, project, run_id, name, group, job_type, tags, notes, state, exit_code,
        created_at, updated_at, ended_at, runtime_s, last_step, sweep_id,
    ) = plain  # fmt: skip
    created = utc(created_at) or EPOCH
    return RunRecord(
        run_key=run_key,
        project=project,
        run_id=run_id,
        name=name or run_id,
        group=group,
        job_type=job_type,
        tags=tuple(tags or ()),
        notes=notes,
        state=state,
        exit_code=exit_code,
        config=config,
        summary=summary,
        metadata=metadata or {},
        created_at=created,
        updated_at=utc(updated_at) or created,
        ended_at=utc(ended_at),
        runtime_s=runtime_s or 0.0,
        last_step=-1 if last_step is None else last_step,
        parent=parent or None,
        sweep_id=sweep_id,
    )


def mapping(text: str | None) -> dict[str, Any]:
    """Return the mapping that a JSON text holds; an empty one for anything else."""
    loaded = load_json(text) if text else None
    return loaded if isinstance(loaded, dict) else {}


def utc(time: datetime | None) -> datetime | None:
    """Return a time as DuckDB gives it, with its zone."""
    return None if time is None else time.replace(tzinfo=UTC)
