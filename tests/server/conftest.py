"""A real Jupyter server with the extension in it, and stores in its folders."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

import pytest
from tests.panels.recorded import NASTY, record

TOKEN = "a-token-for-tests"
START_TIMEOUT_S = 60
PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    headers: Any
    body: bytes

    @property
    def content(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    """A running server: its address, and the folder that it shows."""

    url: str
    root: Path

    def get(
        self, name: str, token: str = TOKEN, etag: str = "", may: str | None = None, **asked: Any
    ) -> Reply:
        """Ask for an address below ``/tracker/api/``, or for another from the server's root."""
        place = "" if name.startswith("api/") else "tracker/api/"
        request = urllib.request.Request(f"{self.url}{place}{name}?{urlencode(asked)}")
        if token:
            request.add_header("Authorization", f"token {token}")
        if may is not None:
            request.add_header("X-May", may)
        if etag:
            request.add_header("If-None-Match", etag)
        try:
            with urllib.request.urlopen(request) as reply:
                return Reply(reply.status, reply.headers, reply.read())
        except HTTPError as error:
            with error:
                return Reply(error.code, error.headers, error.read())

    def socket_url(self, **asked: str) -> str:
        """Return the address of a dashboard."""
        return f"ws{self.url.removeprefix('http')}tracker/api/dashboard?{urlencode(asked)}"


@contextmanager
def running_server(home: Path) -> Iterator[Server]:
    """Run a server with nothing of this machine's user in it."""
    root = home / "notebooks"
    (root / "plain").mkdir(parents=True)
    command = [
        *(sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--ServerApp.root_dir={root}"),
        *(f"--IdentityProvider.token={TOKEN}", "--ServerApp.base_url=/a/base/"),
        "--ServerApp.jpserver_extensions={'tracker.server': True}",
        "--ServerApp.authorizer_class=by_header.ByHeader",
    ]
    own = {name: str(home / name.lower()) for name in ("HOME", "JUPYTER_RUNTIME_DIR")}
    own["JUPYTER_CONFIG_DIR"] = own["JUPYTER_DATA_DIR"] = str(home / "jupyter")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "TRACKER_"))}
    paths = [str(PROGRAMS), *filter(None, [os.environ.get("PYTHONPATH")])]
    with subprocess.Popen(
        command,
        cwd=root,
        env={**kept, **own, "PYTHONPATH": os.pathsep.join(paths)},
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        listener, address = _listen(server)
        try:
            yield Server(address(), root)
        finally:
            server.terminate()
            listener.join()


def _listen(server: subprocess.Popen[str]) -> tuple[threading.Thread, Callable[[], str]]:
    """Empty the server's output in a thread; return it, and what waits for the address."""
    found: list[str] = []
    lines: list[str] = []
    is_known = threading.Event()

    def drain() -> None:
        assert server.stderr is not None
        for line in server.stderr:
            lines.append(line)
            if said := re.search(r"http://127\.0\.0\.1:\d+/a/base/", line):
                found.append(said[0])
                is_known.set()

    def address() -> str:
        if not is_known.wait(START_TIMEOUT_S):
            pytest.fail(f"The server did not start in {START_TIMEOUT_S} s:\n{''.join(lines)}")
        _wait_open(found[0])
        return found[0]

    listener = threading.Thread(target=drain, daemon=True)
    listener.start()
    return listener, address


def _wait_open(url: str) -> None:
    """Return once the port takes calls: the server says its address a little before."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up_at:
        with suppress(ConnectionRefusedError), socket.create_connection((host, port)):
            return
    pytest.fail(f"{url} takes no calls.")


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server whose root has a store, and one folder a store of its own."""
    with running_server(tmp_path_factory.mktemp("server")) as server:
        record(server.root / ".tracker", {}, {"name": NASTY}, {})
        record(server.root / "other" / ".tracker", {"name": "elsewhere"})
        yield server
