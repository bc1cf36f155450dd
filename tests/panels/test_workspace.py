"""Workspaces: patches, saving, two who save at once, where panels stand; and changes of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.errors import ConflictError, NotFoundError, UsageError
from tracker.media.histogram import Histogram
from tracker.panels.page.board import Board
from tracker.panels.views.choices import first_result
from tracker.panels.workspace import layout
from tracker.panels.workspace.project_source import ProjectSource
from tracker.panels.workspace.workspace import Workspace, merged
from tracker.store.reading import read
from tracker.store.store import open_store
from tracker.store.writing import documents

from .conftest import Page

HAS_ALL = {"app": True, "plotly": True}

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
)


# --- the document


def test_patches_are_those_of_the_standard() -> None:
    cases: list[tuple[Any, Any, Any]] = [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ]  # RFC 7396, appendix A
    for target, patch, result in cases:
        assert merged(target, patch) == result


@settings(deadline=None)
@given(_json, _json)
def test_a_patch_twice_is_a_patch_once(target: Any, patch: Any) -> None:
    once = merged(target, patch)
    assert merged(once, patch) == once


def refreshed(workspace: Workspace, root: Path) -> Workspace:
    with open_store(root).reading() as db:
        workspace.refresh(db)
    return workspace


def test_a_workspace_is_saved_and_opens_elsewhere(root: Path) -> None:
    store = open_store(root)
    here = refreshed(Workspace("digits"), root)
    assert here.as_message()["is_saved"] is False
    here.patch({"runset": {"search": "a"}, "mine": 1})
    assert here.is_changed
    here.save(store)
    assert not here.is_changed
    there = refreshed(Workspace("digits"), root)
    assert there.content == {"runset": {"search": "a"}, "mine": 1, "version": 1}
    assert refreshed(Workspace("other"), root).content == {}


def test_what_is_saved_elsewhere_is_taken_over_unless_it_would_undo(root: Path) -> None:
    store = open_store(root)
    first, second = Workspace("digits"), Workspace("digits")
    first.patch({"a": 1})
    first.save(store)
    assert refreshed(second, root).content["a"] == 1
    first.patch({"a": 2})
    first.save(store)
    assert refreshed(second, root).content["a"] == 2
    second.patch({"b": 1})
    first.patch({"a": 3})
    first.save(store)
    refreshed(second, root)
    assert second.content == {"a": 2, "version": 1, "b": 1}
    assert second.as_message()["is_newer_elsewhere"]
    with pytest.raises(ConflictError, match="somebody else has saved it since"):
        second.save(store)
    assert second.content["b"] == 1
    second.save(store, replace=True)
    assert refreshed(first, root).content == {"a": 2, "version": 1, "b": 1}


def test_a_name_that_is_taken_is_not_overwritten(root: Path) -> None:
    store = open_store(root)
    one, other = Workspace("digits"), Workspace("digits")
    one.patch({"a": 1})
    one.save(store, "mine")
    assert one.name == "mine"
    other.patch({"b": 1})
    with pytest.raises(ConflictError):
        other.save(store, "mine")
    with pytest.raises(UsageError, match="1 to 100 characters"):
        other.save(store, "  ")


def test_workspaces_are_opened_renamed_deleted_and_reset(root: Path) -> None:
    store = open_store(root)
    workspace = Workspace("digits")
    workspace.patch({"a": 1})
    workspace.save(store, "one")
    workspace.rename(store, "two")
    assert refreshed(workspace, root).as_message()["names"] == ["two"]
    workspace.reset()
    assert workspace.content == {}
    assert workspace.is_changed
    workspace.load(store, "two")
    assert workspace.content["a"] == 1
    workspace.delete(store, "two")
    assert (workspace.name, workspace.version, workspace.is_changed) == ("default", 0, True)
    assert workspace.content["a"] == 1
    with pytest.raises(NotFoundError, match="There is no workspace 'two'"):
        workspace.load(store, "two")


def test_one_that_was_deleted_elsewhere_is_automatic_again(root: Path) -> None:
    store = open_store(root)
    workspace = Workspace("digits")
    workspace.patch({"a": 1})
    workspace.save(store)
    documents.delete(store, "workspace", "digits", "default")
    assert refreshed(workspace, root).content == {}


# --- where panels stand


def panels(content: dict[str, Any], metrics: list[str]) -> list[tuple[str, list[str]]]:
    found = layout.sections(content, metrics)
    return [(section["name"], [spec["id"] for spec in section["panels"]]) for section in found]


def test_without_a_layout_metrics_stand_by_their_prefix() -> None:
    metrics = ["epoch", "train/loss", "val/loss", "train/acc"]
    assert panels({}, metrics) == [
        ("train", ["metric/train/loss", "metric/train/acc"]),
        ("val", ["metric/val/loss"]),
        ("Charts", ["metric/epoch"]),
    ]


def test_new_metrics_join_a_saved_layout_and_removed_ones_stay_away() -> None:
    note = {"id": "n", "kind": "markdown"}
    loss = {"id": "metric/train/loss", "kind": "curve"}
    content = {
        "sections": [{"name": "Mine", "panels": [note, loss]}, {"name": "val", "open": False}],
        "removed": ["metric/epoch"],
    }
    metrics = ["epoch", "train/loss", "val/loss", "lr"]
    assert panels(content, metrics) == [
        ("Mine", ["n", "metric/train/loss"]),
        ("val", ["metric/val/loss"]),
        ("Charts", ["metric/lr"]),
    ]
    assert layout.sections(content, metrics)[1]["open"] is False


@pytest.mark.parametrize(
    "sections", [3, ["x"], [{"panels": [3, {"id": "", "kind": "curve"}, {"id": "a"}]}], [{}]]
)
def test_a_damaged_layout_does_no_harm(sections: Any) -> None:
    content = {"sections": sections if isinstance(sections, list) else []}
    assert ("Charts", ["metric/a"]) in panels(content, ["a"])


def test_charts_take_their_keys_and_titles_from_the_panel() -> None:
    chart = layout.chart_of({"id": "metric/train/loss", "kind": "curve"}, "train")
    assert (chart.name, chart.title, chart.keys) == ("metric/train/loss", "loss", ("train/loss",))
    elsewhere = layout.chart_of({"id": "metric/train/loss", "kind": "curve"}, "Mine")
    assert elsewhere.title == "train/loss"
    both = layout.chart_of({"id": "c1", "kind": "curve", "keys": ["a", "b/c"]}, "Mine")
    assert (both.title, both.keys) == ("a, b/c", ("a", "b/c"))
    named = layout.chart_of({"id": "c1", "kind": "curve", "keys": ["a"], "title": "T"}, "Mine")
    assert named.title == "T"


# --- what a page asks for


def a_board(root: Path, page: Page) -> Board:
    board = Board(root, ProjectSource("digits"), lambda: None)
    board.greet("p", page.client, HAS_ALL)
    return board


def test_hidden_metrics_have_no_panel_until_one_is_added(root: Path, begin, page: Page) -> None:
    run = begin(config={"lr": 0.1})
    run.define_metric("inner/*", hidden=True)
    run.define_metric("inner/but", hidden=False)
    run.define_metric("val_loss", hidden=True)
    run.log({"inner/a": 1, "inner/but": 2, "val_loss": 3, "loss": 4})
    run.log({"inner/h": Histogram([1, 2, 3])})
    run.finish()
    begin(config={"lr": 0.2}).finish()  # whoever did not log it has no say
    board = a_board(root, page)

    def ids() -> list[str]:
        sections = page.of("layout")[-1]["sections"]
        return sorted(spec["id"] for section in sections for spec in section["panels"])

    assert ids() == ["metric/inner/but", "metric/loss", "settings/parallel"]
    assert page.of("menu")[-1]["metrics"] == ["inner/a", "inner/but", "val_loss", "loss"]
    with open_store(root).reading() as db:
        board.source.runset.read(db, {})
    assert first_result(board.source.runset) == "summary.loss"
    panels = [{"id": "mine", "kind": "curve", "keys": ["inner/a"]}]
    patch = {"sections": [{"name": "Mine", "panels": panels}]}
    board.hear(page.client, {"type": "view", "visible": ["mine"]})
    board.hear(page.client, {"type": "workspace", "patch": patch})
    assert [line["last"] for line in page.charts()["mine"]["lines"]] == [1.0]
    again = begin(config={"lr": 0.3})
    again.log({"inner/a": 1})
    again.finish()
    board.push()
    assert "metric/inner/a" in ids()  # the newest run that logged it does not hide it


def test_runs_are_changed_in_place(root: Path, begin, page: Page) -> None:
    runs = [begin(name=f"run {n}", tags=["old"]) for n in range(2)]
    for run in runs:
        run.finish()
    ids = [run.id for run in runs]
    board = a_board(root, page)
    changes = {"name": " new ", "notes": "why", "tags": ["a", "a", " ", "b"]}
    board.hear(page.client, {"type": "edit", "runs": ids[:1], "changes": changes})
    board.hear(
        page.client,
        {"type": "edit", "runs": ids, "changes": {"add_tags": ["c"], "remove_tags": ["old"]}},
    )
    with open_store(root).reading() as db:
        first, second = (read.run(db, "digits", run_id) for run_id in ids)
    assert (first.name, first.notes, first.tags) == ("new", "why", ("a", "b", "c"))
    assert (second.name, second.tags) == ("run 1", ("c",))
    texts = [message["text"] for message in page.of("progress")]
    assert texts == ["Changing run 1 of 2 …", "Changing run 2 of 2 …", ""]


def test_runs_are_deleted_and_one_that_is_alive_is_named(root: Path, begin, page: Page) -> None:
    done, alive = begin(name="done"), begin(name="alive")
    done.finish()
    alive.flush()
    board = a_board(root, page)
    board.hear(page.client, {"type": "delete", "runs": [alive.id, done.id], "request": 1})
    (problem,) = page.of("problem")
    assert "is still running: finish it" in problem["text"]
    assert page.of("head")[-1]["head"]["total"] == 1
    with open_store(root).reading() as db:
        assert [run.name for run in read.runs(db)] == ["alive"]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"type": "edit", "runs": ["a"], "changes": {"state": "x"}}, "'state' of a run cannot be"),
        ({"type": "edit", "runs": ["a"], "changes": {}}, "expected name, tags or notes"),
        ({"type": "edit", "runs": "a", "changes": {"name": "b"}}, "expected a list of ids"),
        ({"type": "delete", "runs": ["gone"]}, "There is no run 'gone'"),
        ({"type": "load", "name": "gone"}, "There is no workspace 'gone'"),
        ({"type": "save", "name": ""}, "expected 1 to 100 characters"),
    ],
)
def test_what_cannot_be_done_is_said(root: Path, begin, page: Page, message, said: str) -> None:
    begin().flush()
    board = a_board(root, page)
    board.hear(page.client, {**message, "request": 9})
    (problem,) = page.of("problem")
    assert said in problem["text"]
    assert problem["about"] == message["type"]
    assert page.of("reply") == [{"type": "reply", "request": 9}]


def test_an_empty_name_is_refused(root: Path, begin, page: Page) -> None:
    run = begin()
    run.finish()
    board = a_board(root, page)
    board.hear(page.client, {"type": "edit", "runs": [run.id], "changes": {"name": " "}})
    assert "A run's name is empty" in page.of("problem")[0]["text"]


def test_all_views_of_a_panel_see_its_workspace(root: Path, begin, page: Page) -> None:
    begin(name="one").flush()
    other = Page()
    board = a_board(root, page)
    board.greet("other", other.client, HAS_ALL)
    other.take()
    board.hear(page.client, {"type": "workspace", "patch": {"runset": {"search": "zzz"}}})
    assert other.of("head")[-1]["head"]["matched"] == 0
    board.hear(page.client, {"type": "save", "name": "mine"})
    board.hear(other.client, {"type": "reset"})
    state = page.of("head")[-1]["head"]["workspace"]
    assert (state["name"], state["names"], state["is_changed"]) == ("mine", ["mine"], True)
    assert page.of("head")[-1]["head"]["matched"] == 1


def test_scrolling_reads_nothing_anew(root: Path, begin, page: Page) -> None:
    for number in range(12):
        begin(name=f"run {number}").finish()
    board = a_board(root, page)
    board.hear(page.client, {"type": "rows", "from": 0, "to": 10, "columns": ["state"]})
    reads = 0
    read_source = board.source.read

    def counting(db: Any) -> None:
        nonlocal reads
        reads += 1
        read_source(db)

    board.source.read = counting  # type: ignore[method-assign]
    page.take()
    board.hear(
        page.client, {"type": "rows", "from": 5, "to": 15, "columns": ["state"], "request": 3}
    )
    assert reads == 0
    assert page.of("rows")[0]["rows"][0]["name"] == "run 6"
    assert page.take() == ["rows", "reply"]
    begin(name="late").finish()
    board.hear(page.client, {"type": "rows", "from": 0, "to": 5, "columns": ["state"]})
    assert reads == 1
    assert page.of("rows")[0]["rows"][0]["name"] == "late"
