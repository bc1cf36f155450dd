"""What a new panel begins with: columns that are likely to be wanted, and fields of its form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tracker.errors import UsageError
from tracker.panels.runs.columns import Column
from tracker.panels.runs.runset import Run, RunSet
from tracker.panels.views import Field

LOG: Final = "logarithmic"
# A result that is worth comparing first, the earlier the better.
_LIKELY = (r"(val|test|eval).*(acc|loss|f1|auc|err)", r"acc|loss|f1|auc|reward|score|err", r"")
# A list that is sent with every line of a console cannot hold thousands.
_OFFERED: Final = 200
# Settings that span more than this have a logarithmic axis.
_WIDE = 50.0


def results(runset: RunSet) -> list[Column]:
    """Return the columns of the summary that hold numbers, the likeliest first.

    That is what sweeps are about or has a goal, then what is called like a result. What
    ``define_metric`` hid is left out.
    """
    found = [
        c
        for c in runset.columns
        if c.id.startswith("summary.")
        and c.is_number
        and not summary_keys([c.id]) & runset.metrics.hidden
    ]

    def unlikeliness(column: Column) -> tuple[bool, int, int]:
        has_goal = bool(summary_keys([column.id]) & runset.metrics.goals)
        return not has_goal, _rank(column.id), -column.count

    return sorted(found, key=unlikeliness)


def first_result(runset: RunSet) -> str:
    """Return the result that a new panel shows; empty where there is none."""
    found = results(runset)
    return found[0].id if found else ""


def settings(runset: RunSet) -> list[str]:
    """Return the columns of the config that differ between runs."""
    return [c.id for c in runset.columns if c.id.startswith("config.") and not c.is_constant]


def wide(runset: RunSet, names: Iterable[str]) -> list[str]:
    """Return those of the columns whose positive numbers span more than a factor of 50."""
    numbers = {column.id for column in runset.columns if column.is_number}
    found = []
    for name in names:
        if name not in numbers:
            continue
        values = [v for v in (run.value(name) for run in runset.all) if v is not None and v == v]
        if values and min(values) > 0 and max(values) / min(values) > _WIDE:
            found.append(name)
    return found


def texts(value: Any) -> list[str]:
    """Return the columns or keys that a spec names, whatever a page or a person wrote there."""
    given = value if isinstance(value, list | tuple) else [value]
    return [str(each) for each in given if each]


def choose(spec: Mapping[str, Any], name: str, what: str) -> str:
    """Return a column that a panel cannot do without.

    Raises
    ------
    UsageError
        If the panel names none.
    """
    value = str(spec.get(name) or "")
    if not value:
        raise UsageError(f"Choose {what}: in the panel's menu, Edit.")
    return value


def summary_keys(columns: Iterable[str]) -> frozenset[str]:
    """Return the logged keys that columns of the summary come from."""
    found = set()
    for column in columns:
        if column.startswith("summary."):
            key = column.removeprefix("summary.")
            # A summary of minimum or mean is nested: "loss.min" comes from "loss".
            found |= {key, key.rpartition(".")[0]}
    return frozenset(found - {""})


def the_run(runset: RunSet, ask: Mapping[str, Any], spec: Mapping[str, Any]) -> Run | None:
    """Return the run that a panel of one run is about: asked for, in its spec, or the first."""
    for name in (ask.get("run"), spec.get("run")):
        found = next((run for run in runset.all if run.id == name), None)
        if found is not None:
            return found
    return next(iter(runset.visible or runset.runs), None)


def offered(runset: RunSet) -> list[list[str]]:
    """Return id, name and colour of the runs that a panel of one run can be about."""
    runs = runset.visible or runset.runs
    found = [[run.id, run.name[:200], run.colour] for run in runs[:_OFFERED]]
    if len(runs) > _OFFERED:
        found.append(["", f"… {len(runs) - _OFFERED:,} more: draw fewer runs to see them", ""])
    return found


def flag(name: str, label: str) -> Field:
    """Return a field to tick."""
    return Field(name, label, "flag")


def option(name: str, label: str, options: Sequence[str]) -> Field:
    """Return a field with a few possible values."""
    return Field(name, label, "choice", options)


def _rank(name: str) -> int:
    return next(n for n, pattern in enumerate(_LIKELY) if re.search(pattern, name, re.IGNORECASE))


def compared(runset: RunSet) -> list[Run]:
    """Return the runs that are drawn, and before them the baseline, drawn or not."""
    base = runset.baseline
    if base is None:
        return runset.visible
    return [base, *(run for run in runset.visible if run.id != base.id)]
