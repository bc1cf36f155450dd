"""What Trackio says of media, made the objects that are logged here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tracker.errors import TrackerError
from tracker.exchange.elsewhere import LOST
from tracker.exchange.files import inside

_PREFIX: Final = "trackio."


class TrackioMedia:
    """The media of one run.

    Parameters
    ----------
    folder : Path
        Trackio's folder ``media``.
    lost : Counter
        Where to count what cannot be kept.
    """

    def __init__(self, folder: Path, lost: Counter[str]) -> None:
        self._folder = folder
        self._lost = lost
        self._makers: dict[str, Callable[[dict[str, Any]], Any]] = {
            "audio": self._audio,
            "histogram": self._histogram,
            "html": self._html,
            "image": self._image,
            "markdown": self._markdown,
            "object3d": self._object3d,
            "table": self._table,
            "video": self._video,
        }

    def make(self, reference: dict[str, Any]) -> Any:
        """Return what is logged for a value, LOST where that cannot be done."""
        make = self._makers.get(str(reference.get("_type")).removeprefix(_PREFIX))
        if make is None:
            self._lost["media of a kind that is not known here"] += 1
            return LOST
        try:
            return make(reference)
        except FileNotFoundError:
            self._lost["media whose files are not there"] += 1
        except (TrackerError, OSError, ValueError, TypeError, LookupError, AttributeError):
            self._lost["media that cannot be read"] += 1
        return LOST

    def make_all(self, references: list[dict[str, Any]]) -> Any:
        """Return what is logged for a list of values, LOST where none can be made."""
        made = [each for each in map(self.make, references) if each is not LOST]
        return made or LOST

    def _file(self, reference: dict[str, Any]) -> Path:
        path = inside(self._folder, reference["file_path"])
        if path is None:
            raise FileNotFoundError(reference["file_path"])
        return path

    def _image(self, reference: dict[str, Any]) -> Any:
        from tracker.media.image import Image

        return Image(self._file(reference), caption=reference.get("caption"))

    def _video(self, reference: dict[str, Any]) -> Any:
        from tracker.media.video import Video

        return Video(self._file(reference), caption=reference.get("caption"))

    def _audio(self, reference: dict[str, Any]) -> Any:
        from tracker.media.audio import Audio

        return Audio(self._file(reference), caption=reference.get("caption"))

    def _html(self, reference: dict[str, Any]) -> Any:
        from tracker.media.html import Html

        return Html(self._file(reference), inject=False)

    def _object3d(self, reference: dict[str, Any]) -> Any:
        from tracker.media.object3d import Object3D

        return Object3D(self._file(reference), caption=reference.get("caption"))

    def _markdown(self, reference: dict[str, Any]) -> Any:
        from tracker.media.text import Text

        return Text(str(reference["_value"]))

    def _histogram(self, reference: dict[str, Any]) -> Any:
        from tracker.media.histogram import Histogram

        return Histogram(np_histogram=(reference["values"], reference["bins"]))

    def _table(self, reference: dict[str, Any]) -> Any:
        from tracker.media.table import Table

        rows = reference["_value"]
        columns = list(dict.fromkeys(name for row in rows for name in row))
        data = [[self._cell(row.get(name)) for name in columns] for row in rows]
        return Table(columns=columns, data=data, allow_mixed_types=True)

    def _cell(self, cell: Any) -> Any:
        if not isinstance(cell, dict) or "_type" not in cell:
            return cell
        made = self.make(cell)
        return None if made is LOST else made
