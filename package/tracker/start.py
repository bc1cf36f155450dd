"""Starts a run: its logger, its readings, its console and, in a notebook, its panel.

The functions of the current run, such as ``tracker.log``, are here too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from tracker import display, sources
from tracker.errors import UsageError, warn
from tracker.records import MetricRule
from tracker.run import exits
from tracker.run.begin import Wish, begin, begin_disabled, with_store
from tracker.run.config import Config
from tracker.run.config_input import read_config, read_defaults
from tracker.run.identity import check_tags
from tracker.run.origin import check_name, default_project, find_origin, forget, remember
from tracker.run.provenance import is_notebook
from tracker.run.run import Run
from tracker.run.run_files import PathLike
from tracker.run.summary import Summary
from tracker.settings import Settings, read_settings
from tracker.store.store import open_store

if TYPE_CHECKING:
    from tracker.artifacts.artifact import Artifact

REINIT_WORDS = ("default", "return_previous", "finish_previous", "create_new")

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
        ``"disabled"`` records nothing at all; the others are the same here.
    resume : {"allow", "must", "never", "auto"} or bool, optional
        Go on with the run of this id: if there is one, only if there is one, never, or the
        last one of this project that was begun so and did not end well. A run that another
        process still writes is refused.
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
    entity, force, tensorboard, sync_tensorboard, monitor_gym, anonymous
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
    global _current
    chosen = read_settings(dir, mode, _merge_settings(settings, save_code))
    word = _reinit_word(reinit)
    if word == "return_previous" and (previous := _last_active()) is not None:
        return previous
    if tensorboard or sync_tensorboard or monitor_gym:
        warn("tracker does not read TensorBoard or gym by itself yet: log their values yourself.")
    wish = Wish(
        check_name("project", project or _environment("PROJECT")) or default_project(),
        {
            "name": _text(name or _environment("NAME")),
            "group": _text(group or _environment("RUN_GROUP")),
            "job_type": _text(job_type or _environment("JOB_TYPE")),
            "notes": _text(notes or _environment("NOTES")),
            "sweep_id": _environment("SWEEP_ID"),
            "tags": _tags(tags),
        },
        _selected(read_config(config), config_include_keys, config_exclude_keys),
        read_defaults(Path.cwd()),
        is_notebook() if allow_val_change is None else allow_val_change,
    )
    run_id = check_name("id", id if id is not None else _environment("RUN_ID"))
    if word == "finish_previous":
        _finish_active()
    if chosen.mode == "disabled":
        run = begin_disabled(chosen, wish, run_id or "disabled")
    else:
        run = _open(
            chosen, wish, run_id,
            resume=resume if resume is not None else _environment("RESUME"),
            resume_from=resume_from, fork_from=fork_from,
        )  # fmt: skip
    if word != "create_new":
        _current = run
        run.after_end(_forget)
    return run


def _open(
    chosen: Settings,
    wish: Wish,
    run_id: str | None,
    *,
    resume: str | bool | None,
    resume_from: str | None,
    fork_from: str | None,
) -> Run:
    store = open_store(chosen.root)
    taken = {run.name for run in exits.active() if run.project == wish.project}
    origin = with_store(
        store,
        lambda: find_origin(
            store, wish.project, run_id=run_id, name=wish.fields["name"], resume=resume,
            fork_from=fork_from, resume_from=resume_from, taken=taken,
        ),
    )  # fmt: skip
    run = begin(chosen, store, wish, origin)
    if origin.is_auto:
        remember(store, run.project, run.id)
        run.after_end(
            lambda ended: forget(store, run.project, run.id) if run.state == "finished" else None
        )
    sources.connect(run, origin.first_line)
    exits.watch(run)
    display.show(run)
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
    return _current


def require(action: str) -> Run:
    """Return the current run.

    Raises
    ------
    UsageError
        If there is none.
    """
    if _current is None:
        raise UsageError(f"You must call tracker.init() before tracker.{action}()")
    return _current


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
    """Log to the current run; see :meth:`tracker.Run.log`."""
    run = _current
    if run is None:
        run = require("log")
    run.log(data, step, commit)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """Finish the current run, if there is one; see :meth:`tracker.Run.finish`."""
    if _current is not None:
        _current.finish(exit_code, quiet)


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


def pin_config_keys(keys: Sequence[str] = ()) -> None:
    """Say which config keys are shown first; see :meth:`tracker.Run.pin_config_keys`."""
    require("pin_config_keys").pin_config_keys(keys)


def save(
    glob_str: PathLike, base_path: PathLike | None = None, policy: str = "live", glob: bool = True
) -> list[str]:
    """Keep copies of files with the current run; see :meth:`tracker.Run.save`."""
    return require("save").save(glob_str, base_path, policy, glob)


def restore(
    name: str, run_path: str | None = None, replace: bool = False, root: str | None = None
) -> TextIO | None:
    """Get a saved file back and open it; see :meth:`tracker.Run.restore`."""
    return require("restore").restore(name, run_path, replace, root)


def log_artifact(
    artifact_or_path: Artifact | str | Path,
    name: str | None = None,
    type: str | None = None,
    aliases: Sequence[str] | None = None,
    tags: Sequence[str] | None = None,
) -> Artifact:
    """Keep an artifact of the current run; see :meth:`tracker.Run.log_artifact`."""
    return require("log_artifact").log_artifact(artifact_or_path, name, type, aliases, tags)


def use_artifact(
    artifact_or_name: Artifact | str,
    type: str | None = None,
    aliases: Sequence[str] | None = None,
    use_as: str | None = None,
) -> Artifact:
    """Use an artifact in the current run; see :meth:`tracker.Run.use_artifact`."""
    return require("use_artifact").use_artifact(artifact_or_name, type, aliases, use_as)


def current_config() -> Config | Before:
    """Return the current run's config."""
    return _current.config if _current is not None else Before("config")


def current_summary() -> Summary | Before:
    """Return the current run's summary."""
    return _current.summary if _current is not None else Before("summary")


class Before:
    """Stands for ``tracker.config`` and ``tracker.summary`` before ``init``."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        name = object.__getattribute__(self, "_name")
        raise UsageError(f"You must call tracker.init() before tracker.{name}")

    __getitem__ = __setitem__ = __setattr__ = __iter__ = __len__ = __contains__ = _refuse
    __delitem__ = __delattr__ = _refuse

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return self._refuse()


def _forget(run: Run) -> None:
    global _current
    if _current is run:
        _current = None


def _merge_settings(settings: Any, save_code: bool | None) -> Any:
    if save_code is None:
        return settings
    if isinstance(settings, Settings):
        return replace(settings, save_code=save_code)
    if settings is None or isinstance(settings, Mapping):
        return {**(settings or {}), "save_code": save_code}
    return settings


def _reinit_word(reinit: bool | str | None) -> str:
    if isinstance(reinit, bool):
        return "finish_previous" if reinit else "return_previous"
    word = "default" if reinit is None else reinit
    if word not in REINIT_WORDS:
        raise UsageError(
            f"reinit is {reinit!r}: expected one of {', '.join(map(repr, REINIT_WORDS))}."
        )
    if word == "default":
        return "finish_previous" if is_notebook() else "return_previous"
    return word


def _selected(
    values: dict[str, Any], included: Sequence[str] | None, excluded: Sequence[str] | None
) -> dict[str, Any]:
    if included:
        return {key: value for key, value in values.items() if key in included}
    return {key: value for key, value in values.items() if key not in (excluded or ())}


def _tags(given: Sequence[str] | None) -> list[str] | None:
    text = _environment("TAGS")
    if given is None and text is not None:
        given = [tag.strip() for tag in text.split(",") if tag.strip()]
    return None if given is None else list(check_tags(given))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _environment(name: str) -> str | None:
    return os.environ.get(f"TRACKER_{name}") or os.environ.get(f"WANDB_{name}") or None
