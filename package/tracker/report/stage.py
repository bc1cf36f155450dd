"""Parts of a report that move: their drawings are those of the page, drawn anew with each news."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tracker.errors import TrackerError
from tracker.figures.formats import escape, shorten
from tracker.panels.page.client import Client
from tracker.panels.page.panel import Panel as LivePanel
from tracker.panels.page.source import Source
from tracker.panels.views import ViewMessage, Work, html_message
from tracker.panels.workspace.project_source import ProjectSource
from tracker.report.blocks import Block
from tracker.report.drawing import draw, draw_all, prepare
from tracker.report.grids import FIGURE_HEIGHT
from tracker.report.manuscript import Manuscript
from tracker.report.pinning import source_of
from tracker.report.plots import Panel
from tracker.report.runset import PanelGrid
from tracker.report.scene import Drawn, Scene
from tracker.report.thinning import figure_json
from tracker.report.viewers import spans_of
from tracker.report.views import drawn_html
from tracker.report.workspaces import KIND, SECTION
from tracker.report.writing import Writer
from tracker.store.database.connection import Connection

# Of one core, for drawing what has news.
_SHARE = 0.05
_CHIP_LIMIT = 40
_STILL_BYTES = 90_000
_STILL_ITEMS = 8
Draw = Callable[[str], ViewMessage]


class Easel:
    """Draws what has news, and rests in between so that training would not notice."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._lock = threading.Lock()
        self._asked: dict[str, int] = {}
        self._drawn: dict[str, tuple[int, ViewMessage]] = {}
        self._rest_until_s = 0.0

    def work(self, name: str) -> Work:
        """Return what draws a thing; it takes a while and needs the store closed."""
        turn = self._asked[name] = self._asked.get(name, 0) + 1

        def draw() -> ViewMessage:
            with self._lock:
                known = self._drawn.get(name)
                if known is not None and known[0] >= turn:
                    return known[1]
                if known is not None:
                    time.sleep(max(0.0, self._rest_until_s - time.monotonic()))
                latest, began_s = self._asked[name], time.thread_time()
                message = self._draw(name)
                used_s = time.thread_time() - began_s
                self._drawn[name] = latest, message
                self._rest_until_s = time.monotonic() + used_s / _SHARE
                return message

        return draw


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """What was read at one time, and what has been drawn of it."""

    scene: Scene
    drawn: dict[str, Drawn] = field(default_factory=dict)


class Artist:
    """Draws panels of a grid as its report's page has them, each once for what the store has.

    Parameters
    ----------
    report : Manuscript
    grid : PanelGrid
    panels : mapping of str to Panel
        By the names of their places.
    """

    def __init__(self, report: Manuscript, grid: PanelGrid, panels: Mapping[str, Panel]) -> None:
        self._report, self._grid, self._panels = report, grid, panels
        self._easel = Easel(lambda name: drawn_message(self._draw(name)))
        self._sheet = _Sheet(self._fresh())
        self._stamp: tuple[int, int] | None = None

    @property
    def scene(self) -> Scene:
        """The runs as they were read last."""
        return self._sheet.scene

    def _fresh(self) -> Scene:
        grid = PanelGrid(self._grid.runsets, panels=list(self._panels.values()))
        grid.custom_run_colors = self._grid.custom_run_colors
        return Scene(self._report, grid, [source_of(self._report, each) for each in grid.runsets])

    def read(self, db: Connection | None = None) -> None:
        """Read what the panels will draw, if the store has changed since.

        Parameters
        ----------
        db : connection, optional
            The store, if it is open already.
        """
        stamp = self._report.store.stamp()
        if stamp is not None and stamp == self._stamp:
            return
        scene = self._fresh()
        try:
            prepare(scene, db)
        except TrackerError:
            stamp = None  # each panel says it when it is drawn; the next time may be better
        self._sheet, self._stamp = _Sheet(scene), stamp

    def drawings(self) -> dict[str, Drawn]:
        """Draw all panels, as the store is now."""
        self.read()
        return {name: self._draw(name) for name in self._panels}

    def draw(self, spec: Mapping[str, Any]) -> Work | None:
        """Return what draws a panel; None for one that is another's."""
        return self._easel.work(str(spec["id"])) if spec["kind"] == KIND else None

    def _draw(self, name: str) -> Drawn:
        sheet = self._sheet
        if name not in sheet.drawn:
            sheet.drawn[name] = draw(sheet.scene, self._panels[name])
        return sheet.drawn[name]


def drawn_message(drawn: Drawn) -> ViewMessage:
    """Return a drawing as a message for a page."""
    if drawn.note:
        return ViewMessage("trouble", {"text": drawn.note})
    if drawn.figure is not None:
        return ViewMessage("plotly", {"figure": json.dumps(figure_json(drawn.figure))})
    return html_message(drawn_html(drawn))


class ReportSource(ProjectSource):
    """A workspace in which some panels are drawn as the report's page has them."""

    def __init__(self, artist: Artist, project: str, workspace: str) -> None:
        super().__init__(project, workspace)
        self._artist = artist

    def read(self, db: Connection) -> None:
        """Read the workspace and what those panels will draw."""
        super().read(db)
        self._artist.read(db)

    def draw(self, db: Connection, spec: Mapping[str, Any]) -> Work | None:
        """Draw the panels that no workspace has."""
        return self._artist.draw(spec)


class StageSource(Source):
    """Panels or blocks of a report without a workspace around them.

    Parameters
    ----------
    specs : sequence of mapping
        Where each stands, as in a workspace's document.
    read : callable
        Reads what will be drawn, from the store; returns the runs as names and colours.
    draw : callable
        Returns what draws the thing of a spec.
    """

    kind = KIND
    is_over = False
    runset = None

    def __init__(
        self,
        specs: Sequence[Mapping[str, Any]],
        read: Callable[[Connection], list[list[str]]],
        draw: Callable[[Mapping[str, Any]], Work | None],
    ) -> None:
        self._specs, self._read, self._draw = list(specs), read, draw
        self._runs: list[list[str]] = []

    def read(self, db: Connection) -> None:
        """Read what will be drawn."""
        self._runs = self._read(db)

    def head(self) -> dict[str, Any]:
        """Return the runs."""
        return {"runs": self._runs[:_CHIP_LIMIT], "more": max(0, len(self._runs) - _CHIP_LIMIT)}

    def panels(self) -> Sequence[Mapping[str, Any]]:
        """Return the specs."""
        return self._specs

    def parts(self, client: Client) -> Iterable[tuple[str, dict[str, Any]]]:
        """Return where each thing stands."""
        yield "views", {"views": self._specs}

    def draw(self, db: Connection, spec: Mapping[str, Any]) -> Work | None:
        """Return what draws a thing."""
        return self._draw(spec)


class StagePanel(LivePanel):
    """Panels or a block of a report, which follow the store.

    Parameters
    ----------
    report : Manuscript
    source : StageSource
    still : callable
        Returns the same as HTML, for notebooks that are read without a kernel.
    """

    def __init__(self, report: Manuscript, source: StageSource, still: Callable[[], str]) -> None:
        self._report, self._still = report, still
        super().__init__(report.store.root, source, live=True)

    def static_html(self) -> str:
        """Return what is shown where no kernel is."""
        return self._still()

    def as_text(self) -> str:
        """Return the report's title."""
        return f"<report {self._report.title}>"

    def identity(self) -> dict[str, Any]:
        """Return the report's project."""
        return {"project": self._report.project, "run": ""}


def grid_panel(report: Manuscript, grid: PanelGrid) -> StagePanel:
    """Return a grid, of several run sets say, as a panel that follows the store."""
    panels = {f"report/{number}": each for number, each in enumerate(grid.panels)}
    artist = Artist(report, grid, panels)
    drawn, spans = artist.drawings(), spans_of(grid.panels)
    specs = [_spec(name, drawn[name], span) for name, span in zip(panels, spans, strict=True)]

    def read(db: Connection) -> list[list[str]]:
        artist.read(db)
        with contextlib.suppress(TrackerError):
            return [[run.name[:80], run.colour] for run in artist.scene.runs]
        return []

    source = StageSource(specs, read, artist.draw)
    return StagePanel(report, source, lambda: still(artist.drawings().values()))


def still_grid(report: Manuscript, grid: PanelGrid) -> str:
    """Return a grid as a saved notebook shows it without a kernel."""
    scene = Scene(report, grid, [source_of(report, each) for each in grid.runsets])
    return still(draw_all(scene))


def still(drawings: Iterable[Drawn]) -> str:
    """Return panels as a saved notebook shows them without a kernel: at most about 100 KB."""
    parts: list[str] = []
    room = _STILL_BYTES
    for drawn in drawings:
        newest = sorted(drawn.items, key=lambda item: -item.step)[:_STILL_ITEMS]
        few = replace(drawn, items=[item for item in drawn.items if item in newest])
        html = drawn_html(few, with_title=True)
        if len(html) > room:
            html = f'<p style="opacity:.7">{escape(shorten(drawn.title, 160))}: run the cell.</p>'
        room -= len(html)
        parts.append(f'<div style="margin:0 0 12px">{html}</div>')
    return "".join(parts)


def block_panel(report: Manuscript, block: Block) -> StagePanel:
    """Return a block that shows what the store has as a panel that follows the store."""
    easel = Easel(lambda _: html_message(_block_html(report, block)))
    title = getattr(block, "title", "") or type(block).__name__.removesuffix("Block")
    spec = {"id": "report/block", "kind": KIND, "title": title, "section": SECTION, "width": 12}
    source = StageSource([spec], lambda _: [], lambda one: easel.work(str(one["id"])))
    return StagePanel(report, source, lambda: _block_html(report, block))


def _block_html(report: Manuscript, block: Block) -> str:
    return Writer(report, lambda _: "").write(block)


def _spec(name: str, drawn: Drawn, span: int) -> dict[str, Any]:
    height = {"height": drawn.height or FIGURE_HEIGHT} if drawn.figure is not None else {}
    return {
        "id": name, "kind": KIND, "title": drawn.title, "section": SECTION,
        "width": span, **height,
    }  # fmt: skip
