"""W&B's legend templates: ``${run:displayName} ${config:lr} [[ ${x}: ${y} ]]``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from tracker.figures.formats import format_number
from tracker.records import RunRecord
from tracker.report.checks import Expected, text
from tracker.report.fields import value_of

_FIELD = re.compile(r"\$\{([^{}]*)\}")
_POINT = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
# What a point has, and how Plotly calls it.
_OF_POINT: Final = {"x": "%{x}", "y": "%{y:.6g}", "original": "%{y:.6g}"}
_OF_RUN: Final = {
    "displayname": "name", "name": "id", "id": "id", "createdat": "created", "state": "state",
    "group": "group", "jobtype": "job_type", "tags": "tags", "notes": "notes", "sweep": "sweep",
}  # fmt: skip
_METRIC = ("metricname", "metric")


def template(value: Any) -> str:
    """Allow templates whose fields are known."""
    kept = str(text()(value))
    parts = _POINT.findall(kept)
    for name in _FIELD.findall(_POINT.sub("", kept)):
        if not _is_of_line(name):
            raise Expected(
                f"a template of ${{run:displayName}}, ${{run:id}}, ${{config:NAME}}, "
                f"${{summary:NAME}} and ${{metricName}}, without {name!r}"
            )
    for name in (name for part in parts for name in _FIELD.findall(part)):
        if name not in _OF_POINT and not _is_of_line(name):
            raise Expected(f"${{x}}, ${{y}} or ${{original}} between [[ and ]], not {name!r}")
    return kept


def _is_of_line(name: str) -> bool:
    kind, _, rest = name.partition(":")
    if kind == "run":
        return rest.lower() in _OF_RUN
    return (kind in ("config", "summary") and bool(rest)) or name.lower() in _METRIC


def legend(template: str, record: RunRecord, metric: str) -> str:
    """Return what a line is called; not escaped."""
    shown = _filled(_POINT.sub("", template), lambda name: _of_line(name, record, metric))
    return " ".join(shown.split())


def hover(template: str, record: RunRecord, metric: str, escape: Callable[[str], str]) -> str:
    """Return what is said of a point, for Plotly; empty where the template says nothing."""
    parts = [
        _filled(
            part.strip(),
            lambda name: _OF_POINT.get(name) or _plain(_of_line(name, record, metric), escape),
            lambda words: _plain(words, escape),
        )
        for part in _POINT.findall(template)
    ]
    return " ".join(parts)


def _plain(words: str, escape: Callable[[str], str]) -> str:
    return escape(words.replace("%{", "% {"))


def _filled(template: str, fill: Callable[[str], str], rest: Callable[[str], str] = str) -> str:
    parts = _FIELD.split(template)
    return "".join(fill(part) if place % 2 else rest(part) for place, part in enumerate(parts))


def _of_line(name: str, record: RunRecord, metric: str) -> str:
    kind, _, rest = name.partition(":")
    if name.lower() in _METRIC:
        return metric
    if kind == "run":
        value = value_of(record, _OF_RUN[rest.lower()])
    else:
        value = value_of(record, f"{kind}.{rest}")
    if value is None:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else format_number(value)
