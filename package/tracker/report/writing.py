"""Blocks as HTML: everything but panel grids."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from tracker.errors import TrackerError
from tracker.figures.formats import escape
from tracker.figures.markdown import latex, markdown
from tracker.report import blocks as b
from tracker.report.answers import Rows
from tracker.report.artifacts import artifact_html
from tracker.report.drawing.tables import cell, table
from tracker.report.manuscript import Manuscript
from tracker.report.pictures import Image, Picture, Video
from tracker.report.pinning import answer_of
from tracker.report.rich import code, data_address, link, rich_html
from tracker.report.words import plain
from tracker.store.writing import documents

_NOT_IN_AN_ID = re.compile(r"[^\w]+")


class Writer:
    """Writes the blocks of a report.

    Parameters
    ----------
    report : Manuscript
    write_grid : callable
        Writes a panel grid.
    """

    def __init__(self, report: Manuscript, write_grid: Callable[[Any], str]) -> None:
        self._report = report
        self._ids: dict[int, str] = _heading_ids(report)
        self._writers: Mapping[type, Callable[[Any], str]] = {
            b.H1: partial(self._heading, 2),
            b.H2: partial(self._heading, 3),
            b.H3: partial(self._heading, 4),
            b.P: lambda p: f"<p>{rich_html(p.text)}</p>",
            b.MarkdownBlock: lambda m: f'<div class="prose">{markdown(m.text)}</div>',
            b.BlockQuote: lambda q: f"<blockquote>{rich_html(q.text)}</blockquote>",
            b.CalloutBlock: lambda c: f'<aside class="callout">{rich_html(c.text)}</aside>',
            b.CodeBlock: lambda c: code(plain(c.code), c.language),
            b.LatexBlock: lambda x: f'<div class="latex">{latex(x.text, is_block=True)}</div>',
            b.HorizontalRule: lambda _: "<hr>",
            b.TableOfContents: self._contents,
            b.UnorderedList: lambda u: f"<ul>{_items(u.items)}</ul>",
            b.OrderedList: lambda o: f"<ol>{_items(o.items)}</ol>",
            b.CheckedList: _checked_list,
            b.Gallery: self._gallery,
            b.SQLBlock: self._sql,
            b.TableBlock: _table_block,
            b.ArtifactBlock: self._artifact,
            b.UnknownBlock: _unknown,
            Image: self._picture,
            Video: self._picture,
        }
        self._write_grid = write_grid

    def write(self, block: b.Block) -> str:
        """Return a block as HTML; one that fails says why in its place."""
        writer = self._writers.get(type(block), self._write_grid)
        try:
            return writer(block)
        except TrackerError as error:
            return f'<p class="note">{escape(error)}</p>'

    def _heading(self, level: int, heading: b.Heading) -> str:
        own = f'<h{level} id="{self._ids[id(heading)]}">{rich_html(heading.text)}</h{level}>'
        if heading.collapsed_blocks is None:
            return own
        inside = "".join(map(self.write, heading.collapsed_blocks))
        return f'<details class="fold"><summary>{own}</summary>{inside}</details>'

    def _contents(self, _: b.TableOfContents) -> str:
        rows = "".join(
            f'<li class="level-{level}"><a href="#{place}">{escape(text)}</a></li>'
            for level, place, text in self._headings()
        )
        return f'<nav class="contents" aria-label="Contents"><ul>{rows}</ul></nav>' if rows else ""

    def _headings(self) -> Iterator[tuple[int, str, str]]:
        for each in self._report.walk():
            if isinstance(each, b.Heading):
                level = {b.H1: 1, b.H2: 2}.get(type(each), 3)
                yield level, self._ids[id(each)], plain(each.text)

    def _gallery(self, gallery: b.Gallery) -> str:
        return f'<div class="gallery">{"".join(map(self._card, gallery.items))}</div>'

    def _card(self, item: b.GalleryURL | b.GalleryReport) -> str:
        if isinstance(item, b.GalleryURL):
            words = f"<small>{escape(item.description)}</small>" if item.description else ""
            return f'<div class="card">{link(item.url, item.title or item.url)}{words}</div>'
        with self._report.store.reading() as db:
            found = documents.get(db, "report", self._report.project, item.report_id)
        title = found.content.get("title") if found else "a report that is not there any more"
        return (
            f'<div class="card"><b>{escape(title)}</b><small>report '
            f"{escape(item.report_id)}</small></div>"
        )

    def _sql(self, block: b.SQLBlock) -> str:
        found: Rows = answer_of(self._report, block)
        rows = [[cell(value) for value in row] for row in found.rows]
        html = _titled(block.title, table(found.names, rows))
        if found.total > len(rows):
            html += f'<p class="note">The first {len(rows):,} of {found.total:,} rows.</p>'
        return (
            f'<div class="sql">{html}<details class="query"><summary>SQL</summary>'
            f"{code(block.query, 'sql')}</details>{_as_of(block)}</div>"
        )

    def _artifact(self, block: b.ArtifactBlock) -> str:
        return artifact_html(answer_of(self._report, block), block.tab) + _as_of(block)

    def _picture(self, picture: Picture) -> str:
        caption = rich_html(picture.caption)
        content = picture.load(self._report.objects.path)
        if content is None:
            shown = (
                f'<p class="note">Not in this file: {link(str(picture.url), str(picture.url))}</p>'
            )
        elif str(picture.mime).startswith("image/"):
            words = escape(plain(picture.caption) or "picture")
            shown = f'<img src="{data_address(content, str(picture.mime))}" alt="{words}">'
        else:
            shown = f'<video controls src="{data_address(content, str(picture.mime))}"></video>'
        return f'<figure class="picture">{shown}<figcaption>{caption}</figcaption></figure>'


def _as_of(block: b.SQLBlock | b.ArtifactBlock) -> str:
    if block.pin is None:
        return ""
    when = escape(block.pin.time[:16].replace("T", " "))
    return f'<p class="note pinned">as of {when} UTC</p>'


def _items(items: list[Any]) -> str:
    return "".join(f"<li>{rich_html(item)}</li>" for item in items)


def _checked_list(block: b.CheckedList) -> str:
    rows = "".join(
        f'<li><input type="checkbox" disabled{" checked" if item.checked else ""}> '
        f"{rich_html(item.text)}</li>"
        for item in block.items
    )
    return f'<ul class="checks">{rows}</ul>'


def _table_block(block: b.TableBlock) -> str:
    rows = [[cell(value) for value in row] for row in block.rows]
    return _titled(block.title, table(block.columns, rows))


def _titled(title: str, html: str) -> str:
    return f'<div class="titled"><b>{escape(title)}</b>{html}</div>' if title else html


def _unknown(block: b.UnknownBlock) -> str:
    kind = str(block.content.get("type", "block"))[:60]
    return f'<p class="note">A newer version of tracker made this {escape(kind)}.</p>'


def _heading_ids(report: Manuscript) -> dict[int, str]:
    """Return a place for each heading, which links in Markdown may name too."""
    found: dict[int, str] = {}
    for each in report.walk():
        if isinstance(each, b.Heading):
            words = _NOT_IN_AN_ID.sub("-", plain(each.text).lower()).strip("-")[:60]
            place = f"s-{words or 'heading'}"
            count = sum(
                known == place or known.startswith(f"{place}--") for known in found.values()
            )
            found[id(each)] = place if not count else f"{place}--{count + 1}"
    return found
