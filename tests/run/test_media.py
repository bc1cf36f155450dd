"""Media on their way into the store: beside the training, in order, and nothing dropped."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import tracker
from tracker.errors import NotFoundError, QueryError, RunFinishedError, TrackerWarning
from tracker.run.encoder import Encoder, Job, Late

SIZE = (64, 64, 3)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, SIZE, dtype=np.uint8)


def pixels(run: tracker.Run, step: int | None = None) -> np.ndarray:
    return tracker.Api(run.settings.root).run(f"p/{run.id}").get("image", step).to_value()


def test_what_happens_to_an_array_after_log_changes_nothing(start):
    array, kept = noise(0), noise(0)
    with start() as run:
        run.log({"image": tracker.Image(array)})
        array[:] = 0
    assert np.array_equal(pixels(run), kept)


def test_what_happens_to_boxes_and_graphs_after_log_changes_nothing(start):
    boxes = [{"position": {"minX": 0, "maxX": 1, "minY": 0, "maxY": 1}, "class_id": np.int64(1)}]
    graph = tracker.Graph()
    for number in range(2_000):
        graph.add_node(id=number, name="a node with a name of some length " * 2)
    with start() as run:
        run.log({"image": tracker.Image(noise(0), boxes={"b": {"box_data": boxes}}), "g": graph})
        boxes.append({})
        boxes[0]["class_id"] = 2
        graph.add_node(id="late")
    read = tracker.Api(run.settings.root).run(f"p/{run.id}")
    assert [box["class_id"] for box in read.get("image").boxes["b"]["box_data"]] == [1]
    assert len(read.get("g").nodes) == 2_000


def test_values_join_the_rest_of_their_step_in_order(start, stored):
    with start() as run:
        for step in range(20):
            run.log({"loss": step}, commit=False)
            run.log({"image": tracker.Image(noise(step)), "shade": step})
    rows = stored.rows(run)
    assert sorted(rows) == list(range(20))
    assert all(set(row) == {"loss", "shade", "image"} for row in rows.values())
    assert np.array_equal(pixels(run, 7), noise(7))
    assert stored.run(run).summary["image"]["sha256"] == rows[19]["image"]["sha256"]
    assert [step for key, step, _ in stored.points(run) if key == "image"] == list(range(20))


def test_a_later_value_of_a_key_is_not_overtaken(start, stored):
    with start() as run:
        run.log({"x": tracker.Image(noise(0))}, commit=False)
        run.log({"x": "done"}, commit=False)
        run.log({"x": 2, "y": 1})
        run.log({"x": 3})
    assert stored.rows(run) == {0: {"x": 2, "y": 1}, 1: {"x": 3}}
    assert stored.run(run).summary["x"] == 3


def test_a_row_of_media_alone_takes_a_step(start, stored):
    with start() as run:
        for number in range(3):
            run.log({"image": tracker.Image(noise(number))})
        run.log({"loss": 1})
    assert sorted(stored.rows(run)) == [0, 1, 2, 3]
    assert stored.run(run).last_step == 3


def test_steps_may_come_in_any_order(start, stored):
    with start() as run:
        for step in (5, 2, 9):
            run.log({"image": tracker.Image(noise(step)), "loss": step}, step=step)
    found = {step: row["loss"] for step, row in stored.rows(run).items() if "image" in row}
    assert found == {5: 5, 2: 2, 9: 9}


def test_equal_content_is_kept_once(start, stored):
    with start() as run:
        for _ in range(5):
            run.log({"image": tracker.Image(noise(0)), "list": [tracker.Image(noise(0))] * 3})
    references = stored.values(run, "image")
    assert len({reference["sha256"] for reference in references}) == 1
    files = [p for p in (stored.root / "objects").rglob("*") if p.is_file()]
    assert len(files) == 1 + ("thumbnail" in references[0])


def test_summary_and_flush_wait_for_what_was_logged(start, stored):
    run = start()
    run.log({"image": tracker.Image(noise(1))})
    assert run.summary["image"]["width"] == 64
    run.log({"image": tracker.Image(noise(2))})
    run.flush()
    assert len(stored.values(run, "image")) == 2


def test_a_value_that_cannot_be_encoded_is_told_and_the_next_is_kept(start, stored, monkeypatch):
    broken = tracker.Image(noise(0))
    monkeypatch.setattr(broken._raster, "_encode", lambda: 1 / 0)  # noqa: SLF001
    run = start()
    with pytest.warns(TrackerWarning, match="Image could not be read .ZeroDivisionError"):
        run.log({"image": broken})
        run.log({"image": tracker.Image(noise(1))})
        run.flush()
    run.finish()
    assert stored.values(run, "image")[0] == "<tracker.media.image.Image>"
    assert stored.values(run, "image")[1]["_type"] == "image-file"


@pytest.mark.filterwarnings("error")
def test_where_warnings_are_errors_the_next_value_is_kept_all_the_same(start, stored, monkeypatch):
    broken = tracker.Image(noise(0))
    monkeypatch.setattr(broken._raster, "_encode", lambda: 1 / 0)  # noqa: SLF001
    run = start()
    with pytest.raises(TrackerWarning, match="could not be read"):
        run.log({"image": broken})
        run._recorder.encoder.drain()  # noqa: SLF001 - so that the next call warns
        run.log({"loss": 1})
    run.log({"image": tracker.Image(noise(1))})
    run.finish()
    assert [type(value) for value in stored.values(run, "image")] == [str, dict]


def test_what_no_thread_can_be_started_for_is_encoded_at_once(start, stored, monkeypatch):
    """As while Python shuts down."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    run = start()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        run.log({"image": tracker.Image(noise(1))})
    assert not run._recorder.encoder.keys  # noqa: SLF001 - nothing waits
    run.finish()
    assert len(stored.values(run, "image")) == 1


def test_threads_that_log_while_the_run_ends_lose_nothing_that_was_taken(start, stored):
    run, taken = start(), []

    def log() -> None:
        try:
            for number in range(1000):
                run.log({"image": tracker.Image(noise(number))})
                taken.append(number)
        except RunFinishedError:
            return

    thread = threading.Thread(target=log)
    thread.start()
    while len(taken) < 20:
        time.sleep(0.001)
    run.finish()
    thread.join()
    assert len(stored.values(run, "image")) == len(taken)


def test_a_loop_that_outruns_the_disk_waits(start):
    """At no moment is more held than the limit and the value just given."""
    gate, written, held = threading.Semaphore(0), [], []
    encoder = Encoder(lambda job: (gate.acquire(), written.append(job.step)), limit_bytes=30)

    def log() -> None:
        for step in range(10):
            encoder.put(Job("k", Late(None, 10), step, 0))
            encoder.wait_for_room()
            held.append(step + 1 - len(written))

    thread = threading.Thread(target=log)
    thread.start()
    while len(held) < 3:
        time.sleep(0.001)
    thread.join(0.05)
    assert thread.is_alive()
    assert len(held) == 3
    for _ in range(10):
        gate.release()
    thread.join()
    encoder.drain()
    assert written == list(range(10))
    assert max(held) <= 3
    assert not encoder.keys


def test_a_tables_rows_are_those_at_the_time_of_log(start):
    table = tracker.Table(columns=["a"], data=[[1]], log_mode="MUTABLE")
    with start() as run:
        run.log({"table": table})
        table.add_data(2)
        run.log({"table": table})
    read = tracker.Api(run.settings.root).run(f"p/{run.id}")
    assert read.get("table", 0).data == [[1]]
    assert read.get("table").to_value()["a"].tolist() == [1, 2]


def test_a_chart_brings_its_table_under_a_key_of_its_own(start, stored):
    table = tracker.Table(columns=["x", "y"], data=[[1, 2]])
    with start() as run:
        run.log({"curve": tracker.plot.line(table, "x", "y")})
        run.log({"apart": tracker.plot.line(table, "x", "y", split_table=True)})
    rows = stored.rows(run)
    assert rows[0]["curve"]["_type"] == "custom-chart"
    assert rows[0]["curve_table"]["sha256"] == rows[0]["curve"]["table"]["sha256"]
    assert rows[1]["Custom Chart Tables/apart_table"]["_type"] == "table-file"


def test_a_table_in_increments_goes_on_in_a_resumed_run(start, stored):
    def log(rows: list[int], **options: object) -> tracker.Run:
        table = tracker.Table(columns=["a"], log_mode="INCREMENTAL")
        with start(**options) as run:
            for row in rows:
                table.add_data(row)
                run.log({"table": table})
        return run

    run = log([1, 2])
    log([3], id=run.id, resume="must")
    assert [value["increment_num"] for value in stored.values(run, "table")] == [0, 1, 2]
    found = tracker.Api(run.settings.root).run(f"p/{run.id}")
    assert found.get("table").get_column("a") == [1, 2, 3]
    assert found.get("table", 0).get_column("a") == [1]


def test_get_names_what_is_close(start):
    with start() as run:
        run.log({"image": tracker.Image(noise(0)), "loss": 0.5, "words": ["a", "b"]}, step=3)
    found = tracker.Api(run.settings.root).run(f"p/{run.id}")
    assert (found.get("loss"), found.get("words")) == (0.5, ["a", "b"])
    with pytest.raises(NotFoundError, match=r"nothing under 'imag'. Did you mean 'image'\?"):
        found.get("imag")
    with pytest.raises(NotFoundError, match="logged 'image' only after step 2"):
        found.get("image", 2)


def test_tables_are_asked_in_sql_across_runs(start):
    for name, scores in (("one", [0.5, 1.0]), ("two", [0.25])):
        with start(name=name) as run:
            rows = [[place, score] for place, score in enumerate(scores)]
            run.log({"eval/scores": tracker.Table(columns=["id", "score"], data=rows)})
    frame = tracker.sql(
        'SELECT name, avg(score) AS mean FROM "eval/scores" JOIN runs USING (project, run_id) '
        "WHERE _is_last AND score >= ? GROUP BY name ORDER BY name",
        [0.2],
        dir=run.settings.root,
    )
    assert frame.to_dict("list") == {"name": ["one", "two"], "mean": [0.75, 0.25]}
    with pytest.raises(QueryError, match="and the tables that runs logged, by their keys"):
        tracker.sql("FROM nowhere", dir=run.settings.root)
    with pytest.raises(QueryError, match="cannot reach files"):
        tracker.sql("FROM read_text('/etc/hostname')", dir=run.settings.root)


CHILD = """
import os, sys
import numpy as np
import tracker
run = tracker.init(project="p", dir=sys.argv[1], settings={"console": False, "silent": True})
image = tracker.Image(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
run.log({"image": image})
child = os.fork()
if not child:
    run.log({"image": image})  # it belongs to the parent
    os._exit(0)
os.waitpid(child, 0)
run.log({"image": image})
print(run.id)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
def test_a_forked_child_leaves_its_parents_media_alone_and_an_exit_waits(alone, stored):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD, str(alone)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    run = tracker.Api(alone).run(f"p/{done.stdout.strip()}")
    assert [row["_step"] for row in run.scan_history(["image", "_step"])] == [0, 1]
