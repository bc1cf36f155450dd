"""A page in which a real board shows a real store, in a browser but without JupyterLab.

The page's messages are handed to the board, and the board's to the page, by :meth:`Boarded.run`
and by everything that waits. What needs a kernel or a notebook is tested in JupyterLab itself.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tracker import start
from tracker.panels.page import bundle
from tracker.panels.page.board import Board
from tracker.panels.page.client import Client
from tracker.panels.workspace.project_source import ProjectSource

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Route

ORIGIN = "http://panel.test/"
TIMEOUT_S = 30
DARK = """:root { --jp-layout-color1: #111; --jp-ui-font-color1: rgb(255 255 255 / 87%);
    --jp-ui-font-color2: rgb(255 255 255 / 54%); } body { background: #111; }"""
PAGE = "<!doctype html><style>{style}</style><body><div id=place></div></body>"
MOUNT = """async () => {
    const { Panel } = await import('/panel.js');
    const { Link } = await import('/link.js');
    globalThis.sent = [];
    const comm = { send: (message) => sent.push(message), close() {}, on_close() {} };
    const given = { mail: [], comm };
    const model = { on() {}, off() {}, send() {} };
    const place = document.querySelector('#place');
    globalThis.panel = new Panel(place, new Link(given, model), 'id', 'project');
    const view = (text) => new DataView(
        Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
    globalThis.deliver = (messages) => {
        for (const [content, buffers] of messages) given.take(content, buffers.map(view));
    };
}"""
QUIET = {"panel": False, "silent": True, "console": False, "system_interval_s": 0,
         "save_code": False}  # fmt: skip


class Boarded:
    """The panel of a project in a page of its own; close it behind the test."""

    def __init__(
        self, browser: Browser, root: Path, project: str, *, width: int = 1000, dark: bool = False
    ) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 900})
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self._style = DARK if dark else ""
        self.page.route(f"{ORIGIN}**", self._serve)
        self.page.goto(ORIGIN)
        self.page.add_style_tag(content=bundle.app_files()[0][1])
        self.page.evaluate(MOUNT)
        self._mail: list[tuple[dict[str, Any], list[bytes]]] = []
        self.client = Client(lambda content, buffers: self._mail.append((content, list(buffers))))
        self.board = Board(root, ProjectSource(project), lambda: None)
        self.board.greet("page", self.client, {"app": True})
        self.run()

    def _serve(self, route: Route) -> None:
        name = route.request.url.removeprefix(ORIGIN)
        if not name:
            route.fulfill(content_type="text/html", body=PAGE.format(style=self._style))
            return
        text = (bundle.STATIC / name).read_text(encoding="utf-8")
        route.fulfill(content_type="text/javascript", body=text)

    @property
    def content(self) -> dict[str, Any]:
        """The workspace's document, as the kernel has it."""
        return self.board.source.workspace.content

    def run(self) -> None:
        """Carry what is in the mail to both sides."""
        mail, self._mail = self._mail, []
        packed = [[c, [base64.b64encode(b).decode() for b in buffers]] for c, buffers in mail]
        self.page.evaluate("messages => deliver(messages)", packed)
        for message in self.page.evaluate("() => sent.splice(0)"):
            self.board.hear(self.client, message)

    def wait(self, is_so: Callable[[], Any]) -> None:
        """Carry mail until something is so."""
        until = time.monotonic() + TIMEOUT_S
        while not is_so():
            assert time.monotonic() < until, f"not so in {TIMEOUT_S} s: {self.errors}"
            self.run()
            self.page.wait_for_timeout(20)

    def wait_for(self, what: Locator) -> None:
        """Carry mail until an element is on the page."""
        self.wait(lambda: what.count() > 0)

    def names(self) -> list[str]:
        """Return the names in the run table, from above."""
        rows = self.page.locator(".tkp-space > .tkp-row")
        found = rows.evaluate_all(
            """rows => rows.map((row) =>
                [row.ariaRowIndex, row.querySelector('.tkp-run-name')?.textContent])"""
        )
        return [name for _, name in sorted(found, key=lambda pair: int(pair[0])) if name]

    def section(self, name: str) -> list[str]:
        """Return the titles of the cards in a section."""
        cards = self.page.locator(f'[data-section="{name}"] .tkp-card .tkp-title')
        return cards.all_text_contents()

    def close(self) -> None:
        """Close the page; an error in it fails the test."""
        self.page.close()
        assert self.errors == []


def record(
    root: Path,
    name: str,
    config: dict[str, Any],
    *losses: float,
    project: str = "digits",
    **more: Any,
) -> str:
    """Record a finished run; return its id."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKER_DIR", str(root))
        run = start.init(project, name, config, settings=QUIET, **more)
        for loss in losses:
            run.log({"train/loss": loss, "val/loss": loss * 2})
        run.finish()
    return run.id
