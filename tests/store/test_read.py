"""Runs and what belongs to them, read back as records."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from tracker.records import CellRecord, ConsoleRecord, EventRecord, MetricRule, Series
from tracker.store.reading import read


def test_a_run_comes_back_whole(tables: Any) -> None:
    ended = tables.began + timedelta(seconds=30)
    tables.add_run(
        "abc", project="digits", name="misty-glade", group_name="g", job_type="train",
        tags=["a", "b"], notes="n", state="failed", exit_code=3, sweep_id="s", runtime_s=29.5,
        last_step=7, ended_at=ended.replace(tzinfo=None), parent={"run_id": "p", "step": 4},
        config={"lr": 0.1, "deep": {"er": [1, None]}}, summary={"loss": math.inf},
        metadata={"hostname": "box"},
    )  # fmt: skip
    (run,) = read.runs(tables.db)
    assert (run.run_id, run.project, run.name) == ("abc", "digits", "misty-glade")
    assert (run.group, run.job_type, run.notes, run.sweep_id) == ("g", "train", "n", "s")
    assert (run.state, run.exit_code) == ("failed", 3)
    assert (run.runtime_s, run.last_step) == (29.5, 7)
    assert run.tags == ("a", "b")
    assert run.config == {"lr": 0.1, "deep": {"er": [1, None]}}
    assert run.summary == {"loss": math.inf}
    assert run.metadata == {"hostname": "box"}
    assert run.parent == {"run_id": "p", "step": 4}
    assert run.created_at == tables.began
    assert run.created_at.tzinfo is UTC
    assert run.ended_at == ended


def test_a_run_with_nothing_in_it_has_empty_fields(tables: Any) -> None:
    tables.add_run(
        "abc", config=None, tags=None, updated_at=None, runtime_s=None, last_step=None, name=None
    )
    (run,) = read.runs(tables.db)
    assert (run.tags, run.config, run.summary, run.parent) == ((), {}, {}, None)
    assert (run.ended_at, run.exit_code, run.group) == (None, None, None)
    assert (run.runtime_s, run.last_step) == (0.0, -1)
    assert run.updated_at == run.created_at


def test_an_empty_store_has_nothing(tables: Any) -> None:
    assert read.runs(tables.db) == []
    assert read.run(tables.db, None, "x") is None
    assert read.projects(tables.db) == []
    assert read.names(tables.db) == []
    assert read.series(tables.db, []) == []
    assert read.latest_system(tables.db, 1) == {}


def test_runs_of_equal_age_are_in_the_order_of_their_making(tables: Any) -> None:
    for place in range(20):
        tables.add_run(f"r{place}")
    ids = [run.run_id for run in read.runs(tables.db)]
    assert ids == [f"r{place}" for place in range(20)]
    assert [run.run_id for run in read.runs(tables.db, order="-created_at")] == ids[::-1]


def test_a_run_is_found_by_id_before_name(tables: Any) -> None:
    tables.add_run("first", name="second")
    tables.add_run("second", name="third", project="other")
    tables.add_run("fourth", name="twin")
    tables.add_run("fifth", name="twin", project="other")

    def found(project: str | None, text: str) -> str | None:
        run = read.run(tables.db, project, text)
        return None if run is None else run.run_id

    assert found(None, "second") == "second"
    assert found("digits", "second") == "first"
    assert found(None, "third") == "second"
    assert found("digits", "third") is None
    assert found(None, "twin") is None
    assert found("other", "twin") == "fifth"
    assert found(None, "' OR true --") is None


def test_of_equal_ids_in_several_projects_the_newest_is_found(tables: Any) -> None:
    tables.add_run("same", project="old", created_s=0)
    tables.add_run("same", project="new", created_s=10)
    assert read.run(tables.db, None, "same").project == "new"
    assert read.run(tables.db, "old", "same").project == "old"


def test_projects_are_counted_newest_update_first(tables: Any) -> None:
    tables.add_run(project="a", created_s=0)
    tables.add_run(project="b", created_s=5)
    tables.add_run(project="a", created_s=10)
    began = tables.began
    assert read.projects(tables.db) == [
        ("a", 2, began + timedelta(seconds=10)),
        ("b", 1, began + timedelta(seconds=5)),
    ]


def test_names_are_oldest_first(tables: Any) -> None:
    tables.add_run("b", name="late", created_s=9)
    tables.add_run("a", name="early", created_s=1, project="other")
    assert read.names(tables.db) == [("other", "a", "early"), ("digits", "b", "late")]
    assert read.names(tables.db, "digits") == [("digits", "b", "late")]


def test_series_are_in_the_order_of_their_first_values(tables: Any) -> None:
    loss = tables.add_series(1, "loss")
    picture = tables.add_series(2, "picture", kind="json")
    cpu = tables.add_series(1, "system/cpu", stream="system")
    tables.add_series(3, "other")
    assert read.series(tables.db, [2, 1]) == [
        Series(loss, 1, "default", "loss", "float"),
        Series(picture, 2, "default", "picture", "json"),
        Series(cpu, 1, "system", "system/cpu", "float"),
    ]
    assert [s.series_key for s in read.series(tables.db, [1, 2], "system")] == [cpu]
    assert [s.series_key for s in read.series(tables.db, [1], "default")] == [loss]


def test_metric_rules_are_read_for_each_run(tables: Any) -> None:
    tables.db.execute(
        "INSERT INTO metric VALUES (1, 'val/*', 'epoch', true, ['min', 'last'], 'minimize', true),"
        " (1, 'loss', NULL, false, NULL, NULL, false)"
    )
    assert read.metrics(tables.db, [1, 2]) == {
        1: [
            MetricRule("val/*", "epoch", True, ("min", "last"), "minimize", True),
            MetricRule("loss"),
        ],
        2: [],
    }


def test_the_last_console_lines_are_in_order(tables: Any) -> None:
    when = datetime(2025, 3, 1, tzinfo=UTC)
    for number in (2, 0, 1):
        tables.db.execute(
            "INSERT INTO console VALUES (1, ?, 'stdout', '2025-03-01', ?)",
            [number, f"line {number}"],
        )
    lines = [ConsoleRecord(n, "stdout", when, f"line {n}") for n in range(3)]
    assert read.console(tables.db, 1) == lines
    assert read.console(tables.db, 1, last=2) == lines[1:]
    assert read.console(tables.db, 1, last=0) == []
    assert read.console(tables.db, 2) == []


def test_cells_and_events_are_in_order(tables: Any) -> None:
    tables.db.execute(
        "INSERT INTO cell VALUES (1, 1, 5, 'x = 1', '2025-03-01', 0.5, 'ok', NULL, 'c'),"
        " (1, 0, NULL, 'import y', NULL, NULL, 'error', 'E', NULL)"
    )
    when = datetime(2025, 3, 1, tzinfo=UTC)
    assert read.cells(tables.db, 1) == [
        CellRecord(0, None, "import y", None, None, "error", "E", None),
        CellRecord(1, 5, "x = 1", when, 0.5, "ok", None, "c"),
    ]
    tables.db.execute(
        "INSERT INTO event VALUES (1, '2025-03-02', 'alert', '{\"title\": \"late\"}'),"
        " (1, '2025-03-01', 'config', '{\"lr\": \"NaN\"}'), (1, '2025-03-03', 'alert', NULL)"
    )
    assert [event.kind for event in read.events(tables.db, 1)] == ["config", "alert", "alert"]
    assert math.isnan(read.events(tables.db, 1)[0].payload["lr"])
    assert read.events(tables.db, 1, "alert") == [
        EventRecord(datetime(2025, 3, 2, tzinfo=UTC), "alert", {"title": "late"}),
        EventRecord(datetime(2025, 3, 3, tzinfo=UTC), "alert", {}),
    ]


def test_the_newest_reading_of_each_system_key_is_read(tables: Any) -> None:
    tables.add_points(tables.add_series(1, "system/cpu", stream="system"), [(0, 5.0), (1, 7.0)])
    tables.add_points(tables.add_series(1, "system/gpu.0.temp", stream="system"), [(0, 60.0)])
    tables.add_points(tables.add_series(1, "loss"), [(9, 1.0)])
    tables.add_points(tables.add_series(2, "system/cpu", stream="system"), [(5, 99.0)])
    assert read.latest_system(tables.db, 1) == {"system/cpu": 7.0, "system/gpu.0.temp": 60.0}
