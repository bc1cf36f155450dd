"""Markdown: what of it is drawn, and that nothing in it runs or loads."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.figures.markdown import latex, markdown

PIECES = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
    "[a](javascript:alert(1))", "[a](<data:text/html,<script>x</script>>)", "![a](file:///etc/x)",
    "![a](http://evil.test/a.png)", "![", "](", ")", "[", "](//evil.test)", "javascript:alert(1)",
    "<math><mtext><table><mglyph><style>", "<!--", "-->", "$", "$$", "\\", "`", "```", "\n", "\n\n",
    "- ", "- [x] ", "> ", "|", "|---|\n", "https://e.test/\"'><b>", "www.e.test", "&lt;b&gt;",
    "&#60;", r"\href{javascript:alert(1)}{x}", r"\text{<img src=x>}", r"\frac{1}{2}", "<b",
    " onload=x", "a",
]  # fmt: skip
TAGS = {
    "a", "b", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li",
    "ol", "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
    "math", "mfrac", "mi", "mn", "mo", "mrow", "mstyle", "msub", "msubsup", "msup", "mtext",
}  # fmt: skip
ATTRIBUTES = {"href", "rel", "title", "start", "align", "display", "stretchy"}


class _Found(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def found(html: str) -> _Found:
    parser = _Found()
    parser.feed(html)
    return parser


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_nothing_runs_or_loads(text: str) -> None:
    for tag, attributes in found(markdown(text)).tags:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES
        assert re.match(r"(?:https?://|mailto:|#)", attributes.get("href") or "#", re.IGNORECASE)


def test_a_picture_is_shown_only_if_the_text_holds_it() -> None:
    held = "data:image/png;base64,iVBORw0KGgo="
    assert found(markdown(f"![a]({held})")).tags[1] == ("img", {"src": held, "alt": "a"})
    linked = found(markdown("![a](https://e.test/a.png)")).tags[1]
    assert linked == ("a", {"href": "https://e.test/a.png", "rel": "noopener noreferrer nofollow"})
    assert markdown("![a](/etc/passwd)") == "<p>![a](/etc/passwd)</p>\n"


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("so $a_1 * b$ is", "$a_1 * b$"),
        (r"so $\$5$ is", r"$\$5$"),
        ("so $$a + b$$ is", "$$a + b$$"),
        ("so\n$$\na\n- b\n$$\nis", "$$a\n- b$$"),
        ("> $$a$$\n", "$$a$$"),
        ("- $$\n  a\n  $$\n", "$$a$$"),
        ("| a |\n|---|\n| $x^2$ |\n", "$x^2$"),
    ],
)
def test_formulas(text: str, formula: str) -> None:
    dollars = 2 if formula.startswith("$$") else 1
    assert latex(formula[dollars:-dollars], is_block=dollars == 2) in markdown(text)


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $6", "a $ b $ c", "a$", "$$", "$$$$", "$ $", "$$\na", r"\$a\$", "`$a$`",
        "```\n$a$\n```",         "    $$a$$", "$a$5",
    ],
)  # fmt: skip
def test_what_is_no_formula(text: str) -> None:
    assert "<math" not in markdown(text)


def test_a_formula_that_fails_is_shown_as_code() -> None:
    assert markdown(r"$\left <b>$") == "<p><code>\\left &lt;b&gt;</code></p>\n"
    assert latex("x" * 20_000).startswith("<code>")


def test_lists_of_tasks() -> None:
    html = markdown("- [x] done\n- [ ] *open*\n- [y] no\n\n[x] no")
    assert found(html).text.split("\n") == ["", "☑ done", "☐ open", "[y] no", "", "[x] no", ""]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("see https://e.test/a_b?c=1. And (http://f.test/x)", ["https://e.test/a_b?c=1", "http://f.test/x"]),
        ("[https://e.test](https://f.test)", ["https://f.test"]),
        ("`https://e.test`", []),
        ("<https://e.test/a>", ["https://e.test/a"]),
        ("https:// and ftp://e.test", []),
    ],
)  # fmt: skip
def test_addresses_are_links(text: str, addresses: list[str]) -> None:
    tags = found(markdown(text)).tags
    assert [attributes["href"] for tag, attributes in tags if tag == "a"] == addresses
