"""What lies over images, and other media, in a report's page."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
import tracker.report as wr
from tracker.figures.colours import CLASS_COLOURS, class_colour
from tracker.figures.still import to_svg
from tracker.panels.page import bundle
from tracker.report.drawing import draw
from tracker.report.pinning import source_of
from tracker.report.scene import Scene

from .hostile import SETTINGS

NAMES = {0: "road", 1: "cat", 2: "dog"}
BARS = {"mark": "bar", "data": {"values": [{"a": 1}]}, "encoding": {"x": {"field": "a"}}}


def a_box(number: int, left: float, score: float, **more: Any) -> dict[str, Any]:
    place = {"minX": left, "maxX": left + 0.25, "minY": 0.5, "maxY": 0.75}
    return {"position": place, "class_id": number, "scores": {"sure": score}, **more}


@pytest.fixture
def images(store: Path) -> str:
    """The page of a run that has logged an image with boxes and a mask at two steps."""
    mask = np.zeros((20, 40), dtype=np.uint8)
    mask[:10, :20], mask[10:, 20:] = 1, 2
    with tracker.init("m", "run", settings=SETTINGS) as run:
        for step in range(2):
            boxes = [a_box(1, 0.0, 0.9), a_box(2, 0.5, 0.4, box_caption="<dog>")]
            run.log(
                {
                    "seen": tracker.Image(
                        np.full((200, 400, 3), 90, dtype=np.uint8),
                        caption=f"at {step}",
                        boxes={"told": {"box_data": boxes, "class_labels": NAMES}},
                        masks={"true": {"mask_data": mask, "class_labels": {1: "cat", 2: "dog"}}},
                    )
                }
            )
    panel = wr.MediaBrowser(media_keys=["seen"], num_columns=1)
    return str(wr.Report("m", blocks=[wr.PanelGrid(panels=[panel])]).to_html())


@pytest.mark.lab
def test_boxes_and_masks_lie_over_images(images: str, look: Any) -> None:
    looked = look(images, offline=True)
    page = looked.page
    shot = page.locator(".shot.now")
    image, cat, dog = (
        shot.locator(each) for each in ("img >> nth=0", ".box >> nth=0", ".box >> nth=1")
    )
    whole, left, right = (each.bounding_box() for each in (image, cat, dog))
    for box, at in ((left, 0.0), (right, 0.5)):
        assert box["x"] - whole["x"] == pytest.approx(at * whole["width"], abs=1)
        assert box["y"] - whole["y"] == pytest.approx(0.5 * whole["height"], abs=1)
        assert box["width"] == pytest.approx(0.25 * whole["width"], abs=1)
    assert dog.inner_text() == "<dog>"
    for layer in shot.locator(".mask").all():
        assert layer.bounding_box() == pytest.approx(whole, abs=1)

    def colours() -> list[list[int]]:
        """Return the colours of what is seen at a place of each quarter, apart from boxes."""
        return page.evaluate(
            """async ([width, height]) => {
                const canvas = new OffscreenCanvas(4, 4);
                const context = canvas.getContext("2d");
                context.imageSmoothingEnabled = false;
                for (const img of document.querySelectorAll(".shot.now img"))
                    if (img.offsetWidth) context.drawImage(img, 0, 0, 4, 4);
                const at = (x, y) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3);
                return [at(0, 0), at(3, 0), at(0, 3), at(3, 3)];
            }""",
            [4, 4],
        )

    def mixed(number: str) -> list[int]:
        colour = bytes.fromhex(class_colour(number)[1:])
        return [round(90 + (part - 90) * 120 / 255) for part in colour]

    def assert_seen(*wanted: list[int]) -> None:
        np.testing.assert_allclose(colours(), wanted, atol=2)

    grey = [90, 90, 90]
    assert_seen(mixed("1"), grey, grey, mixed("2"))
    bar = page.get_by_role("group", name="Classes")
    assert bar.get_by_role("button").all_inner_texts() == ["cat", "dog"]
    bar.get_by_role("button", name="cat").click()
    assert not cat.is_visible()
    assert dog.is_visible()
    assert_seen(grey, grey, grey, mixed("2"))
    bar.get_by_role("button", name="cat").click()
    bar.get_by_role("slider").fill("0.5")
    assert cat.is_visible()
    assert not dog.is_visible()
    page.locator(".slider input").press("ArrowLeft")
    assert page.locator(".shot.now figcaption").inner_text().endswith("at 0")
    assert page.locator(".shot.now .box:visible").count() == 1
    assert looked.problems == []


def test_classes_have_the_colours_of_live_panels() -> None:
    text = (bundle.STATIC / "picture.js").read_text()
    listed = re.search(r"const COLOURS = (\[.*?\]);", text, re.DOTALL)
    assert listed is not None
    assert json.loads(listed[1].replace(",\n]", "]")) == list(CLASS_COLOURS)
    assert class_colour("12") == CLASS_COLOURS[2]
    assert (
        class_colour("cat") == CLASS_COLOURS[((7 * 31 + 99) * 31 * 31 + 97 * 31 + 116) % 9973 % 10]
    )


@pytest.mark.parametrize("harm", ["sha256", "masks", "boxes"])
def test_what_is_damaged_is_left_out(store: Path, harm: str) -> None:
    with tracker.init("m", "run", settings=SETTINGS) as run:
        mask = {"mask_data": np.ones((4, 4), dtype=np.uint8)}
        box = {"box_data": [a_box(1, 0.0, 0.9)]}
        picture = tracker.Image(np.zeros((4, 4)), masks={"a": mask}, boxes={"b": box})
        run.log({"seen": picture})
    (value,) = wr.Report("m").runs()._scene.sources[0].media(["seen"])  # noqa: SLF001
    held = {"sha256": value.value["masks"]["a"]["sha256"], "masks": {"a": 3}, "boxes": {"b": [1]}}
    from tracker.report.drawing.media_html import show

    objects = wr.Report("m").objects
    damaged = {**value.value, harm: held[harm]} if harm != "sha256" else value.value
    if harm == "sha256":
        objects.path(held["sha256"]).write_bytes(b"no picture")
    shown = show(damaged, objects)
    assert shown.html.count("<img") == (2 if harm == "boxes" else 1)
    assert shown.html.count('class="box"') == (0 if harm == "boxes" else 1)


def test_histograms_are_drawn_over_their_steps_and_charts_as_pictures(store: Path) -> None:
    with tracker.init("m", "run", settings=SETTINGS) as run:
        for step in range(4):
            run.log({"moving": tracker.Histogram([step, step + 1.0, step + 2.0])}, step=step)
        run.log({"still": tracker.Histogram([1.0, 2.0]), "bars": tracker.Vega(BARS)}, step=3)
    runs = wr.Report("m").runs()
    panel = wr.MediaBrowser(media_keys=["moving", "still", "bars"])
    items = {item.key: item for item in draw(runs._scene, panel).items}  # noqa: SLF001
    assert len(items) == 3
    heat, *lines = items["moving"].figure["data"]
    assert (heat["type"], heat["z"]["shape"], len(lines)) == ("heatmap", "60, 4", 5)
    still = to_svg(items["moving"].figure, 400, 300)
    assert still is not None
    assert still.count("<rect") >= 4 * 60
    assert items["moving"].caption == "4 steps"
    assert items["still"].figure["data"][0]["type"] == "scatter"
    assert items["bars"].html.startswith('<img src="data:image/svg+xml;base64,')


def test_histograms_stand_where_define_metric_says(store: Path) -> None:
    with tracker.init("m", "run", settings=SETTINGS) as run:
        run.define_metric("*", step_metric="epoch")
        for epoch in (10, 20, 30):
            run.log({"epoch": epoch})
            run.log({"grad": tracker.Histogram([epoch, epoch + 1.0])})
    panel = wr.MediaBrowser(media_keys=["grad"])
    grid = wr.PanelGrid([wr.Runset()], panels=[panel])
    report = wr.Report("m", blocks=[grid])
    for shown in (report, report.pin()):
        scene = Scene(shown, grid, [source_of(shown, grid.runsets[0])])
        (item,) = draw(scene, panel).items
        x = item.figure["data"][1]["x"]
        assert np.frombuffer(base64.b64decode(x["bdata"]), x["dtype"]).tolist() == [10, 20, 30]
        assert item.figure["layout"]["xaxis"]["title"]["text"] == "epoch"


@pytest.mark.parametrize(("step_sync", "places"), [(None, [0, 10, 20]), (False, [10, 20])])
def test_histograms_before_the_first_value_of_their_axis_stand_where_numbers_do(
    store: Path, step_sync: bool | None, places: list[float]
) -> None:
    with tracker.init("m", "run", settings=SETTINGS) as run:
        run.define_metric("*", step_metric="epoch", step_sync=step_sync)
        run.log({"loss": 9.0, "grad": tracker.Histogram([0.0, 1.0])})
        for epoch in (10, 20):
            run.log({"epoch": epoch})
            run.log({"loss": 1 / epoch, "grad": tracker.Histogram([epoch, epoch + 1.0])})
    runs = wr.Report("m").runs()
    line, *_ = draw(runs._scene, wr.LinePlot(x="epoch", y=["loss"])).figure["data"]  # noqa: SLF001
    assert list(line["x"]) == places
    (item,) = draw(runs._scene, wr.MediaBrowser(media_keys=["grad"])).items  # noqa: SLF001
    x = item.figure["data"][1]["x"]
    assert np.frombuffer(base64.b64decode(x["bdata"]), x["dtype"]).tolist() == places
    over = tracker.chart("distribution", run.id, key="grad", dir=store).data[1].x
    x = over if not isinstance(over, dict) else np.frombuffer(base64.b64decode(over["bdata"]))
    assert list(x) == places


def test_shapes_molecules_and_graphs_are_drawn(store: Path) -> None:
    with tracker.init("m", "run", settings=SETTINGS) as run:
        run.log({"points": tracker.Object3D(np.random.default_rng(0).random((5, 3)))})
    panel = wr.MediaBrowser(media_keys=["points"])
    runs = wr.Report("m").runs()
    (item,) = draw(runs._scene, panel).items  # noqa: SLF001
    assert item.figure is not None
    assert item.figure["data"][0]["type"] == "scatter3d"
