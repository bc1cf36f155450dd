"""Reads back what was logged: from the JSON in the history to the object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from tracker.errors import NotFoundError, StoreError
from tracker.media.media import Find
from tracker.store.files.objects import Objects

# what a reference says it is -> module and class
KINDS = {
    "audio-file": ("audio", "Audio"),
    "bokeh-file": ("bokeh", "Bokeh"),
    "custom-chart": ("chart", "CustomChart"),
    "graph-file": ("graph", "Graph"),
    "histogram": ("histogram", "Histogram"),
    "html-file": ("html", "Html"),
    "image-file": ("image", "Image"),
    "incremental-table-file": ("table", "Table"),
    "joined-table": ("joined_table", "JoinedTable"),
    "molecule-file": ("molecule", "Molecule"),
    "object3D-file": ("object3d", "Object3D"),
    "plotly-file": ("plotly", "Plotly"),
    "table-file": ("table", "Table"),
    "text-file": ("text", "Text"),
    "vega-file": ("vega", "Vega"),
    "video-file": ("video", "Video"),
}
TABLES = ("table-file", "incremental-table-file")


def load(reference: Any, objects: Objects | Find) -> Any:
    """Return the media that a reference stands for, equal to what was logged.

    Parameters
    ----------
    reference : dict
        A value of the history that has ``_type``. Any other value is returned as it is, a
        list of media as a list.
    objects : Objects or callable
        Where the files are.

    Raises
    ------
    NotFoundError
        If a file is no longer there.
    StoreError
        If a file is damaged, or the reference is not what this version writes.
    """
    find = objects.path if isinstance(objects, Objects) else objects
    kind = reference.get("_type") if isinstance(reference, dict) else None
    if kind is None:
        return reference
    try:
        if kind == "media-list":
            return [load(item, find) for item in reference["items"]]
        if kind not in KINDS:
            raise StoreError(f"A value has the type {kind!r}, which this version does not know.")
        module, name = KINDS[kind]
        return getattr(import_module(f"tracker.media.{module}"), name).restore(reference, find)
    except NotFoundError:
        raise
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise StoreError(
            f"A value of the type {kind!r} cannot be read back: {error}. It was left as it is."
        ) from error


def load_value(reference: Any, objects: Objects | Find) -> Any:
    """Return what a reference stands for as plain data.

    Image: array, height × width × channels. Audio: array and sample rate. Video: array,
    frames × height × width × channels. Table: DataFrame. Histogram: counts and edges. Html,
    Text: text. Plotly, Bokeh, Vega, Graph: dict. Other media: the file's bytes.

    The parameters and errors are those of :func:`load`.
    """
    return value_of(load(reference, objects))


def value_of(loaded: Any) -> Any:
    """Return what an object of :func:`load` holds as plain data, other values as they are."""
    if isinstance(loaded, list):
        return [value_of(item) for item in loaded]
    if hasattr(loaded, "to_value"):
        return loaded.to_value()
    return loaded


def digests(reference: Any, objects: Objects | Find) -> Iterator[str]:
    """Yield the digest of every file that a reference needs, cells of tables included.

    What a clean-up of the store must keep. Files that are gone are named all the same.
    """
    find = objects.path if isinstance(objects, Objects) else objects
    if isinstance(reference, list):
        for item in reference:
            yield from digests(item, find)
    if not isinstance(reference, dict):
        return
    if isinstance(name := reference.get("sha256"), str):
        yield name
        if reference.get("_type") in TABLES:
            yield from _digests_of_table(find, name)
    for key, value in reference.items():
        if key != "sha256":
            yield from digests(value, find)


def _digests_of_table(find: Find, name: str) -> Iterator[str]:
    from tracker.media.table_file import read_notes

    try:
        path = find(name)
    except LookupError:
        return
    notes, cells = read_notes(path)
    yield from digests(notes, find)
    for text in cells:
        if text is not None and "sha256" in text:
            yield from digests(json.loads(text), find)


def read_object(find: Find, reference: dict[str, Any]) -> bytes:
    """Return the file of a reference."""
    path: Path = find(str(reference["sha256"]))
    return path.read_bytes()
