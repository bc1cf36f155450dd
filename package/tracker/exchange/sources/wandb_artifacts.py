"""Artifacts that a W&B run logged, as far as their files are still on this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tracker.exchange import wire
from tracker.exchange.elsewhere import Elsewhere, Item, Version
from tracker.exchange.sources.wandb_media import WandbMedia
from tracker.exchange.words import as_artifact_name

# W&B makes one of each logged table; it is kept as the table.
_TABLES: Final = "run_table"
_INTERNAL: Final = ("job", "wandb-history")
_CHUNK: Final = 1024 * 1024


class WandbArtifacts:
    """Reads the records of artifacts of one run.

    Parameters
    ----------
    source : Elsewhere
        The run.
    media : WandbMedia
        Is told where the files of tables are.
    """

    def __init__(self, source: Elsewhere, media: WandbMedia) -> None:
        self._source = source
        self._media = media

    def items(self, data: bytes, time_us: int) -> Iterator[Item]:
        """Yield the artifact of a record."""
        found = wire.read(data)
        kind, name = wire.text(found, 4), wire.text(found, 5)
        manifest = wire.message(found, 12)
        entries = wire.messages(manifest, 4)
        references = {
            wire.text(entry, 1): wire.text(entry, 3) for entry in entries if wire.text(entry, 3)
        }
        files = {
            wire.text(entry, 1): path
            for entry in entries
            if not wire.text(entry, 3) and (path := _where(entry)) is not None
        }
        self._media.artifacts[wire.text(found, 15)] = files
        if kind == _TABLES:
            self._media.tables[name.removeprefix(f"run-{wire.text(found, 1)}-")] = files
        if kind == _TABLES or kind in _INTERNAL:
            return
        missing = len(entries) - len(files) - len(references)
        is_elsewhere = bool(wire.text(manifest, 5))
        if missing or is_elsewhere:
            self._source.lost["files of artifacts that are not where W&B kept them"] += missing or 1
        # One without any file has its metadata.
        if files or references or not (entries or is_elsewhere):
            yield Version(
                time_us,
                as_artifact_name(name),
                kind.replace("/", "_").replace(":", "_") or "unspecified",
                files,
                references,
                wire.text(found, 7) or None,
                _metadata(wire.text(found, 8)),
                [alias for alias in wire.texts(found, 11) if alias != "latest"],
                wire.texts(found, 19),
            )


def _where(entry: wire.Fields) -> Path | None:
    """Return the file of an entry, where W&B has put it: only if its content is as it says.

    The record names any path of this machine; a file that is not what was logged is not read on.
    """
    digest = wire.text(entry, 2)
    for path in (Path(wire.text(entry, 6)), _cached(digest)):
        try:
            if path.is_file() and path.stat().st_size == wire.integer(entry, 4):
                with path.open("rb") as file:
                    found = hashlib.file_digest(file, _md5).digest()
                if base64.b64encode(found).decode() == digest:
                    return path
        except (OSError, ValueError):
            continue
    return None


def _md5() -> Any:
    return hashlib.md5(usedforsecurity=False)


def _cached(digest: str) -> Path:
    """Return where W&B's cache has a file of this digest."""
    try:
        name = base64.b64decode(digest, validate=True).hex()
    except ValueError:
        return Path()
    root = os.environ.get("WANDB_CACHE_DIR")
    cache = Path(root) if root else Path.home() / ".cache" / "wandb"
    return cache / "artifacts" / "obj" / "md5" / name[:2] / name[2:]


def _metadata(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text) if text else {}
    except ValueError:
        return {}
    return dict(list(told.items())[:100]) if isinstance(told, dict) else {}
