"""Runs for the tests of figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tracker.records import RunRecord

BEGAN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)

RUN = RunRecord(
    run_key=1,
    project="digits",
    run_id="3c4e3216",
    name="calm-lake-3",
    group=None,
    job_type=None,
    tags=("baseline",),
    notes=None,
    state="finished",
    exit_code=0,
    config={"lr": 0.001, "model": {"name": "mlp", "layers": [64, 32]}},
    summary={"train/loss": 0.25},
    metadata={},
    created_at=BEGAN,
    updated_at=BEGAN,
    ended_at=BEGAN,
    runtime_s=125.0,
    last_step=299,
)


def a_run(**fields: Any) -> RunRecord:
    return replace(RUN, **fields)
