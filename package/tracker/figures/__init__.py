"""Records to Plotly figures and to static HTML: pure functions, no widgets, no store."""

from __future__ import annotations

from tracker.figures.colours import PALETTE, colour_of
from tracker.figures.curve import Line, curve_figure
from tracker.figures.smoothing import Smoothing
from tracker.figures.sparkline import sparkline, sparkline_svg
from tracker.figures.summary import summary_html
from tracker.figures.system import SystemGroup, system_figure, system_groups

__all__ = [
    "PALETTE",
    "Line",
    "Smoothing",
    "SystemGroup",
    "colour_of",
    "curve_figure",
    "sparkline",
    "sparkline_svg",
    "summary_html",
    "system_figure",
    "system_groups",
]
