"""The callback for Stable-Baselines3: ``model.learn(…, callback=WandbCallback())``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tracker
from tracker.integrations import need, require_run

_BaseCallback: Any = need("stable_baselines3.common.callbacks", "stable-baselines3").BaseCallback
WATCHED = ("gradients", "parameters", "all", None)


class WandbCallback(_BaseCallback):
    """Adds a model's settings to the config, saves it, and watches its policy.

    What Stable-Baselines3 itself logs is written for TensorBoard: begin the run with
    ``sync_tensorboard=True``, and give the model a ``tensorboard_log``.

    Parameters
    ----------
    verbose : int
        2 says when a model is saved.
    model_save_path : path-like, optional
        Where ``model.zip`` is saved, at the end and as `model_save_freq` says; it is kept with the
        run's files. Default: nowhere.
    model_save_freq : int
        Save at every so many-th call. Default 0: only at the end.
    gradient_save_freq : int
        Log histograms at every so many-th batch. Default 0: none.
    log : {"gradients", "parameters", "all"}, optional
        What to log histograms of. Default ``"all"``.

    Raises
    ------
    UsageError
        If there is no run, or `model_save_freq` has no `model_save_path`.
    """

    def __init__(
        self,
        verbose: int = 0,
        model_save_path: str | Path | None = None,
        model_save_freq: int = 0,
        gradient_save_freq: int = 0,
        log: str | None = "all",
    ) -> None:
        super().__init__(verbose)
        require_run("WandbCallback")
        if model_save_freq and model_save_path is None:
            raise tracker.UsageError(
                "to use the `model_save_freq` you have to set the `model_save_path` parameter"
            )
        if log not in WATCHED:
            tracker.termwarn(
                "`log` must be one of `None`, 'gradients', 'parameters', or 'all', falling back to "
                "'all'"
            )
            log = "all"
        self.model_save_freq = model_save_freq
        self.model_save_path = model_save_path
        self.gradient_save_freq = gradient_save_freq
        self.log = log
        self.path: Path | None = None
        if model_save_path is not None:
            self.path = Path(model_save_path) / "model.zip"
            self.path.parent.mkdir(parents=True, exist_ok=True)

    def _init_callback(self) -> None:
        run = require_run("WandbCallback")
        held = {
            key: value if type(value) in (float, int, str) else str(value)
            for key, value in vars(self.model).items()
        }
        run.config.setdefaults({"algo": type(self.model).__name__, **held})
        if self.gradient_save_freq > 0:
            run.watch(self.model.policy, log_freq=self.gradient_save_freq, log=self.log)

    def _on_step(self) -> bool:
        if self.model_save_freq > 0 and self.n_calls % self.model_save_freq == 0:
            self.save_model()
        return True

    def _on_training_end(self) -> None:
        self.save_model()

    def save_model(self) -> None:
        """Save the model, if there is where to, and keep it with the run."""
        if self.path is None:
            return
        self.model.save(self.path)
        require_run("WandbCallback").save(str(self.path), base_path=str(self.path.parent))
        if self.verbose > 1:
            tracker.termlog(f"Saving model checkpoint to {self.path}")
