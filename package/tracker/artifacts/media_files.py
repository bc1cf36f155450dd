"""Media as files of an artifact: a small JSON file that says what it is, and its contents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tracker.errors import UsageError
from tracker.media.loading import digests, load
from tracker.media.media import Find
from tracker.media.wrapping import as_media
from tracker.store.files.objects import Objects

# What W&B calls them in file names.
_WORDS = {"table-file": "table", "incremental-table-file": "table"}
# Besides those that tracker.media.loading knows.
_ENDINGS = (
    "table", "joined-table", "image-file", "audio-file", "video-file", "html-file",
    "object3D-file", "molecule-file", "bokeh-file", "plotly-file", "vega-file", "graph-file",
    "histogram", "text-file", "custom-chart",
)  # fmt: skip


def reference_of(obj: Any, spool: Objects) -> dict[str, Any]:
    """Keep the contents of an object in `spool`; return the JSON that stands for it.

    Raises
    ------
    UsageError
        If it is no media.
    """
    media = obj if callable(getattr(type(obj), "to_reference", None)) else as_media(obj)
    reference = None if media is None else media.to_reference(spool.put_bytes)
    if not isinstance(reference, dict) or "_type" not in reference:
        raise UsageError(
            f"add() was given a {type(obj).__name__}: expected media such as a Table or an Image. "
            "Files are added by add_file()."
        )
    return reference


def with_suffix(name: str, kind: str) -> str:
    """Return the name of the file that says what an object is."""
    ending = f".{_WORDS.get(kind, kind)}.json"
    return name if name.endswith(ending) else name + ending


def names(name: str) -> Iterator[str]:
    """Yield the names of files that an object of this name may have."""
    yield name
    for ending in _ENDINGS:
        yield f"{name}.{ending}.json"


def files_of(reference: dict[str, Any], spool: Objects) -> Iterator[tuple[str, str]]:
    """Yield the digest of each content that a reference needs, and its path in the artifact."""
    ending = reference.get("format")
    for digest in dict.fromkeys(digests(reference, spool)):
        own = digest == reference.get("sha256") and isinstance(ending, str)
        yield digest, f"media/{digest[:20]}" + (f".{ending}" if own else "")


def read(content: bytes, find: Find) -> Any:
    """Return the object that such a file stands for, None where it is no such file."""
    try:
        reference = json.loads(content)
    except ValueError:
        return None
    if not isinstance(reference, dict) or "_type" not in reference:
        return None
    return load(reference, find)
