"""Logging must not slow a training down; each bound is a multiple of work done beside it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import numpy as np

from tracker.media.audio import Audio
from tracker.media.histogram import Histogram
from tracker.media.object3d import Object3D
from tracker.media.table import Table


def best_s(work: Callable[[], object], times: int = 5) -> float:
    """Return the shortest time: what else the machine does only ever adds to it."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


def test_a_table_costs_a_few_times_its_json(objects) -> None:
    """W&B's takes some 30 times as long to make, and 60 times to make and log."""
    rows = [[number, number / 3, str(number)] for number in range(10_000)]
    json_s = best_s(lambda: json.dumps(rows))
    make_s = best_s(lambda: Table(columns=["a", "b", "c"], data=rows))
    table = Table(columns=["a", "b", "c"], data=rows)
    keep_s = best_s(lambda: table.to_reference(objects.put_bytes))
    assert make_s < 8 * json_s
    assert keep_s < 12 * json_s


def test_adding_rows_one_by_one_grows_with_their_number() -> None:
    def add(count: int) -> None:
        table = Table(columns=["a", "b"])
        for number in range(count):
            table.add_data(number, "x")

    assert best_s(lambda: add(20_000)) < 12 * best_s(lambda: add(5_000))


def test_arrays_cost_a_few_copies() -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, 1_000_000)
    copy_s = best_s(samples.copy)
    assert best_s(lambda: Audio(samples, 44_100)) < 80 * copy_s
    points = samples[:900_000].reshape(-1, 3)
    assert best_s(lambda: Object3D(points)) < 20 * copy_s


def test_a_histogram_costs_little_more_than_numpy() -> None:
    values = np.random.default_rng(0).normal(size=200_000)
    numpy_s = best_s(lambda: np.histogram(values, bins=64))
    assert best_s(lambda: Histogram(values)) < 4 * numpy_s
