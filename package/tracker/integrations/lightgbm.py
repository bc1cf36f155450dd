"""The callback for LightGBM: ``lightgbm.train(…, callbacks=[wandb_callback()])``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tracker
from tracker.integrations import need, require_run
from tracker.integrations.trees import keep_best, log_importance, log_model

lightgbm = need("lightgbm")


class _WandbCallback:
    """Is called by LightGBM after each iteration."""

    order = 20
    before_iteration = False

    def __init__(self, log_params: bool, define_metric: bool) -> None:
        self.log_params = log_params
        self.define_metric = define_metric

    def __call__(self, env: Any) -> None:
        run = require_run("wandb_callback")
        metrics = [found for item in env.evaluation_result_list for found in _metrics(item)]
        if env.iteration == env.begin_iteration:
            if self.log_params:
                run.config.update(env.params, allow_val_change=True)
            if self.define_metric:
                for key, name, _ in metrics:
                    keep_best(run, key, name)
        run.log({**{key: value for key, _, value in metrics}, "iteration": env.iteration})


def _metrics(item: Any) -> list[tuple[str, str, float]]:
    """Return key, metric and value of a result; of a cross-validation, its mean and deviation."""
    data, metric, value, _, *deviation = item
    if not deviation:
        return [(f"{data}_{metric}", metric, value)]
    # Older versions have "cv_agg" and "valid l2", newer ones "valid" and "l2".
    data, metric = metric.split() if " " in metric else (data, metric)
    both = (("mean", value), ("stdv", deviation[0]))
    return [(f"{data}_{metric}-{kind}", f"{metric}-{kind}", number) for kind, number in both]


def wandb_callback(log_params: bool = True, define_metric: bool = True) -> Callable[[Any], None]:
    """Return a callback that logs what LightGBM evaluates, as ``<data>_<metric>``.

    Parameters
    ----------
    log_params : bool
        Add the parameters to the config. Default True.
    define_metric : bool
        Keep each metric's best value as the summary, instead of its last. Default True.
    """
    return _WandbCallback(log_params, define_metric)


def log_summary(
    model: Any, feature_importance: bool = True, save_model_checkpoint: bool = False
) -> None:
    """Log the best iteration and score of a model that is trained.

    Parameters
    ----------
    model : lightgbm.Booster
        The model; of scikit-learn's interface, its ``booster_``.
    feature_importance : bool
        Log how much each feature counts, as a chart. Default True.
    save_model_checkpoint : bool
        Log the model as the artifact ``model_<id>``, with the alias ``best``. Default False.

    Raises
    ------
    UsageError
        If there is no run.
    NotAModelError
        If the model is none.
    """
    run = require_run("log_summary")
    if not isinstance(model, lightgbm.Booster):
        raise tracker.errors.NotAModelError(
            f"Model should be an instance of lightgbm.basic.Booster, and it is a {type(model)}."
        )
    run.summary["best_iteration"] = model.best_iteration
    run.summary["best_score"] = {data: dict(found) for data, found in model.best_score.items()}
    if feature_importance:
        pairs = zip(model.feature_name(), model.feature_importance(), strict=True)
        log_importance(run, pairs, commit=False)
    if save_model_checkpoint:
        file_name = f"model_ckpt_{model.best_iteration}.txt"
        log_model(run, model, file_name, f"model_{run.id}", ["best"])
