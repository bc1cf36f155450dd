"""The addresses below ``/tracker/api/``. Each request is authorized, and answered in a thread.

Answers about the store carry what it looks like as their ETag: a page that has the newest one gets
304, for the price of a look at the file's date.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from tracker.errors import NotFoundError, StoreError, TrackerError
from tracker.server.dashboard import DashboardSocket
from tracker.server.places import store_of
from tracker.server.rescue import rescue
from tracker.server.threads import in_thread

RESOURCE: Final = "tracker"
_LONGEST: Final = 1000
_Result = TypeVar("_Result")
_REPORT_CSP: Final = "sandbox allow-scripts; frame-ancestors 'none'"


class Refusal(web.HTTPError):
    """An answer other than the one that was asked for, in a sentence.

    What tornado says of its own error is meant for its log, where a percent sign is doubled.
    """

    def __init__(self, status_code: int, sentence: str) -> None:
        super().__init__(status_code, sentence)
        self.sentence = sentence


class TrackerHandler(APIHandler):
    """What all have in common: they answer whoever may read the resource ``tracker``."""

    auth_resource = RESOURCE
    # A page that looks now and then keeps no idle server awake.
    _track_activity = False
    _etag: str | None = None

    def compute_etag(self) -> str | None:
        """Return the store's stamp, where there is one."""
        return self._etag

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the sentence of a refusal; with Jupyter's words for all else."""
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, Refusal):
            self.finish(msgspec.json.encode({"message": error.sentence, "reason": None}))
        else:
            super().write_error(status_code, **kwargs)

    def text(self, name: str, default: str = "") -> str:
        """Return an argument of the address."""
        value = self.get_argument(name, default, strip=False) or default
        if len(value) > _LONGEST:
            raise Refusal(400, f"{name} is longer than {_LONGEST} characters.")
        return value

    def number(self, name: str, default: int) -> int:
        """Return an argument that is a whole number."""
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit():
            raise Refusal(400, f"{name} is {value[:50]!r}: expected a whole number.")
        return int(value[:15])

    async def place(self) -> Path:
        """Return the directory of the store that the argument ``dir`` stands for."""
        folder, root = self.text("dir"), self.settings["server_root_dir"]
        return await self.asked(lambda: store_of(folder, root))

    async def asked(self, work: Callable[[], _Result]) -> _Result:
        """Return what `work` returns, called in a thread; its errors become answers."""
        try:
            return await in_thread(work)
        except NotFoundError as error:
            raise Refusal(404, str(error)) from error
        except StoreError as error:
            raise Refusal(503, str(error)) from error
        except TrackerError as error:
            raise Refusal(400, str(error)) from error

    def is_known(self, root: Path, *asked: object) -> bool:
        """Say whether the page has the newest answer to this already; then it is told so."""
        from tracker.store.store import open_store

        state = repr((type(self).__name__, str(root), open_store(root).stamp(), asked))
        self._etag = f'"{hashlib.sha256(state.encode()).hexdigest()[:24]}"'
        self.set_etag_header()
        if not self.check_etag_header():
            return False
        self.set_status(304)
        self.finish()
        return True

    def answer(self, content: Any) -> None:
        """Send an answer as JSON."""
        self.finish(msgspec.json.encode(content))


class ProjectsHandler(TrackerHandler):
    """``projects?dir=&since=``: the store, its projects, which runs run, the alerts since then."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer, unless the page has the same."""
        root, since_ms = await self.place(), self.number("since", 0)
        await self.asked(lambda: rescue(root))
        if self.is_known(root, since_ms):
            return

        def work() -> dict[str, Any]:
            from tracker.server.listing import list_projects
            from tracker.store.store import open_store

            return list_projects(open_store(root), since_ms)

        self.answer(await self.asked(work))


class RunsHandler(TrackerHandler):
    """``runs?dir=&project=&search=&metric=&limit=&sweeps=``: runs with a value and a curve each.

    ``limit`` is how many of them at most, ``sweeps`` how many sweeps.
    """

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer, unless the page has the same."""
        root, limit = await self.place(), self.number("limit", 50)
        sweeps = self.number("sweeps", 200)
        project = self.text("project") or None
        search, metric = self.text("search"), self.text("metric")
        if self.is_known(root, limit, sweeps, project, search, metric):
            return

        def work() -> dict[str, Any]:
            from tracker.server.listing import LISTING
            from tracker.store.store import open_store

            return LISTING.runs(
                open_store(root),
                project=project,
                search=search,
                metric=metric,
                limit=limit,
                sweep_limit=sweeps,
            )

        self.answer(await self.asked(work))


class LoaderHandler(TrackerHandler):
    """``loader``: the module that shows a panel, the same as in a notebook's widgets."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the module's text and the version of what it will ask for."""

        def work() -> dict[str, str]:
            from tracker.panels.page import bundle

            return {"version": bundle.app_version(), "script": bundle.loader()}

        self.answer(await self.asked(work))


class ReportHandler(TrackerHandler):
    """``report?dir=&project=&run=&sweep=``: a first draft of a report, as one file to keep."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Write the report in a process of its own, so that the server stays quick."""
        root, project = await self.place(), self.text("project")
        one = self.text("run") or self.text("sweep")
        target = f"{project}/{one}" if one else project
        with tempfile.TemporaryDirectory(prefix="tracker-report-") as folder:
            file = Path(folder, "report.html")
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tracker", "report", "--dir", str(root)),
                *("--output", str(file), "--", target),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            _, said = await process.communicate()
            if process.returncode or not file.exists():
                lines = said.decode(errors="replace").strip().splitlines()
                reason = lines[-1] if lines else "it ended without a word"
                raise Refusal(400, f"The report could not be written: {reason[:500]}")
            content = await in_thread(file.read_bytes)
        name = quote(f"{target.replace('/', '-')}.html", safe="")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
        self.set_header("Content-Security-Policy", _REPORT_CSP)
        self.finish(content, set_content_type="text/html; charset=UTF-8")


def routes(base_url: str) -> list[tuple[str, type[web.RequestHandler]]]:
    """Return what the server shall answer, and by whom."""
    handlers: dict[str, type[web.RequestHandler]] = {
        "projects": ProjectsHandler,
        "runs": RunsHandler,
        "loader": LoaderHandler,
        "report": ReportHandler,
        "dashboard": DashboardSocket,
    }
    return [
        (url_path_join(base_url, "tracker", "api", name), handler)
        for name, handler in handlers.items()
    ]
