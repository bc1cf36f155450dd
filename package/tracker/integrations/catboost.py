"""The callback for CatBoost: ``model.fit(…, callbacks=[WandbCallback()])``."""

from __future__ import annotations

from typing import Any

import tracker
from tracker.integrations import need, require_run
from tracker.integrations.trees import log_importance, log_model

catboost = need("catboost")


class WandbCallback:
    """Logs what CatBoost evaluates, as ``<data>-<metric>``.

    Parameters
    ----------
    metric_period : int
        The model's own ``metric_period``. Default 1.

    Raises
    ------
    UsageError
        If there is no run.
    """

    def __init__(self, metric_period: int = 1) -> None:
        require_run("WandbCallback")
        self.metric_period = metric_period

    def after_iteration(self, info: Any) -> bool:
        """Log an iteration; never ends the training."""
        if info.iteration % self.metric_period == 0:
            row = {
                f"{data}-{metric}": values[-1]
                for data, metrics in info.metrics.items()
                for metric, values in metrics.items()
            }
            axis = f"iteration@metric-period-{self.metric_period}"
            require_run("WandbCallback").log({**row, axis: info.iteration})
        return True


def log_summary(
    model: Any,
    log_all_params: bool = True,
    save_model_checkpoint: bool = False,
    log_feature_importance: bool = True,
) -> None:
    """Log the parameters, the best iteration and the best score of a model that is trained.

    Parameters
    ----------
    model : CatBoostClassifier or CatBoostRegressor
        The model.
    log_all_params : bool
        Add all its parameters to the config. Default True.
    save_model_checkpoint : bool
        Log the model as the artifact ``model_<id>``, with the alias ``best`` where the best
        iteration is kept, else ``last``. Default False.
    log_feature_importance : bool
        Log how much each feature counts, as a chart. Default True.

    Raises
    ------
    UsageError
        If there is no run.
    NotAModelError
        If the model is none.
    """
    run = require_run("log_summary")
    if not isinstance(model, catboost.CatBoostClassifier | catboost.CatBoostRegressor):
        raise tracker.errors.NotAModelError(
            "Model should be an instance of CatBoostClassifier or CatBoostRegressor, and it is a "
            f"{type(model)}."
        )
    parameters = model.get_all_params()
    if log_all_params:
        run.config.update(parameters, allow_val_change=True)
    run.summary["best_iteration"] = model.get_best_iteration()
    run.summary["best_score"] = model.get_best_score()
    if save_model_checkpoint:
        alias = "best" if parameters.get("use_best_model") else "last"
        log_model(run, model, "model", f"model_{run.id}", [alias])
    if log_feature_importance:
        frame = model.get_feature_importance(prettified=True)
        pairs = zip(frame["Feature Id"], frame["Importances"], strict=True)
        log_importance(run, pairs, commit=False)
