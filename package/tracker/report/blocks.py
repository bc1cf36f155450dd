"""The blocks of a report that hold no runs: headings, text, lists, code, pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tracker.report import checks
from tracker.report.checks import checked, items, needed, optional, text
from tracker.report.parts import Part, plain_data
from tracker.report.pin import Pin
from tracker.report.words import Rich, rich

LANGUAGES = (
    "python", "javascript", "css", "json", "html", "markdown", "yaml", "sql", "bash", "text",
)  # fmt: skip


class Block(Part, is_abstract=True):
    """What stands below each other in a report."""


block = checks.instance(Block, what="a block, such as H1, P, MarkdownBlock or PanelGrid")


@dataclass(repr=False)
class Heading(Block, is_abstract=True):
    """What a part of a report is about; blocks may be folded away below it."""

    text: Rich = checked(rich, "")
    collapsed_blocks: list[Block] | None = checked(optional(items(block)))


@dataclass(repr=False)
class H1(Heading):
    """A heading; `collapsed_blocks` are folded away below it until it is clicked."""


@dataclass(repr=False)
class H2(Heading):
    """A heading of the second level."""


@dataclass(repr=False)
class H3(Heading):
    """A heading of the third level."""


@dataclass(repr=False)
class P(Block):
    """A paragraph of plain text; Markdown is in :class:`MarkdownBlock`."""

    text: Rich = checked(rich, "")


@dataclass(repr=False)
class MarkdownBlock(Block):
    """Text in Markdown (CommonMark with tables); HTML in it is shown as text."""

    text: str = checked(text(), "")


@dataclass(repr=False)
class BlockQuote(Block):
    """A quotation."""

    text: Rich = checked(rich, "")


@dataclass(repr=False)
class CalloutBlock(Block):
    """A box that catches the eye."""

    text: Rich = checked(rich, "")


@dataclass(repr=False)
class CodeBlock(Block):
    """Code, coloured by its language; it is shown and never run."""

    code: Rich = checked(rich, "")
    language: str | None = checked(optional(checks.choice(*LANGUAGES)), "python")


@dataclass(repr=False)
class LatexBlock(Block):
    """A formula on a line of its own."""

    text: str = checked(text(), "")


@dataclass(repr=False)
class HorizontalRule(Block):
    """A line."""


@dataclass(repr=False)
class TableOfContents(Block):
    """The headings of the report, as links."""


# --- lists


@dataclass(repr=False)
class UnorderedList(Block):
    """A list with dots."""

    items: list[Rich] = checked(items(rich), [])


@dataclass(repr=False)
class OrderedList(Block):
    """A list with numbers."""

    items: list[Rich] = checked(items(rich), [])


@dataclass(repr=False)
class CheckedListItem(Part):
    """An item with a box, ticked or not."""

    text: Rich = checked(rich, "")
    checked: bool = checked(checks.flag, False)


@dataclass(repr=False)
class CheckedList(Block):
    """A list of things done and to do."""

    items: list[CheckedListItem] = checked(items(checks.instance(CheckedListItem)), [])


# --- what lies elsewhere


@dataclass(repr=False)
class GalleryURL(Part):
    """A page somewhere else."""

    url: str = needed(text())
    title: str | None = checked(optional(text()))
    description: str | None = checked(optional(text()))


@dataclass(repr=False)
class GalleryReport(Part):
    """Another report of the store, by its id."""

    report_id: str = needed(text())


@dataclass(repr=False)
class Gallery(Block):
    """Cards that lead to pages and to other reports."""

    items: list[GalleryURL | GalleryReport] = checked(
        items(checks.instance(GalleryURL, GalleryReport)), []
    )


# --- what the store has


@dataclass(repr=False)
class SQLBlock(Block):
    """What one SELECT over the store gives, as a table; see :func:`tracker.sql`.

    Parameters
    ----------
    query : str
        It cannot reach files or the network.
    title : str
        Above the table.
    limit : int
        At most so many rows are shown. Default 200.
    follow : bool
        Ask anew each time. Otherwise it is pinned: it shows for good what it gave when the
        report was first saved. Default True.
    pin : Pin, optional
        What a pinned block gave; :meth:`Report.pin` sets it.
    """

    query: str = needed(text(is_empty_allowed=False))
    title: str = checked(text(), "")
    limit: int = checked(checks.whole(1, 10_000), 200)
    follow: bool = checked(checks.flag, True)
    pin: Pin | None = checked(optional(checks.instance(Pin)))


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return checks.encodable(value)
    if value is None or isinstance(value, int | float | bool):
        return value
    raise checks.Expected("text, a number, True, False or None")


@dataclass(repr=False)
class TableBlock(Block):
    """A table of text and numbers: ``TableBlock(["run", "loss"], [["a", 0.1], ["b", 0.2]])``."""

    columns: list[str] = checked(items(text()), [])
    rows: list[list[Any]] = checked(items(items(_cell)), [])
    title: str = checked(text(), "")

    @classmethod
    def from_frame(cls, frame: Any, title: str = "") -> TableBlock:
        """Return the table of a DataFrame; what is no plain value becomes its text."""
        rows = [
            [cell if _is_plain(cell) else str(cell) for cell in row]
            for row in frame.astype(object).itertuples(index=False, name=None)
        ]
        return cls([str(name) for name in frame.columns], rows, title)


def _is_plain(value: Any) -> bool:
    return value is None or type(value) in (str, int, float, bool)


@dataclass(repr=False)
class ArtifactBlock(Block):
    """A version of an artifact: its files, metadata, and the runs that made and used it.

    Parameters
    ----------
    artifact : str
        ``"name:v3"``, ``"name:alias"`` or ``"name"`` for the latest.
    project : str
        Default: the report's.
    tab : {"overview", "metadata", "usage", "files", "lineage"}
        What is shown; the overview holds all but the files.
    follow, pin
        As for :class:`SQLBlock`: whether an alias, ``latest`` say, goes on to other versions.
    """

    artifact: str = needed(text(is_empty_allowed=False))
    project: str = checked(text(), "")
    tab: str = checked(
        checks.choice("overview", "metadata", "usage", "files", "lineage"), "overview"
    )
    follow: bool = checked(checks.flag, True)
    pin: Pin | None = checked(optional(checks.instance(Pin)))


@dataclass(repr=False)
class UnknownBlock(Block):
    """A block that a newer version saved; it is kept, and shown as a note."""

    content: dict[str, Any] = checked(checks.instance(dict, what="a dict"), {})

    def to_json(self) -> dict[str, Any]:
        """Return it as it was."""
        return dict(plain_data(self.content))
