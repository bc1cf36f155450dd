"""An alert of a run, as JupyterLab says it and as the run's panel keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, expect
from tests.lab.conftest import Lab, Notebook, running_lab
from tests.panels.recorded import NASTY

pytestmark = pytest.mark.lab

SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "checkForUpdates": False,
        "doNotDisturbMode": False,
        "fetchNews": "false",
    },
    "notebook-tracker/browser.jupyterlab-settings": {"refreshInterval": 0.5},
}
BEGIN = """
import tracker
quiet = {"panel": False, "silent": True, "console": False, "system_interval_s": 0}
run = tracker.init(project="digits", name="first", settings=quiet)
run.log({"loss": 1.0})
run.alert("Before the page", "nobody was there", level="ERROR")
run.flush()
"""
TRAIN = f"""
import pathlib, time
run.alert({NASTY!r}, "it rose to\\n<b>3.5</b>", level="WARN")
while not pathlib.Path("stop").exists():
    time.sleep(0.05)
"""
MANY = """
for number in range(6):
    run.alert(f"alert {number}")
run.flush()
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a JupyterLab that may disturb, and that looks often."""
    home = tmp_path_factory.mktemp("alerts")
    with running_lab(home) as lab:
        for name, values in SETTINGS.items():
            path = home / "settings" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        yield lab


def test_an_alert_arrives_once_and_leads_to_its_run(notebook: Notebook, lab: Lab) -> None:
    page = notebook.page
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    notebook.open(notebook.write("train.ipynb", [BEGIN, TRAIN, MANY]))
    notebook.run_cell(0)
    notebook.save()
    notebook.reload()
    notebook.wait_idle()
    # The first look is over; the second one asks for what came since.
    page.wait_for_event("response", lambda reply: "since=1" in reply.url)
    toasts = page.locator(".Toastify__toast")
    expect(toasts).to_have_count(0)

    notebook.start_cell(1)
    toast = toasts.filter(has_text="first")
    expect(toast).to_contain_text(f"first: {NASTY}: it rose to <b>3.5</b>")
    expect(toast.locator("img")).to_have_count(0)
    expect(toast).to_be_in_viewport(ratio=1)
    notebook.screenshot("alert")
    toast.get_by_role("button", name="Open Run").click()
    expect(toasts).to_have_count(0)
    alerts = page.locator(".tracker-Dashboard .tkp-alerts")
    summary = alerts.locator("summary")
    expect(summary).to_contain_text(NASTY)
    expect(summary).to_contain_text("+1")
    summary.click()
    expect(alerts.locator("li").last).to_contain_text("nobody was there")
    notebook.screenshot("alerts-in-the-panel")

    # After F5 nothing is told again, and of many at once the last three.
    Path(lab.root, "stop").touch()
    page.reload()
    page.wait_for_function("() => window.jupyterapp !== undefined")
    page.wait_for_event("response", lambda reply: "since=1" in reply.url)
    notebook.open("train.ipynb")
    notebook.run_cell(2)
    expect(toasts).to_have_count(4)
    expect(toasts.filter(has_text="first: alert 5")).to_be_in_viewport(ratio=1)
    expect(toasts.filter(has_text="3 earlier alerts of digits/")).to_be_visible()
    expect(toasts.filter(has_text=NASTY)).to_have_count(0)
    notebook.screenshot("alerts-at-once")
    assert "alert" not in asked  # what a notebook asks before it is left unsaved is another matter
