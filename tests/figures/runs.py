"""Runs with awkward values for the tests of drawings of many runs."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from tracker.figures.columns import RecordRun

from .records import a_run

NASTY = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "%{y}<extra>gone</extra>",
    "a\u0000b\u202ec",
    "long " * 400,
)
ODD = (None, math.nan, math.inf, -math.inf, True, "text", "", [1, 2], {"_type": "image"}, 10**400)


class Group(NamedTuple):
    name: str
    colour: str
    members: list[RecordRun]


def one(number: int, config: dict[str, Any], summary: dict[str, Any], name: str = "") -> RecordRun:
    """Return a run whose id and name tell its number."""
    fields = {"run_key": number + 1, "run_id": f"id{number}", "name": name or f"run-{number}"}
    return RecordRun(a_run(**fields, config=config, summary=summary))


def many(count: int) -> list[RecordRun]:
    """Return runs whose loss falls with `lr`, with gaps here and there."""
    found = []
    for number in range(count):
        config: dict[str, Any] = {
            "lr": 10.0 ** -(number % 5 + 1),
            "optimizer": ("adam", "sgd", "lion")[number % 3],
            "amp": number % 2 == 0,
        }
        if number % 7 == 6:
            del config["lr"]
        loss = math.nan if number % 11 == 10 else 1.0 + number % 5 + number / 10_000
        found.append(one(number, config, {"loss": loss, "size": number}))
    return found


def odd() -> list[RecordRun]:
    """Return a run for each value that is no ordinary number, in config and summary."""
    found = [one(n, {"v": value}, {"v": value}) for n, value in enumerate(ODD)]
    return [*found, one(len(ODD), {}, {}), one(len(ODD) + 1, {"v": 1.5}, {"v": 2.5})]


def nasty() -> list[RecordRun]:
    """Return runs whose names, keys and values are attacks or very long."""
    return [
        one(n, {"lr": n + 1.0, "t": text, text: n}, {"loss": float(n), text: n}, text)
        for n, text in enumerate(NASTY)
    ]


def is_safe(figure: Any) -> bool:
    """Say whether a figure's JSON holds none of the attacks in a form that would be understood."""
    text = figure.to_json()
    return not any(part in text for part in ("<img", "<script", "</script", "\\u003cimg", "\u202e"))
