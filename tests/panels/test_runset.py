"""The runs of a workspace: filters, orders, groups, what is drawn, and windows of the table."""

from __future__ import annotations

import csv
import math
import statistics as plain_statistics
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker import start
from tracker.panels.runs.runset import RunSet, group_colours, group_id
from tracker.panels.runs.table import Window, cell, csv_text, rows_message, statistics
from tracker.store.store import Store, open_store

from .conftest import QUIET

RUNS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ada": ({"lr": 0.1, "opt": "adam", "seed": 1}, {"loss": 0.5}),
    "bob": ({"lr": 0.1, "opt": "sgd", "seed": 2}, {"loss": math.nan}),
    "cid": ({"lr": 1, "opt": "adam", "seed": 3}, {"loss": 0.25, "deep": {"er": "x"}}),
    "dee": ({"lr": 1.0, "seed": 4}, {"loss": 0.95}),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    place = tmp_path_factory.mktemp("recorded")
    for name, (config, summary) in RUNS.items():
        tags = ["old"] if name == "ada" else []
        run = start.init("digits", name, config, dir=place, tags=tags, settings=QUIET)
        run.summary.update(summary)
        run.finish()
    return open_store(place / ".tracker")


def the_set(store, **spec: Any) -> RunSet:
    runset = RunSet("digits")
    with store.reading() as db:
        runset.read(db, spec)
    return runset


def names(runs) -> list[str]:
    return [run.name for run in runs]


def test_all_runs_are_there_newest_first(store) -> None:
    runset = the_set(store)
    assert names(runset.runs) == ["dee", "cid", "bob", "ada"]
    assert names(runset.all) == ["ada", "bob", "cid", "dee"]
    assert runset.problem is None


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"filter": "config.lr = 1"}, ["dee", "cid"]),
        ({"filter": "config.opt = adam and summary.loss < 0.4"}, ["cid"]),
        ({"filter": 'name ~ "[ab]"'}, ["bob", "ada"]),
        ({"filter": "tags = old"}, ["ada"]),
        ({"filter": "tags = old", "search": "bob"}, []),
        ({"search": "OLD"}, ["ada"]),
        ({"order": [["summary.loss", "asc"]]}, ["cid", "ada", "dee", "bob"]),
        ({"order": [["config.lr", "desc"], ["name", "asc"]]}, ["cid", "dee", "ada", "bob"]),
        (
            {"order": [["config.opt", "desc"], ["summary.loss", "desc"]]},
            ["bob", "ada", "cid", "dee"],
        ),
    ],
)
def test_runs_are_filtered_searched_and_ordered(store, spec, expected) -> None:
    assert names(the_set(store, **spec).runs) == expected


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"filter": "config.lr >"}, (11, 11)),
        ({"filter": 'name ~ "("'}, None),
        ({"order": [["nonsense", "asc"]]}, None),
    ],
)
def test_what_is_wrong_is_said_and_left_out(store, spec, place) -> None:
    runset = the_set(store, **spec)
    assert runset.problem is not None
    assert runset.problem.place == place
    assert names(runset.runs) == ["dee", "cid", "bob", "ada"]
    assert runset.rules is None


def test_what_has_not_changed_is_not_read_into_new_objects(root: Path, begin) -> None:
    begin(name="ada").finish()
    runset = the_set(open_store(root))
    (before,) = runset.all
    begin(name="eve").finish()
    with open_store(root).reading() as db:
        runset.read(db, {})
    assert names(runset.all) == ["ada", "eve"]
    assert runset.all[0] is before


def test_groups_hold_equal_values_in_the_order_of_their_means(store) -> None:
    runset = the_set(store, group_by=["config.lr"], order=[["summary.loss", "asc"]])
    groups = [(group.values, names(group.members)) for group in runset.groups]
    assert groups == [((0.1,), ["ada", "bob"]), ((1,), ["cid", "dee"])]
    down = the_set(store, group_by=["config.opt"], order=[["config.opt", "desc"]])
    assert [group.name for group in down.groups] == ["sgd", "adam", "–"]
    assert [group.id for group in down.groups] == [
        group_id(["config.opt"], [value]) for value in ("sgd", "adam", None)
    ]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [(1, 1.0, True), (1, "1", False), (True, 1, False), (None, "null", False), ([1], [1], True)],
)
def test_values_that_look_alike_make_different_groups(one: Any, other: Any, is_same: bool) -> None:
    assert (group_id(["a"], [one]) == group_id(["a"], [other])) is is_same


def test_colours_of_groups_differ_and_stay() -> None:
    ids = [group_id(["config.lr"], [number]) for number in range(10)]
    colours = group_colours(ids)
    assert len(set(colours.values())) == 10
    assert group_colours(reversed(ids)) == colours


def test_the_first_runs_are_drawn_and_those_that_were_chosen(store) -> None:
    ids = {run.name: run.id for run in the_set(store).all}
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["dee", "cid", "bob", "ada"]),
        ({"first": 2}, ["dee", "cid"]),
        ({"first": 2, "shown": [ids["ada"]]}, ["dee", "cid", "ada"]),
        ({"first": 2, "hidden": [ids["dee"]]}, ["cid"]),
        ({"first": "all", "hidden": [ids["dee"]]}, ["cid", "bob", "ada"]),
        ({"only": [ids["bob"]], "hidden": [ids["bob"]]}, ["bob"]),
        ({"only": []}, []),
    ]
    for spec, expected in cases:
        assert names(the_set(store, **spec).visible) == expected, spec


def test_a_hidden_run_is_no_member_of_what_is_drawn(store) -> None:
    ids = {run.name: run.id for run in the_set(store).all}
    spec = {"group_by": ["config.lr"], "hidden": [ids["bob"]], "order": [["name", "asc"]]}
    runset = the_set(store, **spec)
    assert [names(group.members) for group in runset.visible_groups] == [["ada"], ["cid", "dee"]]
    first = the_set(store, **spec, first=1)
    assert names(first.visible) == ["ada"]
    hidden = the_set(store, **(spec | {"hidden": [first.groups[0].id]}))
    assert names(hidden.visible) == ["cid", "dee"]


def test_the_fingerprint_tells_what_is_drawn_and_how(store) -> None:
    base = the_set(store)
    assert base.fingerprint == the_set(store).fingerprint
    changed = [{"first": 1}, {"group_by": ["config.lr"]}, {"order": [["name", "asc"]]}]
    prints = [the_set(store, **spec).fingerprint for spec in changed]
    assert len({base.fingerprint, *prints}) == 4


def test_columns_are_all_there_and_those_shown_tell_runs_apart(store) -> None:
    runset = the_set(store)
    found = {column.id: column for column in runset.columns}
    assert found["config.lr"].is_number
    assert not found["config.opt"].is_number
    assert found["config.opt"].count == 3
    assert found["summary.deep.er"].count == 1
    assert found["state"].is_constant
    assert runset.shown_columns[0] == "name"
    assert {"config.lr", "config.seed", "summary.loss"} <= set(runset.shown_columns)
    assert the_set(store, columns=["name", "gone"]).shown_columns == ["name", "gone"]


def test_a_window_holds_its_rows_and_columns_only(store) -> None:
    runset = the_set(store)
    message = rows_message(runset, Window(1, 3, ("config.opt", "summary.loss", "tags")))
    assert message["count"] == 4
    assert message["from"] == 1
    assert [row["name"] for row in message["rows"]] == ["cid", "bob"]
    assert message["rows"][0]["cells"] == ["adam", 0.25, "[]"]
    assert message["rows"][1]["cells"] == ["sgd", {"n": "NaN"}, "[]"]
    assert message["rows"][0]["eye"] is True


def test_open_groups_show_their_runs(store) -> None:
    runset = the_set(store, group_by=["config.opt"], order=[["name", "asc"]])
    closed = rows_message(runset, Window(0, 10, ("summary.loss", "config.opt")))
    assert [(row["name"], row["size"]) for row in closed["rows"]] == [
        ("adam", 2),
        ("sgd", 1),
        ("–", 1),
    ]
    loss, opt = closed["rows"][0]["cells"]
    assert (loss["mean"], loss["min"], loss["max"], loss["count"]) == (0.375, 0.25, 0.5, 2)
    assert opt == "adam"
    adam = closed["rows"][0]["id"]
    opened = rows_message(runset, Window(0, 10, (), frozenset([adam])))
    assert [(row["name"], row["depth"]) for row in opened["rows"]] == [
        ("adam", 0),
        ("ada", 1),
        ("cid", 1),
        ("sgd", 0),
        ("–", 0),
    ]
    assert opened["count"] == 5


def test_the_baseline_brings_its_values(store) -> None:
    ids = {run.name: run.id for run in the_set(store).all}
    runset = the_set(store, baseline=ids["ada"], filter="config.lr = 1")
    message = rows_message(runset, Window(0, 10, ("summary.loss",)))
    assert message["baseline"] == {"id": ids["ada"], "cells": [0.5]}
    assert "baseline" not in rows_message(the_set(store, baseline="gone"), Window())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (math.inf, {"n": "Infinity"}),
        (-math.inf, {"n": "-Infinity"}),
        (2**60, str(2**60)),
        (True, True),
        (None, None),
        ({"_type": "image-file"}, "image-file"),
        ("x" * 999, "x" * 299 + "…"),
    ],
)
def test_cells_say_what_json_cannot(value: Any, shown: Any) -> None:
    assert cell(value) == shown


_floats = st.floats(allow_nan=True, width=32) | st.integers(-(10**6), 10**6)


@settings(deadline=None)
@given(st.lists(_floats | st.none(), max_size=20))
def test_statistics_are_those_of_plain_python(values: list[Any]) -> None:
    found = statistics(values)
    numbers = [float(v) for v in values if v is not None and math.isfinite(v)]
    odd = sum(v is not None and not math.isfinite(v) for v in values)
    if not numbers and not odd:
        assert found is None
        return
    assert (found["count"], found["odd"]) == (len(numbers), odd)
    if numbers:
        assert (found["min"], found["max"]) == (min(numbers), max(numbers))
        assert found["mean"] == pytest.approx(plain_statistics.fmean(numbers), abs=1e-9)
    if len(numbers) > 1:
        assert found["std"] == pytest.approx(plain_statistics.stdev(numbers), rel=1e-6, abs=1e-9)
    else:
        assert "std" not in found


def test_the_table_is_had_as_csv(store) -> None:
    columns = ["name", "config.opt", "summary.loss", "tags", "created_at"]
    runset = the_set(store, columns=columns, order=[["name", "asc"]], filter="config.lr = 0.1")
    head, ada, bob = csv.reader(csv_text(runset).splitlines())
    assert head == ["id", *columns]
    assert ada[1:5] == ["ada", "adam", "0.5", '["old"]']
    assert bob[3] == "nan"
    assert ada[5].endswith("+00:00")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@a"])
def test_a_spreadsheet_runs_no_formula_of_the_csv(root: Path, begin, name: str) -> None:
    begin(name=name).finish()
    runset = the_set(open_store(root), columns=["name"])
    assert csv_text(runset).splitlines()[1].endswith(f",'{name}")


def test_statistics_of_texts() -> None:
    assert statistics(["a", "a", None]) == "a"
    assert statistics(["a", "b"]) == {"distinct": 2}
    assert statistics([["a", "b"], ["a", "b"]]) == "a, b"
    assert statistics([[1, 2]]) == "[1, 2]"
    assert statistics([None, []]) is None
