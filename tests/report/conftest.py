"""A store with runs for reports, and a real browser that looks at pages without a network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.run import exits

from .hostile import SETTINGS, log_hostile

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def log_run(name: str, lr: float, project: str = "digits", **options: Any) -> tracker.Run:
    """Log a short training with numbers, pictures and a table."""
    run = tracker.init(
        project=project,
        name=name,
        config={"lr": lr, "model": {"layers": 2}, **options.pop("config", {})},
        settings=SETTINGS,
        reinit="finish_previous",
        **options,
    )
    for step in range(20):
        row: dict[str, Any] = {"loss": 1 / (1 + lr * step), "val/loss": 1.2 / (1 + lr * step)}
        if step % 10 == 9:
            picture = np.full((8, 8), step * 10, dtype=np.uint8)
            row["sample"] = tracker.Image(picture, caption=f"at {step}")
        run.log(row)
    run.finish()
    return run


@pytest.fixture
def store(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The store in which the test's runs and reports are."""
    root = alone / "store"
    monkeypatch.setenv("TRACKER_DIR", str(root))
    yield root
    for run in exits.active():
        run.finish(quiet=True)


@pytest.fixture(scope="session")
def logged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A store with three runs, logged once; tests get copies."""
    root = tmp_path_factory.mktemp("logged") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKER_DIR", str(root))
        ids = [log_run(f"run-{lr}", lr).id for lr in (0.1, 1.0, 10.0)]
    return root, ids


@pytest.fixture
def runs(logged: tuple[Path, list[str]], store: Path) -> list[str]:
    """The ids of three runs of the project digits; their learning rates differ."""
    root, ids = logged
    shutil.copytree(root, store)
    return ids


@pytest.fixture(scope="session")
def hostile_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKER_DIR", str(root))
        log_hostile()
    return root


@pytest.fixture
def hostile(hostile_store: Path, store: Path) -> Path:
    """A store whose runs have hostile text wherever a run has text."""
    shutil.copytree(hostile_store, store)
    return store


@dataclass
class Looked:
    """What a browser did with a page."""

    page: Any
    problems: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("TRACKER_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=FLAGS)


@pytest.fixture
def look(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Opens HTML from a file; console errors, dialogs and requests are problems."""
    contexts = []

    def open_page(html: str | Path, **options: Any) -> Looked:
        path = html if isinstance(html, Path) else tmp_path / "page.html"
        if not isinstance(html, Path):
            path.write_text(html, encoding="utf-8")
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()
        looked = Looked(page)
        problems = looked.problems
        page.on("dialog", lambda d: (problems.append(f"dialog {d.message}"), d.dismiss()))
        page.on("pageerror", lambda error: problems.append(f"error {error}"))
        page.on("console", lambda m: m.type == "error" and problems.append(m.text))
        own = path.as_uri()
        page.on("request", lambda r: _is_foreign(r.url, own) and problems.append(r.url))
        page.goto(own)
        return looked

    yield open_page
    for context in contexts:
        context.close()


def _is_foreign(url: str, own: str) -> bool:
    return not url.startswith(("data:", "blob:", "about:")) and url.partition("#")[0] != own
