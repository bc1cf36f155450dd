"""Recognise digits with a forest, and track it: written for W&B, one line changed.

Logs a config, metrics, an image of the confusion matrix, and the model as an artifact.
"""

import tempfile
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, f1_score
from sklearn.model_selection import train_test_split

import tracker as wandb  # was: import wandb

run = wandb.init(
    project="forest",
    name="extra-trees",
    config={"n_estimators": 80, "max_depth": 14, "seed": 3, "dataset": "digits"},
)
config = wandb.config

# Half of the digits is for learning, half for finding out how well that went.
images, labels = load_digits(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(
    images, labels, test_size=0.5, stratify=labels, random_state=config.seed
)
model = ExtraTreesClassifier(
    n_estimators=config.n_estimators, max_depth=config.max_depth, random_state=config.seed
)
model.fit(train_x, train_y)

predicted = model.predict(test_x)
metrics = {
    "accuracy": accuracy_score(test_y, predicted),
    "f1_macro": f1_score(test_y, predicted, average="macro"),
    "n_train": len(train_x),
    "n_test": len(test_x),
}
wandb.log(metrics)

figure, axes = plt.subplots(figsize=(5, 5))
ConfusionMatrixDisplay.from_predictions(test_y, predicted, ax=axes, colorbar=False)
axes.set_title("Which digit was taken for which")
wandb.log({"confusion_matrix": wandb.Image(figure)})
plt.close(figure)

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "model.joblib"
    joblib.dump(model, path)
    artifact = wandb.Artifact(
        name="digits-forest",
        type="model",
        description="Extremely randomised trees trained on half of scikit-learn's digits",
        metadata=dict(metrics),
    )
    artifact.add_file(str(path))
    run.log_artifact(artifact)

run.finish()
print(f"accuracy {metrics['accuracy']:.4f}, macro F1 {metrics['f1_macro']:.4f}")
print(f"see the run at {run.url}")
