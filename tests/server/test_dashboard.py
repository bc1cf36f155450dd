"""A panel over a web socket: the messages of a notebook's panel, and what may be done there."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.panels.recorded import record
from tests.server.conftest import TOKEN, Server
from tests.store.logbook import wait_for
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

import tracker
from tracker.panels.workspace import actions
from tracker.server.frames import pack
from tracker.store.store import open_store
from tracker.sweep.controller import Controller
from tracker.sweep.creation import create

QUIET = {"panel": False, "silent": True, "console": False, "system_interval_s": 0}
HELLO = {"type": "hello", "panel": "x", "app": True, "plotly": True}


class Page:
    """The other end of a dashboard's socket."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection

    async def say(self, **message: Any) -> None:
        await self.connection.write_message(json.dumps(message))

    async def hear(self, kind: str) -> tuple[dict[str, Any], list[bytes]]:
        """Return the next message of a kind."""
        while True:
            frame = await self.connection.read_message()
            assert frame is not None, f"The server closed the socket before it sent {kind!r}."
            content, buffers = unpack(frame)
            if content["type"] == kind:
                return content, buffers


def unpack(frame: str | bytes) -> tuple[dict[str, Any], list[bytes]]:
    assert isinstance(frame, bytes)
    length = int.from_bytes(frame[:4], "little")
    head, rest, buffers = json.loads(frame[4 : 4 + length]), frame[4 + length :], []
    for size in head["sizes"]:
        buffers.append(rest[:size])
        rest = rest[size:]
    assert rest == b""
    return head["content"], buffers


@asynccontextmanager
async def page(
    server: Server, headers: dict[str, str] | None = None, **asked: str
) -> AsyncIterator[Page]:
    headers = {"Authorization": f"token {TOKEN}"} if headers is None else headers
    request = HTTPRequest(server.socket_url(**asked), headers=headers)
    connection = await websocket_connect(request)
    yield Page(connection)
    connection.close()
    while connection.close_code is None and await connection.read_message() is not None:
        pass


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 20))


def refusal(server: Server, **options: Any) -> int:
    """Return the status with which a socket is refused."""

    async def work() -> int:
        try:
            async with page(server, **options):
                return 101
        except HTTPClientError as error:
            return error.code

    return asyncio.run(work())


# --- frames


@pytest.mark.parametrize("buffers", [[], [b""], [b"abc", b"", bytes(9)]])
def test_a_frame_holds_a_message_and_its_buffers(buffers):
    content = {"type": "x", "text": "Ω \u2028 </script>", "n": [1, 2.5, None]}
    assert unpack(pack(content, buffers)) == (content, buffers)


# --- who may look


def test_nobody_gets_in_without_a_token(server):
    assert refusal(server, headers={}, project="digits", run="run0") == 403
    may_write = {"Authorization": f"token {TOKEN}", "X-May": "write"}
    assert refusal(server, headers=may_write, project="digits", run="run0") == 403


def test_no_other_site_gets_in_with_the_cookie_of_somebody_who_may(server):
    with urllib.request.urlopen(f"{server.url}api/me?token={TOKEN}") as reply:
        cookies = [text.partition(";")[0] for text in reply.headers.get_all("Set-Cookie")]
    asked = {"project": "digits", "run": "run0"}
    cookie, own = {"Cookie": "; ".join(cookies)}, server.url.removesuffix("/a/base/")
    assert refusal(server, headers=cookie | {"Origin": own}, **asked) == 101
    assert refusal(server, headers=cookie | {"Origin": "http://evil.example"}, **asked) == 403


@pytest.mark.parametrize(
    "asked",
    [
        {"project": "digits", "run": "gone"},
        {"project": "gone"},
        {"project": ""},
        {"project": "digits", "dir": "../.."},
        {"project": "digits", "dir": "plain/../../.."},
        {"project": "../digits", "run": "../../x"},
        {"project": "digits", "sweep": "gone"},
        {"project": "digits", "sweep": "../../x"},
    ],
)
def test_what_is_not_there_is_not_found(server, asked):
    assert refusal(server, **asked) == 404


def test_where_there_is_no_store_none_is_made(server):
    place = server.root / "unused" / ".tracker"
    place.mkdir(parents=True)
    assert refusal(server, dir="unused", project="p") == 404
    assert list(place.iterdir()) == []


# --- what is seen


def test_a_run_is_shown_with_its_curves(server):
    async def work() -> None:
        async with page(server, project="digits", run="run0") as here:
            await here.say(**HELLO)
            head, _ = await here.hear("head")
            assert (head["head"]["name"], head["head"]["state"]) == ("run0", "finished")
            charts, _ = await here.hear("charts")
            assert charts["charts"][0]["name"] == "metric/loss"
            await here.say(type="view", visible=["metric/loss"], width=300)
            data, buffers = await here.hear("data")
            assert [chart["name"] for chart in data["charts"]] == ["metric/loss"]
            assert len(buffers[0]) >= 10 * 8 * 2

    run(work)


def test_the_panels_scripts_come_to_who_lacks_them(server):
    async def work() -> None:
        async with page(server, project="digits", run="run0") as here:
            await here.say(type="hello", panel="x")
            app, _ = await here.hear("app")
            assert "app.js" in dict(app["files"])
            _, (packed,) = await here.hear("plotly")
            assert packed[:2] == b"\x1f\x8b"

    run(work)


def test_a_project_is_shown_as_a_workspace(server):
    async def work() -> None:
        async with page(server, project="digits") as here:
            await here.say(**HELLO)
            head, _ = await here.hear("head")
            assert (head["head"]["name"], head["head"]["total"]) == ("digits", 3)
            await here.say(type="workspace", patch={"runset": {"search": "run2"}}, request=1)
            head, _ = await here.hear("head")
            assert head["head"]["matched"] == 1

    run(work)


@pytest.fixture
def sweep(server: Server) -> Iterator[Controller]:
    """Return a sweep of 20 trials, of which one is over and one runs."""
    config = {
        "method": "random", "metric": {"name": "loss"}, "run_cap": 20,
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
    }  # fmt: skip
    made = create(open_store(server.root / "searching" / ".tracker"), config, "p", seed=1)
    presence = made.ledger.attend("agent")
    trial = made.claim("agent", "batch").trial
    assert trial is not None
    made.set_value(trial.number, 1, 0.5)
    made.end(trial.number, 1, "finished")
    made.claim("agent", "batch")
    made.publish()
    yield made
    made.ledger.leave("agent", presence)


def test_a_sweep_is_shown_with_its_figures(server, sweep):
    async def work() -> None:
        async with page(server, dir="searching", project="p", sweep=sweep.sweep_id) as here:
            await here.say(**HELLO)
            head, _ = await here.hear("head")
            assert head["head"]["counts"] == {"finished": 1, "running": 1}
            trials, _ = await here.hear("trials")
            assert [row["number"] for row in trials["rows"]] == [1, 0]
            await here.say(type="view", visible=["sweep/best"])
            drawn, _ = await here.hear("drawn")
            assert drawn["panel"] == "sweep/best"
            assert sweep.end(1, 1, "finished")
            sweep.publish()
            head, _ = await here.hear("head")
            assert head["head"]["done"] == 2

    run(work)


def test_a_project_that_has_but_a_sweep_is_an_empty_workspace(server, sweep):
    async def work() -> None:
        async with page(server, dir="searching", project="p") as here:
            await here.say(**HELLO)
            head, _ = await here.hear("head")
            assert (head["head"]["name"], head["head"]["total"]) == ("p", 0)

    run(work)


def test_a_sweep_is_another_projects_nowhere(server, sweep):
    asked = {"dir": "searching", "sweep": sweep.sweep_id}
    assert refusal(server, project="other", **asked) == 404


def test_numbers_move_while_a_run_goes_on(server):
    logged = tracker.init(project="p", name="live", dir=server.root / "moving", settings=QUIET)
    logged.log({"loss": 1.0})
    goes_on = threading.Event()

    def train() -> None:
        while not goes_on.wait(0.05):
            logged.log({"loss": 0.5})

    async def work() -> None:
        async with page(server, dir="moving", project="p", run=logged.id) as here:
            await here.say(**HELLO)
            first, _ = await here.hear("head")
            await here.say(type="view", visible=["metric/loss"])
            second, _ = await here.hear("head")
            assert second["head"]["step"] > first["head"]["step"]
            goes_on.set()
            trainer.join()
            logged.finish()
            while (await here.hear("head"))[0]["head"]["state"] != "finished":
                pass

    wait_for(lambda: server.get("runs", dir="moving").content["runs"])
    trainer = threading.Thread(target=train)
    trainer.start()
    try:
        run(work)
    finally:
        goes_on.set()


# --- what a page may do


def test_every_action_either_shows_or_writes():
    assert actions._ACTIONS.keys() - actions.WRITING == {"workspace", "load", "reset"}  # noqa: SLF001


def test_a_page_may_change_a_run(server):
    record(server.root / "editing" / ".tracker", {})

    async def work() -> None:
        async with page(server, dir="editing", project="digits") as here:
            await here.say(**HELLO)
            await here.hear("head")
            changes = {"name": "renamed"}
            await here.say(type="edit", runs=["run0"], changes=changes, request=1)
            await here.hear("reply")

    run(work)
    (row,) = server.get("runs", dir="editing").content["runs"]
    assert row["name"] == "renamed"


@pytest.mark.parametrize("kind", sorted(actions.WRITING))
def test_who_may_only_read_changes_nothing(server, kind):
    store = server.root / ".tracker" / "tracker.duckdb"
    before, headers = store.read_bytes(), {"Authorization": f"token {TOKEN}", "X-May": "read"}

    async def work() -> None:
        async with page(server, headers, project="digits") as here:
            await here.say(**HELLO)
            await here.hear("head")
            await here.say(type=kind, runs=["run0"], changes={"name": "x"}, name="default")
            problem, _ = await here.hear("problem")
            assert problem["text"].startswith("You may look at this store, and not change it")

    run(work)
    assert store.read_bytes() == before


def test_a_page_may_steer_a_sweep_and_sees_how_it_goes_on(server, sweep):
    async def work() -> None:
        async with page(server, dir="searching", project="p", sweep=sweep.sweep_id) as here:
            await here.say(**HELLO)
            await here.hear("head")
            await here.say(type="stop_trial", number=1, request=1)
            await here.hear("reply")
            assert sweep.ledger.read().trials[1].told == "somebody stopped it"
            assert sweep.end(1, 1, "finished")
            await here.say(type="turn", turn="stop")
            while (await here.hear("head"))[0]["head"]["state"] != "finished":
                pass
            # Nothing is followed any more, until somebody goes on with it.
            await here.say(type="turn", turn="resume")
            while (await here.hear("head"))[0]["head"]["sweep"] != "running":
                pass
            sweep.turn("paused")
            while (await here.hear("head"))[0]["head"]["sweep"] != "paused":
                pass

    run(work)


@pytest.mark.parametrize("message", [{"type": "turn", "turn": "stop"}, {"type": "stop_trial"}])
def test_who_may_only_read_steers_no_sweep(server, sweep, message):
    headers = {"Authorization": f"token {TOKEN}", "X-May": "read"}
    before = sweep.ledger.path.read_bytes()

    async def work() -> None:
        asked = {"dir": "searching", "project": "p", "sweep": sweep.sweep_id}
        async with page(server, headers, **asked) as here:
            await here.say(**HELLO)
            await here.hear("head")
            await here.say(**message, number=1, request=1)
            problem, _ = await here.hear("problem")
            assert problem["text"].startswith("You may look at this store, and not change it")
            # The button that was pressed waits for news.
            head, _ = await here.hear("head")
            assert head["head"]["sweep"] == "running"
            await here.hear("reply")

    run(work)
    assert sweep.ledger.path.read_bytes() == before


def test_files_are_found_by_their_content_only(server):
    async def work() -> None:
        async with page(server, project="digits", run="run0") as here:
            await here.say(**HELLO)
            names = ["../tracker.duckdb", "/etc/passwd", "..%2f..", "0" * 64]
            await here.say(type="files", names=names)
            reply, buffers = await here.hear("files")
            assert sorted(reply["lost"]) == sorted(names)
            assert (reply["names"], buffers) == ([], [])

    run(work)


@pytest.mark.parametrize("message", ["[1, 2]", "no JSON", '"text"', "7"])
def test_who_talks_nonsense_is_shown_out(server, message):
    async def work() -> None:
        async with page(server, project="digits") as here:
            await here.connection.write_message(message)
            assert await here.connection.read_message() is None
            assert here.connection.close_code == 1003

    run(work)


def test_a_page_takes_leave(server):
    async def work() -> None:
        async with page(server, project="digits", run="run0") as here:
            await here.say(**HELLO)
            await here.hear("head")
            await here.say(type="bye")
            while await here.connection.read_message() is not None:
                pass

    run(work)
