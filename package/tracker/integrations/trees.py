"""What the integrations of boosted trees have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import tracker

# Metrics whose smaller, or larger, value is the better one, as W&B has them for each library.
SMALLER = frozenset(
    (
        "binary_logloss", "error", "error@t", "fair", "gamma", "huber", "l1", "l2", "logloss",
        "mae", "mape", "merror", "mphe", "poisson", "rmse", "rmsle",
    )
)  # fmt: skip
LARGER = frozenset(("auc", "aucpr", "average_precision", "map", "map@n", "ndcg", "ndcg@n"))


def keep_best(run: Any, key: str, metric: str) -> None:
    """Keep a metric's best value as the run's summary, where it is known which one that is."""
    word = metric.lower()
    if "loss" in word or word in SMALLER:
        run.define_metric(key, summary="min")
    elif word in LARGER:
        run.define_metric(key, summary="max")


def log_importance(run: Any, features: Iterable[tuple[str, Any]], *, commit: bool) -> None:
    """Log a bar for each feature, as ``Feature Importance``."""
    rows = [[str(name), float(weight)] for name, weight in features]
    table = tracker.Table(columns=["Feature", "Importance"], data=rows)
    chart = tracker.plot.bar(table, "Feature", "Importance", title="Feature Importance")
    run.log({"Feature Importance": chart}, commit=commit)


def log_model(run: Any, model: Any, file_name: str, name: str, aliases: Sequence[str] = ()) -> None:
    """Let a model save itself among the run's files, and log it as an artifact."""
    path = Path(run.dir) / file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save_model(str(path))
    artifact = tracker.Artifact(name, type="model")
    artifact.add_file(str(path))
    run.log_artifact(artifact, aliases=list(aliases))
