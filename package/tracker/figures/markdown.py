"""Markdown and formulas as safe HTML, for panels, media and reports alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from tracker.figures.clean import PICTURE, clean_html, clean_math, safe_address
from tracker.figures.formats import escape

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_LATEX_LIMIT = 10_000
_FORMULA_LINES = 200
# As Pandoc and Jupyter read it: "$5 and $6" is no formula.
_INLINE: Final = re.compile(
    r"\$\$(?P<block>(?:\\.|[^\\$])+)\$\$|\$(?!\s)(?P<inline>(?:\\.|[^\\$])+)(?<!\s)\$(?!\d)",
    re.DOTALL,
)
_DISPLAY: Final = re.compile(r"\$\$(?P<block>(?:\\.|[^\\$])+)\$\$\s*", re.DOTALL)
_WEB: Final = re.compile(r"https?://[^\s<>\"'`|]*[^\s<>\"'`|.,;:!?()\[\]{}*_~]", re.IGNORECASE)
_TASK: Final = re.compile(r"\[([ xX])\] ")


def markdown(text: str) -> str:
    """Return Markdown as HTML in which nothing can run: CommonMark, and of GitHub's the rest.

    That is tables, struck text, lists of tasks, addresses as links, and formulas between
    ``$`` and ``$$``. HTML is shown as text. A picture that lies elsewhere, be it on the disk
    or on the network, is neither read nor loaded: a link or its words take its place.
    """
    return clean_html(_renderer().render(text))


def latex(text: str, *, is_block: bool = False) -> str:
    """Return a formula as MathML, which browsers draw by themselves; what fails as code."""
    from latex2mathml.converter import convert

    plain = f"<code>{escape(text)}</code>"
    if len(text) > _LATEX_LIMIT:
        return plain
    try:
        made = convert(text, display="block" if is_block else "inline")
    except Exception:  # noqa: BLE001 - whatever a broken formula leads the library to
        return plain
    return clean_math(made)


@cache
def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    made.validateLink = _is_followed  # type: ignore[method-assign]  # how its authors want it done
    made.inline.ruler.before("escape", "formula", _formula)
    made.block.ruler.before(
        "fence", "formula", _formula_block, {"alt": ["paragraph", "blockquote", "list"]}
    )
    made.core.ruler.push("tasks", _tasks)
    made.core.ruler.push("addresses", _addresses)
    made.add_render_rule("formula", _formula_html)
    made.add_render_rule("task", _task_html)
    made.add_render_rule("image", _image_html)
    made.add_render_rule("fence", _fence_html)
    return made


def _is_followed(url: str) -> bool:
    return bool(safe_address(url)) or bool(PICTURE.fullmatch(url))


# --- what is read beyond CommonMark


def _formula(state: StateInline, silent: bool) -> bool:
    found = _INLINE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("formula", "", 0)
        token.content = found["block"] or found["inline"]
        token.block = found["block"] is not None
    state.pos = found.end()
    return True


def _formula_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a formula that has its lines for itself, before they are taken for lists and rules."""
    place = state.bMarks[start] + state.tShift[start]
    if state.is_code_block(start) or not state.src.startswith("$$", place):
        return False
    for last in range(start, min(end, start + _FORMULA_LINES)):
        line = state.src[state.bMarks[last] + state.tShift[last] : state.eMarks[last]].rstrip()
        if line.endswith("$$") and (last > start or len(line) > 4):
            break
    else:
        return False
    text = state.getLines(start, last + 1, state.blkIndent, False).strip()
    found = _DISPLAY.fullmatch(text)
    if found is None:
        return False
    if not silent:
        token = state.push("formula", "", 0)
        token.content, token.block, token.map = found["block"], True, [start, last + 1]
        state.line = last + 1
    return True


def _tasks(state: StateCore) -> None:
    """Find ``[x]`` at the beginning of a list's item."""
    for before, paragraph, inline in zip(
        state.tokens, state.tokens[1:], state.tokens[2:], strict=False
    ):
        if before.type != "list_item_open" or paragraph.type != "paragraph_open":
            continue
        first = inline.children[0] if inline.children else None
        found = _TASK.match(first.content) if first and first.type == "text" else None
        if first is not None and found is not None and inline.children is not None:
            first.content = first.content[found.end() :]
            inline.children.insert(0, _token("task", found[1].strip()))


def _addresses(state: StateCore) -> None:
    """Make links of addresses in running text."""
    for token in state.tokens:
        if token.type != "inline" or "://" not in token.content:
            continue
        depth = 0
        found: list[Token] = []
        for child in token.children or ():
            depth += {"link_open": 1, "link_close": -1}.get(child.type, 0)
            is_text = child.type == "text" and not depth
            found += _linked(child.content) if is_text else [child]
        token.children = found


def _linked(text: str) -> Iterator[Token]:
    end = 0
    for match in _WEB.finditer(text):
        yield _token("text", text[end : match.start()])
        opening = _token("link_open", "", "a", 1)
        opening.attrs = {"href": match[0]}
        yield from (opening, _token("text", match[0]), _token("link_close", "", "a", -1))
        end = match.end()
    yield _token("text", text[end:])


def _token(kind: str, content: str, tag: str = "", nesting: Literal[-1, 0, 1] = 0) -> Token:
    from markdown_it.token import Token

    return Token(kind, tag, nesting, content=content)


# --- what is written otherwise


def _formula_html(_self: Any, tokens: Any, number: int, *_: Any) -> str:
    token = tokens[number]
    return latex(token.content.strip(), is_block=token.block)


def _task_html(_self: Any, tokens: Any, number: int, *_: Any) -> str:
    # A sign rather than a box: the allow-list has no fields of forms.
    return "☑ " if tokens[number].content else "☐ "


def _image_html(_self: Any, tokens: Any, number: int, *_: Any) -> str:
    token = tokens[number]
    source, words = str(token.attrs.get("src", "")), escape(token.content)
    if PICTURE.fullmatch(source):
        return f'<img src="{escape(source)}" alt="{words}">'
    address = safe_address(source)
    return f'<a href="{escape(address)}">{words or escape(address)}</a>' if address else words


def _fence_html(_self: Any, tokens: Any, number: int, *_: Any) -> str:
    shown = "\n".join(map(escape, tokens[number].content.split("\n")))
    return f"<pre><code>{shown}</code></pre>"
