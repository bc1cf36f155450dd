"""The run table of a project: how long a person waits, by the number of runs and columns.

`python bench_run_table.py [runs [columns]]`; by default 2,000 runs of 100 columns. All times are
from the message of a page to the last answer, without the browser: the median of five.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from tracker.panels.page.board import Board
from tracker.panels.page.client import Client
from tracker.panels.workspace.project_source import ProjectSource
from tracker.store.database.encode import dump_json
from tracker.store.store import Store, open_store

PASSES = 5
BEGAN = datetime(2026, 1, 1)  # noqa: DTZ001 - the store keeps times without a zone


def fill(store: Store, runs: int, columns: int) -> None:
    """Put runs into a store, two fifths of their columns in the config."""
    rng, rows = random.Random(0), []
    for number in range(runs):
        config = {f"c{i}": rng.choice([rng.randrange(4), rng.random(), "a", "b"])
                  for i in range(columns * 2 // 5)}  # fmt: skip
        summary = {f"m/{i}": rng.gauss(0, 1) for i in range(columns * 3 // 5)}
        began = BEGAN + timedelta(minutes=number)
        rows.append({
            "run_key": number + 1, "project": "bench", "run_id": f"id{number:05}",
            "name": f"run-{number}", "tags": ["t"], "state": "finished",
            "config": dump_json(config), "summary": dump_json(summary), "metadata": "{}",
            "created_at": began, "updated_at": began, "runtime_s": 60.0, "last_step": 100,
        })  # fmt: skip
    frame = pd.DataFrame(rows)
    with store.writing() as db:
        db.register("frame", frame)
        db.execute("INSERT INTO run BY NAME SELECT * FROM frame")


def main() -> None:
    """Print milliseconds and kilobytes for each thing that a user does."""
    runs, columns = (int(given) for given in (sys.argv[1:] + ["2000", "100"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / ".tracker"
        store = open_store(root)
        fill(store, runs, columns)
        sent: list[int] = []
        client = Client(lambda content, _buffers: sent.append(len(json.dumps(content))))
        board = Board(root, ProjectSource("bench"), lambda: None)

        def measure(label: str, *messages: dict[str, Any]) -> None:
            taken = []
            sent.clear()
            for message in messages:
                begun = time.perf_counter()
                board.hear(client, message)
                taken.append(time.perf_counter() - begun)
            size = sum(sent) / len(messages) / 1e3
            print(f"{label:34} {statistics.median(taken) * 1e3:7.1f} ms {size:7.1f} kB")

        def patches(*changes: dict[str, Any]) -> list[dict[str, Any]]:
            return [{"type": "workspace", "patch": {"runset": change}} for change in changes]

        begun = time.perf_counter()
        board.greet("page", client, {"app": True, "plotly": True})
        print(f"{'open':34} {(time.perf_counter() - begun) * 1e3:7.1f} ms")
        shown = [f"summary.m/{i}" for i in range(8)]
        windows = [{"type": "rows", "from": n * 97, "to": n * 97 + 40, "columns": shown}
                   for n in range(PASSES)]  # fmt: skip
        measure("scroll to 40 rows of 8 columns", *windows)
        measure("filter by config and summary", *patches(
            *({"filter": f"config.c1 > 0.{n} and summary.m/3 < 0"} for n in range(PASSES))
        ))  # fmt: skip
        measure("filter by a regular expression", *patches(
            *({"filter": f"name ~ {n}$"} for n in range(PASSES))
        ))  # fmt: skip
        measure("no filter", *patches({"filter": None}))
        measure("sort by three columns", *patches(
            *({"order": [[f"config.c{n}", "asc"], ["summary.m/0", "desc"], ["name", "asc"]]}
              for n in range(PASSES))
        ))  # fmt: skip
        measure("group by two columns", *patches(
            *({"group_by": [f"config.c{n}", "config.c9"]} for n in range(PASSES))
        ))  # fmt: skip


if __name__ == "__main__":
    main()
