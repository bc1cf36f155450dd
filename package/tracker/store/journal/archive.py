"""Journals that have been taken in, compressed and kept: what a database is rebuilt from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

from tracker.errors import StoreDamagedError
from tracker.store.files.whole_file import partial_file, settle
from tracker.store.journal.journal import ARCHIVE, SUFFIX

PARTIAL = ".partial"
PART_BYTES = 1 << 18  # compressed apart, so that damage spoils no more than this


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
        with path.open("rb") as source, partial_file(partial) as sink:
            compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
            # At least one part: an empty copy would look like a damaged one.
            part = source.read(PART_BYTES)
            sink.write(compressor.compress(part))
            while part := source.read(PART_BYTES):
                sink.write(compressor.compress(part))
            settle(sink, partial, folder / (path.name + ".zst"))
    except FileNotFoundError:
        return  # another process has put it away


def unpack(packed: Path, folder: Path) -> Path:
    """Write the original of a compressed segment into `folder`; return its path.

    Of a damaged one as much comes back as can be read.

    Raises
    ------
    StoreDamagedError
        If that is not all of it; what there is has been written.
    """
    target = folder / packed.name.removesuffix(".zst")
    bad = 0
    with target.open("wb") as sink:
        for part in _parts(packed.read_bytes()):
            bad += part is None
            sink.write(part or b"")
    if bad:
        raise StoreDamagedError(f"{packed} is damaged in {bad} places.")
    return target


def _parts(data: bytes) -> Iterator[bytes | None]:
    """Yield what the compressed parts hold, None for one that cannot be read."""
    import zstandard

    starts = [match.start() for match in re.finditer(re.escape(zstandard.FRAME_HEADER), data)]
    if not starts or starts[0]:
        yield None
    place = 0
    while place < len(starts):
        # The four bytes that begin a part may be within one by chance.
        for following in range(place + 1, place + 4):
            end = starts[following] if following < len(starts) else len(data)
            part = _decompress(data[starts[place] : end])
            if part is not None or end == len(data):
                break
        yield part
        place = following if part is not None else place + 1


def _decompress(part: bytes) -> bytes | None:
    import zstandard

    try:
        if 0 <= zstandard.frame_content_size(part) <= PART_BYTES:
            return zstandard.ZstdDecompressor().decompress(part)
    except zstandard.ZstdError:
        pass
    return None
