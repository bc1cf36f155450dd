"""What every kind of media has in common: its bytes, a caption, and how it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Self

from tracker.errors import UsageError
from tracker.media.upstairs import Shown

# Keeping a file of this size takes less than half a millisecond.
QUICK_FILE_BYTES = 64 * 1024

# Keeps bytes and returns their digest; finds the file with a digest.
Put = Callable[[bytes], str]
Find = Callable[[str], Path]


class Media(Shown):
    """Something with a file of its own. It holds a copy of what it was given.

    Two are equal if they are of one kind and would be kept as the same bytes with the same
    caption.

    Attributes
    ----------
    caption : str or None
        Shown under it, as plain text.
    """

    type_name: ClassVar[str]
    format: str
    caption: str | None

    def __init__(self, caption: str | None = None) -> None:
        self.caption = None if caption is None else str(caption)

    @property
    def content(self) -> bytes:
        """The encoded file."""
        raise NotImplementedError

    @property
    def held_bytes(self) -> int:
        """How much memory it takes until it is kept."""
        return len(self.content)

    @property
    def is_quick(self) -> bool:
        """Whether keeping it takes less than handing it to another thread is worth."""
        return self.held_bytes <= QUICK_FILE_BYTES

    def snapshot(self) -> Self:
        """Return what to keep: itself, because nothing outside can change it."""
        return self

    def details(self) -> dict[str, Any]:
        """Return what the reference says beyond type, digest, format, size and caption."""
        return {}

    def to_reference(self, put_bytes: Put) -> dict[str, Any]:
        """Keep the file and return the JSON that stands for it in the history."""
        content = self.content
        reference: dict[str, Any] = {
            "_type": self.type_name,
            "sha256": put_bytes(content),
            "format": self.format,
            "size": len(content),
            **self.details(),
        }
        if self.caption is not None:
            reference["caption"] = self.caption
        return reference

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> Self:
        """Return what :meth:`to_reference` was called on; `find` gives the path of a digest."""
        raise NotImplementedError

    def to_value(self) -> Any:
        """Return what it holds as plain data: an array, a frame, text."""
        return self.content

    def about(self) -> str:
        """Say in a few words what it is, for its ``repr``."""
        return f"{self.format}, {self.held_bytes:,} bytes"

    def __repr__(self) -> str:
        caption = "" if self.caption is None else f", {self.caption:.60}"
        return f"<tracker.{type(self).__name__}: {self.about()}{caption}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self.to_reference(digest) == other.to_reference(digest)

    def __hash__(self) -> int:
        return hash((self.type_name, digest(self.content)))


def digest(content: bytes) -> str:
    """Return the name that the store gives to this content."""
    return hashlib.sha256(content).hexdigest()


def import_extra(
    name: str, use: str, *, package: str | None = None, extra: bool = True, also: str = ""
) -> Any:
    """Import a library that only some users have.

    Parameters
    ----------
    name : str
        The module.
    use : str
        What needs it, for the sentence.
    package : str, optional
        What to install. Default: the module's name.
    extra : bool
        Whether ``notebook-tracker[media]`` brings it. Default True.
    also : str
        What else helps, for the sentence.

    Raises
    ------
    UsageError
        If it is not installed.
    """
    try:
        module: ModuleType = import_module(name)
    except ImportError as error:
        wanted = package or name.partition(".")[0]
        cure = "notebook-tracker[media]" if extra else wanted
        cures = ", ".join(filter(None, [f"run `pip install '{cure}'`", also]))
        raise UsageError(
            f"{use} needs the package {wanted}, which is not installed: {cures}."
        ) from error
    return module
