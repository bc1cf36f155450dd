"""What a run logged comes back as it was logged."""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.api import Run
from tracker.errors import UsageError

from .logged import Start, log


@pytest.fixture
def sparse(api: tracker.Api, start: Start) -> Run:
    """100 rows: loss in all, val in every tenth, text in the last."""
    rows: list[dict[str, Any]] = [{"loss": step / 2} for step in range(100)]
    for step in range(0, 100, 10):
        rows[step]["val"] = step
    rows[99]["note"] = "end"
    return api.run(log(start(), rows))


def test_history_is_whole_when_it_is_short(sparse: Run) -> None:
    frame = sparse.history()
    assert list(frame.columns) == ["_step", "loss", "val", "note", "_runtime", "_timestamp"]
    assert frame["_step"].tolist() == list(range(100))
    assert frame["loss"].tolist() == [step / 2 for step in range(100)]
    assert frame["val"].notna().sum() == 10
    assert frame["note"].tolist()[-1] == "end"
    assert frame["_runtime"].is_monotonic_increasing
    assert (frame["_timestamp"].iloc[0] - sparse.created_at.timestamp()) < 30


def test_history_is_thinned_evenly_with_both_ends(sparse: Run) -> None:
    frame = sparse.history(samples=12)
    assert frame["_step"].tolist() == [9 * place for place in range(12)]
    assert sparse.history(samples=1)["_step"].tolist() == [0]
    assert len(sparse.history(samples=None)) == 100
    assert len(sparse.history(samples=100)) == 100


def test_history_of_keys_has_rows_with_any_of_them_and_nan_elsewhere(sparse: Run) -> None:
    frame = sparse.history(keys=["val", "note", "never"])
    assert list(frame.columns) == ["_step", "val", "note", "never"]
    assert frame["_step"].tolist() == [*range(0, 100, 10), 99]
    assert np.isnan(frame["val"].iloc[-1])
    assert frame["never"].isna().all()
    assert sparse.history(keys=["val"])["val"].tolist() == list(range(0, 100, 10))
    assert sparse.history(keys=["val"])["val"].dtype == np.int64
    assert len(sparse.history(keys=["val"], samples=3)) == 3
    assert len(sparse.history(keys=["never"])) == 0


def test_history_over_another_axis_has_it_first(sparse: Run) -> None:
    frame = sparse.history(keys=["val"], x_axis="loss")
    assert list(frame.columns) == ["loss", "val"]
    assert frame["loss"].tolist() == [step / 2 for step in range(0, 100, 10)]
    assert list(sparse.history(keys=["_step", "val"], x_axis="_runtime").columns) == [
        "_runtime", "_step", "val",
    ]  # fmt: skip
    assert len(sparse.history(keys=["_timestamp"])) == 100


def test_history_as_dicts_has_what_each_row_holds(sparse: Run) -> None:
    rows = sparse.history(pandas=False)
    assert set(rows[1]) == {"_step", "loss", "_runtime", "_timestamp"}
    assert rows[99]["note"] == "end"
    keyed = sparse.history(keys=["val", "note"], pandas=False)
    assert keyed[0] == {"_step": 0, "val": 0, "note": None}
    assert keyed[-1] == {"_step": 99, "val": None, "note": "end"}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"keys": "loss"}, "keys is 'loss': expected a list of strings."),
        ({"keys": [1]}, "keys is .1.: expected a list of strings."),
        ({"samples": 0}, "samples is 0: expected 1 or more, or None for every row."),
    ],
)
def test_history_refuses_what_makes_no_sense(
    sparse: Run, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        sparse.history(**given)


def test_scanning_gives_every_row_with_its_own_keys(sparse: Run) -> None:
    rows = list(sparse.scan_history())
    assert [row["_step"] for row in rows] == list(range(100))
    assert set(rows[3]) == {"_step", "loss", "_runtime", "_timestamp"}
    assert rows[10]["val"] == 10
    assert type(rows[10]["val"]) is int
    keyed = list(sparse.scan_history(["val", "_step", "never"]))
    assert len(keyed) == 10
    assert keyed[1] == {"val": 10, "_step": 10, "never": None}
    ranged = sparse.scan_history(min_step=5, max_step=8)
    assert [row["_step"] for row in ranged] == [5, 6, 7]
    assert list(sparse.scan_history(["never"])) == []
    with pytest.raises(UsageError, match="expected a list of strings"):
        sparse.scan_history("loss")


def test_scanning_in_pages_gives_the_same_rows(
    sparse: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(sparse.scan_history())
    monkeypatch.setattr("tracker.api.run.PAGE_POINTS", 1)
    assert list(sparse.scan_history(page_size=7)) == whole
    assert list(islice(sparse.scan_history(page_size=1), 3)) == whole[:3]


def test_a_logged_nan_is_a_value_and_not_an_absence(api: tracker.Api, start: Start) -> None:
    run = api.run(log(start(), [{"loss": math.nan}, {"val": 1.0}]))
    first, second = run.scan_history()
    assert math.isnan(first["loss"])
    assert "loss" not in second


def test_late_and_repeated_steps_are_all_there(api: tracker.Api, start: Start) -> None:
    logged = start()
    for step, loss in ((5, 1.0), (2, 2.0), (5, 3.0), (9, 4.0)):
        logged.log({"loss": loss}, step=step)
    logged.finish()
    frame = api.run(logged.id).history()
    assert frame["_step"].tolist() == [2, 5, 9]
    assert frame["loss"].tolist() == [2.0, 3.0, 4.0]
