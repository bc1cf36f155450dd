"""Untrusted text made safe to show. Everything that a page says goes through here.

There are two walls: what is not trusted is escaped where it is put together, and what
libraries made of it (Markdown, formulas, HTML tables) goes through Ammonia's allow-list.
The third is the page's Content-Security-Policy.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from tracker.figures.formats import escape
from tracker.report.words import InlineCode, InlineLatex, Link, Rich, pieces

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

SCHEMES: Final = {"http", "https", "mailto"}
_TAGS: Final = {
    "a", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd", "del", "details",
    "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li",
    "mark", "ol", "p", "pre", "s", "samp", "small", "span", "strong", "sub", "summary", "sup",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_MATH_TAGS: Final = {
    "math", "menclose", "merror", "mfenced", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover",
    "mpadded", "mphantom", "mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle",
    "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover", "none",
    "semantics",
}  # fmt: skip
_MATH_ATTRIBUTES: Final = {
    "accent", "columnalign", "columnlines", "columnspacing", "depth", "display", "displaystyle",
    "fence", "form", "height", "largeop", "linethickness", "lspace", "mathvariant", "maxsize",
    "minsize", "movablelimits", "notation", "rowlines", "rowspacing", "rspace", "scriptlevel",
    "separator", "stretchy", "symmetric", "voffset", "width",
}  # fmt: skip
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan"},
}
_DRAWING_TAGS: Final = {
    "svg", "g", "path", "polyline", "line", "rect", "circle", "ellipse", "polygon", "text", "tspan",
    "title",
}  # fmt: skip
_DRAWING_ATTRIBUTES: Final = {
    "cx", "cy", "d", "fill", "fill-opacity", "font-size", "height", "opacity", "points", "r", "rx",
    "ry", "stroke", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-opacity",
    "stroke-width", "text-anchor", "transform", "viewbox", "width", "x", "x1", "x2", "y",
    "y1", "y2",
}  # fmt: skip
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|bmp);base64,[A-Za-z0-9+/=\s]+")
_ADDRESS = re.compile(r"(?:https?://|mailto:|#)[^\x00-\x20\x7f]*", re.IGNORECASE)
# A style that loads something, or could hide in an escape that it does.
_LOADING_STYLE = re.compile(r"url|image|src|@|\\|expression|behaviou?r|-moz-", re.IGNORECASE)
_LATEX_LIMIT = 10_000


def clean_html(html: str) -> str:
    """Return HTML without anything that runs, loads, or could be taken for the page around it."""
    import nh3

    cleaned: str = nh3.clean(
        html,
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=_kept_attribute,
        url_schemes=SCHEMES | {"data"},
        link_rel="noopener noreferrer nofollow",
    )
    return cleaned


def clean_page(html: str) -> str:
    """Return logged HTML for a sandbox: its text, tables, pictures inside it, and its styles.

    What it would load or run does not work in a report, and is not there to be tried.
    """
    import nh3

    cleaned: str = nh3.clean(
        html,
        tags=_TAGS | {"section", "article", "header", "footer", "font", "center"},
        attributes={**_ATTRIBUTES, "*": {"style", "class", "align"}, "font": {"color", "size"}},
        attribute_filter=_kept_in_page,
        url_schemes=SCHEMES | {"data"},
        link_rel="noopener noreferrer nofollow",
    )
    return cleaned


def clean_output(html: str) -> str:
    """Return what a notebook's cell showed as HTML, with its drawings, and nothing that runs."""
    import nh3

    cleaned: str = nh3.clean(
        html,
        tags=_TAGS | _DRAWING_TAGS | {"section", "header", "footer"},
        attributes={**_ATTRIBUTES, "*": {"style", "class", "align"} | _DRAWING_ATTRIBUTES},
        attribute_filter=_kept_in_page,
        url_schemes=SCHEMES | {"data"},
        link_rel="noopener noreferrer nofollow",
    )
    return cleaned


def _kept_in_page(tag: str, name: str, value: str) -> str | None:
    if name in ("fill", "stroke") and "url" in value.lower():
        return None
    if name == "style":
        return None if _LOADING_STYLE.search(value) else value
    return _kept_attribute(tag, name, value)


def _kept_attribute(tag: str, name: str, value: str) -> str | None:
    """Nothing is loaded: pictures are inside the page, or are not shown."""
    if (tag, name) == ("img", "src"):
        return value if _PICTURE.fullmatch(value) else None
    if (tag, name) == ("a", "href"):
        return safe_address(value) or None
    return value


def markdown(text: str) -> str:
    """Return Markdown as safe HTML. HTML in it is shown as text, pictures only if inside it.

    A picture that lies elsewhere, be it on the disk or on the network, is neither read nor
    loaded: its place is taken by a link or by its words.
    """
    return clean_html(_renderer().render(text))


@cache
def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    made.validateLink = _is_followed  # type: ignore[method-assign]  # how its authors want it done
    made.add_render_rule("image", _image)
    made.add_render_rule("fence", _fence)
    return made


def _is_followed(url: str) -> bool:
    return bool(safe_address(url)) or bool(_PICTURE.fullmatch(url))


def _image(_self: Any, tokens: Any, number: int, *_: Any) -> str:
    token = tokens[number]
    source, words = str(token.attrs.get("src", "")), escape(token.content)
    if _PICTURE.fullmatch(source):
        return f'<img src="{escape(source)}" alt="{words}">'
    address = safe_address(source)
    return f'<a href="{escape(address)}">{words or escape(address)}</a>' if address else words


def _fence(_self: Any, tokens: Any, number: int, *_: Any) -> str:
    return f"<pre><code>{escape_code(tokens[number].content)}</code></pre>"


def safe_address(address: str) -> str:
    """Return an address that a reader may follow, or nothing.

    Allowed are http, https, mailto and places in the page.
    """
    text = address.strip()
    return text if _ADDRESS.fullmatch(text) else ""


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


def latex(text: str, *, is_block: bool = False) -> str:
    """Return a formula as MathML, which browsers draw by themselves; what fails as code."""
    import nh3
    from latex2mathml.converter import convert

    plain = f"<code>{escape(text)}</code>"
    if len(text) > _LATEX_LIMIT:
        return plain
    try:
        made = convert(text, display="block" if is_block else "inline")
    except Exception:  # noqa: BLE001 - whatever a broken formula leads the library to
        return plain
    cleaned: str = nh3.clean(
        made,
        tags=set(_MATH_TAGS),
        attributes={"*": set(_MATH_ATTRIBUTES)},
        url_schemes=set(),
        link_rel=None,
    )
    return cleaned


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
