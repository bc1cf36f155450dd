"""Long texts, kept as files rather than in the history."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from tracker.errors import UsageError
from tracker.media.media import Find, Media
from tracker.media.source import read_source, read_text


class Text(Media):
    """A text to log: ``run.log({"sample": tracker.Text(generated)})``.

    It is shown as it is, never as HTML.

    Parameters
    ----------
    data : str, pathlib.Path or open file
        A string is the text itself, a path leads to a file.
    caption : str, optional
        Shown under it.

    Raises
    ------
    UsageError
        If it is no text.
    """

    type_name: ClassVar[str] = "text-file"
    format = "txt"

    def __init__(self, data: Any, caption: str | None = None) -> None:
        super().__init__(caption)
        if isinstance(data, str):
            self.text = data
        elif isinstance(data, bytes):
            self.text = read_text(data, "Text")
        elif isinstance(data, os.PathLike) or hasattr(data, "read"):
            self.text = read_text(read_source(data, "Text")[0], "Text")
        else:
            raise UsageError(
                f"Text was given a {type(data).__name__}: expected a string, a path or an open "
                "file."
            )

    def about(self) -> str:
        """Say how it begins."""
        start = " ".join(self.text[:200].split())
        return f"{len(self.text):,} characters, {start[:40]!r}"

    @property
    def content(self) -> bytes:
        """The text as UTF-8."""
        return self.text.encode(errors="replace")

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> Text:
        """Return what was logged."""
        return cls(find(reference["sha256"]).read_bytes().decode(), reference.get("caption"))

    def to_value(self) -> str:
        """Return the text."""
        return self.text
