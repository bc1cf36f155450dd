"""The face of a run while it is recorded; all work is done by its parts."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tracker.errors import RunFinishedError, UsageError
from tracker.records import MetricRule
from tracker.run.config import Config
from tracker.run.metrics import make_rule
from tracker.run.recorder import Recorder, now_us
from tracker.run.summary import Summary
from tracker.settings import Settings
from tracker.store import facts

if TYPE_CHECKING:
    from tracker.artifacts.artifact import Artifact

ALERT_TITLE_LIMIT = 64
TAG_LIMIT = 64
LEVELS = ("INFO", "WARN", "ERROR")


class Run:
    """A run that is being recorded. Made by :func:`tracker.init`.

    Used as a context manager it finishes at the end of the block; an exception marks it
    failed and its traceback is stored.

    Attributes
    ----------
    id : str
        Eight characters, or what ``init(id=…)`` was given.
    project : str
        The project's name.
    config : Config
        What the user chose; see :class:`~tracker.run.config.Config`.
    summary : Summary
        The last or best values; see :class:`~tracker.run.summary.Summary`.
    """

    def __init__(
        self,
        recorder: Recorder,
        config: Mapping[str, Any],
        *,
        allow_val_change: bool,
        resumed: bool = False,
        offset_s: float = 0.0,
    ) -> None:
        begin = recorder.begin
        self._recorder = recorder
        self._fields = dict(begin.fields)
        self._resumed = resumed
        self._offset_s = offset_s
        self._before_end: list[Callable[[Run], None]] = []
        self._after_end: list[Callable[[Run], None]] = []
        self._alerted_at: dict[str, float] = {}
        self._exit_code: int | None = None
        self.is_quiet = recorder.settings.silent
        self.id = begin.run_id
        self.project = begin.project
        self.start_time = begin.time_us / 1e6
        self.starting_step = recorder.step
        self.config = Config(
            config,
            plain=recorder.coercer.plain,
            save=lambda values: self._change(config=values),
            allow_val_change=allow_val_change,
        )
        self.summary = Summary(
            read=recorder.summary, change=self._change_summary, plain=recorder.coercer.plain
        )
        self.before_flush(self.config.notice_changes)

    # ------------------------------------------------------------------ logging

    def log(
        self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None
    ) -> None:
        """Log values of one step. When this returns they survive the end of the process.

        Parameters
        ----------
        data : mapping of str to value
            Numbers, strings, arrays, media; nested mappings become keys like ``a.b``.
        step : int, optional
            The step. By default the next one. An earlier step is kept, unlike in W&B.
        commit : bool, optional
            Whether the step is complete. By default it is when `step` is not given;
            otherwise the next call may add to it.

        Raises
        ------
        RunFinishedError
            If the run has finished.
        """
        if self._exit_code is not None:
            self._refuse("log")
        if not isinstance(data, Mapping):
            self._recorder.warn_once(
                f"log() was given a {type(data).__name__}: expected a dict such as "
                "{'loss': 0.1}. It is stored under the key 'value'."
            )
            data = {"value": data}
        self._recorder.log(data, step, commit)

    def define_metric(
        self,
        name: str,
        step_metric: object = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        overwrite: bool | None = None,
        goal: str | None = None,
    ) -> MetricRule:
        """Say how a metric is drawn and summarised.

        Parameters
        ----------
        name : str
            A key, or a prefix ending in ``*``.
        step_metric : str, optional
            The key of its x-axis.
        step_sync : bool, optional
            Give rows that lack the x-axis its last value; True once `step_metric` is set.
        hidden : bool, optional
            Make no panel for it.
        summary : str, optional
            Of ``min max mean best first last copy none``, separated by commas.
        overwrite : bool, optional
            Forget what an earlier call said instead of adding to it.
        goal : {"minimize", "maximize"}, optional
            Which way is better, for ``summary="best"``.

        Raises
        ------
        UsageError
            If an argument is not one that exists.
        """
        self._check_alive("define_metric")
        rule = make_rule(
            name, self._recorder.rules.get(name), step_metric=step_metric, step_sync=step_sync,
            hidden=hidden, summary=summary, goal=goal, overwrite=overwrite,
        )  # fmt: skip
        self._recorder.define(rule)
        return rule

    def alert(
        self,
        title: str,
        text: str = "",
        level: str | None = None,
        wait_duration: float | timedelta | None = None,
    ) -> None:
        """Keep an alert with the run and show it.

        Parameters
        ----------
        title, text : str
            What happened.
        level : {"INFO", "WARN", "ERROR"}, optional
            Default ``"INFO"``.
        wait_duration : float or timedelta, optional
            Seconds for which an alert of the same title is not repeated. Default 60.

        Raises
        ------
        UsageError
            If the level is another word.
        """
        self._check_alive("alert")
        word = str(getattr(level, "value", level) or "INFO").upper()
        if word not in LEVELS:
            raise UsageError("level must be one of 'INFO', 'WARN', or 'ERROR'")
        wait_s = 60.0 if wait_duration is None else _seconds(wait_duration)
        now = time.monotonic()
        if now - self._alerted_at.get(title, float("-inf")) < wait_s:
            return
        self._alerted_at[title] = now
        payload = {"title": str(title)[:ALERT_TITLE_LIMIT], "text": str(text), "level": word}
        self._recorder.append(facts.Event("alert", now_us(), payload))
        if not self.settings.silent:
            print(f"tracker: {word} {payload['title']}: {payload['text']}", file=sys.stderr)

    def write_logs(self, text: str) -> None:
        """Add lines to the run's console log without printing them."""
        self._check_alive("write_logs")
        self._recorder.append(facts.Event("log", now_us(), {"text": str(text)}))

    # ---------------------------------------------------------------- artifacts

    def log_artifact(
        self,
        artifact_or_path: Artifact | str | Path,
        name: str | None = None,
        type: str | None = None,
        aliases: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Artifact:
        """Keep a version of an artifact as an output of this run.

        Parameters
        ----------
        artifact_or_path : Artifact or path
            The artifact, or a file or folder to make one of.
        name : str, optional
            Default ``run-<id>-<file name>`` for a path.
        type : str, optional
            Default ``"unspecified"`` for a path.
        aliases : sequence of str, optional
            Names for this version besides ``latest``.
        tags : sequence of str, optional
            Labels of this version.

        Raises
        ------
        UsageError
            If a name or a path cannot be used.
        """
        self._check_alive("log_artifact")
        from tracker.artifacts import logging as artifact_logging

        return artifact_logging.log_artifact(
            self._recorder, artifact_or_path, name, type, aliases, tags
        )

    def use_artifact(
        self,
        artifact_or_name: Artifact | str,
        type: str | None = None,
    ) -> Artifact:
        """Say that this run uses a version, by ``name:alias`` or ``name:v3``, and return it.

        Raises
        ------
        NotFoundError
            If there is no such version.
        """
        self._check_alive("use_artifact")
        from tracker.artifacts import logging as artifact_logging

        return artifact_logging.use_artifact(self._recorder, artifact_or_name, type)

    # ------------------------------------------------------------------- ending

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """Bring everything into the store and end the run.

        Parameters
        ----------
        exit_code : int, optional
            0, the default, for a run that finished; anything else marks it failed.
        quiet : bool, optional
            Print no summary.
        """
        self._end("failed" if exit_code else "finished", int(exit_code or 0), quiet=quiet)

    def _end(self, state: str, exit_code: int, *, quiet: bool | None = None) -> None:
        if self._exit_code is not None or self._recorder.is_foreign:
            return
        self.is_quiet = bool(quiet) or self.settings.silent
        self.config.notice_changes()
        for listener in self._before_end:
            listener(self)
        self._exit_code = exit_code
        try:
            self._recorder.finish(state, exit_code)
        finally:
            for listener in self._after_end:
                listener(self)

    def mark_failed(self, error: BaseException) -> None:
        """Store a traceback and end the run as failed."""
        if self._exit_code is not None:
            return
        lines = traceback.format_exception(error)
        payload = {"type": type(error).__name__, "message": str(error), "traceback": "".join(lines)}
        self._recorder.append(facts.Event("error", now_us(), self._recorder.coercer.plain(payload)))
        self._end("failed", 255 if isinstance(error, KeyboardInterrupt) else 1)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        is_clean_exit = isinstance(error, SystemExit) and error.code in (None, 0)
        if error is None or is_clean_exit:
            self.finish()
        else:
            self.mark_failed(error)

    # ------------------------------------------------------------------ reading

    @property
    def step(self) -> int:
        """The step that the next row gets."""
        return self._recorder.step

    @property
    def state(self) -> str:
        """``running`` until the run has ended, then ``finished`` or ``failed``."""
        if self._exit_code is None:
            return "running"
        return "failed" if self._exit_code else "finished"

    @property
    def name(self) -> str:
        """The name that people read; may be set."""
        return str(self._fields.get("name") or self.id)

    @name.setter
    def name(self, value: str) -> None:
        self._set_field("name", str(value))

    @property
    def notes(self) -> str | None:
        """A longer description; may be set."""
        return self._fields.get("notes")

    @notes.setter
    def notes(self, value: str | None) -> None:
        self._set_field("notes", None if value is None else str(value))

    @property
    def tags(self) -> tuple[str, ...]:
        """Labels; may be set."""
        return tuple(self._fields.get("tags") or ())

    @tags.setter
    def tags(self, value: Sequence[str]) -> None:
        self._set_field("tags", list(check_tags(value)))

    @property
    def group(self) -> str | None:
        """The group that the run belongs to."""
        return self._fields.get("group")

    @property
    def job_type(self) -> str | None:
        """The kind of job, such as ``train`` or ``eval``."""
        return self._fields.get("job_type")

    @property
    def sweep_id(self) -> str | None:
        """The sweep that the run belongs to, if any."""
        return self._fields.get("sweep_id")

    @property
    def resumed(self) -> bool:
        """Whether the run goes on from an earlier one of the same id."""
        return self._resumed

    @property
    def settings(self) -> Settings:
        """How the run is recorded."""
        return self._recorder.settings

    @property
    def disabled(self) -> bool:
        """Whether nothing is recorded."""
        return self.settings.mode == "disabled"

    @property
    def offline(self) -> bool:
        """Whether nothing leaves this machine: always."""
        return True

    @property
    def entity(self) -> str:
        """W&B's account name; empty here."""
        return ""

    @property
    def path(self) -> str:
        """``project/id``, as :meth:`tracker.Api.run` takes it."""
        return f"{self.project}/{self.id}"

    @property
    def dir(self) -> str:
        """A folder for files of this run, made at the first use."""
        place = self.settings.root / "files" / self._recorder.live.writer.stem
        place.mkdir(parents=True, exist_ok=True)
        return str(place)

    @property
    def url(self) -> str:
        """Where the run can be seen: in JupyterLab where that runs, else in the store."""
        if self.disabled:
            return ""
        from tracker.run.address import run_url

        return run_url(self.settings.root, self.project, self.id)

    @property
    def runtime_s(self) -> float:
        """Seconds for which the run has run, all sessions together."""
        return time.time() - self.start_time + self._offset_s

    # ------------------------------------------------------------------ helping

    def flush(self) -> None:
        """Bring everything logged so far into the store now."""
        self._check_alive("flush")
        self._recorder.flush()

    def subscribe(self, listener: Callable[[set[str]], None]) -> Callable[[], None]:
        """Call `listener` after each flush with the keys that have news; return how to stop."""
        return self._recorder.subscribe(listener)

    def before_flush(self, action: Callable[[], None]) -> None:
        """Call `action` before each flush, to hand over what it has gathered."""
        self._recorder.live.before_flush.append(action)

    def before_end(self, listener: Callable[[Run], None]) -> None:
        """Call `listener` when the run ends, while it still takes facts."""
        self._before_end.append(listener)

    def after_end(self, listener: Callable[[Run], None]) -> None:
        """Call `listener` when the run has ended and everything is in the store."""
        self._after_end.append(listener)

    def _change(self, **changes: Any) -> None:
        if "config" in changes:
            self._recorder.append(facts.Event("config", now_us(), changes["config"]))
        self._recorder.append(facts.Change(now_us(), changes))

    def _set_field(self, field: str, value: Any) -> None:
        self._check_alive(field)
        self._fields[field] = value
        self._change(**{field: value})

    def _change_summary(self, changed: dict[str, Any], deleted: list[str]) -> None:
        self._check_alive("summary")
        self._recorder.append(facts.SummaryChange(changed, deleted))

    def _check_alive(self, action: str) -> None:
        if self._exit_code is not None:
            self._refuse(action)

    def _refuse(self, action: str) -> None:
        raise RunFinishedError(
            f"Run ({self.id}) is finished. The call to `{action}` will be ignored. Start a new "
            "run with tracker.init()."
        )

    def __repr__(self) -> str:
        return f"<tracker.Run {self.path} ({self.name}, {self.state})>"

    def __getstate__(self) -> object:
        raise TypeError(
            "A run cannot be pickled: pass its id and use tracker.init(id=…, resume='allow')."
        )


def check_tags(tags: object) -> tuple[str, ...]:
    """Return tags as a tuple.

    Raises
    ------
    UsageError
        If one is not a string of 1 to 64 characters.
    """
    given = (tags,) if isinstance(tags, str) else tags
    if not isinstance(given, Sequence | set | frozenset):
        raise UsageError(f"tags is {tags!r}: expected a list of strings.")
    for tag in given:
        if not isinstance(tag, str) or not 1 <= len(tag) <= TAG_LIMIT:
            raise UsageError(
                f"Tag {tag!r} cannot be used: expected a string of 1 to 64 characters."
            )
    return tuple(dict.fromkeys(given))


def _seconds(duration: float | timedelta) -> float:
    return duration.total_seconds() if isinstance(duration, timedelta) else float(duration)
