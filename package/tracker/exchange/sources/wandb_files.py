"""The files that W&B keeps beside a run's log."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from tracker.exchange.elsewhere import Elsewhere
from tracker.exchange.files import files_below, inside

# What is made anew from the store when it is asked for, or is in the log.
_KNOWN: Final = {"config.yaml", "output.log", "wandb-summary.json", "wandb-metadata.json"}
_PACKAGES: Final = "requirements.txt"
_PATCH: Final = "diff.patch"
_PINNED: Final = re.compile(r"\s*([A-Za-z0-9_.-]+)==([^\s;#]+)")
_MOST_BYTES: Final = 16 * 1024 * 1024


def read_files(source: Elsewhere, folder: Path, *, follow_links: bool) -> None:
    """Set what a run's files say of it, and name those that are to be kept with it."""
    for name, path in files_below(folder).items():
        kept = path if follow_links and path.is_file() else inside(folder, name)
        if kept is None:
            source.lost[_lost_link(path)] += 1
        elif name == _PACKAGES:
            source.metadata["packages"] = dict(_PINNED.findall(_text(kept)))
        elif name == _PATCH:
            git = source.metadata.setdefault("git", {})
            git["patch"], git["is_dirty"] = _text(kept), True
        elif name == "wandb-metadata.json":
            _read_metadata(source, _text(kept))
        elif name not in _KNOWN and not name.startswith("media/"):
            source.files[name] = kept


def _lost_link(path: Path) -> str:
    if path.exists():
        return "links to files outside of the run's folder, unless follow_links is chosen"
    return "links to files that are gone"


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _read_metadata(source: Elsewhere, text: str) -> None:
    """Take what older versions of W&B wrote there; the log's own words come first."""
    try:
        told: Any = json.loads(text)
    except ValueError:
        return
    names = {"os": "os", "python": "python", "program": "program", "host": "hostname",
             "username": "username", "executable": "executable", "root": "cwd",
             "args": "args"}  # fmt: skip
    for theirs, ours in names.items():
        if isinstance(told, dict) and told.get(theirs) and ours not in source.metadata:
            source.metadata[ours] = told[theirs]
