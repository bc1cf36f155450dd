"""The logger for Lightning: ``Trainer(logger=TrackerLogger(project="digits"))``."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import tracker
from tracker.integrations import active_run, need

DEFAULT_PROJECT = "lightning_logs"
STEP = "trainer/global_step"
# What of a ModelCheckpoint is kept with its artifacts.
SETTINGS = ("monitor", "mode", "save_last", "save_top_k", "save_weights_only")


def _lightning() -> str:
    """Return the package that the program uses: it goes by two names."""
    if "pytorch_lightning" in sys.modules and "lightning" not in sys.modules:
        return "pytorch_lightning"
    if find_spec("lightning") is None and find_spec("pytorch_lightning") is not None:
        return "pytorch_lightning"
    return "lightning.pytorch"


_PACKAGE = _lightning()
_loggers = need(f"{_PACKAGE}.loggers.logger", "lightning")
_Logger: Any = _loggers.Logger
rank_zero_only = need(f"{_PACKAGE}.utilities.rank_zero").rank_zero_only


class TrackerLogger(_Logger):
    """Logs what Lightning's Trainer or Fabric logs.

    A run that is active is used; otherwise one begins when it is needed, on rank zero.

    Parameters
    ----------
    name : str, optional
        The run's name.
    save_dir : path-like, optional
        Where Lightning puts checkpoints. Default: where it does without a logger. It is not where
        the store is, so that runs with folders of their own stay together; `dir` is.
    version, id : str, optional
        The run's id; a run that exists is gone on with.
    offline : bool
        Accepted for W&B's sake: nothing leaves the machine.
    dir : path-like, optional
        The directory that holds the store; see :func:`tracker.init`.
    anonymous : object
        Accepted for W&B's sake.
    project : str, optional
        Default ``TRACKER_PROJECT`` (or ``WANDB_PROJECT``), else ``"lightning_logs"``.
    log_model : bool or "all"
        Log checkpoints as versions of an artifact, with the aliases ``latest`` and ``best``: all as
        they are made, or True for those that are left at the end. Default False.
    experiment : Run, optional
        The run to use.
    prefix : str
        Put before keys, with a ``-``.
    checkpoint_name : str, optional
        The artifact's name. Default ``model-<id>``.
    add_file_policy : str
        Accepted for W&B's sake.
    **kwargs
        More arguments of :func:`tracker.init`, such as ``group``, ``tags`` and ``config``.
    """

    LOGGER_JOIN_CHAR = "-"

    def __init__(
        self,
        name: str | None = None,
        save_dir: str | os.PathLike[str] | None = None,
        version: str | None = None,
        offline: bool = False,
        dir: str | os.PathLike[str] | None = None,
        id: str | None = None,
        anonymous: Any = None,
        project: str | None = None,
        log_model: bool | str = False,
        experiment: Any = None,
        prefix: str = "",
        checkpoint_name: str | None = None,
        add_file_policy: str = "mutable",
        **kwargs: Any,
    ) -> None:
        super().__init__()
        places = (os.environ.get(f"{name}_PROJECT") for name in ("TRACKER", "WANDB"))
        chosen = {
            "name": name,
            "project": project or next(filter(None, places), DEFAULT_PROJECT),
            "dir": dir,
            "id": version or id,
            "resume": "allow",
        }
        self._init_arguments = {**chosen, **kwargs}
        folder = save_dir if save_dir is not None else dir
        self._save_dir = None if folder is None else os.fspath(folder)
        self._log_model = log_model
        self._prefix = prefix
        self._experiment = experiment
        self._checkpoint_name = checkpoint_name
        self._logged_at: dict[str, float] = {}
        self._waiting: list[Any] = []

    def __getstate__(self) -> dict[str, Any]:
        """Leave the run to its process; another one goes on with it once it has ended."""
        state = {**self.__dict__, "_experiment": None, "_waiting": []}
        if self._experiment is not None:
            state["_init_arguments"] = {**self._init_arguments, "id": self._experiment.id}
        return state

    @property
    @_loggers.rank_zero_experiment
    def experiment(self) -> Any:
        """The run; begun, or gone on with, where there is none that is active."""
        if self._experiment is None:
            self._experiment = active_run()
        if self._experiment is None or not self._experiment.is_alive:
            former = {} if self._experiment is None else {"id": self._experiment.id}
            self._experiment = tracker.init(**{**self._init_arguments, **former})
            if self._is_tensorboards:
                self._experiment.define_metric("*", step_metric="global_step")
            else:
                self._experiment.define_metric(STEP, hidden=True)
                self._experiment.define_metric("*", step_metric=STEP, step_sync=True)
        return self._experiment

    @property
    def _is_tensorboards(self) -> bool:
        return bool(self._init_arguments.get("sync_tensorboard"))

    @property
    def name(self) -> str | None:
        """The project's name: Lightning puts checkpoints into a folder of this name."""
        project: str | None = self._init_arguments["project"]
        return project

    @property
    def version(self) -> str | None:
        """The run's id, once there is one."""
        if self._experiment is not None:
            return str(self._experiment.id)
        wanted: str | None = self._init_arguments["id"]
        return wanted

    @property
    def save_dir(self) -> str | None:
        """Where Lightning puts checkpoints."""
        return self._save_dir

    # ------------------------------------------------------------------ logging

    @rank_zero_only
    def log_hyperparams(
        self, params: Mapping[str, Any] | Namespace | None = None, *_: Any, **__: Any
    ) -> None:
        """Add hyperparameters to the run's config."""
        values = vars(params) if isinstance(params, Namespace) else dict(params or {})
        self.experiment.config.update(values, allow_val_change=True)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log values, with the trainer's step as ``trainer/global_step``."""
        start = f"{self._prefix}{self.LOGGER_JOIN_CHAR}" if self._prefix else ""
        row = {f"{start}{key}": value for key, value in metrics.items()}
        if step is not None and not self._is_tensorboards:
            row[STEP] = step
        self.experiment.log(row)

    @rank_zero_only
    def log_table(
        self,
        key: str,
        columns: list[str] | None = None,
        data: list[list[Any]] | None = None,
        dataframe: Any = None,
        step: int | None = None,
    ) -> None:
        """Log a table, of columns and rows or of a DataFrame."""
        table = tracker.Table(columns=columns, data=data, dataframe=dataframe)
        self.log_metrics({key: table}, step)

    @rank_zero_only
    def log_text(
        self,
        key: str,
        columns: list[str] | None = None,
        data: list[list[str]] | None = None,
        dataframe: Any = None,
        step: int | None = None,
    ) -> None:
        """Log texts as a table."""
        self.log_table(key, columns, data, dataframe, step)

    @rank_zero_only
    def log_image(
        self, key: str, images: list[Any], step: int | None = None, **kwargs: Sequence[Any]
    ) -> None:
        """Log images; other arguments, such as ``caption``, have a value for each."""
        self._log_each(tracker.Image, key, "images", images, step, kwargs)

    @rank_zero_only
    def log_audio(
        self, key: str, audios: list[Any], step: int | None = None, **kwargs: Sequence[Any]
    ) -> None:
        """Log sounds; other arguments, such as ``sample_rate``, have a value for each."""
        self._log_each(tracker.Audio, key, "audios", audios, step, kwargs)

    @rank_zero_only
    def log_video(
        self, key: str, videos: list[Any], step: int | None = None, **kwargs: Sequence[Any]
    ) -> None:
        """Log videos; other arguments, such as ``fps``, have a value for each."""
        self._log_each(tracker.Video, key, "videos", videos, step, kwargs)

    def _log_each(
        self,
        kind: Callable[..., Any],
        key: str,
        called: str,
        given: list[Any],
        step: int | None,
        options: Mapping[str, Sequence[Any]],
    ) -> None:
        if not isinstance(given, list):
            raise TypeError(f'Expected a list as "{called}", found {type(given)}')
        for name, values in options.items():
            if len(values) != len(given):
                raise ValueError(
                    f"Expected {len(given)} items but only found {len(values)} for {name}"
                )
        made = [
            kind(each, **{name: values[place] for name, values in options.items()})
            for place, each in enumerate(given)
        ]
        self.log_metrics({key: made}, step)

    @rank_zero_only
    def watch(
        self, model: Any, log: str | None = "gradients", log_freq: int = 100, log_graph: bool = True
    ) -> None:
        """Log histograms of a model's gradients; see :meth:`tracker.Run.watch`."""
        self.experiment.watch(model, log=log, log_freq=log_freq, log_graph=log_graph)

    # ---------------------------------------------------------------- artifacts

    def use_artifact(self, artifact: str, artifact_type: str | None = None) -> Any:
        """Note that the run uses an artifact, and return it."""
        return self.experiment.use_artifact(artifact, type=artifact_type)

    @staticmethod
    @rank_zero_only
    def download_artifact(
        artifact: str,
        save_dir: str | os.PathLike[str] | None = None,
        artifact_type: str | None = None,
        use_artifact: bool | None = True,
    ) -> str:
        """Fetch an artifact's files, for the current run if there is one; return the folder."""
        run = active_run()
        if run is not None and use_artifact:
            found = run.use_artifact(artifact)
        else:
            found = tracker.Api().artifact(artifact, type=artifact_type)
        return str(found.download(root=None if save_dir is None else os.fspath(save_dir)))

    @rank_zero_only
    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Log the checkpoints that there are, or note that they are to be logged at the end."""
        if self._log_model == "all" or (self._log_model and checkpoint_callback.save_top_k == -1):
            self._log_checkpoints(checkpoint_callback)
        elif self._log_model and checkpoint_callback not in self._waiting:
            self._waiting.append(checkpoint_callback)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Log the checkpoints that are left; the run goes on until it is finished."""
        if status == "success" and self._experiment is not None:
            for callback in self._waiting:
                self._log_checkpoints(callback)
        self._waiting = []

    def _log_checkpoints(self, callback: Any) -> None:
        for changed_at, path, score in _new_checkpoints(callback, self._logged_at):
            metadata = {
                "score": score.item() if hasattr(score, "item") else score,
                "original_filename": Path(path).name,
                callback.__class__.__name__: {  # Lightning hands over a proxy
                    name: getattr(callback, name) for name in SETTINGS if hasattr(callback, name)
                },
            }
            name = self._checkpoint_name or f"model-{self.experiment.id}"
            artifact = tracker.Artifact(name, type="model", metadata=metadata)
            artifact.add_file(path, name="model.ckpt")
            is_best = path == callback.best_model_path
            self.experiment.log_artifact(
                artifact, aliases=["latest", "best"] if is_best else ["latest"]
            )
            self._logged_at[path] = changed_at


def _new_checkpoints(callback: Any, logged_at: Mapping[str, float]) -> list[tuple[float, str, Any]]:
    """Return what is not logged yet, oldest first: when it was written, its path, its score."""
    scores = {
        callback.last_model_path: callback.current_score,
        callback.best_model_path: callback.best_model_score,
        **callback.best_k_models,
    }
    files = [(path, score) for path, score in scores.items() if path and Path(path).is_file()]
    found = [(Path(path).stat().st_mtime, path, score) for path, score in files]
    new = [each for each in found if logged_at.get(each[1], 0.0) < each[0]]
    return sorted(new, key=lambda each: each[:2])


WandbLogger = TrackerLogger
