"""The callback for fastai 2: ``Learner(…, cbs=WandbCallback())``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tracker
from tracker.integrations import need, require_run

_basics = need("fastai.basics", "fastai")
_tracker = need("fastai.callback.tracker", "fastai")
_Callback: Any = _basics.Callback

# Told apart from the metrics: logged by themselves.
NOT_METRICS = ("train_loss", "epoch", "time")
SETTINGS = ("bs", "device", "path")


class WandbCallback(_Callback):
    """Logs losses, hyperparameters and metrics, a row for each batch.

    Parameters
    ----------
    log : {"gradients", "parameters", "all"}, optional
        What to log histograms of. Default: nothing.
    log_preds : bool
        Log a table of what is predicted for images with a category, as ``Prediction_Samples``.
        Default True; other kinds of data have none.
    log_preds_every_epoch : bool
        Log it after each epoch, not only at the end. Default False.
    log_model : bool
        Log the best model as an artifact, by ``SaveModelCallback``. Default False.
    model_name : str, optional
        The artifact's name. Default ``"model"``.
    log_dataset : bool or path-like
        Note a folder, or that of the data, as an artifact that the run uses. Default False.
    dataset_name : str, optional
        That artifact's name. Default the folder's.
    valid_dl : TfmdDL, optional
        What predictions are made for. Default: the data to validate on.
    n_preds : int
        How many predictions. Default 36.
    seed, reorder
        Accepted for fastai's sake: the first samples are taken.

    Raises
    ------
    UsageError
        When the training begins and there is no run.
    """

    order = _basics.Recorder.order + 1
    remove_on_fetch = True

    def __init__(
        self,
        log: str | None = None,
        log_preds: bool = True,
        log_preds_every_epoch: bool = False,
        log_model: bool = False,
        model_name: str | None = None,
        log_dataset: bool | str | Path = False,
        dataset_name: str | None = None,
        valid_dl: Any = None,
        n_preds: int = 36,
        seed: int = 12345,
        reorder: bool = True,
    ) -> None:
        super().__init__()
        self.log = log
        self.log_preds = log_preds
        self.log_preds_every_epoch = log_preds_every_epoch
        self.log_model = log_model
        self.model_name = model_name
        self.log_dataset = log_dataset
        self.dataset_name = dataset_name
        self.valid_dl = valid_dl
        self.n_preds = n_preds
        self._epoch = 0.0
        self._began = 0.0
        self._is_open = False

    def after_create(self) -> None:
        """See that the best model is saved, if it is to be logged."""
        if self.log_model and not hasattr(self.learn, "save_model"):
            saving = _tracker.SaveModelCallback(fname=self.model_name or "model")
            self.learn.add_cb(saving)

    def before_fit(self) -> None:
        """Add the settings to the config, and watch the model."""
        run = require_run("WandbCallback")
        is_inner = hasattr(self.learn, "lr_finder") or hasattr(self, "gather_preds")
        self.run = not is_inner and _basics.rank_distrib() == 0
        if not self.run:
            return
        self._epoch = float(run.summary.get("epoch") or 0)
        run.config.update(dict(self._settings()), allow_val_change=True)
        if self.log is not None:
            run.watch(self.learn.model, log=self.log)
        if self.log_dataset:
            self._use_dataset(run)

    def before_batch(self) -> None:
        """Note when a batch begins."""
        self._began = time.perf_counter()

    def after_batch(self) -> None:
        """Log a batch of the training."""
        if not self.training:
            return
        took_s = time.perf_counter() - self._began
        self._epoch += 1 / self.n_iter
        rates = {
            f"{name}_{place}": value
            for place, hypers in enumerate(self.opt.hypers)
            for name, value in hypers.items()
        }
        row = {"epoch": self._epoch, "train_loss": self.smooth_loss, "raw_loss": self.loss, **rates}
        speed = len(self.xb[0]) / took_s
        self._end_row()
        # It stays open, for what is found out of the epoch after its last batch.
        self._is_open = True
        require_run("WandbCallback").log({**row, "train_samples_per_sec": speed}, commit=False)

    def _end_row(self) -> None:
        if self._is_open:
            require_run("WandbCallback").log({})
        self._is_open = False

    def after_epoch(self) -> None:
        """Log the metrics of an epoch."""
        run = require_run("WandbCallback")
        self._epoch = float(round(self._epoch))
        run.log({"epoch": self._epoch, **self._metrics()}, commit=False)
        if self.log_preds and self.log_preds_every_epoch:
            self._log_predictions(run)

    def after_fit(self) -> None:
        """Log predictions and the model; the run goes on until it is finished."""
        run = require_run("WandbCallback")
        if self.run and self.log_preds and not self.log_preds_every_epoch:
            self._log_predictions(run)
        if self.run and self.log_model:
            self._keep_model(run)
        self._end_row()
        self.run = True

    def _metrics(self) -> dict[str, Any]:
        pairs = zip(self.recorder.metric_names, self.recorder.log, strict=False)
        return {name: value for name, value in pairs if name not in NOT_METRICS}

    def _settings(self) -> Iterator[tuple[str, Any]]:
        learn = self.learn
        yield "Learner", {"loss_func": str(learn.loss_func), "lr": learn.lr, "wd": learn.wd}
        for callback in learn.cbs:
            yield type(callback).__name__, True
        yield "batch size", self.dls.bs
        yield "batch per epoch", len(self.dls.train)
        yield "model parameters", sum(each.numel() for each in learn.model.parameters())
        yield "device", str(self.dls.device)
        yield "frozen idx", self.opt.frozen_idx
        for place, each in enumerate(self.dls.train.one_batch()[: self.dls.train.n_inp]):
            for dimension, size in enumerate(getattr(each, "shape", ())):
                yield f"input {place + 1} dim {dimension + 1}", size

    def _use_dataset(self, run: Any) -> None:
        named = self.log_dataset
        folder = Path(self.dls.path if isinstance(named, bool) else named)
        if not folder.is_dir() or (named is True and folder == Path()):
            tracker.termwarn(f"log_dataset found no folder of the data: {folder}. Name it.")
            return
        artifact = tracker.Artifact(self.dataset_name or folder.name, type="dataset")
        for path in sorted(folder.iterdir()):
            if path.is_file():
                artifact.add_file(str(path))
            elif path.name != "models":
                artifact.add_dir(str(path), name=path.name)
        run.use_artifact(artifact)

    def _keep_model(self, run: Any) -> None:
        saved = self.learn.save_model.last_saved_path
        if saved is None:
            tracker.termwarn("WandbCallback could not retrieve a model to log.")
            return
        name = self.model_name or self.learn.save_model.fname
        metadata = {key: str(value) for key, value in self._metrics().items()}
        artifact = tracker.Artifact(name, type="model", metadata=metadata)
        artifact.add_file(str(saved))
        run.log_artifact(artifact)

    def _log_predictions(self, run: Any) -> None:
        given = self.valid_dl or self.dls.valid
        try:
            inputs, _, targets, decoded = self.learn.get_preds(
                dl=given, with_input=True, with_decoded=True, inner=True
            )
            table = _table(given, inputs, targets, decoded, self.n_preds)
        except Exception as error:  # noqa: BLE001 - the training is worth more than samples
            tracker.termwarn(f"WandbCallback could not log predictions: {error}", repeat=False)
            return
        if table is not None:
            run.log({"Prediction_Samples": table}, commit=False)


def _table(loader: Any, inputs: Any, targets: Any, decoded: Any, count: int) -> Any:
    """Return a table of images, their categories and those predicted; None of other data."""
    names = getattr(loader, "vocab", None)
    if names is None or targets.ndim != 1 or not isinstance(inputs, _basics.TensorImage):
        return None
    table = tracker.Table(columns=["Input image", "Ground_Truth", "Predictions"])
    for image, *found in list(zip(inputs, targets, decoded, strict=True))[:count]:
        pixels = loader.decode((image[None],))[0][0]
        table.add_data(
            tracker.Image(pixels.permute(1, 2, 0).clamp(0, 1)),
            *(str(names[int(each)]) for each in found),
        )
    return table
