from __future__ import annotations

import io
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import UsageError
from tracker.media.html import Html, sandboxed


def test_text_is_kept_with_a_style_before_it() -> None:
    page = Html("<h1>Hello</h1>").html
    assert page.endswith("<h1>Hello</h1>")
    assert '<base target="_blank">' in page
    assert "http" not in page


def test_inject_false_passes_through() -> None:
    assert Html("  <h1>Hello</h1>\r\n", inject=False).html == "  <h1>Hello</h1>\r\n"


@pytest.mark.parametrize(
    ("page", "begins"),
    [
        ("<html><head><title>t</title></head></html>", "<html><head><base"),
        ('<HTML lang="en"><HEAD class="x"></HEAD></HTML>', '<HTML lang="en"><HEAD class="x"><base'),
        ("<html><body>b</body></html>", "<html><head><base"),
    ],
)
def test_the_style_goes_into_the_head(page, begins) -> None:
    assert Html(page).html.startswith(begins)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes("<p>é</p>".encode("utf-8-sig"))
    assert Html(str(path), inject=False).html == "<p>é</p>"
    assert Html(path, inject=False).html == "<p>é</p>"
    with path.open() as file:
        assert Html(file, inject=False).html == "<p>é</p>"
    assert Html(io.StringIO("<p>"), inject=False).html == "<p>"
    assert Html(io.BytesIO(b"<p>"), inject=False).html == "<p>"
    assert Html(b"<p>", inject=False).html == "<p>"


def test_data_is_not_path(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("page.html").write_text("<p>file</p>")
    assert Html("page.html", inject=False).html == "<p>file</p>"
    assert Html("page.html", inject=False, data_is_not_path=True).html == "page.html"


def test_a_page_that_mentions_html_files_is_no_path() -> None:
    assert Html("<a href=x>see x.html", inject=False).html == "<a href=x>see x.html"


@pytest.mark.parametrize(
    ("given_data", "sentence"),
    [
        ("missing.html", "missing.html cannot be used: No such file"),
        (Path("missing.html"), "missing.html cannot be used"),
        (5, "data must be a string or an io object"),
        (None, "data must be a string or an io object"),
        (b"\xff\xfe", "not UTF-8"),
        (io.BytesIO(b""), "empty file"),
    ],
)
def test_what_is_none_is_told_in_a_sentence(given_data, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        Html(given_data)


def test_a_directory_and_a_device_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no regular file"):
        Html(tmp_path)
    with pytest.raises(UsageError, match="no regular file"):
        Html(Path("/dev/zero"))


@given(st.text())
def test_comes_back_as_it_was(keep_many, page: str) -> None:
    logged = Html(page, data_is_not_path=True, inject=False)
    read = keep_many(logged)
    assert read == logged
    assert read.to_value().encode() == page.encode(errors="replace")


# --- the sandbox


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))


ATTACKS = [
    "<script>parent.document.title='owned'</script>",
    "<img src=x onerror=alert(1)>",
    "</iframe><script>alert(1)</script>",
    '"></iframe><script>alert(1)</script>',
    "' onload='alert(1)",
    "<svg/onload=alert(1)>",
    '<!--<html><head><meta http-equiv=Content-Security-Policy content="default-src *">',
    "\0<script>",
    "&quot;><script>",
]


@pytest.mark.parametrize("page", ATTACKS)
@pytest.mark.parametrize("scripts", [False, True])
def test_nothing_escapes_the_frame(page: str, scripts: bool) -> None:
    tags = Tags(sandboxed(page, scripts=scripts)).tags
    assert [tag for tag, _ in tags] == ["iframe"]
    attributes = tags[0][1]
    assert attributes["sandbox"] == ("allow-scripts" if scripts else "")
    assert set(attributes) == {
        "sandbox", "referrerpolicy", "loading", "title", "style", "srcdoc",
    }  # fmt: skip


@given(st.text())
def test_the_frame_holds_the_page_behind_its_policy(page: str) -> None:
    tags = Tags(sandboxed(page)).tags
    inside = tags[0][1]["srcdoc"] or ""
    head, _, rest = inside.partition("form-action 'none'; base-uri 'none'\">")
    assert head.startswith('<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Sec')
    assert "default-src 'none'" in head
    assert "script-src" not in head
    assert rest == page or unescape(rest) == unescape(page)


def test_a_title_cannot_break_out() -> None:
    tags = Tags(sandboxed("x", title='"><script>alert(1)</script>')).tags
    assert [tag for tag, _ in tags] == ["iframe"]


def test_the_policy_lets_nothing_in_from_outside() -> None:
    for scripts in (False, True):
        policy = re.search(r"content=&quot;(.*?)&quot;", sandboxed("", scripts=scripts))
        assert policy is not None
        sources = policy[1].replace("&#x27;", "'")
        assert "*" not in sources
        assert "http" not in sources
        assert "allow-same-origin" not in sandboxed("", scripts=scripts)


def test_is_shown_in_the_sandbox() -> None:
    shown = Html("<script>alert(1)</script>")._repr_html_()
    assert [tag for tag, _ in Tags(shown).tags] == ["iframe"]
