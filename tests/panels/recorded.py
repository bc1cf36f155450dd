"""Finished runs with everything that panels show, written as journals of dead processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tracker.store.journal import facts
from tracker.store.journal.journal import JournalWriter
from tracker.store.store import open_store

BEGAN_US = 1_772_368_200_000_000
NASTY = "<img src=x onerror=alert(1)>"


def histogram(step: int) -> dict[str, Any]:
    """Return a logged Histogram that moves to the right."""
    return {
        "_type": "histogram",
        "values": [1, 2, 1],
        "bins": [float(step), step + 1.0, step + 2.0, step + 3.0],
        "not_finite": 0,
    }


def record(root: Path, *runs: dict[str, Any]) -> None:
    """Write runs and take them into the store; their ids are ``run0``, ``run1`` and so on."""
    store = open_store(root)
    for number, more in enumerate(runs):
        writer = JournalWriter(store.journal_dir, fsync=False)
        first, *said = _said(number, more)
        writer.open_segment(first)
        writer.append_many(said)
        writer.close()
    store.recover()


def _said(number: int, more: dict[str, Any]) -> list[Any]:
    name = f"run{number}"
    fields = {
        "name": more.get("name", name),
        "metadata": {
            "host": "node1",
            "packages": {"numpy": f"2.{number}"},
            "git": {"commit": str(number) * 40, "patch": f"+added {number}\n-gone\n"},
        },
    }
    config = {"lr": 10.0 ** -(number % 4 + 1), "optimizer": ("adam", "sgd")[number % 2]}
    loss = more.get("loss", 1.0 + number % 4)
    return [
        facts.Begin("digits", name, BEGAN_US + number, fields=fields, config=config),
        facts.Keys(1, "default", ["loss", "grad"]),
        *(facts.Row(1, s, BEGAN_US + s, [loss + 9 - s, histogram(s)]) for s in range(10)),
        facts.Keys(2, "system", ["system/cpu", "system/gpu.0.gpu", "system/gpu.1.gpu"]),
        *(facts.Row(2, s, BEGAN_US + s * 1_000_000, [50.0, 60.0, 70.0 + s]) for s in range(5)),
        *(_line(n, number) for n in range(more.get("lines", 30))),
        _cell(0, "import tracker"),
        _cell(1, f"lr = {config['lr']}\nprint(lr)"),
        facts.Finish("finished", 0, BEGAN_US + 20_000_000),
    ]


def _line(number: int, run: int) -> facts.Line:
    stream = "stderr" if number % 10 == 9 else "stdout"
    text = f"\x1b[3{number % 8}mepoch\x1b[0m {number} of run {run}"
    return facts.Line(number, stream, BEGAN_US + number, text)


def _cell(number: int, source: str) -> facts.Cell:
    return facts.Cell(number, number + 1, source, BEGAN_US, 0.5, "ok", None, None)
