"""Many runs at once: frames, joined histories, tables in notebooks."""

from __future__ import annotations

import importlib.util
import math

import numpy as np
import pytest

import tracker
from tracker.api.html import duration
from tracker.errors import UsageError

from .logged import Start, ids, log


def test_a_frame_of_runs_has_config_and_summary_as_columns(api: tracker.Api, start: Start) -> None:
    log(start(name="one", config={"lr": 0.1, "model": {"depth": 3}}), [{"loss": 0.5}])
    log(start(name="two", config={"opt": "adam"}), [{"loss": math.nan, "acc": 1}])
    frame = api.runs("digits").to_dataframe()
    assert frame["name"].tolist() == ["one", "two"]
    assert frame["config.model.depth"].iloc[0] == 3
    assert np.isnan(frame["config.lr"].iloc[1])
    assert frame["config.opt"].iloc[1] == "adam"
    assert frame["summary.loss"].iloc[0] == 0.5
    assert frame["summary.acc"].iloc[1] == 1
    assert str(frame["created_at"].dtype).endswith("UTC]")
    assert len(api.runs().to_dataframe()) == 2


def test_histories_join_the_rows_of_all_runs(api: tracker.Api, start: Start) -> None:
    one = log(start(), [{"loss": 1.0}, {"loss": 2.0}])
    empty = log(start(), [])
    two = log(start(), [{"loss": 3.0, "acc": 0.5}])
    runs = api.runs("digits")
    assert empty in ids(runs)
    rows = runs.histories(keys=["loss"])
    assert [(row["run_id"], row["loss"]) for row in rows] == [(one, 1.0), (one, 2.0), (two, 3.0)]
    frame = runs.histories(format="pandas")
    assert list(frame.columns[:3]) == ["run_id", "_step", "loss"]
    assert frame["run_id"].tolist() == [one, one, two]
    assert frame["acc"].isna().tolist() == [True, True, False]
    assert len(runs.histories(samples=1, format="pandas")) == 2
    assert list(api.runs("digits", {"state": "crashed"}).histories(format="pandas")) == ["run_id"]
    with pytest.raises(UsageError, match="format is 'csv': expected 'default', 'pandas' or"):
        runs.histories(format="csv")  # type: ignore[arg-type]


def test_histories_for_polars_need_polars(api: tracker.Api, start: Start) -> None:
    log(start(), [{"loss": 1.0}])
    runs = api.runs("digits")
    if importlib.util.find_spec("polars") is None:
        with pytest.raises(UsageError, match="polars is not installed"):
            runs.histories(format="polars")
    else:
        assert runs.histories(format="polars")["loss"].to_list() == [1.0]


HOSTILE = "<img src=x onerror=alert(1)>"


def test_tables_for_notebooks_escape_everything(api: tracker.Api, start: Start) -> None:
    for _ in range(3):
        run_id = log(
            start(name=HOSTILE, tags=[HOSTILE], config={"</script><script>": HOSTILE, "lr": 0.1}),
            [{"<b>loss</b>": 0.123456789, "long": "x" * 5000}],
        )
    for shown in (api.runs("digits", per_page=2)._repr_html_(), api.run(run_id)._repr_html_()):
        assert "<img" not in shown
        assert "<script" not in shown
        assert "<b>" not in shown
        assert "&lt;img src=x" in shown
        assert "0.123457" in shown
        assert len(shown) < 8000
    assert "3 runs" in api.runs("digits")._repr_html_()
    assert "1 more" in api.runs("digits", per_page=2)._repr_html_()
    assert "1 run<" in api.runs("digits", {"name": run_id})._repr_html_()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (200, "3 min 20 s"), (3720, "1 h 02 min"), (math.nan, "?")],
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
