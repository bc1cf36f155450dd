"""The callback for XGBoost: ``xgboost.train(…, callbacks=[WandbCallback()])``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tracker.integrations import need, require_run
from tracker.integrations.trees import keep_best, log_importance, log_model

_TrainingCallback: Any = need("xgboost.callback", "xgboost").TrainingCallback


class WandbCallback(_TrainingCallback):
    """Logs what XGBoost evaluates, as ``<data>-<metric>``, and the booster's configuration.

    Parameters
    ----------
    log_model : bool
        Log the model as the artifact ``<id>_model.json``. Default False.
    log_feature_importance : bool
        Log how much each feature counts, as a chart. Default True.
    importance_type : str
        Of ``weight gain cover total_gain total_cover``. Default ``"gain"``.
    define_metric : bool
        Keep each metric's best value as the summary, instead of its last. Default True.

    Raises
    ------
    UsageError
        If there is no run.
    """

    def __init__(
        self,
        log_model: bool = False,
        log_feature_importance: bool = True,
        importance_type: str = "gain",
        define_metric: bool = True,
    ) -> None:
        super().__init__()
        require_run("WandbCallback")
        self.log_model = log_model
        self.log_feature_importance = log_feature_importance
        self.importance_type = importance_type
        self.define_metric = define_metric

    def before_training(self, model: Any) -> Any:
        """Add the booster's configuration to the run's."""
        if hasattr(model, "save_config"):  # a cross-validation has several boosters
            held = json.loads(model.save_config())
            require_run("WandbCallback").config.update(held, allow_val_change=True)
        return model

    def after_iteration(
        self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, list[Any]]]
    ) -> bool:
        """Log an iteration; never ends the training."""
        run = require_run("WandbCallback")
        row: dict[str, Any] = {}
        for data, metrics in evals_log.items():
            for metric, values in metrics.items():
                key = f"{data}-{metric}"
                if self.define_metric:
                    keep_best(run, key, metric)
                last = values[-1]  # of a cross-validation, mean and deviation
                row[key] = last[0] if isinstance(last, tuple) else last
        run.log({**row, "epoch": epoch})
        self.define_metric = False
        return False

    def after_training(self, model: Any) -> Any:
        """Log the model, the features' importance, and what early stopping has found."""
        run = require_run("WandbCallback")
        if not hasattr(model, "save_config"):
            return model
        if self.log_model:
            name = f"{run.id}_model.json"
            log_model(run, model, name, name)
        if self.log_feature_importance:
            scores = model.get_score(importance_type=self.importance_type)
            log_importance(run, scores.items(), commit=True)
        if model.attr("best_score") is not None:
            best = float(model.attr("best_score"))
            run.log({"best_score": best, "best_iteration": int(model.attr("best_iteration"))})
        return model


def wandb_callback() -> Callable[[Any], None]:
    """Return W&B's callback for versions of XGBoost before 1.3; newer ones take WandbCallback."""

    def callback(env: Any) -> None:
        require_run("wandb_callback").log(dict(env.evaluation_result_list))

    return callback
