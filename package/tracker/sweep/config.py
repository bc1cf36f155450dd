"""Reads a sweep config: W&B's schema as a dict or a YAML file, plus conditions and more rules.

Every field that cannot be used raises one `UsageError` that names it, what it holds and what
was expected. Keys that mean nothing are named in a `TrackerWarning` and ignored.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from tracker.errors import TrackerWarning, UsageError
from tracker.sweep.early import EarlyTerminate, read_early_terminate
from tracker.sweep.fields import (
    need_integer,
    need_list,
    need_mapping,
    need_number,
    need_one_of,
    need_text,
    refusal,
    unknown_keys,
)
from tracker.sweep.parameters import Parameter, read_parameters
from tracker.sweep.space import Space
from tracker.sweep.values import to_plain

Method = Literal["grid", "random", "bayes"]
Goal = Literal["minimize", "maximize"]
METHODS = ("grid", "random", "bayes")
IMPUTES = ("worst", "best", "latest")
# Keys of W&B's schema that ask for its cloud or for its job queue.
ELSEWHERE = {"apiVersion", "kind", "controller", "job", "image_uri", "scheduler", "launch"}
TEXTS = ("program", "name", "description", "project", "entity")
KNOWN = {
    *("method", "metric", "parameters", "early_terminate", "run_cap", "command", "metrics"),
    *TEXTS,
    *ELSEWHERE,
}


@dataclass(frozen=True, slots=True)
class Metric:
    """What a sweep makes small or large.

    Attributes
    ----------
    name : str
        The logged key.
    goal : {"minimize", "maximize"}
        Default "minimize".
    target : float or None
        The sweep is done once a trial reaches it.
    impute : {"worst", "best", "latest"}
        Which value a failed trial counts with in a Bayesian search. Default "worst".
    impute_while_running : {"false", "worst", "best", "latest"}
        Which value a running trial counts with. Default "false": what the model expects.
    """

    name: str
    goal: Goal = "minimize"
    target: float | None = None
    impute: str = "worst"
    impute_while_running: str = "false"


@dataclass(frozen=True, slots=True)
class SweepConfig:
    """A sweep as it was configured, checked and with all defaults filled in.

    Attributes
    ----------
    method : {"grid", "random", "bayes"}
        How the next trial is chosen.
    parameters : tuple of Parameter
        All parameters, nested ones too.
    metrics : tuple of Metric
        What is made small or large; always there for "bayes", and one with ``early_terminate``.
        With several, the trials are compared by all of them at once.
    early_terminate : EarlyTerminate or None
        The rule that ends bad trials.
    run_cap : int or None
        The most trials that the sweep runs.
    program, name, description, project, entity : str or None
        As given.
    command : tuple or None
        The words of the command line with macros; None for W&B's default.
    raw : dict
        The whole config as plain data, as it was given.
    """

    method: Method
    parameters: tuple[Parameter, ...]
    metrics: tuple[Metric, ...]
    early_terminate: EarlyTerminate | None
    run_cap: int | None
    program: str | None
    name: str | None
    description: str | None
    project: str | None
    entity: str | None
    command: tuple[str, ...] | None
    raw: Mapping[str, Any]

    @property
    def metric(self) -> Metric | None:
        """The first metric, or the only one."""
        return self.metrics[0] if self.metrics else None

    @property
    def is_maximized(self) -> bool:
        """Whether a larger value of the first metric is better."""
        return self.metric is not None and self.metric.goal == "maximize"

    @property
    def are_maximized(self) -> tuple[bool, ...]:
        """For each metric whether a larger value is better."""
        return tuple(metric.goal == "maximize" for metric in self.metrics)


def parse_sweep(config: Mapping[str, Any] | str | os.PathLike[str]) -> SweepConfig:
    """Check a sweep config and fill in its defaults.

    Parameters
    ----------
    config : mapping or path
        W&B's sweep schema, or the YAML file that has it.

    Raises
    ------
    UsageError
        With one sentence that names the field which cannot be used.
    """
    given = config if isinstance(config, Mapping) else _read_file(Path(config))
    notes: list[str] = []
    parsed = _parse(need_mapping("The sweep config", given), notes)
    for note in notes:
        warnings.warn(note, TrackerWarning, stacklevel=2)
    return parsed


def _read_file(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"The sweep config {path} cannot be read: {error.strerror}.") from error
    return read_yaml(text, str(path))


class _Loader(yaml.SafeLoader):
    """The safe loader, which also reads 1e-5 as a number: YAML 1.1 demands 1.0e-5."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$"),
    list("-+0123456789."),
)


def read_yaml(text: str, source: str = "the sweep config") -> Any:
    """Return what a YAML text holds; only plain data, never objects.

    Raises
    ------
    UsageError
        Where the text is no YAML, with the line.
    """
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it holds something else than plain data"
        raise UsageError(f"The YAML of {source} cannot be read{line}: {problem}.") from error


def _parse(given: Mapping[str, Any], notes: list[str]) -> SweepConfig:
    config = {key: value for key, value in given.items() if value is not None}
    notes += unknown_keys("", config, KNOWN)
    if "scheduler" in config:
        notes.append("scheduler has no effect: the sweep is run by its method.")
    method = _method(config)
    metrics = _metrics(config, notes)
    parsed = SweepConfig(
        method=method,
        parameters=_parameters(config, notes),
        metrics=metrics,
        early_terminate=_early_terminate(config, notes),
        run_cap=need_integer("run_cap", config["run_cap"], 1) if "run_cap" in config else None,
        command=_command(config),
        raw=_plain(given),
        **{key: need_text(key, config[key]) if key in config else None for key in TEXTS},
    )
    for field in ("method: bayes", "early_terminate"):
        if not metrics and (parsed.early_terminate or method == "bayes"):
            needs = field if method == "bayes" else "early_terminate"
            raise UsageError(f"metric is missing, and {needs} needs it: add metric with a name.")
    _check_method(parsed)
    return parsed


def _method(config: Mapping[str, Any]) -> Method:
    if "method" not in config:
        raise UsageError(f"method is missing: expected one of {', '.join(METHODS)}.")
    if config["method"] == "custom":
        raise UsageError(
            "Sweeps with method custom are not supported: choose the method grid, random or bayes."
        )
    word = need_one_of("method", config["method"], METHODS)
    return "grid" if word == "grid" else "random" if word == "random" else "bayes"


def _parameters(config: Mapping[str, Any], notes: list[str]) -> tuple[Parameter, ...]:
    if "parameters" not in config:
        raise UsageError("parameters is missing: expected the parameters to search, by name.")
    return read_parameters(config["parameters"], notes)


def _metrics(config: Mapping[str, Any], notes: list[str]) -> tuple[Metric, ...]:
    if "metrics" not in config:
        return (_metric("metric", config["metric"], notes),) if "metric" in config else ()
    if "metric" in config:
        raise UsageError("metric and metrics are given: expected one of them.")
    given = need_list("metrics", config["metrics"])
    metrics = tuple(_metric(f"metrics[{n}]", each, notes) for n, each in enumerate(given))
    names = [metric.name for metric in metrics]
    if len(set(names)) < len(names):
        raise UsageError(f"metrics names one key twice ({', '.join(names)}): give each once.")
    if len(metrics) > 1:
        _check_several(config, metrics)
    return metrics


def _check_several(config: Mapping[str, Any], metrics: Sequence[Metric]) -> None:
    """Refuse what asks which one of two trials is the better one."""
    if "early_terminate" in config:
        raise UsageError(
            "early_terminate compares trials by one metric, and metrics has several: leave one out."
        )
    plain = Metric("", "minimize")
    for place, metric in enumerate(metrics):
        for field in ("target", "impute", "impute_while_running"):
            if getattr(metric, field) != getattr(plain, field):
                raise UsageError(
                    f"metrics[{place}].{field} is for a metric alone: leave it out where there "
                    "are several."
                )


def _metric(field: str, given: Any, notes: list[str]) -> Metric:
    metric = {"name": given} if isinstance(given, str) else need_mapping(field, given)
    metric = {key: value for key, value in metric.items() if value is not None}
    notes += unknown_keys(field, metric, Metric.__slots__)
    if "name" not in metric:
        raise UsageError(f"{field}.name is missing: expected the key that the runs log.")
    running = metric.get("impute_while_running", "false")
    return Metric(
        name=need_text(f"{field}.name", metric["name"]),
        goal=_goal(f"{field}.goal", metric.get("goal", "minimize")),
        target=need_number(f"{field}.target", metric["target"]) if "target" in metric else None,
        impute=need_one_of(f"{field}.impute", metric.get("impute", "worst"), IMPUTES),
        impute_while_running=need_one_of(
            f"{field}.impute_while_running",
            "false" if running is False else running,
            ("false", *IMPUTES),
        ),
    )


def _goal(field: str, given: Any) -> Goal:
    word = given.strip().lower() if isinstance(given, str) else ""
    if word in ("minimize", "minimise", "min", "minimum"):
        return "minimize"
    if word in ("maximize", "maximise", "max", "maximum"):
        return "maximize"
    raise refusal(field, given, "expected minimize or maximize")


def _early_terminate(config: Mapping[str, Any], notes: list[str]) -> EarlyTerminate | None:
    if "early_terminate" not in config:
        return None
    return read_early_terminate(config["early_terminate"], notes)


def _command(config: Mapping[str, Any]) -> tuple[str, ...] | None:
    if "command" not in config:
        return None
    return tuple(str(word) for word in need_list("command", config["command"]))


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(to_plain(given))
    except TypeError as error:
        raise UsageError(f"The sweep config cannot be stored: {error}.") from error


def _check_method(config: SweepConfig) -> None:
    space = Space(config.parameters)
    if config.method == "grid" and space.grid.size == 0:
        raise UsageError("parameters has no point to try.")
    if config.method == "bayes" and not space.dimensions:
        raise UsageError("method bayes needs a parameter with more than one value to search.")
