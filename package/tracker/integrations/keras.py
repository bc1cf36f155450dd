"""Callbacks for Keras 3: ``model.fit(…, callbacks=[WandbMetricsLogger()])``."""

from __future__ import annotations

import abc
import os
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tracker
from tracker.integrations import need, require_run

keras = need("keras")
_Callback: Any = keras.callbacks.Callback
_ModelCheckpoint: Any = keras.callbacks.ModelCheckpoint

Logs = Mapping[str, Any] | None


class WandbMetricsLogger(_Callback):
    """Logs losses, metrics and the learning rate.

    Keys are ``epoch/…`` with ``epoch/epoch`` as the axis, or ``batch/…`` with
    ``batch/batch_step``.

    Parameters
    ----------
    log_freq : {"epoch", "batch"} or int
        Log at the end of each epoch, of each batch, or of each so many-th one. Default ``"epoch"``.
    initial_global_step : int
        Accepted for W&B's sake: the optimizer knows at which step a schedule is.

    Raises
    ------
    UsageError
        If there is no run.
    """

    def __init__(self, log_freq: str | int = "epoch", initial_global_step: int = 0) -> None:
        super().__init__()
        run = require_run("WandbMetricsLogger")
        if log_freq not in ("epoch", "batch") and not isinstance(log_freq, int):
            raise tracker.UsageError(
                f"log_freq is {log_freq!r}: expected 'epoch', 'batch' or a number of batches."
            )
        self.logging_batch_wise = log_freq != "epoch"
        self.log_freq = log_freq if isinstance(log_freq, int) else 1
        self.global_batch = 0
        kind, axis = ("batch", "batch_step") if self.logging_batch_wise else ("epoch", "epoch")
        run.define_metric(f"{kind}/{axis}", hidden=True)
        run.define_metric(f"{kind}/*", step_metric=f"{kind}/{axis}")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Log an epoch."""
        self._log("epoch", logs, {"epoch": epoch})

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Log a batch, if batches are logged."""
        if self.logging_batch_wise and batch % self.log_freq == 0:
            self._log("batch", logs, {"batch_step": self.global_batch})
            self.global_batch += self.log_freq

    def _log(self, kind: str, logs: Logs, place: dict[str, int]) -> None:
        row = {**(logs or {}), **place}
        rate = _learning_rate(self.model)
        if rate is not None:
            row["learning_rate"] = rate
        require_run("WandbMetricsLogger").log({f"{kind}/{key}": row[key] for key in row})


def _learning_rate(model: Any) -> float | None:
    try:
        return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
    except Exception as error:  # noqa: BLE001 - a training goes on without it
        tracker.termerror(f"Unable to log learning rate: {error}", repeat=False)
        return None


class WandbModelCheckpoint(_ModelCheckpoint):
    """Saves models as ``keras.callbacks.ModelCheckpoint`` does, and logs them as artifacts.

    Each file that is written is a version of the artifact ``run_<id>_model``, with the aliases
    ``latest`` and ``epoch_<n>``, or ``epoch_<n>_batch_<m>``.

    Parameters
    ----------
    filepath, monitor, verbose, save_best_only, save_weights_only, mode, save_freq, \
initial_value_threshold
        As in Keras: the path ends in ``.keras``, or in ``.weights.h5`` for weights only.
    **kwargs
        More arguments of Keras' callback.

    Raises
    ------
    UsageError
        If there is no run.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filepath, monitor=monitor, verbose=verbose, save_best_only=save_best_only,
            save_weights_only=save_weights_only, mode=mode, save_freq=save_freq,
            initial_value_threshold=initial_value_threshold, **kwargs,
        )  # fmt: skip
        require_run("WandbModelCheckpoint")
        names = [name for _, name, _, _ in string.Formatter().parse(os.fspath(filepath)) if name]
        if save_best_only and not names:
            tracker.termwarn(
                "When using `save_best_only`, ensure that the `filepath` argument contains "
                "formatting placeholders like `{epoch:02d}` or `{batch:02d}`.",
                repeat=False,
            )

    def _should_save_model(self, *args: Any, **kwargs: Any) -> bool:
        self._is_saved = bool(super()._should_save_model(*args, **kwargs))
        return self._is_saved

    def _save_model(self, epoch: int, batch: int | None, logs: Logs) -> None:
        super()._save_model(epoch=epoch, batch=batch, logs=logs)
        if not self._is_saved:
            return
        run = require_run("WandbModelCheckpoint")
        artifact = tracker.Artifact(f"run_{run.id}_model", type="model")
        artifact.add_file(self._get_file_path(epoch, batch, logs))
        when = f"epoch_{epoch}" if batch is None else f"epoch_{epoch}_batch_{batch}"
        run.log_artifact(artifact, aliases=["latest", when])


class WandbEvalCallback(_Callback, abc.ABC):
    """Logs tables of what a model predicts, beside what is true.

    Derive from it and say what goes into the tables: :meth:`add_ground_truth` is called once,
    :meth:`add_model_predictions` after each epoch.

    Parameters
    ----------
    data_table_columns, pred_table_columns : list of str
        The columns of ``data_table`` and ``pred_table``.

    Attributes
    ----------
    data_table : Table
        What is true, logged as the artifact ``val``.
    pred_table : Table
        What is predicted after an epoch, logged as a version of ``run_<id>_pred``.
    data_table_ref : Table
        The logged `data_table`: its images are not stored again where a prediction has them.

    Raises
    ------
    UsageError
        If there is no run.
    """

    def __init__(
        self,
        data_table_columns: list[str],
        pred_table_columns: list[str],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        require_run(type(self).__name__)
        self.data_table_columns = data_table_columns
        self.pred_table_columns = pred_table_columns

    def on_train_begin(self, logs: Logs = None) -> None:
        """Log what is true."""
        self.init_data_table(self.data_table_columns)
        self.add_ground_truth(logs)
        self.log_data_table()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Log what is predicted now."""
        self.init_pred_table(self.pred_table_columns)
        self.add_model_predictions(epoch, logs)
        self.log_pred_table()

    @abc.abstractmethod
    def add_ground_truth(self, logs: Logs = None) -> None:
        """Add rows to ``data_table``."""

    @abc.abstractmethod
    def add_model_predictions(self, epoch: int, logs: Logs = None) -> None:
        """Add rows to ``pred_table``."""

    def init_data_table(self, column_names: list[str]) -> None:
        """Begin an empty ``data_table``."""
        self.data_table = tracker.Table(columns=column_names, allow_mixed_types=True)

    def init_pred_table(self, column_names: list[str]) -> None:
        """Begin an empty ``pred_table``."""
        self.pred_table = tracker.Table(columns=column_names)

    def log_data_table(
        self, name: str = "val", type: str = "dataset", table_name: str = "val_data"
    ) -> None:
        """Log ``data_table`` as an artifact that the run uses."""
        artifact = tracker.Artifact(name, type=type)
        artifact.add(self.data_table, table_name)
        require_run("WandbEvalCallback").use_artifact(artifact)
        self.data_table_ref = artifact.wait().get(table_name)

    def log_pred_table(
        self,
        type: str = "evaluation",
        table_name: str = "eval_data",
        aliases: Sequence[str] | None = None,
    ) -> None:
        """Log ``pred_table`` as the next version of an artifact."""
        run = require_run("WandbEvalCallback")
        artifact = tracker.Artifact(f"run_{run.id}_pred", type=type)
        artifact.add(self.pred_table, table_name)
        run.log_artifact(artifact, aliases=list(aliases or ["latest"]))


class WandbCallback(_Callback):
    """W&B's older callback: all metrics, the best epoch in the summary, the best model as a file.

    Parameters
    ----------
    monitor : str
        The metric that says which epoch is the best. Default ``"val_loss"``.
    verbose : int
        1 says when a model is saved.
    mode : {"auto", "min", "max"}
        Which way is better. Default: the larger for accuracies, else the smaller.
    save_weights_only : bool
        Save ``model-best.weights.h5`` in place of ``model-best.keras``. Default False.
    log_weights : bool
        Log histograms of the layers' weights, ``parameters/<layer>.weights``. Default False.
    save_model : bool
        Save the model of the best epoch with the run's files. Default True.
    log_batch_frequency : int, optional
        Log at every so many-th batch too.
    log_best_prefix : str, optional
        What the best values' names in the summary begin with. Default ``"best_"``; None leaves
        them out.
    save_graph : bool
        Log the layers, as ``graph``. Default True.
    **ignored
        W&B's other arguments, for gradients, examples and evaluations: said once, and without
        effect. :class:`WandbEvalCallback` logs predictions.

    Raises
    ------
    UsageError
        If there is no run, or `mode` is another word.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        verbose: int = 0,
        mode: str = "auto",
        save_weights_only: bool = False,
        log_weights: bool = False,
        log_gradients: bool = False,
        save_model: bool = True,
        *,
        log_batch_frequency: int | None = None,
        log_best_prefix: str | None = "best_",
        save_graph: bool = True,
        **ignored: Any,
    ) -> None:
        super().__init__()
        run = require_run("WandbCallback")
        if mode not in ("auto", "min", "max"):
            raise tracker.UsageError(f"mode is {mode!r}: expected 'auto', 'min' or 'max'.")
        self.monitor = monitor
        self.verbose = verbose
        self.save_weights_only = save_weights_only
        self.log_weights = log_weights
        self.save_model = save_model
        self.log_batch_frequency = log_batch_frequency
        self.log_best_prefix = log_best_prefix
        self.save_graph = save_graph
        is_larger = mode == "max" or (mode == "auto" and _is_better_larger(monitor))
        self._sign = -1.0 if is_larger else 1.0
        # A run that is gone on with has had its best.
        self._best: float | None = run.summary.get(f"{log_best_prefix}{monitor}")
        given = {"log_gradients": log_gradients, **ignored}
        without = sorted(name for name, value in given.items() if value)
        if without:
            tracker.termwarn(
                f"WandbCallback does nothing with {', '.join(without)}: WandbEvalCallback logs "
                "predictions, and run.watch the gradients of PyTorch.",
                repeat=False,
            )

    def on_train_begin(self, logs: Logs = None) -> None:
        """Log the layers, if the model is built already."""
        self._keep_graph()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Log the layers of a model that its first batch has built, and the batch if asked for."""
        self._keep_graph()
        if self.log_batch_frequency and batch % self.log_batch_frequency == 0:
            require_run("WandbCallback").log(dict(logs or {}))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Log an epoch, and keep the model if it is the best one."""
        run = require_run("WandbCallback")
        row = {**(_weights(self.model) if self.log_weights else {}), "epoch": epoch}
        run.log({**row, **(logs or {})})
        current = (logs or {}).get(self.monitor)
        if current is None or not self._is_best(float(current)):
            return
        self._best = float(current)
        if self.log_best_prefix is not None:
            run.summary[f"{self.log_best_prefix}{self.monitor}"] = self._best
            run.summary[f"{self.log_best_prefix}epoch"] = epoch
        if self.save_model:
            self._save(run, epoch)

    def _is_best(self, value: float) -> bool:
        return self._best is None or value * self._sign < self._best * self._sign

    def _save(self, run: Any, epoch: int) -> None:
        ending = "weights.h5" if self.save_weights_only else "keras"
        path = Path(run.dir) / f"model-best.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        run.save(path, base_path=path.parent, policy="now")
        if self.verbose:
            tracker.termlog(f"epoch {epoch} is the best by {self.monitor}: saved {path.name}.")

    def _keep_graph(self) -> None:
        if self.save_graph and self.model.built:
            self.save_graph = False
            graph = tracker.Graph.from_keras(self.model)
            require_run("WandbCallback").log({"graph": graph}, commit=False)


def _is_better_larger(metric: str) -> bool:
    return "acc" in metric or metric.startswith("fmeasure") or "auc" in metric


def _weights(model: Any) -> dict[str, Any]:
    """Return histograms of the weights of each layer, by W&B's keys."""
    found: dict[str, Any] = {}
    for layer in model.layers:
        held = layer.get_weights()
        plain = (".weights", ".bias")
        endings = plain if len(held) <= 2 else [f".weights_{n}" for n in range(len(held))]
        for ending, values in zip(endings, held, strict=False):
            found[f"parameters/{layer.name}{ending}"] = tracker.Histogram(values)
    return found
