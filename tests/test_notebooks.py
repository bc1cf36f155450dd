"""The notebooks, and the W&B program, run from top to bottom; then the store is read."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import joblib
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split

import tracker

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
WANDB_PROGRAM = ROOT / "tests" / "examples" / "wandb_digits.py"
TIMEOUT_S = 300


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which everything is written to `folder`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRACKER_", "WANDB_"))}
    return {
        **kept,
        "PYTHONPATH": str(Path(tracker.__file__).parents[1]),
        "TRACKER_DIR": str(folder / ".tracker"),
        "TRACKER_DEMO_SECONDS": "5",
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


def execute(name: str, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook in `folder`; an error in a cell fails the test."""
    notebook = nbformat.read(ROOT / "notebooks" / name, as_version=4)
    client = NotebookClient(
        notebook, timeout=TIMEOUT_S, resources={"metadata": {"path": str(folder)}}
    )
    return client.execute(env=environment(folder))


def code_cells(notebook: nbformat.NotebookNode) -> dict[str, nbformat.NotebookNode]:
    return {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}


def shown(cell: nbformat.NotebookNode, mimetype: str = "text/plain") -> str:
    """Return everything that a cell printed or displayed."""
    parts = []
    for output in cell.outputs:
        assert output.output_type != "error"
        data = output.get("data", {mimetype: output.get("text", "")})
        parts.append(data.get(mimetype, ""))
    return "\n".join(parts)


def read_image(folder: Path, reference: dict[str, object]) -> np.ndarray:
    """Return a logged image, after checking that the store kept it as it says."""
    sha256 = str(reference["sha256"])
    content = (folder / ".tracker" / "objects" / sha256[:2] / sha256[2:]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == sha256
    assert len(content) == reference["size"]
    image = Image.open(io.BytesIO(content))
    assert image.size == (reference["width"], reference["height"])
    return np.asarray(image)


# ---------------------------------------------------------------------------- every notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_committed_clean(path: Path) -> None:
    # As it is in git: who has run it in JupyterLab has outputs in the file, and may.
    committed = subprocess.run(
        ["git", "show", f"HEAD:{path.relative_to(ROOT).as_posix()}"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    text = committed.stdout.decode() if committed.returncode == 0 else path.read_text("utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in code_cells(notebook).values():
        assert (cell.outputs, cell.execution_count, cell.metadata) == ([], None, {})


# ------------------------------------------------------------------------------ the first run


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, nbformat.NotebookNode]:
    """The first notebook, executed, and the folder that it ran in."""
    folder = tmp_path_factory.mktemp("first")
    return folder, execute("01_first_run.ipynb", folder)


First = tuple[Path, nbformat.NotebookNode]


def test_both_runs_are_stored_whole(first: First) -> None:
    folder, _ = first
    runs = tracker.Api(folder).runs("digits")
    assert [(run.name, run.state, run.tags) for run in runs] == [
        ("first", "finished", ["demo"]),
        ("bold", "finished", ["demo"]),
    ]
    settings = {"layers": [256, 128], "batch": 128, "seed": 0}
    assert [run.config for run in runs] == [{**settings, "lr": 0.01}, {**settings, "lr": 0.1}]
    for run in runs:
        rows = list(run.scan_history())
        assert [row["_step"] for row in rows] == list(range(len(rows)))
        steps = [row for row in rows if "train/loss" in row]
        checks = [row for row in rows if "val/loss" in row]
        assert {"train/accuracy", "train/gradient", "lr"} <= set(steps[0])
        assert [row["epoch"] for row in checks] == list(range(1, len(checks) + 1))
        assert steps[-1]["train/loss"] < steps[0]["train/loss"]
        # The rate falls along a cosine, from what the config says to nothing.
        assert steps[0]["lr"] == pytest.approx(run.config["lr"], rel=0.05)
        assert steps[-1]["lr"] == pytest.approx(0, abs=1e-9)
        best = max(row["val/accuracy"] for row in checks)
        assert run.summary["val/accuracy"]["max"] == best


def test_the_picture_of_mistakes_is_kept(first: First) -> None:
    folder, _ = first
    for run in tracker.Api(folder).runs("digits"):
        reference = run.summary["mistakes"]
        pixels = read_image(folder, reference)
        number = len(re.findall(r"\d taken for \d", reference["caption"]))
        assert pixels.shape[:2] == (60, 60 * max(number, 1))
        assert number == 0 or len(np.unique(pixels)) > 5


def test_cells_console_and_readings_are_kept(first: First) -> None:
    folder, notebook = first
    cells = code_cells(notebook)
    run = tracker.Api(folder).runs("digits", {"displayName": "first"})[0]
    stored = run.cells()
    assert [cell.source for cell in stored] == [
        cells[name].source for name in ("load", "data", "network", "train", "first")
    ]
    assert [cell.status for cell in stored[:-1]] == ["ok"] * 4
    # The terminal's progress line was written over again and again: one line is left of it.
    (line,) = [each.text for each in run.console_logs() if each.text.startswith("epoch")]
    last = [row for row in run.scan_history(keys=["epoch", "val/accuracy"]) if row["epoch"]][-1]
    assert line == f"epoch {last['epoch']}: {last['val/accuracy']:.1%} right"
    assert run.system_metrics["system/cpu"] >= 0
    assert "system/memory_percent" in run.system_metrics


def test_panels_stay_readable_without_a_kernel(first: First) -> None:
    _, notebook = first
    cells = code_cells(notebook)
    for name in ("first", "second", "compare"):
        page = shown(cells[name], "text/html")
        assert 500 < len(page.encode()) < 100_000
        assert "train/loss" in page
        assert "<script" not in page
    assert "first" in shown(cells["first"], "text/html")
    assert {"first", "bold"} <= set(re.findall(r"\w+", shown(cells["compare"], "text/html")))


def test_what_the_notebook_reads_back_is_there(first: First) -> None:
    folder, notebook = first
    cells = code_cells(notebook)
    assert {"_step", "train/loss", "train/accuracy"} <= set(shown(cells["history"]).split())
    answer = shown(cells["sql"])
    assert {"bold", "first", "0.10", "0.01"} <= set(answer.split())
    assert "train/gradient" in shown(cells["file"])
    assert "tracker.duckdb" in shown(cells["disk"])
    restored = nbformat.read(folder / "restored_first_run.ipynb", as_version=4)
    assert [cell.source for cell in restored.cells if cell.cell_type == "code"] == [
        cells[name].source for name in ("load", "data", "network", "train", "first")
    ]
    assert "restored_first_run.ipynb" in shown(cells["restore"], "text/html")


# ------------------------------------------------------------------------------ W&B's calls


def check_forest(folder: Path, run_id: str) -> None:
    """Check that everything that the W&B program logs is in the store, and right."""
    run = tracker.Api(folder).run(f"forest/{run_id}")
    assert (run.name, run.state, run.record.exit_code) == ("extra-trees", "finished", 0)
    assert run.config == {"n_estimators": 80, "max_depth": 14, "seed": 3, "dataset": "digits"}
    numbers, picture = run.scan_history()

    ((name, kind, version, aliases, description, metadata, sha256, path),) = tracker.sql(
        "select a.name, type, version, aliases, description, a.metadata, sha256, path "
        "from artifacts a join artifact_files using (project, name, version) "
        "where run_id = ?",
        [run_id],
        dir=folder,
    ).itertuples(index=False, name=None)
    assert (name, kind, version, list(aliases)) == ("digits-forest", "model", "v0", ["latest"])
    assert description.startswith("Extremely randomised trees")
    assert path == "model.joblib"
    file = folder / ".tracker" / "objects" / sha256[:2] / sha256[2:]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == sha256

    # The stored model predicts what the program logged of it.
    images, digits = load_digits(return_X_y=True)
    _, test_x, _, test_y = train_test_split(
        images, digits, test_size=0.5, stratify=digits, random_state=3
    )
    predicted = joblib.load(file).predict(test_x)
    expected = {
        "accuracy": accuracy_score(test_y, predicted),
        "f1_macro": f1_score(test_y, predicted, average="macro"),
        "n_train": 898,
        "n_test": 899,
    }
    assert {key: numbers[key] for key in expected} == expected
    assert {key: run.summary[key] for key in expected} == expected
    assert json.loads(metadata) == expected
    assert expected["accuracy"] > 0.95

    pixels = read_image(folder, picture["confusion_matrix"])
    assert picture["confusion_matrix"] == run.summary["confusion_matrix"]
    assert min(pixels.shape[:2]) > 300
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 50


def test_the_wandb_notebook_is_read_back_whole(tmp_path: Path) -> None:
    cells = code_cells(execute("02_wandb_example.ipynb", tmp_path))
    writer, reader = tracker.Api(tmp_path).runs("forest")
    check_forest(tmp_path, writer.id)
    assert [cell.source for cell in writer.cells()] == [
        cells[name].source for name in ("imports", "init", "fit", "image", "artifact", "finish")
    ]
    assert reader.job_type == "predict"
    assert reader.summary["accuracy"] == writer.summary["accuracy"]
    lineage = tracker.sql(
        "select direction from lineage join run using (run_key) where run_id = ?",
        [reader.id],
        dir=tmp_path,
    )
    assert lineage.values.tolist() == [["input"]]
    assert "'n_estimators': 80" in shown(cells["stored"])
    assert shown(cells["picture"], "image/png")
    assert "digits-forest" in shown(cells["sql"])


def test_the_notebook_that_compares_runs_finds_the_best(tmp_path: Path) -> None:
    notebook = execute("03_compare_runs.ipynb", tmp_path)
    cells = code_cells(notebook)
    assert "12 runs" in shown(cells["show"], "text/html")
    assert "<polyline" in shown(cells["show"], "text/html")
    assert "'batch_size': 16" in shown(cells["best"])
    for cell in ("parallel", "importance", "bars"):
        (output,) = cells[cell].outputs
        figure = output.data["application/vnd.plotly.v1+json"]
        assert figure["data"]
    assert "lr" in cells["importance"].outputs[0].data["application/vnd.plotly.v1+json"]["layout"][
        "yaxis"]["ticktext"]  # fmt: skip
    assert shown(cells["comparer"], "text/html").count('class="tkv-dot"') == 4
    runs = tracker.Api(dir=tmp_path).runs("compare")
    assert len({(run.config["lr"], run.config["batch_size"]) for run in runs}) == 6


def test_a_wandb_program_runs_with_one_line_changed(tmp_path: Path) -> None:
    lines = WANDB_PROGRAM.read_text(encoding="utf-8").splitlines()
    changed = [line for line in lines if re.search(r"\btracker\b", line)]
    assert changed == ["import tracker as wandb  # was: import wandb"]
    result = subprocess.run(
        [sys.executable, WANDB_PROGRAM],
        cwd=tmp_path,
        env={**environment(tmp_path), "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    (run,) = tracker.Api(tmp_path).runs("forest")
    check_forest(tmp_path, run.id)
    accuracy, address = result.stdout.splitlines()
    assert accuracy.startswith(f"accuracy {run.summary['accuracy']:.4f}, macro F1 ")
    assert run.id in address
    assert run.cells() == []
    assert "Run summary" in result.stderr


def test_the_notebook_of_reports_writes_what_opens_elsewhere(tmp_path: Path) -> None:
    notebook = execute("08_reports.ipynb", tmp_path)
    cells = code_cells(notebook)
    assert shown(cells["keep-code"]) == "2"
    mime = "application/vnd.tracker.panel+json"
    panels = [output.data for output in cells["show-code"].outputs if mime in output.data]
    assert len(panels) == 3
    assert [panel["text/html"].count("data:image/png") for panel in panels] == [2, 2, 8]
    assert max(len(panel["text/html"]) for panel in panels) < 100_000
    draft, page = (
        (tmp_path / name).read_text(encoding="utf-8") for name in ("draft.html", "digits.html")
    )
    assert "has the highest" in draft
    assert "as of " in page
    assert page.count("data:image/png") == 8 * 2
    nbformat.validate(nbformat.read(tmp_path / "digits.ipynb", as_version=4))
    (saved,) = tracker.Api(dir=tmp_path).reports("digits-report")
    assert saved.version == 2


# ---------------------------------------------------------------------------- media and tables


def test_the_notebook_of_media_reads_back_what_it_logged(tmp_path: Path) -> None:
    cells = code_cells(execute("04_media_and_tables.ipynb", tmp_path))
    shares = shown(cells["sql"], "text/html")
    assert shares.count("<tr") == 4
    assert "discs" in shares
    assert "night" in shares
    assert "image/png" in cells["back"].outputs[0].data
    run = tracker.Api(tmp_path).runs("media")[0]
    assert len(run.history(keys=["sky/scene"])) == 12
    assert len(run.get("kinds/predictions").to_value()) == 60
    assert run.get("kinds/whistle").to_value()[1] == 8_000
    saved = [output.data["text/html"] for output in cells["log"].outputs if "data" in output]
    assert any("data:image/jpeg;base64," in html for html in saved)


def test_the_notebook_of_sweeps_finds_good_parameters(tmp_path: Path) -> None:
    notebook = execute("05_sweeps.ipynb", tmp_path)
    cells = code_cells(notebook)
    found = tracker.sql(
        "SELECT sweep_id, state, count(*) AS n FROM trials GROUP BY ALL", dir=tmp_path
    )
    assert set(found["state"]) == {"finished", "stopped"}
    assert sorted(found.groupby("sweep_id")["n"].sum()) == [4, 15, 23]
    assert "val/loss" in shown(cells["search"], "text/html")
    assert int(shown(cells["saved"]).split()[0].strip("'")) < 0.6 * 15 * 27
    losses = tracker.sql(
        "SELECT s.config ->> '$.name' AS name, min(t.value) AS best FROM trials t "
        "JOIN sweeps s USING (sweep_id) GROUP BY ALL",
        dir=tmp_path,
    )
    best = dict(zip(losses["name"], losses["best"], strict=True))
    assert best["refined"] <= best["digits"] < 0.3


def test_the_artifacts_notebook(tmp_path: Path) -> None:
    cells = code_cells(execute("06_artifacts.ipynb", tmp_path))
    api = tracker.Api(tmp_path)
    best = api.artifact("irises/classifier:best")
    assert [each.name for each in best.upstream("dataset")] == [
        "training-set:v0",
        "measurements:v0",
    ]
    assert shown(cells["upstream"]).count("dataset") == 2
    assert cells["graph"].outputs[0]["output_type"] == "display_data"
    assert best.name.replace(":", "-") in shown(cells["download"])
    assert "removed 1 object of" in shown(cells["gc"])
    assert api.artifact("wandb-registry-model/iris-classifier:production").source_name == best.name
    for version in api.artifacts():
        version.verify_kept()


def test_the_notebook_of_integrations(tmp_path: Path) -> None:
    try:
        import_module("lightgbm")
    except OSError as error:  # the system has no libgomp
        pytest.skip(f"LightGBM cannot be loaded: {error}")
    cells = code_cells(execute("07_integrations.ipynb", tmp_path))
    assert shown(cells["sklearn"]).count("There is no chart 'feature_importances'") == 1
    assert "worst perimeter" in str(cells["chart"].outputs[0]["data"])
    api = tracker.Api(tmp_path)
    charts = {"roc", "precision_recall", "confusion_matrix", "summary_metrics"}
    for run in api.runs("tumours"):
        assert charts <= set(run.summary)
        assert run.summary["accuracy"] > 0.9
    for run in api.runs("boosting"):
        losses = run.history(samples=None)["valid_binary_logloss"]
        assert run.summary["valid_binary_logloss"] == {"min": losses.min()}
        assert len(list(run.logged_artifacts())) == 1
    name, _, right = shown(cells["model"]).strip("()").split(", ")
    assert name == "'rate 0.5'"
    assert float(re.sub("[^0-9.]", "", right)) > 90


def test_the_notebook_of_import_and_export(tmp_path: Path) -> None:
    cells = code_cells(execute("09_import_and_export.ipynb", tmp_path))
    assert shown(cells["import"]) == "2 runs imported."
    assert shown(cells["grown"]) == "({'grown': 2}, 59, 'ran on the old cluster')"
    runs = {run.name: run for run in tracker.Api(tmp_path).runs("back")}
    assert set(runs) == {"slow", "fast"}
    assert runs["slow"].summary["loss"] == pytest.approx(np.exp(-0.59) + 0.05 * np.sin(59))
