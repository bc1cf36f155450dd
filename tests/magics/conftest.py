"""Real kernels for the tests of the magics: what a user types, and what the notebook gets.

Take the fixture ``kernel``, which has the extension loaded, and ``run`` cells in it; starting
one takes a second, so tests that change nothing share ``shared`` or ``filled``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

import tracker

TIMEOUT_S = 60


@dataclass
class Answer:
    """What a kernel sent while it ran a cell."""

    status: str = ""
    ename: str = ""
    stdout: str = ""
    stderr: str = ""
    results: list[dict[str, Any]] = field(default_factory=list)
    displays: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    payload: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The result as text."""
        return self.results[-1]["text/plain"]


class Kernel:
    """A kernel with the magics loaded, in a folder and with a store of its own."""

    def __init__(self, client: Any, folder: Path) -> None:
        self._client = client
        self.folder = folder
        self.store = folder / ".tracker"

    def run(self, code: str) -> Answer:
        """Run a cell; whatever it raises is in the answer."""
        answer = Answer()

        def hear(message: dict[str, Any]) -> None:
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                setattr(answer, content["name"], getattr(answer, content["name"]) + content["text"])
            elif kind == "execute_result":
                answer.results.append(content["data"])
            elif kind == "display_data":
                answer.displays.append(content["data"])
            elif kind == "error":
                answer.errors.append("\n".join(content["traceback"]))

        reply = self._client.execute_interactive(code, timeout=TIMEOUT_S, output_hook=hear)
        answer.status = reply["content"]["status"]
        answer.ename = reply["content"].get("ename", "")
        answer.payload = reply["content"].get("payload", [])
        return answer

    def ask(self, expression: str) -> Any:
        """Return the value of an expression, by way of JSON."""
        answer = self.run(f"import json; print(json.dumps({expression}, default=str))")
        assert answer.status == "ok", answer.errors
        return json.loads(answer.stdout)

    def complete(self, code: str) -> list[str]:
        """Return what the kernel offers at the end of `code`."""
        content = self._client.complete(code, reply=True, timeout=TIMEOUT_S)["content"]
        return [code[: content["cursor_start"]] + match for match in content["matches"]]

    def stored(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the kernel's store from this process."""
        found = tracker.sql(statement, dir=self.folder)
        return list(found.itertuples(index=False, name=None))

    def help(self, name: str) -> str:
        """Return what ``name?`` shows."""
        (page,) = self.run(f"{name}?").payload
        return page["data"]["text/plain"]


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which everything is written to `folder`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRACKER_", "WANDB_"))}
    return {
        **kept,
        "PYTHONPATH": str(Path(tracker.__file__).parents[1]),
        "TRACKER_DIR": str(folder / ".tracker"),
        "IPYTHONDIR": str(folder / "ipython"),
    }


@contextmanager
def loaded_kernel(folder: Path, first: str = "%load_ext tracker") -> Iterator[Kernel]:
    """Start a kernel in `folder` that has run a `first` line, and stop it at the end."""
    manager, client = start_new_kernel(cwd=str(folder), env=environment(folder))
    try:
        made = Kernel(client, folder)
        assert made.run(first).status == "ok"
        yield made
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    """A kernel of the test's own."""
    with loaded_kernel(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for tests that leave it and its store, which stays empty, as they were."""
    with loaded_kernel(tmp_path_factory.mktemp("shared")) as made:
        yield made


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for tests that only look at its store, which :func:`fill` has filled."""
    with loaded_kernel(tmp_path_factory.mktemp("filled")) as made:
        fill(made)
        yield made


def fill(kernel: Kernel) -> None:
    """Log three runs of two projects into a kernel's store, from this process."""
    options = {"panel": False, "silent": True, "console": False, "system_interval_s": 0}
    for project, name, lr in (("digits", "low", 0.1), ("digits", "high", 0.9), ("b", "low", 0.5)):
        run = tracker.init(project, name, {"lr": lr}, dir=kernel.folder, settings=options)
        run.log({"acc": 1 - lr})
        run.finish()
