"""What W&B says of media in a history, made the objects that are logged here."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tracker.errors import TrackerError
from tracker.exchange.elsewhere import LOST
from tracker.exchange.files import inside

Reference = Mapping[str, Any]
_UNSAFE: Final = re.compile(r"[^a-zA-Z0-9_\-.]")  # what W&B replaces in names of artifacts
_MOST_JSON_BYTES: Final = 1 << 30
# What lists of media are called, and where their items are.
_LISTS: Final = {"audio": "audio", "html": "html", "videos": "videos", "object3D": "objects"}
_GONE: Final = "media whose files are not there"
_ODD: Final = "media that cannot be read"
_UNKNOWN: Final = "media of a kind that is not known here"


class WandbMedia:
    """The media of one run.

    Parameters
    ----------
    folder : Path
        The run's folder ``files``.
    lost : Counter
        Where to count what cannot be kept.

    Attributes
    ----------
    settings : dict
        What the run's config says under ``_wandb``: names of classes, how charts are drawn.
    artifacts : dict of str to dict of str to Path
        The files of artifacts, by the artifact's client id and their path in it.
    tables : dict of str to dict of str to Path
        The same of the last artifact that was made of a table, by the table's key.
    """

    def __init__(self, folder: Path, lost: Counter[str]) -> None:
        self.folder = folder
        self.settings: dict[str, Any] = {}
        self.artifacts: dict[str, dict[str, Path]] = {}
        self.tables: dict[str, dict[str, Path]] = {}
        self._lost = lost

    def make(self, key: str, reference: Reference) -> Any:
        """Return what is logged for a value of a history, LOST where that cannot be done."""
        kind = str(reference.get("_type"))
        try:
            return self._make(key, kind, reference)
        except FileNotFoundError:
            self._lost[_GONE] += 1
        except (TrackerError, OSError, ValueError, TypeError, LookupError, RecursionError):
            self._lost[_ODD] += 1
        return LOST

    def _make(self, key: str, kind: str, reference: Reference) -> Any:
        if kind == "histogram":
            return _histogram(reference)
        if kind == "images/separated":
            return self._images(key, reference)
        if kind in _LISTS:
            return [self._make(key, each["_type"], each) for each in reference[_LISTS[kind]]]
        if kind in ("table-file", "incremental-table-file", "table"):
            return self._table(key, reference)
        if kind == "image-file":
            return self._image(key, reference)
        make = _MAKERS.get(kind)
        if make is None:
            self._lost[_UNKNOWN] += 1
            return LOST
        return make(self._file(reference), reference)

    def _file(self, reference: Reference, files: Mapping[str, Path] | None = None) -> Path:
        name = str(reference["path"])
        path = (files or {}).get(name) or inside(self.folder, name)
        if path is None:
            raise FileNotFoundError(name)
        return path

    def _json(self, path: Path) -> Any:
        if path.stat().st_size > _MOST_JSON_BYTES:
            raise ValueError(f"{path} is too large")
        return json.loads(path.read_bytes())

    # --- images

    def _images(self, key: str, reference: Reference) -> list[Any]:
        """Return the images of a list, which W&B describes column by column."""
        names = reference["filenames"]
        found = []
        for place, name in enumerate(names):
            one: dict[str, Any] = {"path": name}
            for column, word in (
                ("captions", "caption"), ("all_boxes", "boxes"), ("all_masks", "masks"),
            ):  # fmt: skip
                told = reference.get(column)
                if isinstance(told, list) and place < len(told) and told[place]:
                    one[word] = told[place]
            found.append(self._image(key, one))
        return found

    def _image(
        self, key: str, reference: Reference, files: Mapping[str, Path] | None = None
    ) -> Any:
        from tracker.media.image import Image

        boxes = {
            name: {**self._json(self._file(told, files)), **self._labels("bounding_box", key, name)}
            for name, told in (reference.get("boxes") or {}).items()
        }
        masks = {
            name: {"path": self._file(told, files), **self._labels("mask", key, name)}
            for name, told in (reference.get("masks") or {}).items()
        }
        caption = reference.get("caption")
        path = self._file(reference, files)
        return Image(path, caption=caption, boxes=boxes or None, masks=masks or None)

    def _labels(self, kind: str, key: str, name: str) -> dict[str, Any]:
        """Return the names of classes, which W&B keeps in the run's config."""
        told = self.settings.get(f"{kind}/class_labels")
        labels = told.get(f"{key}_wandb_delimeter_{name}") if isinstance(told, dict) else None
        value = labels.get("value") if isinstance(labels, dict) else None
        if not isinstance(value, dict):
            return {}
        return {"class_labels": {_as_number(number): word for number, word in value.items()}}

    # --- tables and charts

    def _table(self, key: str, reference: Reference) -> Any:
        from tracker.media.table import Table

        files, path = self._table_file(key, reference)
        content = self._json(path)
        columns, rows = content["columns"], content["data"]
        typed = (content.get("column_types") or {}).get("params", {}).get("type_map", {})
        if "serialization_path" in json.dumps(typed):
            self._lost["columns of arrays in tables"] += 1
        data = [[self._cell(cell, files) for cell in row] for row in rows]
        return Table(columns=columns, data=data, allow_mixed_types=True)

    def _table_file(self, key: str, reference: Reference) -> tuple[dict[str, Path], Path]:
        """Return where a table is: its artifact has the media in cells, the run only words."""
        address = str(reference.get("artifact_path") or "")
        client, _, name = address.removeprefix("wandb-client-artifact://").partition("/")
        files = self.artifacts.get(client, {})
        if name in files:
            return files, files[name]
        if not address:
            # Older versions do not say which artifact it is: the last one of this key.
            files = self.tables.get(_UNSAFE.sub("_", key), {})
            for name, path in files.items():
                if name.endswith(".table.json"):
                    return files, path
        return {}, self._file(reference)

    def _cell(self, cell: Any, files: Mapping[str, Path]) -> Any:
        if not isinstance(cell, dict) or "_type" not in cell:
            return cell
        kind = str(cell["_type"])
        if kind == "image-file":
            return self._image("", cell, files)
        if kind in _MAKERS:
            return _MAKERS[kind](self._file(cell, files), cell)
        return cell

    def charts(self, row: Mapping[str, Any]) -> dict[str, tuple[str, Callable[[], Any]]]:
        """Return the charts of tables that a row has: key to the table's key and what makes it."""
        told = self.settings.get("visualize")
        found: dict[str, tuple[str, Callable[[], Any]]] = {}
        for key, about in (told if isinstance(told, dict) else {}).items():
            panel = about.get("panel_config") if isinstance(about, dict) else None
            table_key = _table_key(panel)
            if table_key in row and isinstance(panel, dict):
                found[key] = (table_key, self._chart(panel, table_key, row[table_key]))
        return found

    def _chart(self, panel: dict[str, Any], table_key: str, reference: Any) -> Callable[[], Any]:
        def make() -> Any:
            from tracker.media.chart import make_chart

            table = self.make(table_key, reference)
            if table is LOST:
                return LOST
            try:
                return make_chart(
                    panel["panelDefId"], table, panel.get("fieldSettings") or {},
                    panel.get("stringSettings") or {},
                )  # fmt: skip
            except (TrackerError, LookupError, TypeError, ValueError):
                return table

        return make


def _table_key(panel: Any) -> str:
    """Return the key of the table that a chart draws, from the query that W&B keeps with it."""
    waiting: list[Any] = [panel.get("userQuery")] if isinstance(panel, dict) else []
    for place in waiting:
        if isinstance(place, dict):
            if place.get("name") == "tableKey" and isinstance(place.get("value"), str):
                return str(place["value"])
            waiting.extend(place.values())
        elif isinstance(place, list):
            waiting.extend(place)
        if len(waiting) > 10_000:
            break
    return ""


def _histogram(reference: Reference) -> Any:
    from tracker.media.histogram import Histogram

    bins = reference.get("bins")
    if bins is None:
        packed = reference["packedBins"]
        low, size = float(packed["min"]), float(packed["size"])
        bins = [low + place * size for place in range(int(packed["count"]) + 1)]
    return Histogram(np_histogram=(reference["values"], bins))


def _as_number(word: str) -> Any:
    return int(word) if word.lstrip("-").isdecimal() else word


def _audio(path: Path, reference: Reference) -> Any:
    from tracker.media.audio import Audio

    return Audio(path, caption=reference.get("caption"))


def _video(path: Path, reference: Reference) -> Any:
    from tracker.media.video import Video

    return Video(path, caption=reference.get("caption"))


def _html(path: Path, reference: Reference) -> Any:
    from tracker.media.html import Html

    return Html(path, inject=False)


def _object3d(path: Path, reference: Reference) -> Any:
    from tracker.media.object3d import Object3D

    return Object3D(path, caption=reference.get("caption"))


def _molecule(path: Path, reference: Reference) -> Any:
    from tracker.media.molecule import Molecule

    return Molecule(path, caption=reference.get("caption"))


def _plotly(path: Path, reference: Reference) -> Any:
    from tracker.media.plotly import Plotly

    return Plotly(json.loads(path.read_bytes()))


def _bokeh(path: Path, reference: Reference) -> Any:
    from tracker.media.bokeh import Bokeh

    return Bokeh(path)


_MAKERS: Final[dict[str, Callable[[Path, Reference], Any]]] = {
    "audio-file": _audio,
    "bokeh-file": _bokeh,
    "html-file": _html,
    "molecule-file": _molecule,
    "object3D-file": _object3d,
    "plotly-file": _plotly,
    "video-file": _video,
}
