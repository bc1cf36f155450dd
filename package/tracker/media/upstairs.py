"""What media ask of the floors above, which fill it in when they are imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Upstairs:
    """Functions of the floors above.

    Attributes
    ----------
    chart_bundle : callable or None
        Gives what a notebook's cell shows of a chart, by MIME types.
    """

    chart_bundle: Callable[[Any], dict[str, Any]] | None = None


UPSTAIRS = Upstairs()


def chart_bundle(chart: Any) -> dict[str, Any] | None:
    """Return what a notebook's cell shows of a chart; None where nothing draws charts."""
    return None if UPSTAIRS.chart_bundle is None else UPSTAIRS.chart_bundle(chart)
