"""Runs trials as programs: the command line of the sweep's config, once for each trial."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tracker.run import trials
from tracker.run.names import new_run_id
from tracker.run.provenance import is_notebook
from tracker.run.run import Run
from tracker.store.journal.trials import Trial
from tracker.store.store import open_store
from tracker.sweep.agent import Agent, Listener
from tracker.sweep.command import command_line
from tracker.sweep.controller import Controller
from tracker.sweep.watch import Watch

# Names the file that says which trial a program is.
VARIABLE = "TRACKER_TRIAL"
PATIENCE_S = 5.0


class ProgramAgent(Agent):
    """Starts the sweep's program for each trial, and waits for its end.

    Parameters
    ----------
    controller : Controller
        A sweep whose config has a program or a command.
    count : int, optional
        How many trials at most.
    say : callable, optional
        Is given a line of text for each thing that happens. Default: to stderr.
    batch : str, optional
        Which agents were started together. Default: this one alone.
    is_worker : bool
        Whether this process has no terminal: its input is not the programs', and Ctrl-C does not
        reach them. Default False.

    Raises
    ------
    UsageError
        If the sweep has no program.
    """

    def __init__(
        self,
        controller: Controller,
        count: int | None = None,
        say: Listener | None = None,
        batch: str | None = None,
        *,
        is_worker: bool = False,
    ) -> None:
        super().__init__(controller, _nothing, count, batch, say)
        self._is_worker = is_worker
        command_line(controller.config, {}, args_file="")

    def _run_trial(self, trial: Trial) -> None:
        attempt = trial.attempt
        folder = self.controller.ledger.folder / "trials" / f"{trial.run_id}"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = command_line(self.controller.config, trial.params, args_file=folder / "args.json")
        if line.file_text is not None:
            (folder / "args.json").write_text(line.file_text, encoding="utf-8")
        self._say(f"Trial {trial.number}: {' '.join(line.words)}")
        try:
            code = _run(line.words, self._environment(trial, folder), self._is_worker)
        except OSError as error:
            self._say(f"{line.words[0]} cannot be started: {error.strerror}.")
            code = 127
        except KeyboardInterrupt:
            self.controller.give_back(trial, attempt)
            raise
        state = "failed" if code else "finished"
        self.controller.end(trial.number, attempt, state)
        for place in folder.iterdir():
            place.unlink()
        folder.rmdir()
        self._note(trial, state, lacking=self._lacking(trial))

    def _lacking(self, trial: Trial) -> str | None:
        named = zip_longest(self.controller.config.metrics, trial.objectives)
        return next((metric.name for metric, value in named if metric and value is None), None)

    def _environment(self, trial: Trial, folder: Path) -> dict[str, str]:
        root = str(self.controller.store.root)
        description = {
            "root": root,
            "project": self.controller.project,
            "sweep_id": self.controller.sweep_id,
            "number": trial.number,
            "attempt": trial.attempt,
            "run_id": trial.run_id,
            "name": trial.name,
            "params": trial.params,
        }
        place = folder / "trial.json"
        place.write_text(json.dumps(description), encoding="utf-8")
        return {
            **os.environ,
            VARIABLE: str(place),
            "TRACKER_DIR": root,
            "TRACKER_PROJECT": self.controller.project,
            "TRACKER_SWEEP_ID": self.controller.sweep_id,
        }


def adopt() -> None:
    """Take the trial that the environment names for that of this process.

    Of several processes that a program starts the first one that begins a run is the trial; the
    others get the same config, and runs of their own.
    """
    place = Path(os.environ.pop(VARIABLE, ""))
    try:
        given: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    except OSError:
        return  # a program that outlived its trial
    is_first = True
    try:
        place.with_name("begun").touch(exist_ok=False)
    except FileExistsError:
        is_first = False
    controller = Controller(open_store(given["root"]), given["sweep_id"], given["project"])
    watch = Watch(controller, given["number"], given["attempt"])
    trials.adopt(
        trials.Trial(
            Path(given["root"]), given["project"], given["sweep_id"],
            given["run_id"] if is_first else new_run_id(), given["params"],
            number=given["number"], name=given["name"],
            on_begin=watch.follow if is_first else _ignore,
        )
    )  # fmt: skip


def _nothing() -> None:
    """Stand for the function of an agent that starts programs."""


def _ignore(run: Run) -> None:
    """Do not follow a run."""


def _run(words: tuple[str, ...], environment: dict[str, str], is_worker: bool) -> int:
    """Run a program to its end; return its exit code. An interrupt ends it too."""
    # In a notebook the program's own output would go to the server's terminal.
    sink = subprocess.PIPE if is_notebook() else None
    errors = None if sink is None else subprocess.STDOUT
    source = subprocess.DEVNULL if is_worker else None
    process = subprocess.Popen(words, env=environment, stdin=source, stdout=sink, stderr=errors)
    reader = threading.Thread(target=_relay, args=(process,), daemon=True)
    if sink is not None:
        reader.start()
    try:
        code = process.wait()
        if sink is not None:
            reader.join()
        return code
    except KeyboardInterrupt:
        if is_worker:
            process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_S)  # Ctrl-C has reached it as well
        raise
    finally:
        _end(process)


def _relay(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        sys.stdout.write(line.decode("utf-8", "replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
