"""Panels that are not charts: when they are read, and what the page is sent."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tracker.errors import QueryError
from tracker.panels import views
from tracker.panels.page.board import Board
from tracker.panels.views import Field, ViewMessage, html_message
from tracker.panels.views.choices import first_result
from tracker.panels.workspace.project_source import ProjectSource
from tracker.store.reading.run_rows import project_metrics
from tracker.store.store import open_store
from tracker.sweep.creation import create

from .conftest import Page

HAS_ALL = {"app": True, "plotly": True}


def look(root: Path, page: Page, *specs: dict[str, Any]) -> Board:
    """Show a project whose workspace has these panels, all of them on the screen."""
    board = Board(root, ProjectSource("digits"), lambda: None)
    board.greet("p", page.client, HAS_ALL)
    sections = [{"name": "Mine", "panels": list(specs)}]
    board.hear(page.client, {"type": "workspace", "patch": {"sections": sections}})
    board.hear(page.client, {"type": "view", "visible": [spec["id"] for spec in specs]})
    return board


class Counting:
    """A kind of panel that says how often it was read."""

    kind = "counting"
    title = "Counting"
    fields = (Field("text", "Text"),)

    def __init__(self) -> None:
        self.reads = 0
        self.asked: list[dict[str, Any]] = []
        self.named: frozenset[str] | None = frozenset({"loss"})

    def defaults(self, runset):
        return {"title": f"{len(runset.all)} runs", "text": "default"}

    def keys(self, spec):
        return self.named

    def read(self, db, spec, runset, ask):
        self.reads += 1
        self.asked.append(dict(ask))
        match spec["text"]:
            case "wrong":
                raise QueryError("This is wrong: write it right.")
            case "broken":
                raise ZeroDivisionError
            case "slow":
                return lambda: html_message(spec["title"])
        return html_message(spec["text"])


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    known = views.view_of
    for module in (views, __import__("tracker.panels.page.drawn", fromlist=["drawn"])):
        monkeypatch.setattr(
            module, "view_of", lambda name: counting if name == "counting" else known(name)
        )
    return counting


def panel(text: str, **more: Any) -> dict[str, Any]:
    return {"id": "p1", "kind": "counting", "text": text, **more}


def test_a_panel_is_sent_when_it_is_on_the_screen(root: Path, begin, page: Page, kind) -> None:
    begin().flush()
    board = look(root, page, panel("a"))
    drawn = {"type": "drawn", "panel": "p1", "renderer": "html", "content": {"html": "a"}}
    assert page.of("drawn") == [drawn]
    layout = page.of("layout")[-1]["sections"]
    assert layout == [{"name": "Mine", "open": True, "panels": [panel("a")]}]
    page.take()
    board.hear(page.client, {"type": "view", "visible": []})
    board.mark_all()
    board.push()
    assert kind.reads == 1
    assert not page.of("drawn")


def test_it_is_read_again_when_its_keys_have_news(root: Path, begin, page: Page, kind) -> None:
    begin().flush()
    board = look(root, page, panel("a"))
    page.take()
    board.mark({"accuracy"})
    board.push()
    assert kind.reads == 1
    board.mark({"loss"})
    board.push()
    assert kind.reads == 2
    assert [message.get("renderer") for message in page.of("drawn")] == [None]


def test_it_is_read_again_when_other_runs_are_drawn(root: Path, begin, page: Page, kind) -> None:
    first, second = begin(name="one"), begin(name="two")
    first.flush()
    second.flush()
    board = look(root, page, panel("a"))
    patch = {"runset": {"hidden": [first.id]}}
    board.hear(page.client, {"type": "workspace", "patch": patch})
    assert kind.reads == 2


def test_what_the_page_asks_reaches_the_kind(root: Path, begin, page: Page, kind) -> None:
    begin().flush()
    board = look(root, page, panel("a"))
    board.hear(page.client, {"type": "ask", "panel": "p1", "step": 3, "request": 5})
    board.hear(page.client, {"type": "ask", "panel": "p1", "size": 90})
    assert kind.asked == [{}, {"step": 3}, {"step": 3, "size": 90}]
    assert {"type": "reply", "request": 5} in page.of("reply")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wrong", "This is wrong: write it right."),
        ("broken", "This panel could not be drawn: ZeroDivisionError()."),
    ],
)
def test_what_goes_wrong_is_what_the_panel_says(
    root: Path, begin, page: Page, kind, text: str, said: str
) -> None:
    begin().flush()
    look(root, page, panel(text), {"id": "p2", "kind": "markdown", "text": "*b*"})
    drawn = {message["panel"]: message for message in page.of("drawn")}
    assert drawn["p1"]["renderer"] == "trouble"
    assert drawn["p1"]["content"] == {"text": said}
    assert drawn["p2"]["content"] == {"html": "<p><em>b</em></p>\n"}


def test_what_takes_long_is_done_without_the_store(root: Path, begin, page: Page, kind) -> None:
    begin().flush()
    board = look(root, page, panel("slow"))
    assert [content["type"] for content, _ in page.messages][-2:] == ["working", "drawn"]
    assert page.of("drawn")[-1]["content"] == {"html": "1 runs"}
    page.take()
    board.mark({"loss"})
    board.push()
    assert page.take() == ["working", "drawn"]


def test_nobody_waits_for_what_takes_long(root: Path, begin, page: Page, kind) -> None:
    begin().flush()
    may_end, has_ended = threading.Event(), threading.Event()

    def slow(db, spec, runset, ask):
        def work() -> ViewMessage:
            may_end.wait(30)
            return html_message("done")

        return work

    kind.read = slow
    send = page.client.send
    page.client.send = lambda content, buffers: (
        send(content, buffers),
        content["type"] == "drawn" and has_ended.set(),
    )
    board = Board(root, ProjectSource("digits"), lambda: None, is_patient=True)
    board.greet("p", page.client, HAS_ALL)
    sections = [{"name": "Mine", "panels": [panel("a")]}]
    board.hear(page.client, {"type": "workspace", "patch": {"sections": sections}})
    board.hear(page.client, {"type": "view", "visible": ["p1"], "request": 1})
    board.hear(page.client, {"type": "view", "x": "time", "request": 2})
    assert [reply["request"] for reply in page.of("reply")] == [1, 2]
    assert not page.of("drawn")
    may_end.set()
    assert has_ended.wait(30)
    assert page.of("drawn")[0]["content"] == {"html": "done"}


def test_a_kind_from_the_future_says_so(root: Path, begin, page: Page) -> None:
    begin().flush()
    look(root, page, {"id": "x", "kind": "hologram"})
    (drawn,) = page.of("drawn")
    assert drawn["content"]["text"].startswith("This version of tracker has no panels of kind 'ho")


def test_every_kind_has_a_form_and_defaults(root: Path, begin, page: Page) -> None:
    begin().flush()
    look(root, page)
    kinds = page.of("menu")[0]["kinds"]
    assert "markdown" in {kind["kind"] for kind in kinds}
    for kind in kinds:
        assert kind["title"]
        assert {"title", "width"} <= set(kind["defaults"])
        assert all(field["label"] for field in kind["fields"])
    json.dumps(kinds)


def test_every_kind_draws_with_its_defaults(root: Path, begin, page: Page) -> None:
    run = begin(config={"lr": 0.1})
    run.log({"loss": 1.0})
    run.finish()
    look(root, page)
    kinds = [kind["kind"] for kind in page.of("menu")[0]["kinds"]]
    look(root, page, *({"id": kind, "kind": kind} for kind in kinds))
    drawn = {message["panel"]: message for message in page.of("drawn")}
    assert page.charts()["curve"]["lines"] == []
    assert {"curve", *drawn} == set(kinds)
    for message in drawn.values():
        assert "could not be drawn" not in json.dumps(message)


def test_a_message_is_news_when_its_content_or_buffers_change() -> None:
    first = ViewMessage("media", {"a": 1}, [b"x"])
    assert first.fingerprint == ViewMessage("media", {"a": 1}, [b"x"]).fingerprint
    others = [ViewMessage("media", {"a": 1}, [b"y"]), ViewMessage("media", {"a": 2}, [b"x"])]
    assert len({first.fingerprint, *(other.fingerprint for other in others)}) == 3


# --- what a workspace has by itself


def automatic(board: Board, page: Page) -> dict[str, list[str]]:
    sections = page.of("layout")[-1]["sections"]
    return {section["name"]: [spec["id"] for spec in section["panels"]] for section in sections}


def test_runs_with_different_settings_are_compared_by_themselves(
    root: Path, begin, page: Page
) -> None:
    for depth in (1, 1):
        run = begin(config={"depth": depth})
        run.log({"loss": 0.5, "epoch": 1})
        run.finish()
    board = Board(root, ProjectSource("digits"), lambda: None)
    board.greet("p", page.client, HAS_ALL)
    assert "Hyperparameters" not in automatic(board, page)
    names = ["settings/parallel", "settings/importance"]
    # Two runs, three with the next, are too few to say what matters.
    for depths, shown in (((2,), names[:1]), (range(11), names)):
        for depth in depths:
            run = begin(config={"depth": depth})
            run.log({"loss": depth / 2, "epoch": 1})
            run.finish()
        board.mark_all()
        board.push()
        assert list(automatic(board, page).items())[-1] == ("Hyperparameters", shown)
    # Nothing is worked out before it is on a screen.
    assert not page.of("drawn")
    board.hear(page.client, {"type": "view", "visible": names})
    parallel, importance = page.of("drawn")
    figure = json.loads(parallel["content"]["figure"])
    titles = [words["text"] for words in figure["layout"]["annotations"]]
    assert {"depth", "loss"} <= set(titles)
    # All of the runs, and not only the first ten, whose curves are drawn.
    assert len({name for t in figure["data"] for name in t.get("customdata", ())} - {""}) == 14
    assert "loss in 14 runs" in importance["content"]["figure"]
    board.hear(page.client, {"type": "workspace", "patch": {"removed": names}})
    assert "Hyperparameters" not in automatic(board, page)


def test_what_has_a_goal_is_the_result_that_settings_are_compared_for(
    root: Path, begin, page: Page
) -> None:
    for depth in range(2):
        run = begin(config={"depth": depth})
        run.define_metric("speed", goal="maximize")
        run.log({"val/loss": 0.5, "speed": depth, "cost": depth})
        run.finish()
    board = look(root, page)
    runset = board.source.runset
    assert first_result(runset) == "summary.speed"
    config = {"method": "random", "metric": {"name": "cost"}, "parameters": {"depth": {"value": 1}}}
    create(open_store(root), config, project="other")
    assert first_result(runset) == "summary.speed"
    with open_store(root).reading() as db:
        assert project_metrics(db, "other").goals == {"cost"}


@pytest.mark.parametrize("kind", ["parallel", "importance", "comparer", "system"])
def test_what_compares_runs_is_read_again_when_these_change(
    root: Path, begin, page: Page, kind: str
) -> None:
    shown = begin(config={"depth": 1})
    shown.log({"loss": 0.5})
    other = begin(config={"depth": 2})
    other.log({"loss": 0.1})
    shown.finish()
    other.flush()
    board = look(root, page, {"id": "p1", "kind": kind})
    hidden = {"runset": {"hidden": [other.id], "filter": 'state != "failed"'}}
    board.hear(page.client, {"type": "workspace", "patch": hidden})
    page.take()
    other.log({"loss": 0.2})
    other.flush()
    board.mark_all()
    board.push()
    assert not page.of("drawn")
    other.finish()
    board.hear(page.client, {"type": "workspace", "patch": {"runset": {"hidden": []}}})
    assert page.of("drawn")


def test_a_damaged_panel_is_its_own_trouble(root: Path, begin, page: Page) -> None:
    begin(config={"depth": 1}).flush()
    look(root, page, {"id": "p1", "kind": "parallel", "columns": 3, "log": 4},
         {"id": "p2", "kind": "comparer", "only_differences": {}})  # fmt: skip
    assert [message["panel"] for message in page.of("drawn")] == ["p1", "p2"]
