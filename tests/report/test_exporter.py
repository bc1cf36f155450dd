"""A notebook exported by nbconvert's command, and by a Jupyter server for JupyterLab's menu."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import nbformat
import pytest

import tracker
import tracker.report as wr
from tracker.report.export import export_notebook

from .hostile import HIT

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 60
GROUP = "nbconvert.exporters"
NAME = "trackerHTML"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which Python knows what pyproject.toml says that the package offers.

    What is installed may be older than it.
    """
    offered = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    told = tmp_path / "path" / f"notebook_tracker-{tracker.__version__}.dist-info"
    told.mkdir(parents=True)
    lines = [f"{name} = {place}\n" for name, place in offered[GROUP].items()]
    (told / "entry_points.txt").write_text(f"[{GROUP}]\n{''.join(lines)}")
    version = tracker.__version__
    (told / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: notebook-tracker\nVersion: {version}\n"
    )
    path = [str(told.parent), str(Path(tracker.__file__).parents[1])]
    home = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    return {**os.environ, **home, "PYTHONPATH": os.pathsep.join(path)}


@pytest.fixture
def notebook(runs: list[str], tmp_path: Path) -> Path:
    """A saved notebook with a chart, a table, and a cell that is to be left out."""
    panels = [wr.LinePlot(y=["loss"]), wr.RunTable()]
    made = wr.Report("digits", title="T", blocks=[wr.PanelGrid(panels=panels)]).to_notebook()
    made.cells.append(nbformat.v4.new_markdown_cell(f"<img src=x onerror={HIT}>"))
    made.cells.append(nbformat.v4.new_code_cell("secret", metadata={"tags": ["hide"]}))
    path = tmp_path / "notebooks" / "n.ipynb"
    path.parent.mkdir()
    nbformat.write(made, path)
    return path


def test_nbconvert_writes_what_tracker_export_writes(
    notebook: Path, environment: dict[str, str]
) -> None:
    wanted = export_notebook(notebook, notebook.parent / "wanted.html").read_text()
    command = [sys.executable, "-m", "nbconvert", "--to", NAME, str(notebook)]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    assert notebook.with_suffix(".html").read_text() == wanted
    leave_out = ["--TagRemovePreprocessor.enabled=True"]
    leave_out += ["--TagRemovePreprocessor.remove_cell_tags=hide"]
    subprocess.run([*command, *leave_out], check=True, capture_output=True, env=environment)
    shown = notebook.with_suffix(".html").read_text()
    assert "secret" in wanted
    assert "secret" not in shown


@pytest.fixture
def server(notebook: Path, environment: dict[str, str]) -> Iterator[str]:
    """A Jupyter server that shows the notebook's folder."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *("--IdentityProvider.token=", f"--ServerApp.root_dir={notebook.parent}"),
    ]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if url in line:
                break
        else:
            pytest.fail(f"The server did not start:\n{''.join(said)}")
        yield url
        process.terminate()
        process.stdout.read()


@pytest.mark.lab
def test_a_jupyter_server_exports_as_its_menu_asks(
    server: str, notebook: Path, browser: Any
) -> None:
    wanted = export_notebook(notebook, notebook.parent / "wanted.html").read_text()
    with urllib.request.urlopen(f"{server}/api/nbconvert") as reply:
        assert json.load(reply)[NAME] == {"output_mimetype": "text/html"}
    address = f"{server}/nbconvert/{NAME}/n.ipynb"
    # The server answers its own pages only.
    asker = f"{server}/lab"
    asked = urllib.request.Request(f"{address}?download=true", headers={"Referer": asker})
    with urllib.request.urlopen(asked) as reply:
        assert reply.read().decode() == wanted
        assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "n.html" in reply.headers["Content-Disposition"]

    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"error {error}"))
    page.on("console", lambda m: m.type == "error" and problems.append(m.text))
    page.on("request", lambda r: r.url.startswith(("data:", "blob:")) or problems.append(r.url))
    page.goto(address, referer=asker)
    page.locator(".plot.drawn path.js-line").first.wait_for(state="attached")
    assert page.evaluate("window.hit") is None
    assert page.evaluate("window.origin") == "null"
    assert problems == [address]
    page.close()
