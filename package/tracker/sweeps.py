"""Sweeps as a user has them: made, run by agents, and shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from typing import Any

from tracker.errors import UsageError
from tracker.run.provenance import is_notebook
from tracker.settings import find_store, read_settings
from tracker.store.store import open_store
from tracker.sweep import creation
from tracker.sweep.agent import Agent, Listener, say_on_stderr
from tracker.sweep.controller import Controller
from tracker.sweep.handle import SweepHandle
from tracker.sweep.local_controller import LocalController
from tracker.sweep.program import ProgramAgent
from tracker.sweep.workers import Workers, run_on_executor


class Sweep(SweepHandle):
    """The id of a sweep, that can also run it, steer it and say what it found.

    ``tracker.sweep`` returns one; ``tracker.Sweep(sweep_id)`` finds it again.

    Examples
    --------
    >>> sweep = tracker.sweep({"method": "bayes", "metric": {"name": "loss"},
    ...                        "parameters": {"lr": {"min": 0.001, "max": 0.1}}})
    >>> sweep.run(train, count=20, parallel=4)
    >>> sweep.best_run().config
    """

    __slots__ = ()

    def run(
        self,
        function: Callable[[], Any],
        count: int | None = None,
        parallel: int | None = None,
        executor: Executor | None = None,
        gpus: Sequence[str | int] | None = None,
    ) -> None:
        """Run trials until there are none left. In a notebook its panel stands below the cell.

        An interrupt ends it; trials that were under way are run again by the next call.

        Parameters
        ----------
        function : callable
            Called without arguments for each trial; it calls ``tracker.init()``, whose config
            has the trial's parameters, and logs the sweep's metric.
        count : int, optional
            How many trials at most. Default: until the sweep is over.
        parallel : int, optional
            How many agents, each in a process of its own: the function is sent there, also one
            of a notebook. Default: one agent, in this process.
        executor : concurrent.futures.Executor, optional
            Where the agents run instead, `parallel` of them or one a worker; Dask's and Ray's
            executors reach other machines, which must have the store's directory.
        gpus : sequence, optional
            With `parallel`: each process sees one, in turn. Default: those that there are.

        Raises
        ------
        UsageError
            If an argument cannot be used.
        """
        _check(function, count)
        _check_number("parallel", parallel)
        with _shown(self.controller) as say:
            if executor is not None:
                run_on_executor(self.controller, function, executor, parallel, count)
            elif parallel is not None:
                names = None if gpus is None else [str(each) for each in gpus]
                Workers(self.controller, function, parallel, count, names, say).run()
            else:
                Agent(self.controller, function, count, say=say).run()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from tracker.panels.sweep_panel import SweepPanel

        return SweepPanel.of(self.controller).bundle()


def sweep(
    sweep: creation.Given,
    entity: str | None = None,
    project: str | None = None,
    prior_runs: Sequence[str] | None = None,
    *,
    seed: int | None = None,
    dir: str | os.PathLike[str] | None = None,
) -> Sweep:
    """Make a sweep.

    Parameters
    ----------
    sweep : mapping, path of a YAML file, or callable
        The config, in W&B's schema; a callable returns it.
    entity : str, optional
        Accepted for W&B's sake.
    project : str, optional
        Where its runs go. Default: the config's ``project``, else as for ``init``.
    prior_runs : sequence of str, optional
        Ids of runs of the project whose results the sweep starts from.
    seed : int, optional
        Of random and Bayesian search. Default: drawn.
    dir : path-like, optional
        The directory that holds the store; see :func:`tracker.settings.find_store`.

    Returns
    -------
    Sweep
        The sweep's id, a string of eight characters that has methods.

    Raises
    ------
    UsageError
        If the config cannot be used, in a sentence that names the field.
    """
    store = open_store(find_store(dir))
    made = creation.create(store, sweep, project, prior_runs or (), seed)
    handle = Sweep.of(made)
    # A closed or broken terminal is no reason to fail; a notebook shows the panel instead.
    with suppress(OSError, ValueError):
        if not is_notebook():
            text = f"tracker: sweep {handle} of {handle.project} is kept in {store.root}"
            print(text, file=sys.stderr)
    return handle


def agent(
    sweep_id: str,
    function: Callable[[], Any] | None = None,
    entity: str | None = None,
    project: str | None = None,
    count: int | None = None,
) -> None:
    """Run trials of a sweep in this process, one after the other, until there are none left.

    Parameters
    ----------
    sweep_id : str
        The sweep: an id, ``project/id`` or W&B's ``entity/project/id``.
    function : callable, optional
        Called without arguments for each trial. Default: the sweep's program is started.
    entity : str, optional
        Accepted for W&B's sake.
    project : str, optional
        The sweep's project. Default: whichever has a sweep of that id.
    count : int, optional
        How many trials at most. Default: until the sweep is over.

    Raises
    ------
    NotFoundError
        If there is no such sweep.
    UsageError
        If an argument cannot be used.
    """
    _check_number("count", count)
    found = Sweep(sweep_id, project)
    if function is None:
        with _shown(found.controller) as say:
            ProgramAgent(found.controller, count, say).run()
    else:
        found.run(function, count)


def controller(
    sweep_id_or_config: str | Mapping[str, Any] | None = None,
    entity: str | None = None,
    project: str | None = None,
    dir: str | os.PathLike[str] | None = None,
) -> LocalController:
    """Return W&B's local controller of a sweep; without one, agents choose trials themselves.

    Parameters
    ----------
    sweep_id_or_config : str or mapping, optional
        A sweep that there is, or the config of one to make. Default: its ``configure_…`` methods
        say what to make.
    entity : str, optional
        Accepted for W&B's sake.
    project : str, optional
        The sweep's project.
    dir : path-like, optional
        The directory that holds the store.

    Raises
    ------
    NotFoundError
        If there is no such sweep.
    UsageError
        If the config cannot be used.

    Examples
    --------
    >>> tuner = tracker.controller(sweep)
    >>> while not tuner.done():
    ...     tuner.print_status()
    ...     tuner.step()
    ...     time.sleep(5)
    """
    if isinstance(sweep_id_or_config, str):
        found = SweepHandle(sweep_id_or_config, project, dir).controller
        return LocalController(found.store, found)
    tuner = LocalController(open_store(find_store(dir)), None, project)
    if sweep_id_or_config is not None:
        tuner.configure(sweep_id_or_config)
        tuner.create()
    return tuner


@contextmanager
def _shown(controller: Controller) -> Iterator[Listener]:
    """Show the sweep's panel while it runs; gives who says what happens, where there is none."""
    settings = read_settings()
    if not is_notebook() or not settings.panel or settings.silent:
        yield _no_listener if settings.silent else say_on_stderr
        return
    from tracker.panels.sweep_panel import SweepPanel

    panel = SweepPanel.of(controller)
    panel.publish()
    try:
        yield _no_listener
    finally:
        panel.end()


def _no_listener(text: str) -> None:
    """Say nothing: the panel does."""


def _check(function: object, count: object) -> None:
    if not callable(function):
        raise UsageError(f"function is {function!r}: expected a function to call for each trial.")
    _check_number("count", count)


def _check_number(name: str, given: object) -> None:
    is_whole = isinstance(given, int) and not isinstance(given, bool)
    if given is not None and not (is_whole and int(str(given)) >= 1):
        raise UsageError(f"{name} is {given!r}: expected a whole number of at least 1.")
