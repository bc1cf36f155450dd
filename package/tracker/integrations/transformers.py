"""The callback for Hugging Face's Trainer: ``Trainer(callbacks=[TrackerCallback()], …)``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from numbers import Number
from pathlib import Path
from typing import Any

import tracker
from tracker.integrations import active_run, need

_Callback: Any = need("transformers").TrainerCallback

DEFAULT_PROJECT = "huggingface"
STEP = "train/global_step"
# Logged once, at the end of the training: they go to the summary.
ONCE = frozenset(
    ("train_runtime", "train_samples_per_second", "train_steps_per_second", "train_loss",
     "total_flos")
)  # fmt: skip
WATCHED = ("gradients", "parameters", "all")


class TrackerCallback(_Callback):
    """Logs what the Trainer logs, with ``train/global_step`` as the axis.

    A run that is active is used; otherwise one begins with the training. Tell the Trainer
    ``report_to="none"``, or it looks for other trackers too.

    Parameters
    ----------
    log_model : {"end", "checkpoint", "false"}, optional
        Log the model as an artifact when the training ends, or every checkpoint as well. Default
        ``TRACKER_LOG_MODEL`` (or ``WANDB_LOG_MODEL``), else ``"false"``.
    watch : {"gradients", "parameters", "all", "false"}, optional
        What to log histograms of; see :meth:`tracker.Run.watch`. Default ``TRACKER_WATCH`` (or
        ``WANDB_WATCH``), else ``"false"``.
    project : str, optional
        Default ``TRACKER_PROJECT`` (or ``WANDB_PROJECT``), else ``"huggingface"``.
    **init
        More arguments of :func:`tracker.init`.
    """

    def __init__(
        self,
        log_model: str | bool | None = None,
        watch: str | bool | None = None,
        project: str | None = None,
        **init: Any,
    ) -> None:
        self._log_model = _word("LOG_MODEL", log_model, ("end", "checkpoint"))
        self._watch = _word("WATCH", watch, WATCHED)
        self._init = {**init, "project": project or _from_environment("PROJECT", DEFAULT_PROJECT)}
        self._is_set_up = False

    def setup(self, args: Any, state: Any, model: Any = None, **_: Any) -> None:
        """Begin a run if none is active, and add arguments and model to its config."""
        self._is_set_up = True
        if not state.is_world_process_zero:
            return
        if active_run() is None:
            tracker.init(**{**_names(args, state), **self._init})
        run = active_run()
        run.config.update(_config(args, model), allow_val_change=True)
        run.define_metric(STEP, hidden=True)
        run.define_metric("*", step_metric=STEP, step_sync=True)
        if self._watch in WATCHED and model is not None:
            run.watch(model, log=self._watch, log_freq=max(100, state.logging_steps))
        if hasattr(model, "num_parameters"):
            run.config.update({"model/num_parameters": model.num_parameters()}, True)
        if self._log_model in ("end", "checkpoint") and model is not None:
            first = self._artifact(args, {**_facts(run), "initial_model": True})
            _add_architecture(first, model)
            run.log_artifact(first, aliases=["base_model"])

    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any
    ) -> None:
        """Set up; in a hyperparameter search each trial has a run of its own."""
        if state.is_hyper_param_search:
            tracker.finish()
            self._is_set_up = False
            args.run_name = None
        self._set_up(args, state, model, **kwargs)

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        model: Any = None,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Log what the Trainer logs."""
        self._set_up(args, state, model)
        if not state.is_world_process_zero:
            return
        given = logs or {}
        run = active_run()
        run.summary.update({key: value for key, value in given.items() if key in ONCE})
        row = {key: value for key, value in given.items() if key not in ONCE}
        run.log({**_with_slashes(row), STEP: state.global_step})

    def on_predict(
        self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any], **kwargs: Any
    ) -> None:
        """Log the metrics of a prediction."""
        self._set_up(args, state, **kwargs)
        if state.is_world_process_zero:
            active_run().log(_with_slashes(metrics))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Log a checkpoint, if they are to be logged."""
        if self._log_model != "checkpoint" or not self._is_logging(state):
            return
        run = active_run()
        artifact = self._artifact(args, {**_numbers(run), **_facts(run)})
        artifact.add_dir(str(Path(args.output_dir) / f"checkpoint-{state.global_step}"))
        steps = f"checkpoint_global_step_{state.global_step}"
        run.log_artifact(artifact, aliases=[f"epoch_{round(state.epoch, 2)}", steps])

    def on_train_end(
        self,
        args: Any,
        state: Any,
        control: Any,
        model: Any = None,
        processing_class: Any = None,
        **_: Any,
    ) -> None:
        """Log the model, if it is to be logged; the run goes on until it is finished."""
        if self._log_model not in ("end", "checkpoint") or not self._is_logging(state):
            return
        run = active_run()
        metadata = _numbers(run)
        if args.load_best_model_at_end:
            metadata = {
                f"eval/{args.metric_for_best_model}": state.best_metric,
                "train/total_flos": state.total_flos,
            }
        artifact = self._artifact(args, {**metadata, **_facts(run), "final_model": True})
        _add_architecture(artifact, model)
        with tempfile.TemporaryDirectory() as folder:
            _save(model, processing_class, Path(folder))
            artifact.add_dir(folder)
            run.log_artifact(artifact, aliases=["final_model"])

    def _set_up(self, args: Any, state: Any, model: Any = None, **kwargs: Any) -> None:
        is_without = state.is_world_process_zero and active_run() is None
        if not self._is_set_up or is_without:
            self.setup(args, state, model, **kwargs)

    def _is_logging(self, state: Any) -> bool:
        return self._is_set_up and state.is_world_process_zero and active_run() is not None

    def _artifact(self, args: Any, metadata: dict[str, Any]) -> Any:
        is_named = args.run_name is not None and args.run_name != args.output_dir
        run = active_run()
        name = f"model-{run.name if is_named else run.id}"
        return tracker.Artifact(
            tracker.util.make_artifact_name_safe(name), type="model", metadata=metadata
        )


def _from_environment(name: str, default: str) -> str:
    found = (os.environ.get(f"{prefix}_{name}") for prefix in ("TRACKER", "WANDB"))
    return next(filter(None, found), default)


def _word(name: str, given: str | bool | None, words: tuple[str, ...]) -> str:
    """Return a setting: one of the words, or "false"."""
    asked = given if given is not None else _from_environment(name, "false")
    word = str(asked).lower()
    if word in ("1", "true", "yes", "on"):
        return words[0]
    if word in words:
        return word
    if word not in ("0", "false", "no", "off", "none", ""):
        expected = ", ".join(map(repr, (*words, "false")))
        raise tracker.UsageError(f"{name.lower()} is {asked!r}: expected one of {expected}.")
    return "false"


def _names(args: Any, state: Any) -> dict[str, Any]:
    if state.trial_name is not None:
        return {"name": state.trial_name, "group": args.run_name or args.output_dir}
    return {} if args.run_name is None else {"name": args.run_name}


def _config(args: Any, model: Any) -> dict[str, Any]:
    held: Any = getattr(model, "config", None)
    of_model = held.to_dict() if hasattr(held, "to_dict") else dict(held or {})
    peft = getattr(model, "peft_config", None)
    return {**({} if peft is None else {"peft_config": peft}), **of_model, **args.to_dict()}


def _with_slashes(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return metrics by W&B's keys: ``eval/loss`` of ``eval_loss``, ``train/loss`` of ``loss``."""
    found = {}
    for key, value in metrics.items():
        start, _, rest = key.partition("_")
        found[f"{start}/{rest}" if rest and start in ("eval", "test") else f"train/{key}"] = value
    return found


def _numbers(run: Any) -> dict[str, Any]:
    summary = dict(run.summary).items()
    return {
        key: value
        for key, value in summary
        if isinstance(value, Number) and not key.startswith("_")
    }


def _facts(run: Any) -> dict[str, Any]:
    return {"model/num_parameters": run.config.get("model/num_parameters")}


def _add_architecture(artifact: Any, model: Any) -> None:
    with artifact.new_file("model_architecture.txt", mode="w", encoding="utf-8") as file:
        file.write(f"{model}\n")


def _save(model: Any, processing_class: Any, folder: Path) -> None:
    if hasattr(model, "save_pretrained"):
        model.save_pretrained(folder)
    else:
        need("torch").save(model.state_dict(), folder / "pytorch_model.bin")
    if hasattr(processing_class, "save_pretrained"):
        processing_class.save_pretrained(folder)


WandbCallback = TrackerCallback
