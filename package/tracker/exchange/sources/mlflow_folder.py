"""MLflow's file store: a folder for each experiment, in it one for each run."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tracker.exchange.elsewhere import Elsewhere
from tracker.exchange.files import files_below, inside
from tracker.exchange.sources.mlflow_run import Metric, MlflowRun

_META: Final = "meta.yaml"
_USUAL: Final = "mlruns"
_STATUS: Final = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_MOST_META_BYTES: Final = 1024 * 1024
_MOST_TEXT_BYTES: Final = 1024 * 1024


def find_folder(source: Path) -> MlflowFolder | None:
    """Return the store that a path leads to, None if there is none that has runs."""
    if source.is_dir():
        for folder in (source / _USUAL, source):
            if any(True for _ in folder.glob(f"*/*/{_META}")):
                return MlflowFolder(folder)
    return None


class MlflowFolder:
    """The runs of one file store."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def folder(self) -> Path:
        """The folder that artifacts are in, or below."""
        return self._root

    def runs(self) -> Iterator[MlflowRun]:
        """Yield the runs that are not deleted, in the order in which they began."""
        found = []
        for path in sorted(self._root.glob(f"*/*/{_META}")):
            folder = path.parent
            meta = _read_meta(path)
            if meta.get("lifecycle_stage", "active") != "active" or "run_id" not in meta:
                continue
            experiment = _read_meta(folder.parent / _META).get("name") or folder.parent.name
            found.append(self._run(folder, meta, str(experiment)))
        yield from sorted(found, key=lambda run: (run.start_ms, run.run_id))

    def _run(self, folder: Path, meta: dict[str, Any], experiment: str) -> MlflowRun:
        tags = _texts(folder / "tags")
        checksum = 0
        for path in files_below(folder).values():
            told = path.lstat()
            text = f"{path.name}-{told.st_size}-{told.st_mtime_ns};"
            checksum = zlib.crc32(text.encode("utf-8", "replace"), checksum)
        status = meta.get("status")
        return MlflowRun(
            str(meta["run_id"]),
            experiment,
            tags.get("mlflow.runName") or str(meta.get("run_name") or ""),
            _STATUS.get(status, str(status)) if isinstance(status, int) else str(status),
            _number(meta.get("start_time")),
            _number(meta.get("end_time")) or None,
            str(folder / "artifacts"),
            f"{checksum:08x}",
            _texts(folder / "params"),
            tags,
        )

    def metrics(self, run: MlflowRun, told: Elsewhere) -> Iterator[Metric]:
        """Yield the points of a run in the order of time, step and key."""
        folder = Path(run.artifact_uri).parent / "metrics"
        found: list[Metric] = []
        for key in files_below(folder):
            path = inside(folder, key)
            if path is not None:
                found += _points(key, path, told)
        found.sort(key=lambda point: point[:3])
        yield from found


def _points(key: str, path: Path, told: Elsewhere) -> Iterator[Metric]:
    with path.open("r", encoding="utf-8", errors="replace") as file:
        for line in file:
            words = line.split()
            try:
                step = int(words[2]) if len(words) > 2 else 0
                yield int(words[0]), step, key, float(words[1])
            except (ValueError, IndexError):
                if words:
                    told.lost["lines of metrics that cannot be read"] += 1


def _texts(folder: Path) -> dict[str, str]:
    """Return the content of each file below a folder, by its name."""
    found = {}
    for name in files_below(folder) if folder.is_dir() else ():
        path = inside(folder, name)
        if path is not None:
            with path.open("rb") as file:
                found[name] = file.read(_MOST_TEXT_BYTES).decode("utf-8", "replace")
    return found


def _read_meta(path: Path) -> dict[str, Any]:
    import yaml

    try:
        with path.open("rb") as file:
            meta = yaml.safe_load(file.read(_MOST_META_BYTES))
    except (OSError, yaml.YAMLError, RecursionError):
        return {}
    return meta if isinstance(meta, dict) else {}


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
