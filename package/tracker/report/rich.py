"""Rich text, code and files as safe HTML: what is not trusted is escaped here."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from tracker.figures.clean import safe_address
from tracker.figures.formats import escape
from tracker.figures.markdown import latex
from tracker.report.words import InlineCode, InlineLatex, Link, Rich, pieces


def escape_code(text: str) -> str:
    """Escape text of several lines."""
    return "\n".join(escape(line) for line in text.split("\n"))


def rich_html(value: Rich) -> str:
    """Return a text with links, code and formulas as HTML."""
    return "".join(_piece_html(value))


def _piece_html(value: Rich) -> Iterator[str]:
    for piece in pieces(value):
        if isinstance(piece, str):
            yield escape(piece).replace("\n", "<br>")
        elif isinstance(piece, InlineCode):
            yield f"<code>{escape(piece.text)}</code>"
        elif isinstance(piece, InlineLatex):
            yield latex(piece.text)
        elif isinstance(piece, Link):
            yield link(piece.url, piece.text)


def link(address: str, words: str) -> str:
    """Return a link, or only its words where the address may not be followed."""
    safe = safe_address(address)
    if not safe:
        return escape(words)
    rel = "" if safe.startswith("#") else ' rel="noopener noreferrer nofollow" target="_blank"'
    return f'<a href="{escape(safe)}"{rel}>{escape(words or safe)}</a>'


def code(text: str, language: str | None) -> str:
    """Return code in colours; Pygments escapes it."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import TextLexer, get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language or "text", stripnl=False)
    except ClassNotFound:
        lexer = TextLexer()
    shown = "".join(
        c if c.isprintable() or c in "\t\n" else "\N{REPLACEMENT CHARACTER}" for c in text
    )
    coloured: str = highlight(shown.strip("\n"), lexer, HtmlFormatter(nowrap=True))
    return f'<pre class="code"><code>{coloured}</code></pre>'


def data_address(content: bytes, mime: str) -> str:
    """Return a file as an address that holds it."""
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"
