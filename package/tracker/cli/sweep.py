"""The terminal's ``tracker sweep`` and ``tracker agent``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tracker.cli.commands import Command, add_format, existing
from tracker.cli.printing import moment, plain, say, say_json, say_pairs, say_table
from tracker.errors import UsageError

_TURNS = {
    "pause": "give out no trials until it is resumed",
    "resume": "give out trials again",
    "stop": "give out no more trials, and let running ones end",
    "cancel": "give out no more trials, and end running ones",
}


def add(command: Command) -> None:
    """Add the commands to the terminal door."""
    sweep = command("sweep", _sweep, "Make a sweep, show or steer one, or list all.")
    sweep.add_argument("config", nargs="?", help="a YAML file, or the sweep to show, pause …")
    sweep.add_argument("-p", "--project", help="default: the config's")
    sweep.add_argument("--name", help="what people read")
    sweep.add_argument(
        "-R", "--prior_run", "--prior-run", action="append", default=[], metavar="RUN",
        help="a run to learn from; may be given several times",
    )  # fmt: skip
    add_format(sweep)
    turns = sweep.add_mutually_exclusive_group()
    for word, text in _TURNS.items():
        turns.add_argument(f"--{word}", dest="turn", action="store_const", const=word, help=text)
    agent = command("agent", _agent, "Run the program of a sweep, trial after trial.")
    agent.add_argument("sweep", help="the sweep's id, or project/id")
    agent.add_argument("-p", "--project", help="the sweep's project")
    agent.add_argument("--count", type=int, metavar="N", help="how many trials at most")
    agent.add_argument(
        "--parallel", type=int, metavar="N",
        help="how many trials at a time, each with one of the GPUs; their output goes to log files",
    )  # fmt: skip


def _sweep(options: argparse.Namespace, root: Path) -> int:
    given, is_json = options.config, options.format == "json"
    if options.turn:
        existing(root)
        if given is None:
            raise UsageError(f"--{options.turn} needs the sweep: tracker sweep --{options.turn} ID")
        said = _turn(root, given, options.turn)
        _say_sweep(options.dir, given) if is_json else say(said)
    elif given is None:
        existing(root)
        if is_json:
            _list_json(root, options.project)
            return 0
        head = ["PROJECT", "ID", "NAME", "METHOD", "STATE", "TRIALS", "BEST"]
        say_table(head, _rows(root, options.project))
    elif _is_file(given):
        made = _make(root, given, options.project, options.name, options.prior_run)
        if is_json:
            _say_sweep(options.dir, made)
            return 0
        say(f"Created sweep with ID: {made.split('/')[-1]}")
        say(f"Run an agent with: tracker agent {made}")
    else:
        existing(root)
        _say_sweep(options.dir, given) if is_json else _show(options.dir, given)
    return 0


def _is_file(given: str) -> bool:
    """Say whether a config is meant, though it may be missing, and not a sweep."""
    path = Path(given)
    is_there = path.exists() and not path.is_dir()
    return is_there or path.suffix.lower() in (".yaml", ".yml", ".json")


def _agent(options: argparse.Namespace, root: Path) -> int:
    from tracker.sweep.agent import say_on_stderr
    from tracker.sweep.lookup import find
    from tracker.sweep.program import ProgramAgent
    from tracker.sweep.workers import Workers

    store = existing(root)
    for name in ("count", "parallel"):
        given = getattr(options, name)
        if given is not None and given < 1:
            raise UsageError(f"--{name} is {given}: expected 1 or more.")
    agent = ProgramAgent(find(store, options.sweep, options.project), options.count)
    if options.parallel is None:
        agent.run()
    else:
        workers = Workers(
            agent.controller, None, options.parallel, options.count, say=say_on_stderr
        )
        workers.run()
    return 0


def _make(root: Path, config: str, project: str | None, name: str | None, priors: list[str]) -> str:
    """Make a sweep from a YAML file; return its path, ``project/id``."""
    from tracker.store.store import open_store
    from tracker.sweep import creation

    given = creation.read_given(config)
    if name is not None:
        given["name"] = name
    controller = creation.create(open_store(root), given, project, priors)
    return f"{controller.project}/{controller.sweep_id}"


def _turn(root: Path, sweep: str, word: str) -> str:
    """Pause, resume, stop or cancel a sweep; return a line that says so."""
    from tracker.sweep.lookup import TURNS, find

    controller = find(existing(root), sweep)
    controller.turn(TURNS[word])
    return f"Sweep {controller.project}/{controller.sweep_id} is {TURNS[word]}."


def _rows(root: Path, project: str | None = None) -> Iterator[list[object]]:
    """Yield project, id, name, method, state, trials and best value of each sweep, newest last."""
    from tracker.api.reader import Reader
    from tracker.api.sweeps import list_sweeps

    for sweep in reversed(list_sweeps(Reader(existing(root)), project)):
        record = sweep.record
        own = sum(not trial.is_prior for trial in sweep.list_trials())
        expected = "" if record.expected is None else f" of {record.expected}"
        yield [
            record.project, record.sweep_id, record.name if record.name != record.sweep_id else "",
            record.method, record.state, f"{own}{expected}",
            "" if record.best is None else f"{record.best:.6g}",
        ]  # fmt: skip


def _list_json(root: Path, project: str | None) -> None:
    from tracker.api.plain import plain_sweep
    from tracker.api.reader import Reader
    from tracker.api.sweeps import list_sweeps

    found = list_sweeps(Reader(existing(root)), project)
    say_json([plain_sweep(each.record) for each in found])


def _say_sweep(folder: str | None, path: str) -> None:
    """Write all that is known of a sweep as JSON."""
    from tracker.api import Api
    from tracker.api.plain import plain_sweep, plain_trial

    sweep = Api(folder).sweep(path)
    best = sweep.best_trial()
    say_json(
        {
            **plain_sweep(sweep.record),
            "best_trial": None if best is None else plain_trial(best),
            "best_trials": [trial.number for trial in sweep.best_trials()],
            "config": sweep.config,
            "trials": [plain_trial(trial) for trial in sweep.list_trials()],
        }
    )


def _show(folder: str | None, path: str) -> None:
    """Write how far a sweep is, and its trials."""
    from tracker.api import Api

    sweep = Api(folder).sweep(path)
    record, best = sweep.record, sweep.best_trial()
    front = sweep.best_trials() if len(sweep.metrics) > 1 else []
    expected = "" if record.expected is None else f" of {record.expected}"
    running = f", {record.running} running" if record.running else ""
    facts = {
        "state": record.state,
        "method": record.method,
        "metric": "; ".join(f"{name}, {goal}" for name, goal in sweep.metrics.items()),
        "trials": f"{record.done}{expected}{running}",
        "best": best and not front and f"{plain(best.value)}, trial {best.number}",
        "best trade-offs": front and "trials " + ", ".join(str(each.number) for each in front),
        "made": moment(record.created_at),
    }
    say(plain(f"{record.name}  {record.project}/{record.sweep_id}"))
    say_pairs({key: value for key, value in facts.items() if value})
    trials = sweep.list_trials()
    names = [name.upper() for name in sweep.metrics] if front else ["VALUE"]
    if trials:
        say("")
        say_table(
            ["TRIAL", "STATE", *names, "RUN", "PARAMETERS"],
            [
                [
                    t.number,
                    t.state,
                    *[*t.objectives, *[None] * len(names)][: len(names)],
                    t.run_id,
                    ", ".join(_pairs(t.params)),
                ]
                for t in trials
            ],
        )


def _pairs(params: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for key, value in params.items():
        if isinstance(value, Mapping):
            yield from _pairs(value, f"{above}{key}.")
        else:
            yield f"{above}{key}={plain(value)}"
