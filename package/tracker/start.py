"""Starts a run: its logger, its readings, its console and, in a notebook, its panel."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from tracker import display, sources
from tracker.errors import UsageError
from tracker.records import MetricRule
from tracker.run import exits
from tracker.run.config import Config, read_config
from tracker.run.disabled import NullRecorder
from tracker.run.origin import Origin, check_name, find_origin, remember
from tracker.run.provenance import is_notebook
from tracker.run.recorder import Recorder, now_us
from tracker.run.run import Run, check_tags
from tracker.run.summary import Summary
from tracker.settings import Settings, read_settings
from tracker.store import facts
from tracker.store.store import Store, open_store

REINIT_WORDS = ("default", "return_previous", "finish_previous", "create_new")
DEFAULT_PROJECT = "uncategorized"

_current: Run | None = None


def init(
    project: str | None = None,
    name: str | None = None,
    config: Any = None,
    *,
    entity: str | None = None,
    dir: str | os.PathLike[str] | None = None,
    id: str | None = None,
    group: str | None = None,
    job_type: str | None = None,
    tags: Sequence[str] | None = None,
    notes: str | None = None,
    mode: str | None = None,
    resume: str | bool | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    reinit: bool | str | None = None,
    save_code: bool | None = None,
    allow_val_change: bool | None = None,
    settings: Any = None,
    config_include_keys: Sequence[str] | None = None,
    config_exclude_keys: Sequence[str] | None = None,
    **ignored: Any,
) -> Run:
    """Start a run, and make it the current one.

    Parameters
    ----------
    project : str, optional
        Default ``TRACKER_PROJECT`` (or ``WANDB_PROJECT``), else ``"uncategorized"``.
    name : str, optional
        What people read; default two words and a number.
    config : dict, argparse.Namespace, dataclass or path of a YAML file, optional
        The hyperparameters.
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
        last one of this project that did not end well.
    resume_from, fork_from : str, optional
        ``"<id>?_step=<n>"``: cut that run's history after step n and go on, or copy its
        history up to step n into a new run.
    reinit : {"default", "return_previous", "finish_previous", "create_new"} or bool, optional
        What becomes of a run that is still active. Default: it is finished in a notebook,
        and returned in a script.
    save_code : bool, optional
        Keep the git patch and the executed cells. Default True.
    allow_val_change : bool, optional
        Whether config values may change. Default: in notebooks.
    settings : dict or Settings, optional
        See :class:`tracker.settings.Settings`.
    entity, config_include_keys, config_exclude_keys, **ignored
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
    if _current is not None and _current.state == "running" and word != "create_new":
        if word == "return_previous":
            return _current
        _current.finish()
    values = _selected(read_config(config), config_include_keys, config_exclude_keys)
    environ = os.environ
    place = check_name("project", project or _environment("PROJECT")) or DEFAULT_PROJECT
    fields = {
        "name": name if name is None else str(name),
        "group": group or _environment("RUN_GROUP"),
        "job_type": job_type or _environment("JOB_TYPE"),
        "notes": notes or _environment("NOTES"),
        "sweep_id": environ.get("TRACKER_SWEEP_ID"),
    }
    labels = check_tags(
        tags
        if tags is not None
        else (_environment("TAGS") or "").split(",")
        if _environment("TAGS")
        else ()
    )
    run = _open(
        chosen, place, fields, labels, values,
        run_id=id or _environment("RUN_ID"),
        resume=resume if resume is not None else _environment("RESUME"),
        resume_from=resume_from,
        fork_from=fork_from,
        is_free=is_notebook() if allow_val_change is None else allow_val_change,
    )  # fmt: skip
    if word != "create_new" or _current is None:
        _current = run
        run.after_end(_forget)
    return run


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


def define_metric(name: str, *args: Any, **options: Any) -> MetricRule:
    """Say how a metric is drawn; see :meth:`tracker.Run.define_metric`."""
    return require("define_metric").define_metric(name, *args, **options)


def alert(title: str, text: str = "", *args: Any, **options: Any) -> None:
    """Keep an alert with the current run; see :meth:`tracker.Run.alert`."""
    require("alert").alert(title, text, *args, **options)


def log_artifact(*args: Any, **options: Any) -> Any:
    """Keep an artifact of the current run; see :meth:`tracker.Run.log_artifact`."""
    return require("log_artifact").log_artifact(*args, **options)


def use_artifact(*args: Any, **options: Any) -> Any:
    """Use an artifact in the current run; see :meth:`tracker.Run.use_artifact`."""
    return require("use_artifact").use_artifact(*args, **options)


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

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return self._refuse()


def _forget(run: Run) -> None:
    global _current
    if _current is run:
        _current = None


def _open(
    chosen: Settings,
    project: str,
    fields: dict[str, Any],
    labels: tuple[str, ...],
    values: dict[str, Any],
    *,
    run_id: str | None,
    resume: str | bool | None,
    resume_from: str | None,
    fork_from: str | None,
    is_free: bool,
) -> Run:
    if chosen.mode == "disabled":
        return _disabled(chosen, project, run_id or "disabled", fields, labels, values)
    store = open_store(chosen.root)
    _make_usable(store)
    origin = find_origin(
        store, project, run_id=run_id, name=fields["name"], resume=resume, fork_from=fork_from,
        resume_from=resume_from,
    )  # fmt: skip
    run = _record(chosen, store, project, origin, fields, labels, values, is_free=is_free)
    remember(store, project, run.id)
    run.after_end(lambda ended: remember(store, project, None))
    sources.connect(run, origin.first_line)
    exits.watch(run)
    display.show(run)
    return run


def _record(
    chosen: Settings,
    store: Store,
    project: str,
    origin: Origin,
    fields: dict[str, Any],
    labels: tuple[str, ...],
    values: dict[str, Any],
    *,
    is_free: bool,
) -> Run:
    previous = origin.previous
    given = {key: value for key, value in fields.items() if value is not None}
    given["name"] = origin.name
    if labels or previous is None:
        given["tags"] = list(labels)
    begin = facts.Begin(
        project, origin.run_id, now_us(), fields=given, resume=origin.resume,
        fork_from=origin.fork_from, fork_step=origin.fork_step, rewind_to=origin.rewind_to,
    )  # fmt: skip
    config = {**(previous.config if previous else {}), **_plain_config(values)}
    begin.config = config
    recorder = Recorder(chosen, store, begin, origin.first_step)
    is_resumed = origin.resume == "resume" and previous is not None
    if previous is not None:
        for rule in origin.rules:
            recorder.rules[rule.name] = rule
        for field in ("group", "job_type", "notes", "tags"):
            begin.fields.setdefault(field, getattr(previous, field))
        recorder.flush()
    return Run(
        recorder, config, allow_val_change=is_free, resumed=is_resumed,
        offset_s=previous.runtime_s if is_resumed and previous else 0.0,
    )  # fmt: skip


def _plain_config(values: dict[str, Any]) -> dict[str, Any]:
    from tracker.run.values import Coercer

    holder: dict[str, Any] = {}
    Config(
        {},
        plain=Coercer(lambda content: "", lambda sentence: None).plain,
        save=holder.update,
        allow_val_change=True,
    ).update(values)
    return holder


def _disabled(
    chosen: Settings,
    project: str,
    run_id: str,
    fields: dict[str, Any],
    labels: tuple[str, ...],
    values: dict[str, Any],
) -> Run:
    begin = facts.Begin(project, run_id, now_us(), fields={**fields, "tags": list(labels)})
    recorder = NullRecorder(chosen, begin)
    return Run(recorder, _plain_config(values), allow_val_change=True)  # type: ignore[arg-type]


def _make_usable(store: Store) -> None:
    """Take in what dead processes left, and mend a damaged database, before a run begins."""
    from tracker.errors import StoreDamagedError, StoreLockedError
    from tracker.store import recovery

    try:
        store.recover()
    except StoreDamagedError as error:
        recovery.repair(store, error)
    except StoreLockedError:
        return


def _merge_settings(settings: Any, save_code: bool | None) -> Any:
    if save_code is None:
        return settings
    if settings is None:
        return {"save_code": save_code}
    if isinstance(settings, Mapping):
        return {**settings, "save_code": save_code}
    return settings


def _reinit_word(reinit: bool | str | None) -> str:
    if reinit is True:
        return "finish_previous"
    word = "default" if reinit in (None, False) else reinit
    if word not in REINIT_WORDS:
        raise UsageError(
            f"reinit is {reinit!r}: expected one of {', '.join(map(repr, REINIT_WORDS))}."
        )
    if word == "default":
        is_returned = reinit is False or not is_notebook()
        return "return_previous" if is_returned else "finish_previous"
    return str(word)


def _selected(
    values: dict[str, Any], included: Sequence[str] | None, excluded: Sequence[str] | None
) -> dict[str, Any]:
    if included:
        return {key: value for key, value in values.items() if key in included}
    return {key: value for key, value in values.items() if key not in (excluded or ())}


def _environment(name: str) -> str | None:
    return os.environ.get(f"TRACKER_{name}") or os.environ.get(f"WANDB_{name}") or None
