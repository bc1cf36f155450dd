"""What must stay in a store: contents that are named, and what these name in turn."""

from __future__ import annotations

from pathlib import Path

from tracker.errors import StoreError
from tracker.media.loading import digests
from tracker.media.table_file import read_notes
from tracker.store.files.objects import Objects
from tracker.store.holding import digests_in

_PARQUET, _ZSTD = b"PAR1", b"\x28\xb5\x2f\xfd"
_LARGEST = 1 << 28  # of what is unpacked to look for names in it


def closure(objects: Objects, begun: set[str]) -> set[str]:
    """Return what is named, with what tables and pinned reports among it name in turn."""
    named: set[str] = set()
    waiting = list(begun)
    while waiting:
        digest = waiting.pop()
        if digest not in named:
            named.add(digest)
            waiting += _names_in(objects, digest)
    return named


def _names_in(objects: Objects, digest: str) -> set[str]:
    try:
        path = objects.path(digest)
        with path.open("rb") as file:
            head = file.read(4)
    except (LookupError, OSError):
        return set()
    if head == _PARQUET:
        return _names_in_table(path)
    if head == _ZSTD:
        return _names_in_packed(path)
    return set()


def _names_in_table(path: Path) -> set[str]:
    try:
        notes, cells = read_notes(path)
        text = "".join(cell for cell in cells if cell is not None and "sha256" in cell)
    except (StoreError, ValueError, KeyError, TypeError):
        return set()  # somebody's own Parquet file
    named = set(digests(notes, lambda digest: path.with_name(digest)))
    return named | digests_in(text.encode())


def _names_in_packed(path: Path) -> set[str]:
    import zstandard

    try:
        content = zstandard.ZstdDecompressor().decompress(path.read_bytes(), _LARGEST)
    except (zstandard.ZstdError, OSError):
        return set()  # somebody's own file
    return digests_in(content)
