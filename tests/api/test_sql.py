"""SQL over the store, and what the read side does without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tracker
from tracker.errors import QueryError

from .logged import Start, log


def test_sql_reads_the_store_as_a_frame(api: tracker.Api, start: Start, tmp_path: Path) -> None:
    run_id = log(start(config={"lr": 0.1}), [{"loss": 2.0}, {"loss": 1.0}])
    query = "SELECT run_id, min(value) AS best FROM history WHERE key = ? GROUP BY run_id"
    frame = tracker.sql(query, ["loss"], dir=tmp_path)
    assert frame.to_dict("list") == {"run_id": [run_id], "best": [1.0]}
    assert api.sql(query, ("loss",))["best"].tolist() == [1.0]
    assert api.sql("SELECT config ->> '$.lr' AS lr FROM runs")["lr"].tolist() == ["0.1"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "ATTACH '/tmp/x.duckdb'",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "SELECT 1; ATTACH '/etc/passwd' AS p",
        "SELECT * FROM secret",
    ],
)
def test_sql_reaches_nothing_else(api: tracker.Api, query: str) -> None:
    import pandas as pd

    secret = pd.DataFrame({"x": ["secret"]})
    with pytest.raises(QueryError) as caught:
        api.sql(query)
    assert "root:" not in str(caught.value)
    assert len(secret) == 1


_LEAN = """
import sys
blocked = ("pandas", "plotly", "IPython", "ipywidgets", "anywidget")
sys.modules.update(dict.fromkeys(blocked))
import tracker
api = tracker.Api(sys.argv[1])
runs = api.runs("digits", {"config.lr": {"$gt": 0}})
assert runs[0].history(pandas=False) and list(runs[0].scan_history()) and runs._repr_html_()
assert runs.histories() and runs[0]._repr_html_()
print("read")
"""


def test_pandas_is_needed_for_frames_only(start: Start, tmp_path: Path) -> None:
    log(start(config={"lr": 0.1}), [{"loss": 1.0}])
    done = subprocess.run(
        [sys.executable, "-c", _LEAN, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "read\n"
