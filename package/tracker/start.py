"""Starts a run: its logger, its readings, its console and, in a notebook, its panel.

The functions of the current run, such as ``tracker.log``, are here too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker import before, display, frameworks, sources
from tracker.artifacts.upstairs import UPSTAIRS
from tracker.errors import UsageError
from tracker.records import MetricRule
from tracker.run import auto_resume, exits, trials
from tracker.run.arguments import (
    as_text,
    from_environment,
    merge_settings,
    read_tags,
    reinit_word,
    select,
)
from tracker.run.begin import Wish, begin, begin_disabled, with_store
from tracker.run.config_input import read_config, read_defaults
from tracker.run.origin import Origin, check_name, default_project, find_origin
from tracker.run.provenance import is_notebook
from tracker.run.run import Run
from tracker.run.trials import Trial
from tracker.run.watching import WATCHING
from tracker.settings import Settings, read_settings
from tracker.store.store import Store, open_store

if TYPE_CHECKING:
    from tracker.artifacts.artifact import Artifact

_current: Run | None = None


def init(
    project: str | None = None,
    name: str | None = None,
    config: Any = None,
    *,
    entity: str | None = None,
    dir: str | os.PathLike[str] | None = None,
    id: str | None = None,
    notes: str | None = None,
    tags: Sequence[str] | None = None,
    config_exclude_keys: Sequence[str] | None = None,
    config_include_keys: Sequence[str] | None = None,
    allow_val_change: bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    force: bool | None = None,
    reinit: bool | str | None = None,
    resume: str | bool | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    save_code: bool | None = None,
    tensorboard: bool | None = None,
    sync_tensorboard: bool | None = None,
    monitor_gym: bool | None = None,
    settings: Any = None,
    anonymous: Any = None,
    magic: Any = None,
) -> Run:
    """Start a run, and make it the current one.

    Parameters
    ----------
    project : str, optional
        Default ``TRACKER_PROJECT`` (or ``WANDB_PROJECT``), else the name of the git work
        tree and of the folder in it, else ``"uncategorized"``.
    name : str, optional
        What people read; default two words and a number.
    config : dict, argparse.Namespace, dataclass or path of a YAML file, optional
        The hyperparameters. What ``config-defaults.yaml`` in the working directory says
        comes first.
    dir : path-like, optional
        The directory that holds the store; see :func:`tracker.settings.find_store`.
    id : str, optional
        Default eight random characters. A run of that id that exists is replaced, unless
        `resume` says otherwise.
    group, job_type, notes : str, optional
        For finding runs again.
    tags : sequence of str, optional
        Labels of 1 to 64 characters.
    mode : {"online", "offline", "disabled", "shared"}, optional
        ``"disabled"`` records nothing at all. ``"shared"`` lets several processes write the run
        of one `id` at once, of which one is the primary: see
        :class:`tracker.settings.Settings`. The others are the same here.
    resume : {"allow", "must", "never", "auto"} or bool, optional
        Go on with the run of this id: if there is one, only if there is one, never, or the
        last one of this project that was begun so and did not end well. A run that another
        process still writes is refused, unless both share it.
    resume_from, fork_from : str, optional
        ``"<id>?_step=<n>"``: cut that run's history after step n and go on, or copy its
        history up to step n into a new run.
    reinit : {"default", "return_previous", "finish_previous", "create_new"} or bool, optional
        What becomes of runs that are still active: they are finished, the last one is
        returned, or the new one is begun beside them and is not the current one. Default:
        finished in a notebook, returned in a script.
    save_code : bool, optional
        Keep the git patch and the executed cells. Default True.
    allow_val_change : bool, optional
        Whether config values may change. Default: in notebooks.
    settings : dict or Settings, optional
        See :class:`tracker.settings.Settings`.
    config_include_keys, config_exclude_keys : sequence of str, optional
        Take only these keys of `config`, or all but these.
    sync_tensorboard, tensorboard : bool, optional
        Log what is written for TensorBoard while the run is active; see
        :func:`tracker.tensorboard.patch`. Default False.
    monitor_gym : bool, optional
        Log the videos that gymnasium records while the run is active. Default False.
    entity, force, anonymous, magic
        Accepted for W&B's sake: there are no accounts here.

    Returns
    -------
    Run
        The run, to log to.

    Raises
    ------
    UsageError
        If an argument cannot be used as given.
    NotFoundError
        If a run to go on from is not there.
    StoreError
        If the store cannot be made or read.
    """
    chosen = read_settings(dir, mode, merge_settings(settings, save_code))
    if os.environ.get("TRACKER_TRIAL"):
        from tracker.sweep import program

        program.adopt()
    trial = trials.beginning()
    if trial is not None:
        trial.refuse(project=project, id=id)
        chosen = replace(chosen, root=trial.root)
    word = "create_new" if trial else reinit_word(reinit)
    if word == "return_previous" and (previous := _last_active()) is not None:
        return previous
    wish = Wish(
        _project(project) if trial is None else trial.project,
        {
            "name": (trial and trial.name) or as_text(name or from_environment("NAME")),
            "group": as_text(group or from_environment("RUN_GROUP")),
            "job_type": as_text(job_type or from_environment("JOB_TYPE")),
            "notes": as_text(notes or from_environment("NOTES")),
            "sweep_id": trial.sweep_id if trial else from_environment("SWEEP_ID"),
            "tags": read_tags(tags),
        },
        select(read_config(config), config_include_keys, config_exclude_keys),
        {**read_defaults(Path.cwd()), **before.take("config")},
        is_notebook() if allow_val_change is None else allow_val_change,
    )
    run_id = check_name("id", id if id is not None else from_environment("RUN_ID"))
    if word == "finish_previous":
        _finish_active()
    follow = partial(
        frameworks.connect, tensorboard=bool(tensorboard or sync_tensorboard), gym=bool(monitor_gym)
    )
    if trial is not None:
        run = _start_trial(chosen, replace(wish, config=trial.merge(wish.config)), trial)
        follow(run)
        return run
    if chosen.mode == "disabled":
        run = begin_disabled(chosen, wish, run_id or "disabled")
    else:
        origin = _find(
            chosen, wish, run_id,
            resume=resume if resume is not None else from_environment("RESUME"),
            resume_from=resume_from, fork_from=fork_from,
        )  # fmt: skip
        run = _open(chosen, wish, origin)
        if origin.resume == "joined":
            run.is_quiet = True
        else:
            display.show(run)
    run.summary.update(before.take("summary"))
    if word != "create_new":
        _make_current(run)
    follow(run)
    return run


def _project(given: str | None) -> str:
    return check_name("project", given or from_environment("PROJECT")) or default_project()


def _start_trial(chosen: Settings, wish: Wish, trial: Trial) -> Run:
    """Start the run of a sweep's trial, whose panel is the sweep's."""
    if chosen.mode == "disabled":
        run = begin_disabled(chosen, wish, trial.run_id)
    else:
        # Its id is new, so that nothing of it can be in the database.
        origin = Origin(trial.run_id, wish.fields["name"] or trial.friendly_name)
        run = _open(chosen, wish, with_store(open_store(chosen.root), lambda: origin))
        run.is_quiet = True
    trial.begin(run)
    _make_current(run)
    return run


def _make_current(run: Run) -> None:
    """Make a run the current one; after the end of a trial it is the one from before."""
    global _current
    earlier = _current if trials.here() is not None else None
    _current = run

    def forget(_: Run) -> None:
        global _current
        if _current is run:
            _current = earlier if earlier is not None and earlier.is_alive else None

    run.after_end(forget)


def _find(
    chosen: Settings,
    wish: Wish,
    run_id: str | None,
    *,
    resume: str | bool | None,
    resume_from: str | None,
    fork_from: str | None,
) -> Origin:
    store = open_store(chosen.root)
    taken = {run.name for run in exits.active() if run.project == wish.project}
    return with_store(
        store,
        lambda: find_origin(
            store, wish.project, run_id=run_id, name=wish.fields["name"], resume=resume,
            fork_from=fork_from, resume_from=resume_from, taken=taken,
            sharing=_sharing(chosen),
        ),
    )  # fmt: skip


def _sharing(chosen: Settings) -> str | None:
    if chosen.mode != "shared":
        return None
    return "shared" if chosen.primary else "joined"


def _forget_if_finished(store: Store, run: Run) -> None:
    if run.state == "finished":
        auto_resume.forget(store, run.project, run.id)


def _open(chosen: Settings, wish: Wish, origin: Origin) -> Run:
    store = open_store(chosen.root)
    run = begin(chosen, store, wish, origin)
    if origin.is_auto:
        auto_resume.remember(store, run.project, run.id)
        run.after_end(lambda _: _forget_if_finished(store, run))
    if origin.resume != "joined":
        sources.connect(run, origin.first_line)
    exits.watch(run)
    around = trials.here()
    if around is not None:
        around.runs.append(run)
    return run


def _last_active() -> Run | None:
    """Return the current run, else the youngest one that is active in this process."""
    if _current is not None and _current.is_alive:
        return _current
    active = exits.active()
    return active[-1] if active else None


def _finish_active() -> None:
    for run in exits.active():
        run.finish()
    if _current is not None and _current.is_alive:
        _current.finish()  # a disabled one


def current() -> Run | None:
    """Return the current run, None where there is none."""
    return trials.current_run() or _current


def require(action: str) -> Run:
    """Return the current run.

    Raises
    ------
    UsageError
        If there is none.
    """
    run = current()
    if run is None:
        raise UsageError(f"You must call tracker.init() before tracker.{action}()")
    return run


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
    """Log to the current run; see :meth:`tracker.Run.log`."""
    run = trials.current_run() or _current
    if run is None:
        run = require("log")
    run.log(data, step, commit)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """Finish the current run, if there is one; see :meth:`tracker.Run.finish`."""
    run = current()
    if run is not None:
        run.finish(exit_code, quiet)


join = finish  # W&B's old name


def define_metric(
    name: str,
    step_metric: object = None,
    step_sync: bool | None = None,
    hidden: bool | None = None,
    summary: str | None = None,
    overwrite: bool | None = None,
    goal: str | None = None,
) -> MetricRule:
    """Say how a metric is drawn; see :meth:`tracker.Run.define_metric`."""
    return require("define_metric").define_metric(
        name, step_metric, step_sync, hidden, summary, overwrite, goal
    )


def alert(
    title: str,
    text: str = "",
    level: str | None = None,
    wait_duration: float | timedelta | None = None,
) -> None:
    """Keep an alert with the current run; see :meth:`tracker.Run.alert`."""
    require("alert").alert(title, text, level, wait_duration)


def mark_preempting() -> None:
    """Say that the machine is about to be taken away; see :meth:`tracker.Run.mark_preempting`."""
    require("mark_preempting").mark_preempting()


def watch(
    models: Any,
    criterion: Any = None,
    log: str | None = "gradients",
    log_freq: int = 1000,
    idx: int | None = None,
    log_graph: bool = False,
) -> list[Any]:
    """Log gradients and parameters by the current run; see :meth:`tracker.Run.watch`."""
    return require("watch").watch(models, criterion, log, log_freq, idx, log_graph)


def unwatch(models: Any = None) -> None:
    """Watch models no longer; see :meth:`tracker.Run.unwatch`."""
    run = current()
    if run is not None:
        run.unwatch(models)


def pin_config_keys(keys: Sequence[str] = ()) -> None:
    """Say which config keys are shown first; see :meth:`tracker.Run.pin_config_keys`."""
    require("pin_config_keys").pin_config_keys(keys)


def _log_artifact(artifact: Artifact, project: str | None, settings: Any) -> None:
    """Log an artifact that is saved outside a run by one that is begun for it."""
    run = _last_active()
    if run is not None:
        run.log_artifact(artifact)
        return
    settings = {"silent": True} if settings is None else settings
    with init(project=project, job_type="auto", settings=settings) as run:
        run.log_artifact(artifact)


def _open_run(store: Store, project: str, run_id: str) -> Any:
    from tracker.api.opening import open_run

    return open_run(store, project, run_id)


UPSTAIRS.log, UPSTAIRS.open_run = _log_artifact, _open_run
WATCHING.watch, WATCHING.unwatch = frameworks.watch, frameworks.unwatch
