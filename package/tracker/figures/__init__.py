"""Records to Plotly figures and to static HTML: pure functions, no widgets, no store."""

from __future__ import annotations

from tracker.figures.bars import bar_figure, group_bars, run_bars
from tracker.figures.code import cells_html, diff_html
from tracker.figures.colours import PALETTE, colour_of
from tracker.figures.columns import RecordRun, RunLike
from tracker.figures.comparer import comparison_html, facts_of
from tracker.figures.curve import Line, curve_figure
from tracker.figures.distribution import distribution_figure
from tracker.figures.forest import importances
from tracker.figures.histogram import counts_of, histogram_figure, logged_histogram_figure
from tracker.figures.importance import importance_figure
from tracker.figures.lineage import lineage_figure
from tracker.figures.parallel import parallel_figure
from tracker.figures.query_result import result_figure, result_html
from tracker.figures.scatter import scatter_figure
from tracker.figures.smoothing import Smoothing
from tracker.figures.sparkline import sparkline, sparkline_svg
from tracker.figures.summary import summary_html
from tracker.figures.system import SystemGroup, system_figure, system_groups

__all__ = [
    "PALETTE",
    "Line",
    "RecordRun",
    "RunLike",
    "Smoothing",
    "SystemGroup",
    "bar_figure",
    "cells_html",
    "colour_of",
    "comparison_html",
    "counts_of",
    "curve_figure",
    "diff_html",
    "distribution_figure",
    "facts_of",
    "group_bars",
    "histogram_figure",
    "importance_figure",
    "importances",
    "lineage_figure",
    "logged_histogram_figure",
    "parallel_figure",
    "result_figure",
    "result_html",
    "run_bars",
    "scatter_figure",
    "sparkline",
    "sparkline_svg",
    "summary_html",
    "system_figure",
    "system_groups",
]
