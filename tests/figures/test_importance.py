from __future__ import annotations

import math
import random

import numpy as np
import pytest

from tracker.errors import UsageError
from tracker.figures.forest import importances
from tracker.figures.importance import importance_figure

from .runs import is_safe, nasty, odd, one

TARGET = "summary.loss"


def study(count: int = 60) -> list:
    """Return runs whose loss is settled by `strong`, a little by `kind`, not by `noise`."""
    chance = random.Random(4)
    found = []
    for n in range(count):
        config = {
            "strong": chance.random(),
            "noise": chance.random(),
            "kind": chance.choice(["a", "b", "c"]),
            "flag": chance.random() < 0.5,
            "fixed": 3,
        }
        loss = -4 * config["strong"] + (1.5 if config["kind"] == "b" else 0.0)
        found.append(one(n, config, {"loss": loss}))
    return found


def learn(runs: list, *names: str):
    return importances(runs, TARGET, [f"config.{name}" for name in names])


def test_what_settles_the_result_comes_first_with_its_sign() -> None:
    ranked, count = learn(study(), "noise", "kind", "strong", "flag", "fixed")
    assert count == 60
    assert (ranked[0].column, ranked[0].label) == ("config.strong", "strong")
    assert ranked[0].importance > 0.6
    assert ranked[0].correlation < -0.8
    assert ranked[1].label == "kind = b"
    assert ranked[1].correlation > 0
    assert sum(each.importance for each in ranked) == pytest.approx(1)
    labels = {each.label for each in ranked}
    assert labels == {"strong", "noise", "flag", "kind = a", "kind = b", "kind = c"}


def test_correlation_is_pearsons() -> None:
    runs = study()
    (noise,) = [each for each in learn(runs, "noise", "strong")[0] if each.label == "noise"]
    columns = np.array([[run.value("config.noise"), run.value(TARGET)] for run in runs])
    assert noise.correlation == pytest.approx(np.corrcoef(columns.T)[0, 1])


def test_the_same_runs_give_the_same_answer() -> None:
    assert learn(study(), "strong", "kind") == learn(study(), "strong", "kind")


def test_missing_values_take_part() -> None:
    runs = [
        one(n, {"x": n % 5} if n % 2 else {"k": "v"}, {"loss": float(n % 2)}) for n in range(40)
    ]
    ranked, _ = learn(runs, "x", "k")
    found = {each.label: each for each in ranked}
    assert found["x"].runs == 20
    assert found["k = v"].runs == 20
    assert found["k = v"].correlation == pytest.approx(-1)


def test_runs_without_a_finite_result_are_left_out() -> None:
    extra = [one(n, {"strong": 1.0}, {"loss": x}) for n, x in enumerate([math.nan, math.inf])]
    assert learn([*study(), *extra], "strong")[1] == 60


@pytest.mark.parametrize(
    ("runs", "names", "said"),
    [
        ([], ["strong"], "0 of the shown runs have a number for summary.loss: importance needs 6"),
        (study(5), ["strong"], "5 of the shown runs have a number"),
        ([one(n, {"x": n}, {"loss": 1.0}) for n in range(8)], ["x"], "is the same in all 8 runs"),
        (study(), ["fixed", "gone"], "No setting differs between the 60 runs"),
        (
            [one(n, {"x": n}, {"loss": f"t{n}"}) for n in range(8)],
            ["x"],
            "0 of the shown runs have a number",
        ),
    ],
)
def test_why_there_is_no_answer_is_said(runs: list, names: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        learn(runs, *names)


def test_huge_numbers_do_no_harm() -> None:
    runs = [one(n, {"x": (-1.0) ** n * 10.0 ** (40 * n)}, {"loss": 1e300 * n}) for n in range(8)]
    (found,) = learn(runs, "x")[0]
    assert found.importance == 1
    assert -1 <= found.correlation <= 1


def test_odd_values_do_no_harm() -> None:
    runs = [one(n, run.config, {"loss": float(n)}) for n, run in enumerate(odd())]
    ranked, _ = learn(runs, "v")
    assert {each.column for each in ranked} == {"config.v"}


def test_the_figure_has_a_row_for_each_with_both_numbers() -> None:
    ranked, count = learn(study(), "strong", "kind")
    figure = importance_figure(ranked, TARGET, count)
    shares, correlations = figure.data
    assert list(shares.x) == [each.importance for each in ranked]
    assert list(correlations.x) == [each.correlation for each in ranked]
    assert list(figure.layout.yaxis.ticktext) == [each.label for each in ranked]
    assert set(correlations.marker.color) <= {"#2f9e62", "#e5484d"}
    assert figure.layout.annotations[0].text == "loss in 60 runs"


def test_what_is_left_out_is_counted() -> None:
    ranked, count = learn(study(), "strong", "kind", "noise")
    figure = importance_figure(ranked, TARGET, count, limit=2)
    assert len(figure.data[0].x) == 2
    assert figure.layout.annotations[0].text.endswith("3 lesser rows not shown")


def test_nasty_names_do_no_harm() -> None:
    runs = [*nasty(), one(7, {"lr": 9.0, "t": "x"}, {"loss": 3.0})]
    ranked, count = learn(runs, "lr", "t", *(k for k in runs[0].config if k not in ("lr", "t")))
    assert is_safe(importance_figure(ranked, TARGET, count, title="<script>"))
