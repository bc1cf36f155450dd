"""Reports as notebooks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tracker.report as wr
from tracker.report.markdown_cells import block_markdown, escape_markdown, without_html

from .hostile import hostile_blocks

PLOTLY = "application/vnd.plotly.v1+json"
RUN = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], 4)
where = {"metadata": {"path": sys.argv[2]}}
nbclient.NotebookClient(notebook, timeout=120, resources=where).execute()
nbformat.write(notebook, sys.argv[1])
"""


def a_report() -> wr.Report:
    return wr.Report(
        "digits",
        title="Losses *and* more",
        description="d",
        blocks=[
            wr.TableOfContents(),
            wr.H1("First"),
            wr.P("text"),
            wr.PanelGrid(
                [wr.Runset(order="+config.lr")],
                panels=[
                    wr.LinePlot(y=["loss"]),
                    wr.RunComparer(),
                    wr.MarkdownPanel("note"),
                    wr.MediaBrowser(),
                ],
            ),
            wr.H2("Folded", [wr.CodeBlock("raise SystemExit('never run')"), wr.P("x")]),
            wr.SQLBlock("select name from runs order by name"),
        ],
    )


def codes(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_a_notebook_reads_without_a_kernel(runs: list[str]) -> None:
    notebook = a_report().to_notebook()
    nbformat.validate(notebook)
    first = notebook.cells[0].source
    assert first.startswith("# Losses \\*and\\* more\n\nd")
    setup, opened, plot, comparer, media, table = codes(notebook)
    assert setup.outputs == []
    assert opened.outputs[0].data["text/plain"] == "<3 runs: run-0.1, run-1.0, run-10.0>"
    data = plot.outputs[0].data
    assert data["image/png"].startswith("iVBOR")
    assert [trace["name"] for trace in data[PLOTLY]["data"] if trace["showlegend"]] == [
        "run-0.1",
        "run-1.0",
        "run-10.0",
    ]
    assert "run-10.0" in comparer.outputs[0].data["text/html"]
    assert media.outputs[0].data["text/html"].count("data:image/png") == 3
    assert "run-0.1" in table.outputs[0].data["text/html"]
    assert not any("never run" in cell.source for cell in codes(notebook))
    (folded,) = [cell for cell in notebook.cells if cell.source == "### Folded"]
    assert folded.metadata["jp-MarkdownHeadingCollapsed"] is True


def test_it_runs_again_from_elsewhere(runs: list[str], tmp_path: Path) -> None:
    path = a_report().to_notebook(tmp_path / "r.ipynb")
    before = nbformat.read(path, 4)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {"PATH": "/usr/bin", "HOME": str(tmp_path)}
    python_path = __import__("os").environ.get("PYTHONPATH")
    if python_path:
        environment["PYTHONPATH"] = python_path
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(path), str(elsewhere)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    after = nbformat.read(path, 4)
    for old, new in zip(codes(before), codes(after), strict=True):
        assert [sorted(o.data) for o in new.outputs] == [sorted(o.data) for o in old.outputs]
    old, new = (codes(each)[2].outputs[0].data[PLOTLY]["data"] for each in (before, after))
    assert json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)
    assert codes(after)[1].outputs[0].data == codes(before)[1].outputs[0].data


def test_a_chart_of_many_long_runs_stays_small(store: Path) -> None:
    import numpy as np

    import tracker

    for number in range(12):
        run = tracker.init(project="p", settings={"silent": True, "system_interval_s": 0})
        values = np.random.default_rng(number).normal(size=3000)
        values[1234] = 50.0
        for value in values:
            run.log({"loss": value})
        run.finish()
    grid = wr.PanelGrid(panels=[wr.LinePlot(y=["loss"])])
    plot = codes(wr.Report("p", blocks=[grid]).to_notebook())[2].outputs[0].data
    assert len(json.dumps(plot[PLOTLY])) < 150_000
    import base64

    first = np.frombuffer(base64.b64decode(plot[PLOTLY]["data"][0]["y"]["bdata"]), "f4")
    assert first.max() == 50.0


def test_a_picture_is_an_attachment(store: Path, tmp_path: Path) -> None:
    import numpy as np

    import tracker

    path = tmp_path / "a.png"
    path.write_bytes(tracker.Image(np.zeros((4, 4), dtype=np.uint8)).content)
    notebook = wr.Report("p", blocks=[wr.Image(path, caption="c")]).to_notebook()
    cell = notebook.cells[2]
    assert cell.source.startswith("![c](attachment:picture.png)")
    assert cell.attachments["picture.png"]["image/png"].startswith("iVBOR")


PIECES = ["<", "`", "``", "```", "~~~", "\\", " ", "\n", "    ", "a", "*", "[", "](", ")", "|", "#"]
PIECES += [">", "!", "- ", "http://e.test/", "www.e.test", "&", "|---|\n", "$"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_no_tag_survives_in_markdown(text: str) -> None:
    """As readers see it that let HTML through, by CommonMark and by what nbconvert uses."""
    import mistune
    from markdown_it import MarkdownIt

    nbconvert = mistune.create_markdown(escape=False, plugins=["strikethrough", "table", "url"])
    hostile = f"{text}<img src=x onerror=alert(1)>{text}"
    block = wr.P([hostile, wr.InlineCode(hostile)])
    for source in (without_html(hostile), escape_markdown(hostile), block_markdown(block)):
        assert "<img src=x" not in MarkdownIt("commonmark", {"html": True}).render(source)
        assert "<img src=x" not in nbconvert(source)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    from html.parser import HTMLParser

    from markdown_it import MarkdownIt

    words = " ".join("".join(c for c in text if c.isprintable()).split())
    shown: list[str] = []
    parser = HTMLParser()
    parser.handle_data = shown.append  # type: ignore[method-assign]
    parser.feed(MarkdownIt("commonmark", {"html": True}).render(escape_markdown(words)))
    assert "".join(shown).strip() == words


@pytest.mark.lab
def test_hostile_text_does_nothing_after_nbconvert(
    hostile: Path, look: Any, tmp_path: Path
) -> None:
    path = wr.Report("p", title="t", blocks=hostile_blocks(plots=3)).to_notebook(
        tmp_path / "h.ipynb"
    )
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--template", "basic", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    looked = look(path.with_suffix(".html"), offline=True)
    assert looked.page.evaluate("window.hit") is None
    assert not [each for each in looked.problems if each.startswith("dialog")]
    assert looked.page.locator("base, meta[http-equiv=refresh]").count() == 0
    assert looked.page.locator("[onerror], [onload], [ontoggle], [onfocus]").count() == 0
