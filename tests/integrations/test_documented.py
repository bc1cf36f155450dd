"""The examples of package/docs/integrations.md run, and log what the page says."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

import tracker

PAGE = Path(__file__).parents[2] / "package" / "docs" / "integrations.md"
PARTS = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
EXAMPLES = {
    part.partition("\n")[0]: re.search(r"```python\n(.*?)```", part, re.DOTALL).group(1)
    for part in PARTS
}
# heading -> what has to be installed, the project, and keys that its run then has
LOGGED = {
    "Lightning": (
        "torch lightning",
        "digits",
        ["train/loss", "val/loss", "epoch", "trainer/global_step"],
    ),
    "Keras": (
        "torch keras",
        "keras",
        ["epoch/loss", "epoch/val_loss", "epoch/learning_rate", "epoch/epoch"],
    ),
    "scikit-learn": (
        "sklearn",
        "iris",
        ["roc", "precision_recall", "confusion_matrix", "feature_importances", "summary_metrics"],
    ),
    "LightGBM": (
        "lightgbm sklearn",
        "trees",
        ["valid_auc", "iteration", "best_iteration", "Feature Importance"],
    ),
    "XGBoost": (
        "xgboost sklearn",
        "xgboost",
        ["valid-auc", "epoch", "Feature Importance", "best_score"],
    ),
    "CatBoost": (
        "catboost sklearn",
        "catboost",
        ["validation-Logloss", "iteration@metric-period-1", "best_iteration"],
    ),
    "TensorBoard": (
        "torch tensorboard",
        "events",
        ["train/loss", "train/accuracy", "global_step"],
    ),
    "Gymnasium and Stable-Baselines3": (
        "torch tensorboard gymnasium stable_baselines3 moviepy pygame",
        "cartpole",
        ["videos", "train/loss", "global_step", "gradients/action_net.bias"],
    ),
    "fastai": (
        "torch fastai",
        "sums",
        ["train_loss", "valid_loss", "mae", "epoch", "lr_0"],
    ),
    "Accelerate": (
        "torch accelerate",
        "accelerated",
        ["loss"],
    ),
    "Transformers": (
        "torch transformers accelerate",
        "tiny-gpt",
        ["train/loss", "eval/loss", "train/global_step", "train_runtime"],
    ),
    "PyTorch": ("torch", "torch", ["loss", "gradients/0.weight", "parameters/2.bias", "graph_0"]),
}


def test_every_example_is_run() -> None:
    assert set(EXAMPLES) == set(LOGGED)


@pytest.mark.filterwarnings("ignore")  # frameworks warn of themselves
@pytest.mark.filterwarnings("error::tracker.errors.TrackerWarning")
@pytest.mark.parametrize("heading", EXAMPLES)
def test_example(in_store, monkeypatch, heading: str) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    needed, project, keys = LOGGED[heading]
    for module in needed.split():
        try:
            import_module(module)
        except (ImportError, OSError) as error:  # OSError: LightGBM without the system's libgomp
            pytest.skip(f"{module} cannot be loaded: {error}")
    exec(compile(EXAMPLES[heading], heading, "exec"), {"__name__": "__main__"})
    tracker.finish()
    run = tracker.Api().runs(project)[0]
    assert run.state == "finished"
    logged = set(run.history(samples=None).columns) | set(run.summary)
    assert set(keys) <= logged, sorted(logged)
