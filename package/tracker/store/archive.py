"""Journals that have been taken in, compressed and kept: what a database is rebuilt from."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

from tracker.errors import StoreDamagedError
from tracker.store.journal import ARCHIVE, SUFFIX

PARTIAL = ".partial"
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def archived(directory: Path) -> dict[str, list[Path]]:
    """Return the compressed journals kept under `directory`: stem to segments in order."""
    found: dict[str, list[Path]] = {}
    for path in sorted((directory / ARCHIVE).glob(f"*{SUFFIX}.zst")):
        found.setdefault(path.name.split(".", 1)[0], []).append(path)
    return found


def is_any(directory: Path) -> bool:
    """Say whether compressed journals are kept under `directory`."""
    return any((directory / ARCHIVE).glob(f"*{SUFFIX}.zst"))


def keep(path: Path) -> None:
    """Keep a compressed copy of a segment that has been taken in whole.

    When this returns the copy is on the disk, and the original may be removed.

    Raises
    ------
    OSError
        If the copy cannot be written.
    """
    import zstandard

    folder = path.parent / ARCHIVE
    folder.mkdir(exist_ok=True, mode=0o700)
    partial = path.with_name(f"{path.name}.{token_hex(4)}{PARTIAL}")
    try:
        with path.open("rb") as source, os.fdopen(os.open(partial, _CREATE, 0o600), "wb") as sink:
            zstandard.ZstdCompressor(level=3).copy_stream(source, sink)
            sink.flush()
            os.fsync(sink.fileno())
        partial.replace(folder / (path.name + ".zst"))
    except FileNotFoundError:
        return  # another process has put it away
    finally:
        partial.unlink(missing_ok=True)


def unpack(packed: Path, folder: Path) -> Path:
    """Write the original of a compressed segment into `folder`; return its path.

    Of a damaged one as much comes back as can be read.

    Raises
    ------
    StoreDamagedError
        If that is not all of it; what there is has been written.
    """
    import zstandard

    target = folder / packed.name.removesuffix(".zst")
    with packed.open("rb") as source, target.open("wb") as sink:
        reader = zstandard.ZstdDecompressor().stream_reader(source)
        try:
            while chunk := reader.read(1 << 20):
                sink.write(chunk)
        except zstandard.ZstdError as error:
            raise StoreDamagedError(f"{packed} is damaged ({error}).") from error
    return target
