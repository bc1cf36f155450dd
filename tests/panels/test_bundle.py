from __future__ import annotations

import re
import zlib
from importlib import resources

from tracker.panels.page import bundle

SOURCES = {path.name: path.read_text() for path in bundle.STATIC.glob("*.js")}


def test_every_module_comes_after_what_it_imports() -> None:
    names = [name for name, _ in bundle.app_files()]
    assert names[0] == "style.css"
    assert names[-1] == "app.js"
    for place, (name, text) in enumerate(bundle.app_files()[1:], start=1):
        for needed in re.findall(r'from "\./([\w.]+)"', text):
            assert needed in names[:place], f"{name} comes before {needed}"


def test_every_file_is_sent_but_the_loader() -> None:
    assert set(bundle.STYLES) == {path.name for path in bundle.STATIC.glob("*.css")}
    sent = {name for name, _ in bundle.app_files()}
    assert sent == (SOURCES.keys() - {"loader.js"}) | {"style.css"}


def test_the_loader_is_small_and_the_file_s_code() -> None:
    assert len(bundle.loader()) < 1500
    squeezed = re.sub(r"\s+", "", re.sub(r"^\s*//.*$", "", SOURCES["loader.js"], flags=re.M))
    assert re.sub(r"\s+", "", bundle.loader()) == squeezed


def test_no_module_turns_text_into_markup_or_code() -> None:
    for name, text in SOURCES.items():
        found = re.findall(
            r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function)", text
        )
        assert not found, f"{name} uses {found}"


def test_nothing_is_fetched_from_elsewhere() -> None:
    for name, text in bundle.app_files():
        assert not re.findall(r"https?://(?!www\.w3\.org/(?:2000/svg|1998/Math))", text), name
        assert "fetch(" not in text, name


def test_plotly_is_sent_packed() -> None:
    packed = bundle.plotly_gzip()
    source = resources.files("plotly").joinpath("package_data/plotly.min.js").read_bytes()
    assert zlib.decompress(packed, 31) == source
    assert len(packed) < 2_000_000
