"""Pictures and films in a report. A file is read when the block is made, and never later."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tracker.errors import UsageError
from tracker.report import checks
from tracker.report.blocks import Block
from tracker.report.checks import checked, optional, text
from tracker.report.words import Rich, rich

SIZE_LIMIT_BYTES = 64 * 1024 * 1024
# The beginnings of what browsers show, so that a file is what it says it is.
_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)
_FILMS = ((b"\x1aE\xdf\xa3", "video/webm"), (b"GIF8", "image/gif"), (b"OggS", "video/ogg"))


@dataclass(repr=False)
class Picture(Block, is_abstract=True):
    """A file that the report carries with it.

    Parameters
    ----------
    url : str or path
        A file, which is read now; or a page address, which is shown as a link, because a
        report loads nothing.
    caption : text
        Below it.
    """

    url: Any = checked(lambda value: _taken(value), "")
    caption: Rich = checked(rich, "")
    sha256: str | None = checked(optional(checks.digest))
    mime: str | None = checked(optional(text(60)))
    content: bytes | None = field(default=None, init=False, compare=False)

    def __post_init__(self) -> None:
        given = self.url
        if isinstance(given, str) and (self.sha256 or not given or is_address(given)):
            return
        content = _read(given, type(self).__name__)
        self.mime = sniff(content)
        if self.mime is None or not self.mime.startswith(self._wanted()):
            raise UsageError(
                f"{type(self).__name__}.url is {str(given)[:80]!r}, no file that a browser "
                f"shows as {'a film' if self._wanted()[0] == 'video/' else 'a picture'}."
            )
        self.content = content
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.url = ""

    def _wanted(self) -> tuple[str, ...]:
        return ("image/",)

    @classmethod
    def read(cls, fields: dict[str, Any]) -> Self:
        """Make one of what a document says."""
        # A document must not make its reader open files: those it has are objects of the store.
        if not is_address(str(fields.get("url", ""))):
            fields = {**fields, "url": ""}
        return cls(**fields)

    def keep(self, put_bytes: Callable[[bytes], str]) -> None:
        """Keep the file in a store."""
        if self.content is not None:
            put_bytes(self.content)

    def load(self, find: Callable[[str], Path]) -> bytes | None:
        """Return the file, from here or from a store; None where there is only an address."""
        if self.content is None and self.sha256 is not None:
            self.content = find(self.sha256).read_bytes()
        return self.content


@dataclass(repr=False)
class Image(Picture):
    """A picture: a file, a PIL image, a matplotlib figure or a :class:`tracker.Image`."""


@dataclass(repr=False)
class Video(Picture):
    """A film: an mp4, webm, ogg or gif file."""

    def _wanted(self) -> tuple[str, ...]:
        return ("video/", "image/gif")


def is_address(text: str) -> bool:
    """Say whether text is the address of a page."""
    return text.lower().startswith(("http://", "https://"))


def sniff(content: bytes) -> str | None:
    """Return the media type of a file by its beginning, None if browsers do not show it."""
    for start, mime in (*_IMAGES, *_FILMS):
        if content.startswith(start):
            return mime
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp":
        return "image/avif" if content[8:12] in (b"avif", b"avis") else "video/mp4"
    return None


def _taken(value: Any) -> Any:
    is_media = hasattr(value, "savefig") or hasattr(value, "content") or hasattr(value, "save")
    if isinstance(value, str):
        return checks.encodable(value)
    if isinstance(value, os.PathLike) or is_media:
        return value
    raise checks.Expected("a file, an address, a PIL image, a matplotlib figure or tracker.Image")


def _read(given: Any, kind: str) -> bytes:
    if not isinstance(given, str | os.PathLike):
        from tracker.media.image import Image as Media

        media = given if hasattr(given, "content") else Media(given)
        return bytes(media.content)
    path = Path(given)
    try:
        if path.stat().st_size > SIZE_LIMIT_BYTES:
            raise UsageError(f"{kind}.url is {str(given)!r}, a file of more than 64 MB.")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{kind}.url is {str(given)!r}, which cannot be read: {reason}.") from None
