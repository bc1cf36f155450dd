from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tracker.panels.curves.charts import Ask
from tracker.panels.curves.readings import Reading
from tracker.panels.curves.shelf import Shelf
from tracker.store.reading import read
from tracker.store.store import open_store


@pytest.fixture
def noisy(root: Path, begin) -> Path:
    """20,000 steps of noise with one spike, and a metric that was logged for a tenth of them."""
    rng = np.random.default_rng(0)
    run = begin()
    for step, value in enumerate(rng.normal(size=20_000).tolist()):
        row = {"long": 50.0 if step == 12_345 else value}
        run.log({**row, "short": value} if step < 4000 else row)
    run.finish()
    return root


def readings(root: Path, ask: Ask) -> dict[str, Reading]:
    with open_store(root).reading() as db:
        (run,) = read.runs(db)
        series = {one.key: one for one in read.series(db, [run.run_key])}
        found = Shelf().read(db, {key: [one] for key, one in series.items()}, {1: run}, ask)
        return {key: found[key][one.series_key] for key, one in series.items()}


def test_curves_are_thinned_and_keep_their_spikes(noisy: Path) -> None:
    long = readings(noisy, Ask(width=200))["long"]
    assert len(long.curve.x) <= 800
    assert long.curve.y.max() == 50
    assert long.curve.total == 20_000


def test_a_curve_of_a_part_of_the_range_has_columns_of_its_own(noisy: Path) -> None:
    found = readings(noisy, Ask(width=200))
    columns = {key: len(np.unique(one.curve.x.astype(int) >> 5)) for key, one in found.items()}
    # Of 32 steps each, where those of the long curve are of 128.
    assert columns["short"] == 4000 // 32
    assert len(found["long"].base) == -(-20_000 // 128)


def test_smoothing_uses_the_last_point_of_each_column(noisy: Path) -> None:
    long = readings(noisy, Ask(width=200))["long"]
    chosen = long.curve.x[long.base]
    lasts = [*range(127, 20_000, 128), 19_999]
    assert chosen.tolist() == lasts


def test_a_stretch_is_read_closely_and_the_rest_stays_around(noisy: Path) -> None:
    whole = readings(noisy, Ask(width=200))["long"]
    zoomed = readings(noisy, Ask(width=200, span=(12_300.0, 12_400.0)))["long"]
    inside = (zoomed.curve.x >= 12_300) & (zoomed.curve.x <= 12_400)
    assert inside.sum() == 101
    assert (np.diff(zoomed.curve.x) >= 0).all()
    assert zoomed.curve.x[0] == whole.curve.x[0] == 0
    assert zoomed.curve.x[-1] == whole.curve.x[-1] == 19_999
    assert zoomed.curve.total == 20_000


def test_smoothing_of_a_thinned_stretch_has_the_stretch_s_columns(noisy: Path) -> None:
    zoomed = readings(noisy, Ask(width=100, span=(5000.0, 15_000.0)))["long"]
    chosen = zoomed.curve.x[zoomed.base]
    assert ((chosen >= 5000) & (chosen <= 15_000)).sum() == pytest.approx(10_000 / 128, abs=2)
    assert (np.diff(zoomed.base) > 0).all()
