"""The face of a run while it is recorded; all work is done by its parts."""

from __future__ import annotations

import contextlib
import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.records import MetricRule
from tracker.run.alerts import Alerts
from tracker.run.config import Config, ConfigCopy
from tracker.run.config_keeper import ConfigKeeper
from tracker.run.identity import check_tags
from tracker.run.metrics import make_rule
from tracker.run.outputs import Outputs
from tracker.run.recorder import Recorder, now_us
from tracker.run.shown import Shown
from tracker.run.summary import Summary
from tracker.run.watching import WATCHING
from tracker.store.journal import facts

if TYPE_CHECKING:
    from tracker.run.alert_command import AlertCommand

__all__ = ["Run", "check_tags"]

# At the end of a run, so that what its alert_command complains of is heard.
_SETTLE_S = 2.0


class Run(Outputs, Shown):
    """A run that is being recorded. Made by :func:`tracker.init`.

    Used as a context manager it finishes at the end of the block; an exception marks it
    failed and its traceback is stored.
    """

    def __init__(
        self,
        recorder: Recorder,
        config: Mapping[str, Any],
        fields: Mapping[str, Any],
        *,
        allow_val_change: bool,
        resumed: bool = False,
        offset_s: float = 0.0,
        first_line: int = 0,
    ) -> None:
        super().__init__(recorder, fields, resumed=resumed, offset_s=offset_s)
        self._alerts = Alerts()
        self._alert_command = None if self.disabled else _alert_command(recorder)
        self._lines = itertools.count(first_line)
        self._write_text: Callable[[str], None] = self._write_lines
        self._on_log: Callable[[Mapping[str, Any]], None] | None = None
        keeper = ConfigKeeper(recorder, self._check_alive, self.use_artifact)
        self._config = Config(config, keeper=keeper, allow_val_change=allow_val_change)
        self._summary = Summary(
            read=recorder.summary,
            change=self._change_summary,
            plain=lambda value: recorder.coercer.plain(value, "summary"),
        )
        self.before_flush(self._notice_config)

    @property
    def config(self) -> Config:
        """What the user chose; see :class:`~tracker.run.config.Config`."""
        return self._config

    @property
    def config_static(self) -> ConfigCopy:
        """A copy of the config, not to be changed."""
        return ConfigCopy(self._config.as_dict())

    @property
    def summary(self) -> Summary:
        """The last or best values; see :class:`~tracker.run.summary.Summary`."""
        return self._summary

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
        TrialStopped
            If the run is a sweep's and is to end now; its agent catches that.
        """
        if type(data) is not dict:
            data = self._as_mapping(data)
        self._recorder.log(data, step, commit)
        if self._on_log is not None:
            self._on_log(data)

    def _as_mapping(self, data: object) -> Mapping[str, Any]:
        if isinstance(data, Mapping):
            return data
        self._check_alive("log")
        self._recorder.warn_once(
            f"log() was given a {type(data).__name__}: expected a dict such as "
            "{'loss': 0.1}. It is stored under the key 'value'.",
            "no dict",
        )
        return {"value": data}

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
            name, self._recorder.rules, step_metric=step_metric, step_sync=step_sync,
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
        """Keep an alert with the run, show it, and have the setting ``alert_command`` send it on.

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
            If the level is another word, or the duration no number.
        """
        self._check_alive("alert")
        alert = self._alerts.take(title, text, level, wait_duration)
        if alert is None:
            return
        time_us = now_us()
        self._recorder.append(facts.Event("alert", time_us, alert))
        if self._alert_command is not None and not self._recorder.is_foreign:
            self._alert_command.send(lambda: self._described(alert, time_us))
        if not self.settings.silent:
            _print(f"tracker: {alert['level']} {alert['title']}: {alert['text']}")

    def _described(self, alert: Mapping[str, str], time_us: int) -> dict[str, Any]:
        """Return an alert as its command is given it."""
        return {
            "project": self.project, "run_id": self.id, "name": self.name, "url": self.url,
            **alert, "time": datetime.fromtimestamp(time_us / 1e6, UTC).isoformat(),
        }  # fmt: skip

    def mark_preempting(self) -> None:
        """Keep with the run that its machine is about to be taken away."""
        self._check_alive("mark_preempting")
        self._recorder.append(facts.Event("preempting", now_us(), {}))

    def pin_config_keys(self, keys: Sequence[str] = ()) -> None:
        """Say which config keys tables of runs show first.

        Parameters
        ----------
        keys : sequence of str
            The keys; none take back what an earlier call said.
        """
        self._check_alive("pin_config_keys")
        pinned = [keys] if isinstance(keys, str) else [str(key) for key in keys]
        self._recorder.append(facts.Change(now_us(), {"metadata": {"pinned_config_keys": pinned}}))

    def watch(
        self,
        models: Any,
        criterion: Any = None,
        log: str | None = "gradients",
        log_freq: int = 1000,
        idx: int | None = None,
        log_graph: bool = False,
    ) -> list[Any]:
        """Log histograms of gradients and parameters of PyTorch models as they train.

        They join the step that is open, as ``gradients/<name>`` and ``parameters/<name>``, and
        are shown once :meth:`log` has completed it. Nothing that goes wrong ends the training.
        A model that is watched again is watched as this call says.

        Parameters
        ----------
        models : torch.nn.Module or sequence of them
            The models. From the second on, keys are ``gradients/graph_1<name>`` ….
        criterion : callable, optional
            Accepted for W&B's sake.
        log : {"gradients", "parameters", "all"}, optional
            What to log; None logs neither. Default ``"gradients"``.
        log_freq : int
            Log at every so many-th batch: gradients by backward passes, parameters by forward
            passes. Default 1000.
        idx : int, optional
            The number of the first model. Default: how many the run watches already.
        log_graph : bool
            Log the layers as well, as ``graph_0`` …, when they have run once. Default False.

        Returns
        -------
        list of Graph
            What `log_graph` logs.

        Raises
        ------
        UsageError
            If `log` is another word.
        NotAModelError
            If a model is no ``torch.nn.Module``.
        NotInstalledError
            If PyTorch is not installed.
        """
        self._check_alive("watch")
        watched: list[Any] = WATCHING.watch(self, models, criterion, log, log_freq, idx, log_graph)
        return watched

    def unwatch(self, models: Any = None) -> None:
        """Watch models no longer, by default none at all; see :meth:`watch`."""
        if self.is_alive:
            WATCHING.unwatch(self, models)

    def write_logs(self, text: str) -> None:
        """Add text to the run's console log without printing it."""
        self._check_alive("write_logs")
        self._write_text(str(text) if str(text).endswith("\n") else f"{text}\n")

    def _write_lines(self, text: str) -> None:
        lines = [
            facts.Line(next(self._lines), "stdout", now_us(), line) for line in text.splitlines()
        ]
        self._recorder.append(*lines)

    # ------------------------------------------------------------------ helping

    def _shown_as(self) -> tuple[str, Path] | None:
        if self.disabled:
            return None
        if self.is_alive:
            self.flush()
        return f"{self.project}/{self.id}", self.settings.root

    def after_log(self, listener: Callable[[Mapping[str, Any]], None]) -> None:
        """Call `listener` in the thread that logs, after each row; it may end the training."""
        self._on_log = listener

    def hear_logs_by(self, write: Callable[[str], None]) -> None:
        """Hand what :meth:`write_logs` is given to `write`, which numbers the console's lines."""
        self._write_text = write

    def _notice_config(self) -> None:
        if self._state == "running":
            self._config.notice_changes()

    def _before_last(self) -> None:
        super()._before_last()
        self._notice_config()
        if self._alert_command is not None:
            self._alert_command.settle(_SETTLE_S)

    def _change_summary(self, changed: dict[str, Any], deleted: list[str]) -> None:
        self._check_alive("summary")
        self._recorder.append(facts.SummaryChange(changed, deleted))

    def _label(self, *_: Any, **__: Any) -> None:
        """Take the label by which Hugging Face tells W&B of itself."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'Run' object has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"<tracker.Run {self.path} ({self.name}, {self.state})>"

    def __getstate__(self) -> object:
        raise TypeError(
            "A run cannot be pickled: pass its id and use tracker.init(id=…, resume='allow')."
        )


def _alert_command(recorder: Recorder) -> AlertCommand | None:
    if not recorder.settings.alert_command:
        return None
    from tracker.run.alert_command import AlertCommand

    return AlertCommand(recorder.settings.alert_command, recorder.warn_later)


def _print(text: str) -> None:
    # A closed or broken terminal is no reason to fail.
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)
