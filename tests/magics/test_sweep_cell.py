"""``%%tracker_sweep`` in a real kernel."""

from __future__ import annotations

from .conftest import Kernel

SETUP = """\
import os
os.environ.update(TRACKER_SILENT="1", TRACKER_CONSOLE="0", TRACKER_SAVE_CODE="0",
                  TRACKER_SYSTEM_INTERVAL_S="0")
import tracker
offset = 10
def score(x):
    return x + offset
search = {"method": "grid", "metric": {"name": "loss"},
          "parameters": {"x": {"values": [1, 2]}}}
"""
CELL = """\
%%tracker_sweep search --project p {options}
text = '''two
lines'''
for step in range(2):
    run.log({{"loss": score(config.x) + len(text)}})
config_of_the_cell = config
"""


def test_a_cell_is_run_for_each_trial(kernel: Kernel) -> None:
    kernel.run(SETUP)
    answer = kernel.run(CELL.format(options=""))
    assert answer.status == "ok", answer.errors
    assert kernel.ask("list(sweep.trials['value'])") == [20, 21]
    assert kernel.ask("sweep.state") == "finished"
    assert kernel.ask("'config_of_the_cell' in globals() or 'run' in globals()") is False


def test_a_cell_is_sent_to_other_processes(kernel: Kernel) -> None:
    kernel.run(SETUP)
    answer = kernel.run(CELL.format(options="--parallel 2 --to found --count 2"))
    assert answer.status == "ok", answer.errors
    assert kernel.ask("sorted(found.trials['value'])") == [20, 21]


def test_a_sweep_goes_on_and_a_cell_may_begin_its_own_run(kernel: Kernel) -> None:
    kernel.run(SETUP + "found = tracker.sweep(search, project='p')")
    cell = "run = tracker.init(tags=['own'])\nrun.log({'loss': run.config.x})"
    assert kernel.run(f"%%tracker_sweep found --count 1\n{cell}").status == "ok"
    assert kernel.run(f"%%tracker_sweep {kernel.ask('found')} --count 1\n{cell}").status == "ok"
    assert kernel.ask("list(found.trials['value'])") == [1, 2]
    assert kernel.ask("[list(run.record.tags) for run in found.runs]") == [["own"]] * 2


def test_what_cannot_be_used_is_said_in_a_sentence(kernel: Kernel) -> None:
    kernel.run(SETUP + "number = 3")
    for line, cell, sentence in (
        ("number", "pass", "expected a variable that holds a config"),
        ("search", " ", "it is empty"),
        ("search", "def", "cannot be read, line 1"),
        ("unknown0", "pass", "There is no sweep 'unknown0'"),
        ("search --count x", "pass", "invalid int value"),
    ):
        answer = kernel.run(f"%%tracker_sweep {line}\n{cell}")
        assert answer.status == "error", line
        assert sentence in "".join(answer.errors) + answer.stderr, answer
