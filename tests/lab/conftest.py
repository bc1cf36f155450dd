"""A real JupyterLab in a real browser, for the tests of what a user sees and clicks.

Take the fixture ``notebook`` and tell it what a user would do::

    pytestmark = pytest.mark.lab

    def test_panel_moves(notebook: Notebook) -> None:   # class Notebook is below; no import needed
        path = notebook.write("live.ipynb", ["import tracker", "tracker.init()", "for i in ..."])
        notebook.open(path)                             # waits until the kernel is idle
        notebook.run_cell(0)                            # waits until the cell has finished
        notebook.start_cell(2)                          # returns while the cell runs
        expect(notebook.output(2).locator("svg")).to_be_visible()
        notebook.wait_idle()                            # waits until the kernel has nothing to do
        notebook.save()
        notebook.screenshot("panel-at-the-end")         # tests/lab/screenshots/, ignored by git
        notebook.shutdown_kernel(); notebook.reload()   # the page, as with F5

``notebook.page`` is Playwright's page: wait with ``expect(...)`` or ``wait_for_function(...)``,
never with a sleep. ``notebook.evaluate(js, arg)`` runs ``(panel, arg) => …`` on the open
NotebookPanel. ``lab.root`` is the folder that JupyterLab shows; kernels find their store in
``lab.store`` (``TRACKER_DIR``), so a test can read it with ``tracker.Api(dir=lab.store)``.

One JupyterLab and one browser serve the whole folder; each test gets its own page, and its kernels
are shut down behind it. Playwright keeps an event loop running in this thread, so a test here must
not use ``asyncio.run`` or nbclient itself: put such work into a child process.

The browser is ``$TRACKER_CHROMIUM``, else a chromium or chrome on the path, else Playwright's own.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "package" / "tracker"
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_TIMEOUT_S = 60
CELL_TIMEOUT_S = 120

# What a fresh JupyterLab would ask or fetch in front of the notebook.
QUIET_SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "checkForUpdates": False,
        "doNotDisturbMode": True,
        "fetchNews": "false",
    },
    "@jupyterlab/docmanager-extension/plugin.jupyterlab-settings": {"autosave": False},
}


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, the folder it shows, and the store of its kernels."""

    url: str
    root: Path
    store: Path

    def kernels(self) -> list[dict[str, Any]]:
        """Return what the server says of its running kernels."""
        with urllib.request.urlopen(f"{self.url}/api/kernels") as reply:
            return json.load(reply)

    def shutdown_kernels(self) -> None:
        """Stop every kernel."""
        for kernel in self.kernels():
            address = f"{self.url}/api/kernels/{kernel['id']}"
            # A kernel that is just ending by itself is answered with an error.
            with suppress(HTTPError):
                urllib.request.urlopen(urllib.request.Request(address, method="DELETE")).close()


class Notebook:
    """One browser page with one notebook open in JupyterLab."""

    def __init__(self, lab: Lab, page: Page) -> None:
        self.lab = lab
        self.page = page

    # --- files

    def write(self, name: str, cells: Sequence[str], kernel: str = "python3") -> str:
        """Write a notebook of code cells, and return its path as JupyterLab knows it."""
        content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        return self.write_content(name, content, kernel)

    def write_content(self, name: str, content: nbformat.NotebookNode, kernel: str) -> str:
        """Write a whole notebook, outputs included, for a kernel; return its path."""
        language = "python" if kernel == "python3" else kernel
        spec = {"display_name": kernel, "language": language, "name": kernel}
        content.metadata["kernelspec"] = spec
        content.metadata["language_info"] = {"name": language}
        path = self.lab.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(content, path)
        return name

    def read(self, name: str) -> nbformat.NotebookNode:
        """Return the notebook as it is on disk."""
        return nbformat.read(self.lab.root / name, as_version=4)

    # --- the page

    def open(self, path: str, *, kernel: bool = True) -> None:
        """Show a notebook; without `kernel`, answer JupyterLab's question with "No Kernel".

        JupyterLab asks only where it cannot guess: write the notebook with ``kernel="gone"``.
        """
        self.page.evaluate(
            "path => { jupyterapp.commands.execute('docmanager:open', {path}); }", path
        )
        if not kernel:
            dialog = self.page.locator(".jp-Dialog")
            dialog.get_by_role("button", name="No Kernel").click()
            dialog.wait_for(state="detached")
        self.page.wait_for_function(
            """path => { const panel = jupyterapp.shell.currentWidget;
                return panel?.context?.path === path && panel.context.isReady; }""",
            arg=path,
        )
        if kernel:
            self.wait_idle()

    def reload(self) -> None:
        """Load the page anew, as F5 does; JupyterLab shows the same notebook again."""
        self.page.reload()
        self._wait_app()

    def close(self) -> None:
        """Close the notebook without saving it and without touching its kernel."""
        self.evaluate("panel => panel.dispose()")

    def save(self) -> None:
        """Save the notebook and wait until it is written."""
        self.evaluate("panel => panel.context.save()")

    def trust(self) -> None:
        """Trust the open notebook, as *Edit > Trust Notebook* does once confirmed."""
        self.evaluate("panel => { for (const c of panel.content.widgets) c.model.trusted = true; }")

    def screenshot(self, name: str) -> Path:
        """Keep a picture of the page for a person to look at, and return where it is."""
        path = HERE / "screenshots" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        self.page.screenshot(path=path)
        return path

    def evaluate(self, script: str, arg: Any = None) -> Any:
        """Run ``(panel, arg) => …`` on the open NotebookPanel and return what it returns."""
        return self.page.evaluate(f"arg => ({script})(jupyterapp.shell.currentWidget, arg)", arg)

    # --- cells and their kernel

    def cell(self, index: int) -> Locator:
        """Return a cell."""
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def output(self, index: int) -> Locator:
        """Return the output area of a cell."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def start_cell(self, index: int) -> None:
        """Start a cell, and return once the kernel works on it."""
        self._select(index)
        self.page.evaluate("() => { jupyterapp.commands.execute('notebook:run-cell'); }")
        self.page.wait_for_function(
            """index => { const panel = jupyterapp.shell.currentWidget;
                const state = panel.content.widgets[index].model.executionState;
                return state === 'running' || state === 'idle'; }""",
            arg=index,
        )

    def run_cell(self, index: int, timeout_s: float = CELL_TIMEOUT_S) -> None:
        """Run a cell to its end; an error in it fails the test with the cell's traceback."""
        self._select(index)
        self.page.evaluate("() => { jupyterapp.commands.execute('notebook:run-cell'); }")
        self.wait_cell(index, timeout_s)

    def wait_cell(self, index: int, timeout_s: float = CELL_TIMEOUT_S) -> None:
        """Wait until a started cell has ended; an error in it fails the test."""
        self.wait_end(index, timeout_s)
        errors = [o for o in self.outputs(index) if o["output_type"] == "error"]
        assert not errors, "\n".join(errors[0]["traceback"])

    def wait_end(self, index: int, timeout_s: float = CELL_TIMEOUT_S) -> None:
        """Wait until a started cell has ended, well or not.

        What is sent to a kernel while a cell of it fails is not run.
        """
        self.page.wait_for_function(
            """index => { const {model} = jupyterapp.shell.currentWidget.content.widgets[index];
                return model.executionCount !== null && model.executionState === 'idle'; }""",
            arg=index,
            timeout=timeout_s * 1000,
        )

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """Return the outputs of a cell as they would be saved."""
        return self.evaluate(
            "(panel, index) => panel.content.widgets[index].model.outputs.toJSON()", index
        )

    def wait_idle(self, timeout_s: float = CELL_TIMEOUT_S) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(
            """() => jupyterapp.shell.currentWidget
                .sessionContext.session?.kernel?.status === 'idle'""",
            timeout=timeout_s * 1000,
        )

    def restart_kernel(self) -> None:
        """Restart the kernel and wait until it is ready."""
        self.evaluate("panel => panel.sessionContext.restartKernel()")
        self.wait_idle()

    def shutdown_kernel(self) -> None:
        """Stop the kernel and leave the notebook open."""
        self.evaluate("panel => panel.sessionContext.shutdown()")

    def _select(self, index: int) -> None:
        self.evaluate(
            """async (panel, index) => { panel.content.activeCellIndex = index;
                await panel.content.scrollToItem(index); }""",
            index,
        )

    def _wait_app(self) -> None:
        self.page.wait_for_function("() => window.jupyterapp !== undefined")
        self.page.evaluate("async () => { await jupyterapp.restored; }")


@contextmanager
def running_lab(home: Path) -> Iterator[Lab]:
    """Run a JupyterLab with nothing of this machine's user in it."""
    root, store = home / "notebooks", home / "store"
    root.mkdir()
    _write_settings(home / "settings")
    extensions = _link_extension(home / "labextensions")
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *("--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"),
        f"--ServerApp.root_dir={root}",
        "--ServerApp.jpserver_extensions={'tracker.server': True}",
        *("--LabApp.expose_app_in_browser=True", f"--LabApp.extra_labextensions_path={extensions}"),
    ]
    with (
        subprocess.Popen(
            command,
            env=_environment(home, store),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as server,
    ):
        try:
            _wait_ready(server, url)
            yield Lab(url=url, root=root, store=store)
        finally:
            _stop(server)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@contextmanager
def open_page(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Open JupyterLab on an empty work area in a page of its own."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{lab.url}/lab?reset")
    driver = Notebook(lab, page)
    driver._wait_app()  # noqa: SLF001
    yield driver
    page.close()
    lab.shutdown_kernels()


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return the JupyterLab of all tests."""
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Return the browser of all tests."""
    with running_browser() as browser:
        yield browser


@pytest.fixture
def notebook(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Open a page for one test."""
    with open_page(lab, browser) as notebook:
        yield notebook


def _environment(home: Path, store: Path) -> dict[str, str]:
    """Return an environment in which JupyterLab and its kernels keep all they write in `home`."""
    places = {
        "HOME": "home",
        "IPYTHONDIR": "ipython",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
    }
    for place in places.values():
        (home / place).mkdir(exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "TRACKER_"))}
    own = {name: str(home / place) for name, place in places.items()}
    return {**kept, **own, "TRACKER_DIR": str(store)}


def _write_settings(folder: Path) -> None:
    for name, values in QUIET_SETTINGS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


def _link_extension(folder: Path) -> Path:
    """Let JupyterLab load the extension as it was last built in this working tree."""
    built = PACKAGE / "labextension"
    if not (built / "package.json").exists():
        pytest.fail(f"The JupyterLab extension is not built in {built}: run `make labextension`.")
    name = json.loads((built / "package.json").read_text())["name"]
    folder.mkdir()
    (folder / name).symlink_to(built, target_is_directory=True)
    return folder


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_ready(server: subprocess.Popen[str], url: str) -> None:
    """Return when the server says where it runs, and go on emptying its output."""
    ready, lines = threading.Event(), []

    def drain() -> None:
        for line in server.stdout:
            lines.append(line)
            if url in line:
                ready.set()

    threading.Thread(target=drain, daemon=True).start()
    if not ready.wait(START_TIMEOUT_S):
        pytest.fail(f"JupyterLab did not start in {START_TIMEOUT_S} s:\n{''.join(lines)}")


def _stop(server: subprocess.Popen[str]) -> None:
    server.terminate()
    try:
        server.wait(START_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        server.kill()


def _chromium() -> str | None:
    """Return the browser to drive; None leaves it to Playwright."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("TRACKER_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
