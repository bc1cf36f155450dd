"""Panels that are no charts: runs side by side, media, code, text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.report import checks
from tracker.report.checks import checked, choice, items, kept, optional, text
from tracker.report.fields import Field, metric
from tracker.report.parts import plain_data
from tracker.report.plots import Panel, ParallelCoordinatesPlot, ScalarChart

_title = optional(text())
_metrics = items(metric, "names of metrics")


@dataclass(repr=False)
class RunComparer(Panel):
    """Settings and results side by side, a column a run.

    Parameters
    ----------
    diff_only : {"split", True}, optional
        Only what is not the same in all runs; a reader can switch it.
    title : str, optional
    max_runs_to_show : int
        Default 10.
    """

    diff_only: str | bool | None = checked(optional(choice("split", True, False)))
    title: str | None = checked(_title)
    max_runs_to_show: int | None = checked(optional(checks.whole(1)))


@dataclass(repr=False)
class MediaBrowser(Panel):
    """Logged pictures, sound, films, tables and pages, by run, with a slider over the steps.

    Parameters
    ----------
    title : str, optional
    num_columns : int
        How many stand side by side. Default: as many as have room.
    media_keys : list of str
        Default: all that were logged.
    mode : {"gallery", "grid"}, optional
        A grid is a table without a slider.
    grid_x_axis, grid_y_axis : {"step", "index", "run"}, optional
        What goes across and down in a grid; the index is that in a list that was logged.
        Default: steps and runs.
    gallery_axis : {"step", "index", "run"}, optional
        W&B's: what the slider goes over. It goes over steps; the others are kept and not drawn.
    max_steps : int
        At most so many steps, evenly spread, the last among them. Default 20.
    max_runs_to_show : int
        Default 10.
    """

    title: str | None = checked(_title)
    num_columns: int | None = checked(optional(checks.whole(1, 24)))
    media_keys: list[str] = checked(items(text()), [])
    mode: str | None = checked(optional(choice("gallery", "grid")))
    gallery_axis: str | None = kept(optional(choice("step", "index", "run")), drawn=(None, "step"))
    grid_x_axis: str | None = checked(optional(choice("step", "index", "run")))
    grid_y_axis: str | None = checked(optional(choice("step", "index", "run")))
    max_steps: int = checked(checks.whole(1, 1000), 20)
    max_runs_to_show: int | None = checked(optional(checks.whole(1)))


@dataclass(repr=False)
class MarkdownPanel(Panel):
    """Text among the panels of a grid."""

    markdown: str = checked(text(), "")


@dataclass(repr=False)
class RunTable(Panel):
    """The runs themselves: name, state, time, and chosen settings and results.

    Parameters
    ----------
    columns : list of str, Config, SummaryMetric or Metric
        Default: the settings that differ, and the results.
    title : str, optional
    """

    columns: list[Field] = checked(_metrics, [])
    title: str | None = checked(_title)


@dataclass(repr=False)
class CodeComparer(Panel):
    """What the notebooks or programs of two runs have not in common, line by line.

    Parameters
    ----------
    diff : {"unified", "split"}
        Below or beside each other.
    title : str, optional
    """

    diff: str = checked(choice("split", "unified"), "unified")
    title: str | None = checked(_title)


@dataclass(repr=False)
class UnknownPanel(Panel):
    """A panel that a newer version saved; it is kept, and shown as a note."""

    content: dict[str, object] = checked(checks.instance(dict, what="a dict"), {})

    def to_json(self) -> dict[str, object]:
        """Return it as it was."""
        return dict(plain_data(self.content))


_COLUMNS = 12
_WIDE = (RunComparer, MediaBrowser, RunTable, ParallelCoordinatesPlot, CodeComparer)


def spans_of(panels: Sequence[Panel]) -> list[int]:
    """Return how many of 12 columns each panel has that is not told where it stands.

    A chart that is alone in its row has all of them.
    """
    rows: list[list[int]] = []
    for panel in panels:
        span = _span(panel)
        if not rows or sum(rows[-1]) + span > _COLUMNS:
            rows.append([])
        rows[-1].append(span)
    return [_COLUMNS if row == [_COLUMNS // 2] else span for row in rows for span in row]


def _span(panel: Panel) -> int:
    if isinstance(panel, _WIDE):
        return _COLUMNS
    return _COLUMNS // 4 if isinstance(panel, ScalarChart) else _COLUMNS // 2
