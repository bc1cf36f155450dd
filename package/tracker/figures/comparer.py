"""Runs side by side: what differs in their config, results, machine, code and packages."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tracker.figures.formats import (
    escape,
    format_duration,
    format_number,
    format_time,
    shorten,
)
from tracker.figures.summary import flat_items
from tracker.records import CellRecord, RunRecord

MOST_RUNS: Final = 24
_NAME = 40
_KEY = 60
_VALUE = 120
_LINE = 60
# They differ between any two runs and tell nothing.
_NOISE: Final = ("pid", "started_at", "executable")
_AT_THAT_MOMENT: Final = ("used_bytes", "free_bytes", "available_bytes")
_APART: Final = ("packages", "git")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is compared of one run.

    Attributes
    ----------
    id, name : str
    sections : mapping of str to (mapping of str to value)
        By title of the section, in order; a value is anything that JSON can say.
    """

    id: str
    name: str
    sections: Mapping[str, Mapping[str, Any]]


def facts_of(
    record: RunRecord, cells: Sequence[CellRecord] = (), files: Mapping[str, str] | None = None
) -> Facts:
    """Return what is compared of a run.

    Parameters
    ----------
    record : RunRecord
        With its metadata.
    cells : sequence of CellRecord
    files : mapping of str to str, optional
        The digests of the source files that it logged, by path.
    """
    metadata = record.metadata
    git = metadata.get("git")
    packages = metadata.get("packages")
    rest = {k: v for k, v in metadata.items() if k not in _APART and k not in _NOISE}
    machine = {k: v for k, v in _shown(rest).items() if not k.endswith(_AT_THAT_MOMENT)}
    return Facts(
        record.run_id,
        record.name,
        {
            "Run": _about(record),
            "Config": _shown(record.config),
            "Summary": _shown({k: v for k, v in record.summary.items() if not _is_media(v)}),
            "Git": _git(git if isinstance(git, dict) else {}),
            "Cells": {
                f"cell {place}": _code(cell.source) for place, cell in enumerate(cells, start=1)
            },
            "Code files": {path: digest[:12] for path, digest in (files or {}).items()},
            "Environment": machine,
            "Packages": dict(packages) if isinstance(packages, dict) else {},
        },
    )


def _is_media(value: Any) -> bool:
    """Say whether a value is a picture or the like, of which a table could say only that it is."""
    return isinstance(value, Mapping) and "_type" in value


def comparison_html(
    runs: Sequence[Facts],
    *,
    baseline: str | None = None,
    only_differences: bool = False,
    limit: int = MOST_RUNS,
) -> str:
    """Return a table with a column for each run, escaped.

    Parameters
    ----------
    runs : sequence of Facts
    baseline : str, optional
        The id of the run that the others are compared with; it comes first, and numbers of
        the others have their difference from its behind them. Default: the first run, and no
        differences.
    only_differences : bool
        Leave out the rows that are the same in all runs. Default False: they are there, of
        class ``tkv-same``.
    limit : int
        At most so many runs; a line says how many are left out. Default 24.
    """
    if not runs:
        return '<p class="tkv-dim">No run is shown: switch some on in the table.</p>'
    ordered = sorted(runs, key=lambda run: run.id != baseline)
    shown = ordered[:limit]
    has_baseline = bool(baseline) and shown[0].id == baseline
    head = "".join(_head(run, is_baseline=has_baseline and not at) for at, run in enumerate(shown))
    parts = []
    for title in dict.fromkeys(title for run in shown for title in run.sections):
        rows = list(_rows(title, shown, has_baseline, only_differences))
        if rows:
            count = sum('class="tkv-diff"' in row for row in rows)
            words = f"{count:,} differ" if count else "the same"
            cell = f'<th colspan="{len(shown) + 1}">{escape(title)} <small>{words}</small></th>'
            kind = "tkv-part" if count else "tkv-part tkv-alike"
            parts.append(f'<tbody class="{kind}"><tr>{cell}</tr>{"".join(rows)}</tbody>')
    more = ""
    if len(runs) > limit:
        more = f'<p class="tkv-dim">The first {limit} of {len(runs):,} runs are compared.</p>'
    if not parts:
        more += '<p class="tkv-dim">Nothing differs.</p>'
    top = f'<thead><tr><th class="tkv-key"></th>{head}</tr></thead>'
    return f'{more}<table class="tkv-comparison">{top}{"".join(parts)}</table>'


def is_same(values: Sequence[Any]) -> bool:
    """Say whether all values are the same; NaN is the same as NaN, and 1 as 1.0."""
    first = values[0]
    return all(_equal(first, value) for value in values[1:])


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return bool(one == other) or (one is not None and repr(one) == repr(other))


def _about(record: RunRecord) -> dict[str, Any]:
    return {
        "state": record.state,
        "created": format_time(record.created_at),
        "duration": format_duration(record.runtime_s),
        "last step": record.last_step if record.last_step >= 0 else None,
        "tags": ", ".join(record.tags) or None,
        "group": record.group,
        "job type": record.job_type,
        "notes": record.notes or None,
        "sweep": record.sweep_id,
    }


def _git(git: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: git.get(name) for name in ("commit", "branch", "remote", "root")}
    commit = found["commit"]
    found["commit"] = str(commit)[:12] if commit else None
    patch = git.get("patch")
    if isinstance(patch, str) and patch:
        lines = patch.splitlines()
        added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
        gone = sum(line.startswith("-") and not line.startswith("---") for line in lines)
        digest = hashlib.sha256(patch.encode("utf-8", "replace")).hexdigest()[:7]
        found["uncommitted changes"] = f"+{added:,} −{gone:,} lines ({digest})"
    return found


def _code(source: str) -> str:
    lines = [line for line in source.splitlines() if line.strip()]
    first = shorten(lines[0].strip(), _LINE) if lines else ""
    digest = hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()[:7]
    return f"{first} ({len(lines)} line{'' if len(lines) == 1 else 's'}, {digest})"


def _shown(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in flat_items(tree) if not key.startswith("_")}


def _head(run: Facts, *, is_baseline: bool) -> str:
    mark = ' <small class="tkv-dim">baseline</small>' if is_baseline else ""
    name = escape(shorten(run.name, _NAME))
    return (
        f'<th scope="col" title="{escape(shorten(run.name, 300))}"><i class="tkv-dot"></i>'
        f"{name}{mark}</th>"
    )


def _rows(
    title: str, runs: Sequence[Facts], has_baseline: bool, only_differences: bool
) -> Iterator[str]:
    tables = [run.sections.get(title, {}) for run in runs]
    for key in _keys(tables):
        values = [table.get(key) for table in tables]
        if all(value is None for value in values):
            continue
        name = (
            f'<th scope="row" title="{escape(shorten(key, 300))}">{escape(shorten(key, _KEY))}</th>'
        )
        if len(runs) > 1 and not is_same(values):
            yield f'<tr class="tkv-diff">{name}{"".join(_cells(values, has_baseline))}</tr>'
        elif not only_differences or len(runs) == 1:
            cell = f'<td colspan="{len(runs)}">{_value(values[0])}</td>'
            yield f'<tr class="tkv-same">{name}{cell}</tr>'


def _keys(tables: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for table in tables for key in table))


def _cells(values: Sequence[Any], has_baseline: bool) -> Iterator[str]:
    first = values[0]
    for place, value in enumerate(values):
        is_other = place > 0 and not _equal(first, value)
        delta = _delta(first, value) if has_baseline and is_other else ""
        kind = ' class="tkv-other"' if is_other else ""
        yield f"<td{kind}>{_value(value)}{delta}</td>"


def _delta(first: Any, value: Any) -> str:
    pair = (first, value)
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in pair):
        return ""
    change = value - first
    if not math.isfinite(change):
        return ""
    sign = "+" if change > 0 else "−"
    return f' <small class="tkv-delta">{sign}{format_number(abs(change))}</small>'


def _value(value: Any) -> str:
    if value is None:
        return '<span class="tkv-dim">–</span>'
    if isinstance(value, bool | int | float):
        return escape(format_number(value))
    if isinstance(value, Mapping) and "_type" in value:
        value = value["_type"]
    elif isinstance(value, Mapping | list | tuple):
        value = json.dumps(value, default=str, ensure_ascii=False)
    text = " ".join(str(value).split())
    full = f' title="{escape(shorten(text, 1000))}"' if len(text) > _VALUE else ""
    return f"<span{full}>{escape(shorten(text, _VALUE))}</span>"
