"""What a report says, and where its runs are: all that those who write it out must know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tracker.report import runset
from tracker.report.blocks import Block, Heading, block
from tracker.report.checks import checked, items, needed, text
from tracker.report.parts import Part
from tracker.report.runset import PanelGrid, Runset
from tracker.settings import find_store
from tracker.store.files.objects import Objects
from tracker.store.store import Store, open_store


@dataclass(repr=False)
class Manuscript(Part, is_abstract=True):
    """Blocks under a title, and the store with their runs; :class:`tracker.Report` has the rest.

    Its attributes are those of the report.
    """

    project: str = needed(text(is_empty_allowed=False))
    title: str = checked(text(128), "Untitled Report")
    description: str = checked(text(), "")
    blocks: list[Block] = checked(items(block, "blocks, such as H1, P or PanelGrid"), [])
    width: str = checked(runset.width, "readable")
    entity: str = checked(text(), "")
    dir: Any = field(default=None, kw_only=True, compare=False)
    id: str = field(default="", init=False, compare=False)
    version: int = field(default=0, init=False, compare=False)
    updated_at: datetime | None = field(default=None, init=False, compare=False)

    @property
    def store(self) -> Store:
        """Where it is kept and where its runs are."""
        return open_store(find_store(self.dir))

    @property
    def objects(self) -> Objects:
        """The files of the store."""
        return Objects(self.store.objects_dir)

    def walk(self) -> Iterator[Block]:
        """Yield every block, also those folded below headings, in reading order."""
        yield from _walk(self.blocks)

    def grids(self) -> list[PanelGrid]:
        """Return the panel grids."""
        return [each for each in self.walk() if isinstance(each, PanelGrid)]

    def project_of(self, runset: Runset) -> str:
        """Return the project of a run set."""
        return runset.project or self.project


def _walk(blocks: list[Block]) -> Iterator[Block]:
    for each in blocks:
        yield each
        if isinstance(each, Heading) and each.collapsed_blocks:
            yield from _walk(each.collapsed_blocks)
