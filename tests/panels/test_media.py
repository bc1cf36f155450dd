"""Panels of media: what a page is told, and which files it gets."""

from __future__ import annotations

import base64
import io
import json
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pil

import tracker
from tracker.panels.media.items import describe, flat
from tracker.panels.media.shown import show
from tracker.panels.page.board import Board
from tracker.panels.run_panel import RunPanel
from tracker.panels.run_source import RunSource
from tracker.panels.workspace.project_source import ProjectSource
from tracker.run.run import Run
from tracker.store.files.objects import Objects

from .conftest import Page

HAS_ALL = {"app": True, "plotly": True}
EXAMPLE = Path(__file__).parents[1] / "examples" / "all_media.py"
FIGURES = ("weights", "cloud", "molecule", "network", "plotly", "roc")


def numbers(packed: dict | list) -> np.ndarray:
    """Return an array of a figure, which travels as Base64."""
    if isinstance(packed, list):
        return np.array(packed)
    return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"]).astype(float)


class Shown:
    """The panel of a run or project on a page, and its media panels by key."""

    def __init__(self, board: Board, page: Page, *keys: str) -> None:
        self.board, self.page = board, page
        self.ids = [f"media/media/{key}" for key in keys]
        board.greet("p", page.client, HAS_ALL)
        self.hear({"type": "view", "visible": self.ids, "hidden": False})

    def hear(self, message: dict) -> None:
        self.page.take()
        self.board.hear(self.page.client, message)

    def ask(self, key: str, **question: object) -> dict:
        self.hear({"type": "ask", "panel": f"media/media/{key}", **question})
        return self.content(key)

    def content(self, key: str) -> dict:
        found = [c for c in self.page.of("drawn") if c["panel"] == f"media/media/{key}"]
        assert [c["renderer"] for c in found] == ["media"], found
        return found[0]["content"]

    def large(self, key: str, item: dict) -> str:
        for content, buffers in self.page.messages:
            if content["type"] == "drawn" and content["panel"] == f"media/media/{key}":
                return buffers[item["large"]].decode()
        raise AssertionError(key)

    def files(self, *names: object) -> dict[str, bytes]:
        self.hear({"type": "files", "names": list(names)})
        found: dict[str, bytes] = {}
        for content, buffers in self.page.messages:
            if content["type"] == "files":
                found |= dict(zip(content["names"], buffers, strict=True))
        return found


@pytest.fixture(scope="module")
def example() -> dict:
    return runpy.run_path(str(EXAMPLE))


@pytest.fixture
def logged(begin, example) -> Run:
    run = begin(name="one")
    example["log_all"](run, rows=40)
    run.flush()
    return run


def on_run(root: Path, run: Run, page: Page, *keys: str) -> Shown:
    return Shown(Board(root, RunSource(run.project, run.id), lambda: None), page, *keys)


def on_project(root: Path, page: Page, *keys: str) -> Shown:
    return Shown(Board(root, ProjectSource("digits"), lambda: None), page, *keys)


# -- which panels there are


def test_each_key_gets_a_panel_in_its_section_but_not_the_table_of_a_chart(
    root: Path, begin, page: Page, logged: Run
) -> None:
    logged.log({"alone": tracker.Text("x"), "_secret": tracker.Text("x"), "plain": {"a": 1}})
    logged.flush()
    Board(root, RunSource("digits", logged.id), lambda: None).greet("p", page.client, HAS_ALL)
    (listed,) = page.of("views")
    titles = {(spec["section"], spec["title"]) for spec in listed["views"]}
    assert titles == {
        *(("media", key) for key in ("images", "sound", "film", "clip", "table", "page")),
        *(("media", key) for key in (*FIGURES, "drawing", "altair", "bokeh", "text")),
        ("Media", "alone"),
    }
    assert len(listed["views"]) == len(titles)


def test_a_workspace_places_them_behind_the_curves_of_their_section(
    root: Path, page: Page, logged: Run
) -> None:
    Board(root, ProjectSource("digits"), lambda: None).greet("p", page.client, HAS_ALL)
    (layout,) = page.of("layout")
    names = {section["name"]: section["panels"] for section in layout["sections"]}
    assert list(names) == ["Charts", "media"]
    (images,) = (spec for spec in names["media"] if spec["id"] == "media/media/images")
    assert (images["kind"], images["key"], images["title"]) == ("media", "media/images", "images")


# -- images


def test_images_come_with_all_their_steps_and_what_lies_over_them(
    root: Path, page: Page, logged: Run
) -> None:
    shown = on_run(root, logged, page, "images")
    content = shown.content("images")
    assert (content["kind"], content["steps"], content["step"]) == ("image", [0, 1, 2], 2)
    assert [(cell["run"], cell["step"], len(cell["items"])) for cell in content["cells"]] == [
        (logged.id, step, 2) for step in range(3)
    ]
    item = content["cells"][0]["items"][0]
    assert (item["caption"], item["width"], item["format"]) == ("discs 0", 96, "png")
    assert item["boxes"][0]["place"] == pytest.approx(
        [20 / 96, 12 / 96, 40 / 96, 40 / 96], abs=1e-5
    )
    assert item["boxes"][0]["label"] == "cat"
    assert item["boxes"][1]["scores"] == [("sure", 0.4)]
    (mask,) = item["masks"]
    assert (mask["name"], mask["labels"]) == ("truth", {"1": "cat", "2": "dog"})
    files = shown.files(item["sha"], item["thumb"]["sha"], mask["sha"], f"{item['sha']}/thumb")
    assert files[item["sha"]].startswith(b"\x89PNG")
    assert files[item["thumb"]["sha"]].startswith(b"\xff\xd8")
    assert files[f"{item['sha']}/thumb"].startswith(b"\xff\xd8")
    assert len(files[item["thumb"]["sha"]]) < item["size"] / 2


def test_runs_stand_beside_each_other(root: Path, begin, page: Page, logged: Run, example) -> None:
    other = begin(name="two")
    example["log_all"](other, steps=2, shift=9, rows=4)
    other.flush()
    content = on_project(root, page, "images").content("images")
    assert {run["name"] for run in content["runs"]} == {"one", "two"}
    assert {cell["run"] for cell in content["cells"]} == {logged.id, other.id}


def test_the_baseline_comes_first_even_where_it_is_hidden(
    root: Path, begin, page: Page, logged: Run, example
) -> None:
    other = begin(name="two")
    example["log_all"](other, steps=2, shift=9, rows=4)
    other.flush()
    shown = on_project(root, page, "images")
    content = shown.content("images")
    assert (content["runs"][0]["name"], content["baseline"]) == ("two", None)
    for hidden in ([], [logged.id]):
        runset = {"baseline": logged.id, "hidden": hidden}
        shown.hear({"type": "workspace", "patch": {"runset": runset}})
        if not hidden:
            content = shown.content("images")
        assert [run["name"] for run in content["runs"]] == ["one", "two"]
        assert content["baseline"] == logged.id


def test_a_new_image_reaches_the_page_and_nothing_else_is_sent_again(
    root: Path, page: Page, logged: Run, example
) -> None:
    shown = on_run(root, logged, page, "images", "film", "text")
    page.take()
    logged.log({"media/images": [example["picture"](9, 0)]})
    logged.flush()
    shown.board.mark({"media/images"})
    shown.board.push()
    assert [c["panel"] for c in page.of("drawn")] == ["media/media/images"]
    assert shown.content("images")["cells"][-1]["items"][0]["caption"] == "discs 9"


def test_too_many_steps_come_as_a_window(root: Path, begin, page: Page, monkeypatch) -> None:
    monkeypatch.setattr("tracker.panels.views.media.MOST_VALUES", 10)
    run = begin()
    for step in range(50):
        run.log({"media/x": tracker.Image(np.full((2, 2), step, np.uint8))})
    run.flush()
    shown = on_run(root, run, page, "x")
    steps = [cell["step"] for cell in shown.content("x")["cells"]]
    assert steps == list(range(44, 50))
    content = shown.ask("x", step=20)
    assert content["step"] == 20
    assert [cell["step"] for cell in content["cells"]] == list(range(15, 26))
    assert content["steps"] == list(range(50))


# -- the rest


def test_the_kernel_draws_figures(root: Path, page: Page, logged: Run) -> None:
    shown = on_run(root, logged, page, *FIGURES)
    for key in FIGURES:
        (cell,) = shown.content(key)["cells"]
        (item,) = cell["items"]
        assert item["view"] == "figure", (key, item)
        figure = json.loads(shown.large(key, item))
        assert figure["data"], key
        assert isinstance(figure["layout"], dict)


def test_histograms_stand_where_define_metric_says(root: Path, page: Page, begin) -> None:
    run = begin()
    run.define_metric("media/*", step_metric="epoch")
    run.log({"media/grad": tracker.Histogram([0.0, 1.0])})  # the first epoch that there is: 0
    for epoch in (10, 20, 30):
        run.log({"epoch": epoch})
        run.log({"loss": 1 / epoch})
        run.log({"media/grad": tracker.Histogram([epoch, epoch + 1.0])})
    run.log({"media/grad": tracker.Histogram([5.0, 6.0])})  # still in the last epoch
    run.flush()
    shown = on_run(root, run, page, "grad")
    (cell,) = shown.content("grad")["cells"]
    figure = json.loads(shown.large("grad", cell["items"][0]))
    heat, *lines = figure["data"]
    assert numbers(heat["x"]) == pytest.approx([-5, 5, 15, 25, 35])
    assert numbers(lines[0]["x"]) == pytest.approx([0, 10, 20, 30])
    assert numbers(lines[2]["y"])[-1] == pytest.approx(5.5, abs=0.5)
    assert figure["layout"]["xaxis"]["title"]["text"] == "epoch"
    over = tracker.chart("distribution", run.id, key="media/grad", dir=root)
    assert numbers(over.to_plotly_json()["data"][1]["x"]) == pytest.approx([0, 10, 20, 30])


def test_histograms_are_one_picture_of_all_steps_or_that_of_one(
    root: Path, page: Page, logged: Run
) -> None:
    shown = on_run(root, logged, page, "weights")
    content = shown.content("weights")
    assert content["is_over_steps"]
    (cell,) = content["cells"]
    heat, *lines = json.loads(shown.large("weights", cell["items"][0]))["data"]
    assert numbers(heat["x"]) == pytest.approx([-0.5, 0.5, 1.5, 2.5])
    assert numbers(heat["z"]).reshape(60, 3).sum(axis=0) == pytest.approx(np.ones(3))
    assert [line["name"] for line in lines] == ["5%", "25%", "50%", "75%", "95%"]
    content = shown.ask("weights", step=1)
    assert not content["is_over_steps"]
    (cell,) = content["cells"]
    (line,) = json.loads(shown.large("weights", cell["items"][0]))["data"]
    assert line["name"] == "one"
    assert "step 1" in line["hovertemplate"]


def test_histograms_of_runs_stand_on_one_scale(
    root: Path, begin, page: Page, logged: Run, example
) -> None:
    other = begin(name="two")
    example["log_all"](other, steps=2, shift=9, rows=4)
    other.flush()
    shown = on_project(root, page, "weights")
    for step in (1, 2, None):
        (cell,) = shown.ask("weights", step=step)["cells"]
        data = json.loads(shown.large("weights", cell["items"][0]))["data"]
        kind = "heatmap" if step is None else "scatter"
        names = {
            trace["name"] for trace in data if trace["type"] == kind and "%" not in trace["name"]
        }
        assert len(names) == 2, step


def test_a_page_is_for_a_sandbox_and_a_text_is_text(root: Path, page: Page, logged: Run) -> None:
    shown = on_run(root, logged, page, "page", "text")
    item = shown.content("page")["cells"][0]["items"][0]
    assert (item["view"], item["scripts"]) == ("page", False)
    assert shown.large("page", item).startswith(
        "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" "
        "content=\"default-src 'none';"
    )  # fmt: skip
    item = shown.content("text")["cells"][0]["items"][0]
    assert item["view"] == "text"
    assert "<b>there</b>" in shown.large("text", item)


def test_charts_bring_their_library_into_the_sandbox(
    root: Path, page: Page, logged: Run, monkeypatch
) -> None:
    shown = on_run(root, logged, page, "altair", "bokeh")
    for key, mark in (("altair", "window.vegaEmbed="), ("bokeh", "Bokeh")):
        item = shown.content(key)["cells"][0]["items"][0]
        assert (item["view"], item["scripts"]) == ("page", True)
        text = shown.large(key, item)
        assert mark in text
        assert "default-src 'none'" in text[:200]
        assert "https://cdn." not in re.sub(r"<script[^>]*>.*?</script>", "", text, flags=re.DOTALL)
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    item = shown.ask("altair")["cells"][0]["items"][0]
    assert item["view"] == "text"
    assert "run `pip install 'notebook-tracker[media]'`. Its specification:" in item["note"]
    assert json.loads(shown.large("altair", item))["mark"] == {"type": "bar"}


def test_sound_is_played_as_browsers_can(root: Path, page: Page, logged: Run) -> None:
    shown = on_run(root, logged, page, "sound")
    item = shown.content("sound")["cells"][-1]["items"][0]
    assert (item["sample_rate"], item["duration_s"]) == (8000, 1.0)
    (content,) = shown.files(f"{item['sha']}/sound").values()
    assert content[:4] == b"RIFF"
    assert int.from_bytes(content[34:36], "little") == 16


# -- tables


def test_a_table_is_sorted_filtered_grouped_and_projected(
    root: Path, page: Page, logged: Run
) -> None:
    shown = on_run(root, logged, page, "table")
    item = shown.content("table")["cells"][0]["items"][0]
    assert [column["kind"] for column in item["columns"]] == [
        "number", "image", "text", "number", "vector",
    ]  # fmt: skip
    assert (item["total"], item["matched"], len(item["rows"])) == (40, 40, 40)
    assert item["rows"][3][2]["kind"] == "image"
    assert len(shown.files(item["rows"][3][2]["sha"])) == 1

    def table(**wish: object) -> dict:
        return shown.ask("table", table=wish)["cells"][0]["items"][0]

    item = table(sort=["score", "desc"], **{"from": 0, "to": 5})
    scores = [row[4] for row in item["rows"]]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 5
    assert table(filter="guess: dog")["matched"] == 13
    assert table(filter="nothing like it")["rows"] == []
    groups = table(group="guess")["groups"]
    assert [(name, count) for name, count, _ in groups] == [("cat", 14), ("dog", 13), ("owl", 13)]
    assert groups[0][2][0] == pytest.approx(19.5)
    item = table(project="vector", colour="guess")
    figure = json.loads(shown.large("table", item))
    assert sorted(trace["name"] for trace in figure["data"]) == ["cat", "dog", "owl"]
    assert sum(len(trace["x"]) for trace in figure["data"]) == 40


def test_missing_values_come_last_and_mixed_columns_are_compared_as_text(
    root: Path, begin, page: Page
) -> None:
    rows = [[None, "b"], [3.0, 1], [float("nan"), None], [-1.0, "a"]]
    run = begin()
    run.log({"media/t": tracker.Table(["n", "m"], rows, allow_mixed_types=True)})
    run.flush()
    shown = on_run(root, run, page, "t")

    def order(column: str, way: str) -> list[int]:
        content = shown.ask("t", table={"sort": [column, way]})
        return [row[0] for row in content["cells"][0]["items"][0]["rows"]]

    assert order("n", "asc")[:2] == [3, 1]
    assert order("n", "desc")[:2] == [1, 3]
    assert order("m", "desc") == [0, 3, 1, 2]


def test_increments_and_joins_are_tables_too(root: Path, begin, page: Page) -> None:
    run = begin()
    grown = tracker.Table(columns=["a"], log_mode="INCREMENTAL")
    for number in range(3):
        grown.add_data(number)
        run.log({"media/grown": grown})
    one = tracker.Table(columns=["id", "x"], data=[["a", 1], ["b", 2]])
    other = tracker.Table(columns=["id", "y"], data=[["b", 5], ["c", 6]])
    run.log({"media/joined": tracker.JoinedTable(one, other, "id")})
    run.flush()
    shown = on_run(root, run, page, "grown", "joined")
    item = shown.content("grown")["cells"][0]["items"][0]
    assert [row[1] for row in item["rows"]] == [0, 1, 2]
    item = shown.content("joined")["cells"][0]["items"][0]
    assert [column["name"] for column in item["columns"]] == ["id_1", "x", "id_2", "y"]
    assert [row[1:] for row in item["rows"]] == [["b", 2, "b", 5]]


# -- without a kernel


def test_a_saved_notebook_shows_the_last_images_within_its_limit(
    root: Path, begin, logged: Run, example
) -> None:
    random = np.random.default_rng(0)
    noise = [random.integers(0, 256, (300, 300, 3), dtype=np.uint8) for _ in range(20)]
    logged.log({f"noise/{at}": tracker.Image(noise[at], caption="<b>x</b>") for at in range(20)})
    logged.finish()
    html = RunPanel(root, "digits", logged.id, live=False).static_html()
    assert len(html.encode()) < 100_000
    assert 4 <= html.count('src="data:image/jpeg;base64,') <= 12
    assert "media/images · discs 2" in html
    assert "<b>x" not in html
    found = re.findall(r"data:image/jpeg;base64,([^\"]+)", html)
    assert Pil.open(io.BytesIO(base64.b64decode(found[0]))).size == (96, 96)


# -- what is not to be trusted


BAD_NAMES = [
    "../../etc/passwd",
    "0" * 63,
    "/etc/passwd",
    "",
    None,
    7,
    "*" * 64,
    f"{'0' * 64}/thumb",
]


def test_only_objects_of_the_store_are_sent(root: Path, page: Page, logged: Run) -> None:
    shown = on_run(root, logged, page)
    assert shown.files(*BAD_NAMES) == {}
    (answer,) = page.of("files")
    assert set(answer["lost"]) == set(map(str, BAD_NAMES))
    assert all("There is no object" in reason for reason in answer["lost"].values())


def test_a_lost_or_damaged_file_is_a_sentence_on_the_panel(
    root: Path, page: Page, logged: Run
) -> None:
    for key in ("text", "cloud", "table"):
        reference = tracker.Api(root).run(logged.id).scan_history([f"media/{key}"])
        sha = next(row[f"media/{key}"]["sha256"] for row in reference)
        path = root / "objects" / sha[:2] / sha[2:]
        path.unlink() if key == "text" else path.write_bytes(b"damaged")
    shown = on_run(root, logged, page, "text", "cloud", "table", "page")
    for key, sentence in (("text", "no object"), ("cloud", "cannot be read"), ("table", "read")):
        item = shown.content(key)["cells"][0]["items"][0]
        assert item["view"] == "trouble"
        assert sentence in item["text"]
    assert shown.content("page")["cells"][0]["items"][0]["view"] == "page"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["_type", "sha256", "items", "boxes", "masks", "box_data", "position", "minX", "minY",
             "maxX", "maxY", "middle", "width", "height", "domain", "scores", "class_id", "classes",
             "class_labels", "thumbnail", "caption", "columns", "spec", "table", "values", "bins"]
        ),
        inner, max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


KINDS = [
    "image-file",
    "table-file",
    "custom-chart",
    "x",
    "object3D-file",
    "histogram",
    "media-list",
]


@settings(max_examples=200, deadline=None)
@given(reference=JSON, kind=st.sampled_from(KINDS))
def test_any_reference_is_described_without_an_error(reference, kind) -> None:
    given_reference = {**reference, "_type": kind} if isinstance(reference, dict) else reference
    for one in flat(given_reference):
        json.dumps(describe(one), allow_nan=False)
        item = show(one, Objects(Path("/nowhere")), {})
        assert item["view"] in ("trouble", "figure")


def test_a_pixel_of_another_type_and_huge_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    digest = objects.put_bytes(b"x")
    item = show({"_type": "html-file", "sha256": digest, "size": 10**9}, objects, {})
    assert "too large to be shown here (1,000 MB)" in item["text"]
    item = show({"_type": "unheard-of", "sha256": digest}, objects, {})
    assert "kept but not shown here" in item["text"]
