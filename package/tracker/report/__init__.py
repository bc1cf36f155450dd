"""Reports: what stays of runs. A narrative with charts, tables and media in it.

The names are those of W&B's ``wandb_workspaces.reports.v2``::

    import tracker.report as wr

    report = wr.Report("digits", title="Which learning rate?")
    report.blocks = [wr.H1("Losses"), wr.PanelGrid(panels=[wr.LinePlot(y=["loss"])])]
    report.to_html("digits.html")

``tracker.report(runs)`` writes a first draft by itself; see :func:`draft`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from tracker.report.blocks import (
    H1,
    H2,
    H3,
    ArtifactBlock,
    BlockQuote,
    CalloutBlock,
    CheckedList,
    CheckedListItem,
    CodeBlock,
    Gallery,
    GalleryReport,
    GalleryURL,
    HorizontalRule,
    LatexBlock,
    MarkdownBlock,
    OrderedList,
    P,
    SQLBlock,
    TableBlock,
    TableOfContents,
    UnorderedList,
)
from tracker.report.custom_chart import CustomChart
from tracker.report.fields import Config, Metric, SummaryMetric
from tracker.report.pictures import Image, Video
from tracker.report.pin import Pin
from tracker.report.plots import (
    BarPlot,
    BestSoFarPlot,
    GradientPoint,
    Layout,
    LinePlot,
    ParallelCoordinatesPlot,
    ParallelCoordinatesPlotColumn,
    ParameterImportancePlot,
    ScalarChart,
    ScatterPlot,
    TrialCurvesPlot,
)
from tracker.report.report import Report
from tracker.report.runset import (
    OrderBy,
    PanelGrid,
    Runset,
    RunsetGroup,
    RunsetGroupKey,
    RunSettings,
)
from tracker.report.viewers import CodeComparer, MarkdownPanel, MediaBrowser, RunComparer, RunTable
from tracker.report.words import InlineCode, InlineLatex, Link

__all__ = [
    "H1",
    "H2",
    "H3",
    "ArtifactBlock",
    "BarPlot",
    "BestSoFarPlot",
    "BlockQuote",
    "CalloutBlock",
    "CheckedList",
    "CheckedListItem",
    "CodeBlock",
    "CodeComparer",
    "Config",
    "CustomChart",
    "Gallery",
    "GalleryReport",
    "GalleryURL",
    "GradientPoint",
    "HorizontalRule",
    "Image",
    "InlineCode",
    "InlineLatex",
    "LatexBlock",
    "Layout",
    "LinePlot",
    "Link",
    "MarkdownBlock",
    "MarkdownPanel",
    "MediaBrowser",
    "Metric",
    "OrderBy",
    "OrderedList",
    "P",
    "PanelGrid",
    "ParallelCoordinatesPlot",
    "ParallelCoordinatesPlotColumn",
    "ParameterImportancePlot",
    "Pin",
    "Report",
    "RunComparer",
    "RunSettings",
    "RunTable",
    "Runset",
    "RunsetGroup",
    "RunsetGroupKey",
    "SQLBlock",
    "ScalarChart",
    "ScatterPlot",
    "SummaryMetric",
    "TableBlock",
    "TableOfContents",
    "TrialCurvesPlot",
    "UnorderedList",
    "Video",
    "draft",
]


PCColumn = ParallelCoordinatesPlotColumn  # the name in W&B's first version of reports


def draft(runs: Any = None, **options: Any) -> Report:
    """Write a first draft of a report about runs; see :func:`tracker.report.drafting.draft`."""
    from tracker.report import drafting

    return drafting.draft(runs, **options)


class _Room(ModuleType):
    """The module's class: calling it, ``tracker.report(runs)``, writes a first draft."""

    def __call__(self, runs: Any = None, **options: Any) -> Report:
        return draft(runs, **options)


sys.modules[__name__].__class__ = _Room
