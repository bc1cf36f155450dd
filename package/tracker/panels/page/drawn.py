"""Reads the panels that are not charts, and sends what has changed of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from tracker.errors import TrackerError
from tracker.panels.page.client import Client
from tracker.panels.page.source import Source
from tracker.panels.views import Stamped, View, ViewMessage, Work, filled, view_of
from tracker.store.database.connection import Connection
from tracker.store.database.database import is_about_the_file

# What has happened to logged keys: how often, given those that concern a panel.
News = Callable[[frozenset[str] | None], Any]
Later = Callable[[], None]
Drawn = TypeVar("Drawn")


def push_views(db: Connection, source: Source, client: Client, news: News) -> list[Later]:
    """Send a page the panels on its screen that have changed.

    Returns
    -------
    list of callable
        What takes long; to be called when the store is closed.
    """
    later: list[Later] = []
    for spec in _stale(source, client, news):
        name, message = str(spec["id"]), _read(db, spec, source, client)
        turn = client.turns[name] = client.turns.get(name, 0) + 1
        if isinstance(message, ViewMessage):
            _send(client, name, turn, message)
        else:
            client.send({"type": "working", "panel": name}, [])
            later.append(_worker(client, name, turn, message))
    return later


def _stale(source: Source, client: Client, news: News) -> Iterable[Mapping[str, Any]]:
    for spec in source.panels():
        name, view = str(spec["id"]), view_of(str(spec["kind"]))
        if not client.sees(name):
            continue
        state = (dict(spec), client.questions.get(name), _stamp(source, view, spec, news))
        if client.is_news(f"version {name}", state):
            yield spec


def _stamp(source: Source, view: View | None, spec: Mapping[str, Any], news: News) -> Any:
    """Return what changes when a panel must be read again."""
    runset = source.runset
    if isinstance(view, Stamped) and runset is not None:
        stamped = view
        return _careful(lambda: stamped.stamp(filled(stamped, spec, runset), runset))
    keys = source.keys(spec) if view is None else view.keys(spec)
    return source.stamp, news(keys)


def _read(
    db: Connection, spec: Mapping[str, Any], source: Source, client: Client
) -> ViewMessage | Work:
    own = _careful(lambda: source.draw(db, spec))
    if own is not None:
        return own
    view, runset = view_of(str(spec["kind"])), source.runset
    if view is None or runset is None:
        return _trouble(f"This version of tracker has no panels of kind {spec['kind']!r}.")
    ask = client.questions.get(str(spec["id"]), {})
    return _careful(lambda: view.read(db, filled(view, spec, runset), runset, ask))


def _careful(read: Callable[[], Drawn]) -> Drawn | ViewMessage:
    """Call what reads a panel; what goes wrong is what the panel says."""
    try:
        return read()
    except TrackerError as error:
        return _trouble(str(error))
    except Exception as error:  # one panel's fault must not take the others along
        if is_about_the_file(error):
            raise
        return _trouble(f"This panel could not be drawn: {reason_of(error)}")


def _worker(client: Client, name: str, turn: int, work: Work) -> Later:
    def finish() -> None:
        message = _careful(work)
        if isinstance(message, ViewMessage):
            _send(client, name, turn, message)

    return finish


def _send(client: Client, name: str, turn: int, message: ViewMessage) -> None:
    """Send a panel, unless a newer reading of it has begun or the page has the same."""
    if client.turns.get(name) != turn:
        return
    content: dict[str, Any] = {"type": "drawn", "panel": name}
    if client.is_news(f"drawn {name}", message.fingerprint):
        content |= {"renderer": message.renderer, "content": message.content}
        client.send(content, list(message.buffers))
    else:
        client.send(content, [])


def reason_of(error: Exception) -> str:
    """Return an error that nobody foresaw as the end of a sentence."""
    lines = str(error).strip().splitlines()
    said = f"{type(error).__name__}: {lines[0][:300]}" if lines else repr(error)
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _trouble(text: str) -> ViewMessage:
    return ViewMessage("trouble", {"text": text})
