"""A panel on the kernel's side: whom it is shown to, and what they have not seen yet."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tracker.errors import StoreError, TrackerError
from tracker.panels.curves.charts import Ask, Chart, Drawing, Sent, drawing_message, face_message
from tracker.panels.curves.wire import Parcel
from tracker.panels.page import bundle
from tracker.panels.page.client import Client
from tracker.panels.page.drawn import Later, push_views, reason_of
from tracker.panels.page.files import send_files
from tracker.panels.page.source import Source
from tracker.store.database.connection import Connection
from tracker.store.database.database import is_about_the_file
from tracker.store.files.objects import Objects
from tracker.store.store import open_store

SYSTEM_INTERVAL_S: Final = 2.0
_NEVER = -1.0


class Board:
    """Keeps the views of one panel up to date.

    Every method may be called from any thread; one works at a time.

    Parameters
    ----------
    root : Path
        The store's directory.
    source : Source
    on_greet : callable
        Called when a view has come, and when one has done something.
    is_patient : bool
        Do what takes long in a thread of its own. Default False: before the call returns.
    """

    def __init__(
        self,
        root: Path,
        source: Source,
        on_greet: Callable[[], None],
        *,
        is_patient: bool = False,
    ) -> None:
        self._is_patient = is_patient
        self._on_greet = on_greet
        self.id = uuid.uuid4().hex
        self.source = source
        self.clients: dict[str, Client] = {}
        self._store = open_store(root)
        if source.runset is not None:
            source.runset.objects_dir = self._store.objects_dir
        self._lock = threading.RLock()
        self._versions: dict[str, int] = {}
        self._epoch = 0
        self._system_read_s = _NEVER
        self._stamp: tuple[int, int] | None = None
        self._read_stamp: tuple[int, int] | None = None

    # -- what happened

    def mark(self, keys: set[str]) -> None:
        """Remember that keys have news."""
        with self._lock:
            for key in keys:
                self._versions[key] = self._versions.get(key, 0) + 1

    def mark_all(self) -> None:
        """Remember that anything may have changed."""
        with self._lock:
            self._epoch += 1
            self._system_read_s = _NEVER

    def has_changed_outside(self) -> bool:
        """Say whether the database file is another one than at the last question."""
        stamp = self._store.stamp()
        if stamp is None:
            return False
        changed, self._stamp = stamp != self._stamp, stamp
        return changed

    def _is_fresh(self) -> bool:
        """Say whether nothing has happened since the source was read last."""
        return self._read_stamp is not None and self._read_stamp == self._store.stamp()

    def look_after_the_dead(self) -> None:
        """Let the store mark runs as crashed whose processes are gone."""
        with contextlib.suppress(StoreError):
            self._store.recover()

    # -- views

    def greet(self, name: str, client: Client, message: Mapping[str, Any]) -> None:
        """Add a view, and send it the panel and all that it lacks for drawing."""
        if message.get("app") is not True:
            client.send({"type": "app", "files": [list(f) for f in bundle.app_files()]}, [])
        with self._lock:
            self.clients[name] = client
        self.push(client)
        if message.get("plotly") is not True:
            client.send({"type": "plotly"}, [bundle.plotly_gzip()])
        self._on_greet()

    def leave(self, name: str) -> None:
        """Forget a view."""
        with self._lock:
            self.clients.pop(name, None)

    def close(self) -> None:
        """End the connections to all views."""
        with self._lock:
            for client in self.clients.values():
                client.close()
            self.clients.clear()

    def hear(self, client: Client, message: Mapping[str, Any]) -> None:
        """Answer a page's message."""
        with self._lock:
            was_watching = client.is_watching
            client.heard_s = time.monotonic()
            kind = str(message.get("type"))
            if kind == "beat" and was_watching:
                return  # a page that had fallen silent may have missed the last of a run
            listener = _LISTENERS.get(kind)
            if listener is not None:
                listener(client, message)
            if kind == "rows" and self._is_fresh():
                # Scrolling asks for what has been read already.
                self._push_parts(client)
                self._reply(client, message)
                return
        if kind == "files":
            send_files(client, message, Objects(self._store.objects_dir))
            return
        shown = [client]
        if listener is None:
            self._act(client, message)
            shown = list(self.clients.values())
        later = self._push(shown)
        self._reply(client, message)
        self._finish(later)
        if listener is None:
            self._on_greet()

    def refuse(self, client: Client, message: Mapping[str, Any], text: str) -> None:
        """Say that something is not done, and how things are instead: a page may wait for news."""
        with self._lock:
            self._tell_problem(client, message, text)
        self.push(client)
        self._reply(client, message)

    def _tell_problem(
        self, client: Client, message: Mapping[str, Any], text: str, error: str = ""
    ) -> None:
        about = {"about": message.get("type"), "name": message.get("name")}
        client.send({"type": "problem", "text": text, "error": error, **about}, [])
        client.sent.pop("head", None)

    def _reply(self, client: Client, message: Mapping[str, Any]) -> None:
        if "request" in message:
            client.send({"type": "reply", "request": message["request"]}, [])

    def _act(self, client: Client, message: Mapping[str, Any]) -> None:
        """Do what is about more than one view."""
        self._read_stamp = None
        try:
            self.source.act(self._store, message, lambda content: client.send(content, []))
        except TrackerError as error:
            self._tell_problem(client, message, str(error), type(error).__name__)

    @property
    def is_watched(self) -> bool:
        """Whether anybody can see the panel now."""
        return any(client.is_watching for client in list(self.clients.values()))

    # -- sending

    def push(self, only: Client | None = None) -> None:
        """Send every view, or only one, what it has not seen; nothing to hidden views."""
        self._finish(self._push([only] if only is not None else list(self.clients.values())))

    def _finish(self, later: Sequence[Later]) -> None:
        """Do what takes long, so that the page's next question need not wait where that is bad."""

        def work() -> None:
            for finish in later:
                finish()

        if later and self._is_patient:
            threading.Thread(target=work, name="tracker-panels-work", daemon=True).start()
        else:
            work()

    def _push(self, clients: Sequence[Client]) -> list[Later]:
        """Send views what they have not seen; return what takes long and needs no store."""
        later: list[Later] = []
        with self._lock:
            clients = [client for client in clients if client.is_watching]
            if not clients:
                return later
            stamp, self._read_stamp = self._store.stamp(), None
            try:
                with self._store.reading() as db:
                    self.source.read(db)
                    self._read_stamp = stamp
                    for client in clients:
                        later += self._push_client(db, client)
            except StoreError as error:
                _tell_trouble(clients, str(error))
            except Exception as error:  # noqa: BLE001 - training goes on whatever a panel does
                _tell_trouble(clients, f"The panel could not be read: {reason_of(error)}")
        return later

    def _push_client(self, db: Connection, client: Client) -> list[Later]:
        if client.sent.pop("trouble", None) is not None:
            client.send({"type": "trouble", "text": ""}, [])
        self._push_words(client)
        charts = self.source.charts()
        listed = [chart.as_message() for chart in charts]
        if client.is_news("charts", listed):
            client.forget_all_but({chart.name for chart in charts})
            client.send({"type": "charts", "charts": listed}, [])
        self._push_parts(client)
        self._push_drawings(db, client, charts)
        self._push_strip(db, client)
        self._push_console(db, client)
        return push_views(db, self.source, client, self._news)

    def _news(self, keys: frozenset[str] | None) -> tuple[int, int]:
        """Return what changes when keys have news; None stands for all keys."""
        if keys is None:
            return sum(self._versions.values()), self._epoch
        news = sum(self._versions.get(key, 0) for key in keys)
        return news, self._epoch if keys else 0

    def _push_parts(self, client: Client) -> None:
        for part, content in self.source.parts(client):
            if client.is_news(part, content):
                client.send({"type": part, **content}, [])

    def _push_words(self, client: Client) -> None:
        head = self.source.head()
        if client.is_news("head", head):
            client.send({"type": "head", "head": head, "now_ms": time.time() * 1000}, [])
        about = self.source.about()
        if client.is_news("about", about):
            client.send({"type": "about", "about": about}, [])
        if client.has_summary and client.is_news("summary", summary := self.source.summary()):
            client.send({"type": "summary", "summary": summary}, [])

    def _push_drawings(self, db: Connection, client: Client, charts: Sequence[Chart]) -> None:
        parcel, messages = Parcel(), []
        for ask, group in client.asks(charts).items():
            stale = [chart for chart in group if self._is_stale(client, chart, ask)]
            if not stale:
                continue
            for name, drawing in self._drawings(db, client, stale, ask).items():
                if not client.is_news(f"lines {name}", (ask, drawing.fingerprint)):
                    continue
                chart = next(chart for chart in stale if chart.name == name)
                client.sent.pop(f"failed {name}", None)
                sent = client.lines.setdefault(name, Sent())
                message = drawing_message(chart, drawing, parcel, sent)
                message["span"] = ask.span
                message["width"] = ask.width
                face = face_message(drawing)
                if client.is_news(f"face {name}", face):
                    message |= face
                messages.append(message)
        if messages:
            client.send({"type": "data", "charts": messages}, parcel.buffers())

    def _drawings(
        self, db: Connection, client: Client, charts: Sequence[Chart], ask: Ask
    ) -> dict[str, Drawing]:
        """Read charts; what goes wrong with one is what that one says, and the others are drawn."""
        try:
            return self.source.drawings(db, charts, ask)
        except Exception as error:
            if is_about_the_file(error):
                raise
            if len(charts) == 1:
                self._fail(client, charts[0].name, error)
                return {}
        found: dict[str, Drawing] = {}
        for chart in charts:
            found |= self._drawings(db, client, [chart], ask)
        return found

    def _fail(self, client: Client, name: str, error: Exception) -> None:
        # It is read again at the next push, and sent even if it is what the page had before.
        for part in ("version", "lines"):
            client.sent.pop(f"{part} {name}", None)
        is_ours = isinstance(error, TrackerError)
        text = str(error) if is_ours else f"This chart could not be read: {reason_of(error)}"
        if client.is_news(f"failed {name}", text):
            client.send({"type": "failed", "chart": name, "text": text}, [])

    def _is_stale(self, client: Client, chart: Chart, ask: Ask) -> bool:
        news = sum(self._versions.get(key, 0) for key in chart.needs)
        if chart.is_system:
            news = int(time.monotonic() / SYSTEM_INTERVAL_S)
        state = (chart, ask, self.source.stamp, news, self._epoch)
        return client.is_news(f"version {chart.name}", state)

    def _push_strip(self, db: Connection, client: Client) -> None:
        beat = (int(time.monotonic() / SYSTEM_INTERVAL_S), self._epoch)
        if not client.has_strip or not client.is_news("beat", beat):
            return
        parcel = Parcel()
        tiles = self.source.tiles(db, parcel)
        buffers = parcel.buffers()
        if tiles and client.is_news("strip", (tiles, buffers)):
            client.send({"type": "strip", "tiles": tiles}, buffers)

    def _push_console(self, db: Connection, client: Client) -> None:
        if not client.has_console:
            return
        lines = [[line.number, line.stream, line.text[:2000]] for line in self.source.console(db)]
        if client.is_news("console", lines):
            client.send({"type": "console", "lines": lines}, [])


def _tell_trouble(clients: Sequence[Client], text: str) -> None:
    for client in clients:
        if client.is_news("trouble", text):
            client.send({"type": "trouble", "text": text}, [])


_LISTENERS: Final[dict[str, Callable[[Client, Mapping[str, Any]], object]]] = {
    "beat": lambda _client, _message: None,
    "view": Client.look,
    "zoom": Client.zoom,
    "rows": Client.look_at_rows,
    "ask": Client.question,
    "refresh": lambda client, _message: client.forget(),
}
