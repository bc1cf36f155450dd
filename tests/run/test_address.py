"""The address of a run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tracker.run.address import run_url

ROOT = Path("/data/.tracker")
FILE = "file:///data/.tracker/tracker.duckdb#tracker=a%20b/r"


@pytest.fixture
def servers(tmp_path, monkeypatch):
    """Writes down that a Jupyter server runs, as servers do."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/me/deep/my run.ipynb")
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)

    def add(name: str, content: object) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / f"jpserver-{name}.json").write_text(text)

    return add


def server(port, root="/home/me", **fields):
    url = f"http://localhost:{port}/"
    return {"url": url, "root_dir": root, "pid": os.getpid(), "token": "secret", **fields}


def test_without_a_server_it_is_the_stores_file(servers, monkeypatch):
    assert run_url(ROOT, "a b", "r") == FILE
    monkeypatch.delenv("JPY_SESSION_NAME")
    servers("1", server(1))
    assert run_url(ROOT, "a b", "r") == FILE


def test_in_jupyterlab_it_is_the_notebooks_page_without_the_token(servers):
    servers("1", server(8888))
    assert run_url(ROOT, "a b", "r") == (
        "http://localhost:8888/lab/tree/deep/my%20run.ipynb#tracker=a%20b/r"
    )


def test_the_server_that_runs_the_kernel_comes_first(servers, monkeypatch):
    servers("1", server(1111))
    servers("2", server(2222, pid=os.getppid()))
    monkeypatch.setenv("JPY_PARENT_PID", str(os.getppid()))
    assert run_url(ROOT, "p", "r").startswith("http://localhost:2222/")
    monkeypatch.setenv("JPY_PARENT_PID", str(os.getpid()))
    assert run_url(ROOT, "p", "r").startswith("http://localhost:1111/")


def test_other_files_are_passed_over(servers):
    servers("1", "no json")
    servers("2", [1])
    servers("3", server(3, pid=2**22 + 1))
    servers("4", server(4, root="/elsewhere"))
    servers("5", {"pid": os.getpid()})
    assert run_url(ROOT, "a b", "r") == FILE
    servers("6", server(6))
    assert run_url(ROOT, "a b", "r").startswith("http://localhost:6/")


def test_a_session_with_a_name_only_is_in_the_working_directory(servers, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JPY_SESSION_NAME", "run.ipynb")
    servers("1", server(1, root=str(tmp_path)))
    assert run_url(ROOT, "p", "r") == "http://localhost:1/lab/tree/run.ipynb#tracker=p/r"
