"""How a chart of curves is drawn: what the workspace says for all, and a panel for itself.

Fields of a panel, and of the workspace's part ``curves``::

    {"x": "step" | "relative" | "time" | a metric, "log_x": false, "log_y": false,
     "outliers": false, "y_range": [low or null, high or null], "band": "minmax" | "std" | "sem" |
     "none", "grouped": true, "show_members": false,
     "smoothing": {"kind": …, "amount": …}}

and of a panel besides ``keys``, a list of metrics; ``pattern``, a regular expression for metrics;
``expressions``, formulas as a list or as lines. With ``outliers`` values that few have are out
of view: the y-axis reaches from the 5th to the 95th percentile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

from tracker.errors import UsageError
from tracker.figures.axes import XKind
from tracker.figures.expressions import Expression, missing, parse
from tracker.figures.grouped import BandKind
from tracker.figures.smoothing import SmoothingKind
from tracker.panels.curves.charts import Chart

FIELDS: Final = (
    "x", "log_x", "log_y", "outliers", "y_range", "band", "grouped", "show_members", "smoothing",
)  # fmt: skip
_MAX_KEYS = 50


@dataclass(frozen=True, slots=True)
class CurveOptions:
    """Settings of one chart, all filled in.

    Attributes
    ----------
    x : str or None
        ``"step"``, ``"relative"``, ``"time"`` or a metric; None leaves it to the page.
    """

    x: str | None = None
    log_x: bool = False
    log_y: bool = False
    outliers: bool = False
    y_range: tuple[float | None, float | None] | None = None
    band: BandKind = "minmax"
    grouped: bool = True
    show_members: bool = False
    smoothing: tuple[str, float] | None = None

    def as_message(self) -> dict[str, Any]:
        """Return what a page needs of it."""
        kind, amount = self.smoothing or (None, 0)
        return {
            "log_x": self.log_x,
            "log_y": self.log_y,
            "outliers": self.outliers,
            "y_range": list(self.y_range) if self.y_range else None,
            "smoothing": {"kind": kind, "amount": amount} if kind else None,
        }


def options(*layers: Mapping[str, Any]) -> CurveOptions:
    """Read settings, later layers over earlier ones; what makes no sense is passed over."""
    given: dict[str, Any] = {}
    for layer in layers:
        given |= {name: layer[name] for name in FIELDS if layer.get(name) is not None}
    x = given.get("x")
    bands = {band: band for band in get_args(BandKind)}
    return CurveOptions(
        x=x if isinstance(x, str) and x else None,
        log_x=given.get("log_x") is True,
        log_y=given.get("log_y") is True,
        outliers=given.get("outliers") is True,
        y_range=_y_range(given.get("y_range")),
        band=bands.get(str(given.get("band")), "minmax"),
        grouped=given.get("grouped") is not False,
        show_members=given.get("show_members") is True,
        smoothing=_smoothing(given.get("smoothing")),
    )


def is_metric(x: str | None) -> bool:
    """Say whether an x-axis is a metric."""
    return x is not None and x not in get_args(XKind)


def resolved(chart: Chart, metrics: Sequence[str]) -> Chart:
    """Return a chart with the metrics that its pattern fits, and what its expressions need."""
    spec = chart.options
    keys, problem = list(chart.keys), ""
    if isinstance(pattern := spec.get("pattern"), str) and pattern:
        found, problem = _fitting(pattern, metrics)
        keys += [key for key in found if key not in keys]
    formulas: list[Expression] = []
    texts = _texts(spec.get("expressions"))
    for text in texts:
        try:
            formulas.append(parse(text))
            problem = problem or missing(formulas[-1], metrics)
        except UsageError as error:
            problem = problem or str(error)
    if not texts and not pattern:
        return chart
    names = ", ".join([*keys, *texts])
    title = str(spec.get("title") or (pattern if pattern and not texts else names) or names)
    return replace(
        chart, title=title, keys=tuple(keys), expressions=tuple(formulas), problem=problem
    )


def _fitting(pattern: str, metrics: Iterable[str]) -> tuple[list[str], str]:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        return [], f"{pattern!r} is not a regular expression: {error}."
    found = [key for key in metrics if expression.search(key)]
    if not found:
        return [], f"No metric fits {pattern!r}."
    if len(found) > _MAX_KEYS:
        return found[:_MAX_KEYS], f"{len(found)} metrics fit {pattern!r}: {_MAX_KEYS} are drawn."
    return found, ""


def _texts(value: Any) -> list[str]:
    lines = value.splitlines() if isinstance(value, str) else value
    if not isinstance(lines, list):
        return []
    return [text for text in lines if isinstance(text, str) and text.strip()]


def _y_range(value: Any) -> tuple[float | None, float | None] | None:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    low, high = (float(v) if _is_number(v) else None for v in value)
    if (low is None and high is None) or (low is not None and high is not None and low >= high):
        return None
    return low, high


def _smoothing(value: Any) -> tuple[str, float] | None:
    if not isinstance(value, Mapping) or value.get("kind") not in get_args(SmoothingKind):
        return None
    amount: Any = value.get("amount")
    return str(value["kind"]), min(max(float(amount), 0.0), 1.0) if _is_number(amount) else 0.0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0
