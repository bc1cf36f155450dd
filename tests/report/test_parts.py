"""Blocks and panels: what they may hold, and their JSON."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tracker.report as wr
from tracker.errors import UsageError
from tracker.report.parts import from_json

BLOCKS = [
    wr.H1("Losses"),
    wr.H2(["a ", wr.InlineCode("b")], collapsed_blocks=[wr.P("folded"), wr.H3("deep", [])]),
    wr.P(["see ", wr.Link("this", "https://example.org"), wr.InlineLatex("x^2")]),
    wr.MarkdownBlock("*a*"),
    wr.BlockQuote("q"),
    wr.CalloutBlock("look"),
    wr.CodeBlock("print(1)", language="sql"),
    wr.LatexBlock("x"),
    wr.HorizontalRule(),
    wr.TableOfContents(),
    wr.UnorderedList(["a", ["b", wr.InlineCode("c")]]),
    wr.OrderedList(["a"]),
    wr.CheckedList([wr.CheckedListItem("a", True)]),
    wr.Gallery([wr.GalleryURL("https://example.org", "t"), wr.GalleryReport("abc")]),
    wr.SQLBlock("select 1", title="one"),
    wr.TableBlock(["a", "b"], [[1, "x"], [None, 2.5]]),
    wr.ArtifactBlock("model:v1", tab="files"),
    wr.Image("https://example.org/a.png", caption="c"),
    wr.PanelGrid(
        runsets=[
            wr.Runset(
                project="p",
                filters={"config.lr": {"$gt": 0.1}},
                groupby=["config.lr", wr.Config("opt")],
                order="-summary.loss,+created_at",
                custom_run_colors={"abc": "#ff0000"},
                run_settings={"abc": wr.RunSettings("teal", disabled=True)},
            )
        ],
        panels=[
            wr.LinePlot(y=["loss", wr.Metric("acc")], range_y=(0, None), smoothing_factor=0.5),
            wr.BarPlot(metrics=["loss"], orientation="v", layout=wr.Layout(0, 0, 24, 8)),
            wr.ScalarChart(metric=wr.SummaryMetric("loss"), groupby_aggfunc="min"),
            wr.ScatterPlot(x=wr.Config("lr"), y="loss", gradient=[wr.GradientPoint("#fff", 10)]),
            wr.ParallelCoordinatesPlot([wr.ParallelCoordinatesPlotColumn("config.lr", log=True)]),
            wr.ParameterImportancePlot(with_respect_to="loss"),
            wr.RunComparer(diff_only=True),
            wr.MediaBrowser(media_keys=["a"], num_columns=3),
            wr.MarkdownPanel("x"),
            wr.RunTable(["config.lr"]),
            wr.CodeComparer(diff="split"),
        ],
    ),
]


def a_report(**fields: Any) -> wr.Report:
    return wr.Report("p", **{"title": "t", "blocks": [b.copy() for b in BLOCKS], **fields})


def test_everything_survives_json() -> None:
    report = a_report(description="d", width="fluid")
    data = report.to_json()
    assert wr.Report.from_json(data) == report
    assert wr.Report.from_json(data).to_json() == data


def test_the_repr_is_the_code_that_makes_it() -> None:
    report = a_report()
    assert eval(repr(report), {name: getattr(wr, name) for name in wr.__all__}) == report


@settings(deadline=None)
@given(st.text(), st.text())
def test_any_text_survives(words: str, url: str) -> None:
    block = wr.P([words, wr.Link(words, url)])
    assert from_json(block.to_json()) == block
    assert eval(repr(block), vars(wr).copy()) == block


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: wr.LinePlot(y="loss"), r"LinePlot\.y is 'loss': expected a list of names of"),
        (lambda: wr.LinePlot(smoothing_factor=1.5), "smoothing_factor is 1.5: expected a number "),
        (lambda: wr.LinePlot(range_x=(2, 1)), "range_x is .*: expected two numbers, the lower"),
        (lambda: wr.LinePlot(range_y=(float("nan"), 1)), "range_y is .*: expected two numbers, or"),
        (lambda: wr.LinePlot(metric_regex="("), r"metric_regex is '\(': expected a regular"),
        (lambda: wr.LinePlot(line_colors={"a": "url(x)"}), "to a colour such as"),
        (lambda: wr.BarPlot(orientation="x"), "orientation is 'x': expected one of 'v', 'h'"),
        (lambda: wr.PanelGrid(panels=[wr.H1("a")]), r"item 0 is H1\(text='a'\)"),
        (lambda: wr.H1(3), "H1.text is 3: expected text, or a list"),
        (lambda: wr.P(["a", 3]), "where 3 is"),
        (lambda: wr.Report(""), "Report.project is '': expected text, not empty"),
        (lambda: wr.Report("p", title="x" * 129), "expected text of at most 128 characters"),
        (lambda: wr.Report("p", width="huge"), "width is 'huge': expected one of 'readable'"),
        (lambda: wr.Runset(filters=3), "Runset.filters is 3: expected a filter such as"),
        (lambda: wr.Runset(limit=True), "Runset.limit is True: expected a whole number"),
        (lambda: wr.Layout(w=25), "Layout.w is 25: expected a whole number, 1 … 24"),
        (lambda: wr.Pin("zz"), "Pin.sha256 is 'zz': expected the SHA-256"),
        (lambda: wr.TableBlock(["a"], [[object()]]), "expected a list of a list of"),
        (lambda: wr.CodeBlock("x", language="cobol"), "language is 'cobol': expected one of"),
        (lambda: wr.Image("/no/such.png"), "which cannot be read: No such file"),
        (lambda: wr.Image(3), "Image.url is 3: expected a file, an address"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(make: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        make()


def test_later_changes_are_checked_too() -> None:
    report = a_report()
    with pytest.raises(UsageError, match="expected a list of blocks"):
        report.blocks = [1]
    with pytest.raises(UsageError, match=r"Report has no 'blok'\. Did you mean 'blocks'\?"):
        report.blok = []


def test_a_document_does_not_make_its_reader_open_files() -> None:
    data = {"type": "Image", "url": "/etc/hostname", "caption": "c"}
    read = from_json(data)
    assert read.url == ""
    assert read.content is None


def test_what_a_newer_version_saved_is_kept() -> None:
    hologram = {"type": "Hologram", "of": {"type": "H1", "text": "x"}}
    grid = {
        "type": "PanelGrid",
        "panels": [{"type": "Orrery", "planets": 8}],
        "runsets": [{"type": "Runset", "moons": 2}],
    }
    data = {"type": "Report", "project": "p", "blocks": [hologram, grid, "odd"], "mood": "blue"}
    report = wr.Report.from_json(data)
    told = report.to_json()
    assert told["blocks"][0] == hologram
    assert told["blocks"][1] == grid
    assert told["mood"] == "blue"


def test_data_that_lack_a_field_are_refused() -> None:
    with pytest.raises(UsageError, match=r"A Link lacks fields: it has to have text, url\."):
        from_json({"type": "Link"})
    with pytest.raises(UsageError, match="expected those of a report"):
        wr.Report.from_json({"type": "H1"})


def test_abstract_parts_are_not_made_from_data() -> None:
    assert from_json({"type": "Panel", "x": 1}) == {"type": "Panel", "x": 1}
    assert from_json({"type": "Block"}) == {"type": "Block"}
