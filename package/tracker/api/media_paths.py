"""Names of logged media as files of their run, in W&B's manner: ``media/images/KEY_DIGEST.png``.

W&B's references name the file under ``path``, and programs fetch it with
``run.file(reference["path"])``. Here the path is made of key and digest when history or summary
is read; it is not stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

FOLDERS = {
    "image-file": "images",
    "audio-file": "audio",
    "video-file": "videos",
    "html-file": "html",
    "object3D-file": "object3D",
    "molecule-file": "molecule",
    "bokeh-file": "bokeh",
    "plotly-file": "plotly",
    "vega-file": "vega",
    "graph-file": "graph",
    "text-file": "text",
    "table-file": "table",
    "incremental-table-file": "table",
}
_FORBIDDEN = re.compile(r'[\\:*?"<>|\x00-\x1f\x7f\ud800-\udfff]|^\.+|\.+$')
_LONGEST = 100
TABLES = ("table-file", "incremental-table-file")


def media_files(key: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the file name and the reference of each media in a logged value that has a file."""
    for reference in _references(value):
        path = _path(key, reference)
        if path is not None:
            yield path, reference


def with_paths(key: str, value: Any) -> Any:
    """Return a logged value with the ``path`` of its files; what is no media as it is."""
    if type(value) is not dict or "_type" not in value:
        return value
    if value["_type"] == "media-list":
        items = [with_paths(key, item) for item in _references(value)]
        names = [item["path"] for item in items if "path" in item]
        return {**value, "items": items, "count": len(items), "filenames": names}
    path = _path(key, value)
    return value if path is None else {**value, "path": path}


def _references(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, dict):
        return []
    items = value.get("items") if value.get("_type") == "media-list" else [value]
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _path(key: str, reference: dict[str, Any]) -> str | None:
    folder, digest = FOLDERS.get(str(reference.get("_type"))), reference.get("sha256")
    if folder is None or not isinstance(digest, str):
        return None
    ending = "table.json" if folder == "table" else str(reference.get("format", "bin"))
    # A key and what else was logged are no paths yet: no part may lead out of a folder.
    parts = [_part(part) for part in f"{key}_{digest[:20]}.{ending}".split("/")]
    return "/".join(["media", folder, *filter(None, parts)])


def _part(text: str) -> str:
    """Return a part of a path that every system takes for a name, and that stays where it is."""
    return _FORBIDDEN.sub("_", text)[-_LONGEST:].strip()
