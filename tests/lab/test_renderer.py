"""A panel shows its live widget while a kernel has it, and its saved picture wherever none has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

if TYPE_CHECKING:
    from .conftest import Notebook

pytestmark = pytest.mark.lab

WIDGET = '''
import anywidget
import traitlets


class Panel(anywidget.AnyWidget):
    _esm = """
    export default {
      render({ model, el }) {
        const draw = () => { el.textContent = `live ${model.get("step")}`; };
        el.className = "tiny-live";
        model.on("change:step", draw);
        draw();
      }
    };
    """
    step = traitlets.Int(0).tag(sync=True)

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        own = {"model_id": self.model_id, "run": "3c4e3216", "version": 1}
        data["application/vnd.tracker.panel+json"] = own
        data["text/html"] = (
            f"<p class='tiny-picture' onclick='alert(1)'>picture {self.step}</p>"
        )
        return data, metadata


panel = Panel()
'''
MOVE = "import time\nfor panel.step in range(1, 4):\n    time.sleep(0.05)"
CELLS = [WIDGET, "panel", MOVE]


def live(output: Locator) -> Locator:
    return output.locator(".tiny-live")


def picture(output: Locator) -> Locator:
    return output.locator(".tiny-picture")


@pytest.fixture
def saved(notebook: Notebook) -> str:
    """A notebook whose second cell shows a panel, run and saved; its kernel still lives."""
    path = notebook.write("panel.ipynb", CELLS)
    notebook.open(path)
    for index in range(2):
        notebook.run_cell(index)
    expect(live(notebook.output(1))).to_be_visible()
    notebook.save()
    return path


@pytest.mark.usefixtures("saved")
def test_live_widget_follows_the_kernel(notebook: Notebook) -> None:
    output = notebook.output(1)
    expect(live(output)).to_have_text("live 0")
    expect(picture(output)).to_be_hidden()
    notebook.run_cell(2)
    expect(live(output)).to_have_text("live 3")


@pytest.mark.usefixtures("saved")
def test_live_widget_comes_back_after_a_reload(notebook: Notebook) -> None:
    notebook.run_cell(2)
    notebook.reload()
    output = notebook.output(1)
    expect(live(output)).to_have_text("live 3")
    expect(live(output)).to_be_visible()
    expect(picture(output)).to_be_hidden()


@pytest.mark.usefixtures("saved")
def test_closed_widget_leaves_its_picture(notebook: Notebook) -> None:
    notebook.evaluate(
        "panel => panel.content.widgets[2].model.sharedModel.setSource('panel.close()')"
    )
    notebook.run_cell(2)
    output = notebook.output(1)
    expect(picture(output)).to_be_visible()
    expect(live(output)).to_have_count(0)


def test_fresh_kernel_shows_the_picture(notebook: Notebook, saved: str) -> None:
    notebook.shutdown_kernel()
    notebook.close()
    notebook.open(saved)
    assert_picture_only(notebook)
    notebook.screenshot("renderer-fresh-kernel")


@pytest.mark.usefixtures("saved")
def test_reload_without_kernel_shows_the_picture(notebook: Notebook) -> None:
    notebook.shutdown_kernel()
    notebook.reload()
    expect(notebook.output(1)).to_be_visible()
    assert_picture_only(notebook)


def test_no_kernel_at_all_shows_the_picture(notebook: Notebook, saved: str) -> None:
    path = notebook.write_content("elsewhere.ipynb", notebook.read(saved), kernel="gone")
    notebook.close()
    notebook.open(path, kernel=False)
    notebook.trust()
    assert notebook.evaluate("panel => panel.sessionContext.session") is None
    assert_picture_only(notebook)
    notebook.screenshot("renderer-no-kernel")


def test_notebook_from_a_stranger_is_sanitised(notebook: Notebook, saved: str) -> None:
    """A copy with another kernel has lost its trust; the picture in it may not run scripts."""
    assert "onclick" in picture(notebook.output(1)).evaluate("node => node.outerHTML")
    path = notebook.write_content("stranger.ipynb", notebook.read(saved), kernel="gone")
    notebook.close()
    notebook.open(path, kernel=False)
    assert_picture_only(notebook)
    assert "onclick" not in picture(notebook.output(1)).evaluate("node => node.outerHTML")


def assert_picture_only(notebook: Notebook) -> None:
    output = notebook.output(1)
    expect(picture(output)).to_have_text("picture 0")
    expect(picture(output)).to_be_visible()
    expect(live(output)).to_have_count(0)
    for text in ("Error displaying widget", "Loading widget", "model not found"):
        expect(output.get_by_text(text)).to_be_hidden()
