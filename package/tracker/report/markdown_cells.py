"""Blocks of text as Markdown, for the cells of a notebook."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tracker.figures.clean import safe_address
from tracker.report import blocks as b
from tracker.report.pictures import Image, Picture, Video
from tracker.report.words import InlineCode, InlineLatex, Link, Rich, pieces, plain

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]#|~$])")
_LINE_START: Final = re.compile(r"^(\s*\d*)([-+=.)])", re.MULTILINE)
_FENCE: Final = re.compile(r"```[\w+-]*")
_TICKS: Final = re.compile(r"`+")


def block_markdown(block: b.Block) -> str | None:
    """Return a block of text as Markdown; None if it is none."""
    writer = _WRITERS.get(type(block))
    return None if writer is None else writer(block)


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is."""
    # By name: a reader that finds an address in the text may swallow a backslash behind it.
    named = html.escape(text, quote=False)
    escaped = _SPECIAL.sub(r"\\\1", named)
    return _LINE_START.sub(r"\1\\\2", escaped)


def without_html(text: str) -> str:
    """Return Markdown in which HTML is shown as text, as it is everywhere in a report.

    Viewers of notebooks do not all sanitise. Only where code is beyond doubt is it left
    alone: a reader that parses otherwise must not find a tag.
    """
    plain = text.replace("<", "&lt;")
    lines, is_code = [], False
    for line in text.split("\n"):
        if line.startswith("```") and _FENCE.fullmatch(line):
            is_code = not is_code
        elif not is_code and not _is_plain(line):
            return plain
        lines.append(line if is_code else _line_without_html(line))
    return plain if is_code else "\n".join(lines)


def _is_plain(line: str) -> bool:
    """Say whether every parser finds the same code in a line: single backticks, in pairs."""
    ticks = _TICKS.findall(line)
    if len(ticks) % 2 or any(len(each) > 1 for each in ticks) or line[:4] == "    ":
        return False
    # Some readers find addresses first, and take what follows for a part of them.
    odd = ("\\", "|", "~", "\t", "\r", *(("://", "www.") if "<" in line else ()))
    return not any(sign in line for sign in odd)


def _line_without_html(line: str) -> str:
    parts = line.split("`")
    return "`".join(
        part if place % 2 else part.replace("<", "&lt;") for place, part in enumerate(parts)
    )


def rich_markdown(value: Rich) -> str:
    """Return a text with links, code and formulas as Markdown."""
    return "".join(_piece(value))


def _piece(value: Rich) -> Iterator[str]:
    for piece in pieces(value):
        if isinstance(piece, str):
            yield escape_markdown(piece)
        elif isinstance(piece, InlineCode):
            yield _code_span(piece.text)
        elif isinstance(piece, InlineLatex):
            yield _formula(piece.text, "$")
        elif isinstance(piece, Link):
            yield link_markdown(piece.url, piece.text)


def link_markdown(address: str, words: str) -> str:
    """Return a link, or only its words where the address may not be followed."""
    safe = re.sub(r"[\s<>()\\]", lambda sign: f"%{ord(sign[0]):02X}", safe_address(address))
    return f"[{escape_markdown(words or safe)}]({safe})" if safe else escape_markdown(words)


def _code_span(text: str) -> str:
    if "<" in text:  # readers do not agree on where a span begins: behind an address, say
        return f"<code>{escape_markdown(text)}</code>"
    fence = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    flat = " ".join(text.split("\n"))
    return f"{fence} {flat} {fence}" if "`" in text else f"{fence}{flat or ' '}{fence}"


def _formula(text: str, mark: str) -> str:
    """Return a formula; one that could end early, or holds a tag, as code."""
    return _code_span(text) if "$" in text or "<" in text else f"{mark}{text}{mark}"


def _fenced(text: str, language: str) -> str:
    fence = "`" * max(3, max(map(len, _TICKS.findall(text)), default=0) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _listed(items: list[Any], marks: Iterator[str]) -> str:
    rows = (rich_markdown(item).replace("\n", " ") for item in items)
    return "\n".join(f"{mark} {row}" for mark, row in zip(marks, rows, strict=False))


def _numbers() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{number}."


def _dots() -> Iterator[str]:
    while True:
        yield "-"


def _heading(level: int) -> Callable[[b.Heading], str]:
    return lambda h: f"{'#' * level} {rich_markdown(h.text)}".replace("\n", " ")


def _checks(block: b.CheckedList) -> str:
    return "\n".join(
        f"- [{'x' if item.checked else ' '}] {rich_markdown(item.text)}" for item in block.items
    )


def _gallery(block: b.Gallery) -> str:
    rows = []
    for item in block.items:
        if isinstance(item, b.GalleryReport):
            rows.append(f"- report {_code_span(item.report_id)}")
        else:
            words = f": {escape_markdown(item.description)}" if item.description else ""
            rows.append(f"- {link_markdown(item.url, item.title or item.url)}{words}")
    return "\n".join(rows)


def _table(block: b.TableBlock) -> str:
    head = " | ".join(_cell(name) for name in block.columns)
    rows = [f"| {' | '.join(_cell(value) for value in row)} |" for row in block.rows]
    title = f"**{escape_markdown(block.title)}**\n\n" if block.title else ""
    return f"{title}| {head} |\n|{'---|' * len(block.columns)}\n" + "\n".join(rows)


def _cell(value: Any) -> str:
    shown = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return escape_markdown(" ".join(shown.split()))


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


def picture_cell(picture: Picture, content: bytes | None) -> tuple[str, dict[str, Any]]:
    """Return a picture's Markdown and the attachments of its cell."""
    caption = rich_markdown(picture.caption)
    if content is None:
        return link_markdown(str(picture.url), plain(picture.caption) or str(picture.url)), {}
    if not str(picture.mime).startswith("image/"):
        return f"*A film: it is in the report's HTML file.* {caption}", {}
    name = f"picture.{str(picture.mime).partition('/')[2]}"
    held = {name: {str(picture.mime): base64.b64encode(content).decode()}}
    return f"![{escape_markdown(plain(picture.caption))}](attachment:{name})\n\n{caption}", held


_WRITERS: Final[Mapping[type[b.Block], Callable[[Any], str]]] = {
    b.H1: _heading(2),
    b.H2: _heading(3),
    b.H3: _heading(4),
    b.P: lambda p: rich_markdown(p.text),
    b.MarkdownBlock: lambda m: without_html(m.text),
    b.BlockQuote: lambda q: _quoted(rich_markdown(q.text)),
    b.CalloutBlock: lambda c: _quoted(f"**{rich_markdown(c.text)}**"),
    b.CodeBlock: lambda c: _fenced(plain(c.code), c.language or ""),
    b.LatexBlock: lambda x: _formula(x.text, "$$"),
    b.HorizontalRule: lambda _: "---",
    b.UnorderedList: lambda u: _listed(u.items, _dots()),
    b.OrderedList: lambda o: _listed(o.items, _numbers()),
    b.CheckedList: _checks,
    b.Gallery: _gallery,
    b.TableBlock: _table,
    b.UnknownBlock: lambda u: (
        f"*A newer version made this {escape_markdown(str(u.content.get('type')))}.*"
    ),
}
PICTURES: Final = (Image, Video)
