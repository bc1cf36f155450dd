"""Text with links, code and formulas in it, as W&B's reports write it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.report import checks
from tracker.report.checks import Expected, needed
from tracker.report.parts import Part


@dataclass(repr=False)
class Link(Part):
    """A link: `text` that leads to `url`. Only http, https, mailto and ``#place`` are followed."""

    text: str = needed(checks.text())
    url: str = needed(checks.text())


@dataclass(repr=False)
class InlineCode(Part):
    """Code within a line."""

    text: str = needed(checks.text())


@dataclass(repr=False)
class InlineLatex(Part):
    """A formula within a line."""

    text: str = needed(checks.text())


TextLike = str | Link | InlineCode | InlineLatex
Rich = TextLike | list[TextLike]


def rich(value: Any) -> Rich:
    """Allow text, or a list of text, Link, InlineCode and InlineLatex."""
    if isinstance(value, str | Link | InlineCode | InlineLatex):
        return _piece(value)
    if isinstance(value, Sequence):
        return [_piece(item) for item in value]
    raise Expected("text, or a list of text, Link, InlineCode and InlineLatex")


def _piece(value: Any) -> TextLike:
    if isinstance(value, str):
        return checks.encodable(value)
    if isinstance(value, Link | InlineCode | InlineLatex):
        return value
    raise Expected(f"text, Link, InlineCode or InlineLatex where {value!r:.60} is")


def pieces(value: Rich) -> Iterator[TextLike]:
    """Yield the pieces of a rich text."""
    if isinstance(value, list):
        yield from value
    else:
        yield value


def plain(value: Rich) -> str:
    """Return a rich text without its links and marks."""
    return "".join(piece if isinstance(piece, str) else piece.text for piece in pieces(value))
