"""What a panel draws: metrics, settings of runs, and how W&B names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tracker.records import RunRecord
from tracker.report.checks import Expected, encodable, needed, text
from tracker.report.parts import Part

_TEXT = text(is_empty_allowed=False)


@dataclass(repr=False)
class Config(Part):
    """A setting of a run: ``Config("lr")`` is ``run.config["lr"]``."""

    name: str = needed(_TEXT)


@dataclass(repr=False)
class SummaryMetric(Part):
    """What a run's summary says of a metric."""

    name: str = needed(_TEXT)


@dataclass(repr=False)
class Metric(Part):
    """A logged metric, or what W&B calls so of a run: ``Metric("Name")``, ``Metric("State")``."""

    name: str = needed(_TEXT)


Field = str | Config | SummaryMetric | Metric

# W&B's words for what a run is.
_FACTS = {
    "name": "name", "displayname": "name", "id": "run_id", "state": "state", "group": "group",
    "jobtype": "job_type", "tags": "tags", "created": "created_at",
    "createdtimestamp": "created_at",
    "createdat": "created_at", "runtime": "runtime_s", "duration": "runtime_s", "notes": "notes",
    "sweep": "sweep_id", "steps": "last_step",
}  # fmt: skip
_MISSING = object()


def metric(value: Any) -> Field:
    """Allow the name of a metric, or Config, SummaryMetric and Metric."""
    if isinstance(value, str) and value.strip():
        return encodable(value)
    if isinstance(value, Config | SummaryMetric | Metric):
        return value
    raise Expected("the name of a metric, Config(…), SummaryMetric(…) or Metric(…)")


def path_of(field: Field) -> str:
    """Return a field as ``config.lr``, ``summary.loss``, or a bare name."""
    if isinstance(field, Config):
        return f"config.{field.name}"
    if isinstance(field, SummaryMetric):
        return f"summary.{field.name}"
    name = field if isinstance(field, str) else field.name
    for start, kept in (
        ("c::", "config."), ("s::", "summary."), ("summary_metrics.", "summary."),
        ("config:", "config."), ("summary:", "summary."), ("run:", ""),
    ):  # fmt: skip
        if name.startswith(start):
            return kept + name.removeprefix(start).removesuffix(".value")
    return name


# What the store calls them as columns of runs.
_COLUMNS = {"run_id": "id", "runtime_s": "duration", "sweep_id": "sweep", "last_step": "step"}


def column_of(field: Field, records: Sequence[RunRecord]) -> str:
    """Return a field as a column of runs: ``config.lr``, ``summary.loss``, ``created_at``.

    A bare name is looked for in the summaries of the runs, then in their configs, then
    among the facts of runs; where it is nowhere it is taken for a result.
    """
    path = path_of(field)
    if path.startswith(("config.", "summary.")):
        return path
    if any(_look(record.summary, path) is not None for record in records):
        return f"summary.{path}"
    if any(_look(record.config, path) is not None for record in records):
        return f"config.{path}"
    fact = _FACTS.get(path.lower().replace("_", "").replace(" ", ""))
    return f"summary.{path}" if fact is None else _COLUMNS.get(fact, fact)


def label_of(field: Field) -> str:
    """Return how a field is written on an axis: without ``config.`` and ``summary.``."""
    return path_of(field).removeprefix("config.").removeprefix("summary.")


def value_of(record: RunRecord, field: Field) -> Any:
    """Return what a run has for a field, None where it has nothing.

    A bare name is looked for in the summary, then in the config, then among the facts of
    the run.
    """
    path = path_of(field)
    where, _, rest = path.partition(".")
    if where == "config" and rest:
        return _look(record.config, rest)
    if where == "summary" and rest:
        return _look(record.summary, rest)
    for found in (_look(record.summary, path), _look(record.config, path)):
        if found is not None:
            return found
    fact = _FACTS.get(path.lower().replace("_", "").replace(" ", ""))
    return None if fact is None else getattr(record, fact)


def _look(values: dict[str, Any], name: str) -> Any:
    """Return a value by its name, of which dots may be part or lead into nested dicts."""
    if name in values:
        return values[name]
    here: Any = values
    for part in name.split("."):
        here = here.get(part, _MISSING) if isinstance(here, dict) else _MISSING
        if here is _MISSING:
            return None
    return here
