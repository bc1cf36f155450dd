"""A run, a sweep or a project over a web socket: a notebook's panel, without a kernel."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from tracker.errors import NotFoundError
from tracker.server.frames import pack
from tracker.server.places import store_of
from tracker.server.threads import in_thread

if TYPE_CHECKING:
    from tracker.server.view import View

RESOURCE: Final = "tracker"


class DashboardSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """``dashboard?dir=&project=&run=&sweep=``: JSON messages of a page, frames of the panel.

    Who may only read the resource ``tracker`` sees everything and changes nothing in the store.
    """

    auth_resource = RESOURCE

    def set_default_headers(self) -> None:
        """Set none: those of JupyterHandler make no sense for web sockets."""

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Find what is asked for, and open the socket."""
        if not await self._may("read"):
            raise web.HTTPError(403)
        names = ("dir", "project", "run", "sweep")
        asked = {name: self.get_argument(name, "", strip=False) for name in names}
        may_write, root = await self._may("write"), self.settings["server_root_dir"]
        self._loop = asyncio.get_running_loop()
        self._mail: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

        def work() -> View:
            from tracker.server.view import Subject, View

            place = store_of(asked["dir"], root)
            subject = Subject(asked["project"], asked["run"], asked["sweep"])
            return View(place, subject, self.send, may_write=may_write)

        try:
            self._view = await in_thread(work)
        except NotFoundError as error:
            raise web.HTTPError(404, str(error)) from error
        await super().get(*args, **kwargs)

    async def _may(self, action: str) -> bool:
        allowed = self.authorizer.is_authorized(self, self.current_user, action, RESOURCE)
        return bool(await ensure_async(allowed))

    def open(self, *args: str, **kwargs: str) -> None:
        """Begin to work on what the page will say, one message after the other."""
        super().open(*args, **kwargs)
        self._work = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        while (said := await self._mail.get()) is not None:
            try:
                is_going_on = await in_thread(functools.partial(self._view.hear, said))
            except Exception:
                self.log.exception("tracker: a dashboard could not answer its page")
                is_going_on = False
            if not is_going_on:
                self.close(1000)
                break
        await in_thread(self._view.close)

    def on_message(self, message: str | bytes) -> None:
        """Take a message of the page."""
        try:
            said = json.loads(message)
        except ValueError:
            said = None
        if isinstance(said, dict):
            self._mail.put_nowait(said)
        else:
            self.close(1003, "Messages are JSON objects.")

    def on_close(self) -> None:
        """Forget the page."""
        self._mail.put_nowait(None)

    def send(self, content: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Send a message to the page, from any thread."""
        frame = pack(dict(content), buffers)
        # The loop may be closed already where the server goes down.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._write, frame)

    def _write(self, frame: bytes) -> None:
        with contextlib.suppress(WebSocketClosedError):
            self.write_message(frame, binary=True)
