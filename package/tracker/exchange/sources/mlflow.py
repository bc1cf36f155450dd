"""Runs of MLflow: the folder ``mlruns`` of its file store, or its SQLite database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tracker.exchange.choices import Choices
from tracker.exchange.elsewhere import Elsewhere, Item, Row, Version
from tracker.exchange.files import files_below, inside
from tracker.exchange.sources.mlflow_database import find_database
from tracker.exchange.sources.mlflow_folder import find_folder
from tracker.exchange.sources.mlflow_run import Metric, MlflowRun, MlflowStore
from tracker.exchange.words import as_project, as_run_id, as_tags

FORMAT: Final = "mlflow"
_STATES: Final = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "stopped"}
_SYSTEM: Final = "mlflow."
_WORDS: Final = {
    "mlflow.user": "username", "mlflow.source.name": "program",
    "mlflow.source.git.commit": "commit", "mlflow.source.git.branch": "branch",
    "mlflow.source.git.repoURL": "remote",
}  # fmt: skip
_GIT: Final = ("commit", "branch", "remote")
_NAMES: Final = {"True": True, "False": False, "None": None}


def is_here(source: Path) -> bool:
    """Say whether a path leads to a store of MLflow."""
    return bool(_stores(source))


def _stores(source: Path) -> list[MlflowStore]:
    stores: list[MlflowStore | None] = [find_database(source), find_folder(source)]
    return [store for store in stores if store is not None]


def find(source: Path, choices: Choices) -> Iterator[Elsewhere]:
    """Yield the runs of a store."""
    for store in _stores(source):
        runs = list(store.runs())
        names = {run.run_id: run.name for run in runs}
        parents = {run.tags.get("mlflow.parentRunId") for run in runs}
        for run in runs:
            group = run.tags.get("mlflow.parentRunId", run.run_id if run.run_id in parents else "")
            yield _run(store, run, names.get(group, group) or None, choices)


def _run(store: MlflowStore, run: MlflowRun, group: str | None, choices: Choices) -> Elsewhere:
    def read(source: Elsewhere) -> Iterator[Item]:
        yield from _rows(store.metrics(run, source))
        source.artifacts = _artifacts(store.folder, run, source, choices)

    state = _STATES.get(run.status, "crashed")
    found = Elsewhere(
        FORMAT,
        run.run_id,
        run.fingerprint,
        as_project(choices.project or run.experiment),
        as_run_id(run.run_id),
        choices.name or run.name or run.run_id,
        read,
        started_us=run.start_ms * 1000,
        ended_us=None if run.end_ms is None else run.end_ms * 1000,
        state=state,
        exit_code=1 if state == "failed" else 0,
        group=group,
        notes=run.tags.get("mlflow.note.content") or None,
        config={key: as_value(text) for key, text in run.params.items()},
    )
    own = {key: text for key, text in run.tags.items() if not key.startswith(_SYSTEM)}
    found.tags = as_tags([f"{key}={text}" if text else key for key, text in own.items()])
    found.metadata = {ours: run.tags[key] for key, ours in _WORDS.items() if run.tags.get(key)}
    git = {word: found.metadata.pop(word) for word in _GIT if word in found.metadata}
    if git:
        found.metadata["git"] = git
    if run.tags:
        found.metadata["mlflow_tags"] = run.tags
    return found


def as_value(text: str) -> Any:
    """Return what MLflow made text of: a number, truth, None, else the text."""
    if text in _NAMES:
        return _NAMES[text]
    for read in (int, float):
        try:
            return read(text) if "_" not in text else text
        except ValueError:
            continue
    return text


def _rows(metrics: Iterator[Metric]) -> Iterator[Row]:
    """Yield rows: values of one time and step together."""
    row: Row | None = None
    for time_ms, step, key, value in metrics:
        time_us = time_ms * 1000
        if row is None or (row.time_us, row.step) != (time_us, step) or key in row.values:
            if row is not None:
                yield row
            row = Row(step, time_us, {})
        row.values[key] = value
    if row is not None:
        yield row


def _artifacts(root: Path, run: MlflowRun, source: Elsewhere, choices: Choices) -> list[Version]:
    folder = _artifact_folder(root, run.artifact_uri)
    if folder is None:
        # Where a run has none, MLflow makes no folder.
        if run.artifact_uri and urlsplit(run.artifact_uri).scheme not in ("", "file"):
            source.lost["artifacts that are not in the source's folder"] += 1
        return []
    files: dict[str, Path] = {}
    for name, path in files_below(folder).items():
        kept = path if choices.follow_links and path.is_file() else inside(folder, name)
        if kept is None:
            source.lost["links to files outside of the run's folder"] += 1
        else:
            files[name] = kept
    time_us = source.ended_us or source.started_us
    name = f"run-{source.run_id}-artifacts"
    return [Version(time_us, name, FORMAT, files)] if files else []


def _artifact_folder(root: Path, uri: str) -> Path | None:
    """Return where the artifacts of a run are: only below the folder that the store is in.

    The store names any place of this machine, or one of the machine that it was copied from.
    """
    parts = urlsplit(uri)
    place = Path(unquote(parts.path) if parts.scheme else uri)
    tails = [place.parts[-length:] for length in (3, 2, 4)]
    candidates = [place, *(root.joinpath(*base, *tail) for base in _BASES for tail in tails)]
    for candidate in candidates:
        try:
            is_below = candidate.resolve().is_relative_to(root.resolve())
            if is_below and candidate.is_dir() and candidate.name == "artifacts":
                return candidate
        except (OSError, ValueError):
            continue
    return None


_BASES: Final = ((), ("mlruns",), ("mlartifacts",))
