"""The artifacts and files of the current run, as functions of the module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from tracker.artifacts.artifact import Artifact, ArtifactTTL
from tracker.artifacts.upstairs import UPSTAIRS
from tracker.run.run_files import PathLike
from tracker.start import current, require

__all__ = [
    "Artifact",
    "ArtifactTTL",
    "link_model",
    "log_artifact",
    "log_model",
    "restore",
    "save",
    "use_artifact",
    "use_model",
]


def log_artifact(
    artifact_or_path: Artifact | str | Path,
    name: str | None = None,
    type: str | None = None,
    aliases: Sequence[str] | None = None,
    tags: Sequence[str] | None = None,
) -> Artifact:
    """Keep an artifact of the current run; see :meth:`tracker.Run.log_artifact`."""
    return require("log_artifact").log_artifact(artifact_or_path, name, type, aliases, tags)


def use_artifact(
    artifact_or_name: Artifact | str,
    type: str | None = None,
    aliases: Sequence[str] | None = None,
    use_as: str | None = None,
) -> Artifact:
    """Use an artifact in the current run; see :meth:`tracker.Run.use_artifact`."""
    return require("use_artifact").use_artifact(artifact_or_name, type, aliases, use_as)


def log_model(
    path: str | Path, name: str | None = None, aliases: Sequence[str] | None = None
) -> Artifact:
    """Keep a model of the current run; see :meth:`tracker.Run.log_model`."""
    return require("log_model").log_model(path, name, aliases)


def use_model(name: str) -> str:
    """Fetch a model for the current run; see :meth:`tracker.Run.use_model`."""
    return require("use_model").use_model(name)


def link_model(
    path: str | Path,
    registered_model_name: str,
    name: str | None = None,
    aliases: Sequence[str] | None = None,
) -> Artifact | None:
    """Keep a model and put it into the registry; see :meth:`tracker.Run.link_model`."""
    return require("link_model").link_model(path, registered_model_name, name, aliases)


def save(
    glob_str: PathLike | None = None,
    base_path: PathLike | None = None,
    policy: str = "live",
    glob: bool = True,
) -> list[str]:
    """Keep copies of files with the current run; see :meth:`tracker.Run.save`."""
    return require("save").save(glob_str, base_path, policy, glob)


def restore(
    name: str, run_path: str | None = None, replace: bool = False, root: str | None = None
) -> TextIO | None:
    """Get a saved file back and open it; see :meth:`tracker.Run.restore`."""
    return require("restore").restore(name, run_path, replace, root)


def _find(name: str) -> Artifact:
    from tracker.api import Api

    run = current()
    return Api(None if run is None or run.disabled else run.settings.root).artifact(name)


UPSTAIRS.find = _find
