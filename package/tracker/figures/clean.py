"""HTML that libraries made of untrusted text, made safe to show.

There are two walls: what is not trusted is escaped where it is put together, and what
libraries made of it (Markdown, formulas, HTML tables) goes through Ammonia's allow-list.
In a report the third is the page's Content-Security-Policy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

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
PICTURE: Final = re.compile(r"data:image/(?:png|jpeg|gif|webp|bmp);base64,[A-Za-z0-9+/=\s]+")
_ADDRESS = re.compile(r"(?:https?://|mailto:|#)[^\x00-\x20\x7f]*", re.IGNORECASE)
# A style that loads something, or could hide in an escape that it does.
_LOADING_STYLE = re.compile(r"url|image|src|@|\\|expression|behaviou?r|-moz-", re.IGNORECASE)


def clean_html(html: str) -> str:
    """Return HTML without anything that runs, loads, or could be taken for the page around it."""
    formulas = dict.fromkeys(_MATH_TAGS, _MATH_ATTRIBUTES)
    return _clean(html, _TAGS | _MATH_TAGS, formulas, _kept_attribute)


def clean_math(html: str) -> str:
    """Return MathML without anything else."""
    import nh3

    cleaned: str = nh3.clean(
        html,
        tags=set(_MATH_TAGS),
        attributes={"*": set(_MATH_ATTRIBUTES)},
        url_schemes=set(),
        link_rel=None,
    )
    return cleaned


def clean_page(html: str) -> str:
    """Return logged HTML for a sandbox: its text, tables, pictures inside it, and its styles.

    What it would load or run does not work in a report, and is not there to be tried.
    """
    tags = _TAGS | {"section", "article", "header", "footer", "font", "center"}
    more = {"*": {"style", "class", "align"}, "font": {"color", "size"}}
    return _clean(html, tags, more, _kept_in_page)


def clean_output(html: str) -> str:
    """Return what a notebook's cell showed as HTML, with its drawings, and nothing that runs."""
    tags = _TAGS | _DRAWING_TAGS | {"section", "header", "footer"}
    more = {"*": {"style", "class", "align"} | _DRAWING_ATTRIBUTES}
    return _clean(html, tags, more, _kept_in_page)


def _clean(
    html: str,
    tags: set[str],
    attributes: Mapping[str, set[str]],
    kept: Callable[[str, str, str], str | None],
) -> str:
    """Return HTML with these tags alone, of which each has the usual attributes or its own here."""
    import nh3

    cleaned: str = nh3.clean(
        html,
        tags=tags,
        attributes={**_ATTRIBUTES, **attributes},
        attribute_filter=kept,
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
        return value if PICTURE.fullmatch(value) else None
    if (tag, name) == ("a", "href"):
        return safe_address(value) or None
    return value


def safe_address(address: str) -> str:
    """Return an address that a reader may follow, or nothing.

    Allowed are http, https, mailto and places in the page.
    """
    text = address.strip()
    return text if _ADDRESS.fullmatch(text) else ""
