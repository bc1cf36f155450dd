"""``%wandb`` and ``%%wandb``, as notebooks for W&B have them: without ``%load_ext``."""

from __future__ import annotations

from typing import Any

import pytest
from tests.magics.conftest import loaded_kernel

PANEL = "application/vnd.tracker.panel+json"
SETTINGS = "settings={'console': False, 'system_interval_s': 0}"


@pytest.fixture
def bare(tmp_path):
    """A kernel that has imported tracker, and nothing else."""
    with loaded_kernel(tmp_path, "import tracker as wandb") as made:
        yield made


def panels(answer: Any) -> list[dict[str, Any]]:
    assert answer.status == "ok", answer.errors
    return [data[PANEL] for data in answer.displays if PANEL in data]


def test_it_runs_the_cell_and_shows_the_run(bare):
    begins = (
        f"%%wandb -h 600\nrun = wandb.init(project='p', id='r', {SETTINGS})\nwandb.log({{'x': 1}})"
    )
    assert len(panels(bare.run(begins))) == 1
    goes_on = bare.run("%%wandb\nwandb.log({'x': 2})\nprint(run.step)")
    assert len(panels(goes_on)) == 1
    assert goes_on.stdout == "2\n"
    assert len(panels(bare.run("%wandb"))) == 1
    assert panels(bare.run("run.finish()\n%wandb -h 20")) == []
    for path in ("me/p/runs/r", "p/r", "me/p", "p"):
        assert len(panels(bare.run(f"%wandb {path} -h 1024"))) == 1, path
    missing = bare.run("%wandb me/p/runs/nothing")
    assert (missing.status, "p/nothing" in missing.stderr) == ("error", True)
    report = bare.run("%wandb me/p/reports/Mine--Vmlldzo")
    assert "%wandb shows runs, sweeps and projects, no reports." in report.stderr
    failed = bare.run("%%wandb\n1 / 0")
    assert (failed.status, "ZeroDivisionError" in "".join(failed.errors)) == ("error", True)


def test_a_magic_of_that_name_stays(tmp_path, kernel):
    kernel.run(
        "get_ipython().register_magic_function(lambda line, cell=None: 7, 'line_cell', 'wandb')"
    )
    kernel.run("import importlib, tracker; importlib.reload(tracker)")
    assert kernel.ask("get_ipython().run_line_magic('wandb', '')") == 7
