"""WAV files: samples to bytes and back without losing any."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker.errors import UsageError

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
# format tag and bytes a sample -> how NumPy reads it; 24-bit has no type of its own
SAMPLES: dict[tuple[int, int], np.dtype[Any]] = {
    (PCM, 1): np.dtype(np.uint8),
    (PCM, 2): np.dtype("<i2"),
    (PCM, 4): np.dtype("<i4"),
    (FLOAT, 4): np.dtype("<f4"),
    (FLOAT, 8): np.dtype("<f8"),
}
LONGEST_BYTES = 2**32 - 64


@dataclass(frozen=True, slots=True)
class WavHeader:
    """What a WAV file says of itself."""

    tag: int
    channels: int
    sample_rate: int
    sample_bytes: int
    bytes_per_s: int
    first: int
    size: int

    @property
    def frames(self) -> int:
        """How many samples each channel has."""
        return self.size // (self.channels * self.sample_bytes)

    @property
    def duration_s(self) -> float:
        """How long it plays, in seconds."""
        is_known = (self.tag, self.sample_bytes) in SAMPLES or not self.bytes_per_s
        return self.frames / self.sample_rate if is_known else self.size / self.bytes_per_s


def write_wav(samples: NDArray[Any], sample_rate: int) -> bytes:
    """Return a WAV file.

    Parameters
    ----------
    samples : ndarray
        Frames, or frames × channels, of a dtype in :data:`SAMPLES`.
    sample_rate : int
        Frames a second.

    Raises
    ------
    UsageError
        If it is longer than a WAV file can be, 4 GiB.
    """
    is_float = samples.dtype.kind == "f"
    width, channels = samples.dtype.itemsize, 1 if samples.ndim == 1 else samples.shape[1]
    data = samples.astype(samples.dtype.newbyteorder("<"), order="C", copy=False).tobytes()
    if len(data) > LONGEST_BYTES:
        raise UsageError(f"Audio of {len(data):,} bytes is longer than a WAV file can be: cut it.")
    tag = FLOAT if is_float else PCM
    head = struct.pack(
        "<HHIIHH", tag, channels, sample_rate, min(sample_rate * channels * width, 2**32 - 1),
        channels * width, width * 8,
    )  # fmt: skip
    parts = [b"WAVE", *_chunk(b"fmt ", head + (b"\0\0" if is_float else b""))]
    if is_float:
        parts += _chunk(b"fact", struct.pack("<I", len(samples)))
    parts += _chunk(b"data", data)
    return b"".join([b"RIFF", struct.pack("<I", sum(map(len, parts))), *parts])


def read_header(content: bytes) -> WavHeader:
    """Return what a WAV file says of itself; sizes beyond the file's end are not believed.

    Raises
    ------
    UsageError
        If it is no WAV file, or of a kind that nothing here reads.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise UsageError("This is no WAV file.")
    head, place = b"", 12
    while place + 8 <= len(content):
        name, size = content[place : place + 4], struct.unpack_from("<I", content, place + 4)[0]
        first = place + 8
        if name == b"fmt ":
            head = content[first : first + size]
        elif name == b"data":
            return _header(head, first, min(size, len(content) - first))
        place = first + size + size % 2
    raise UsageError("This WAV file holds no sound.")


def read_wav(content: bytes) -> tuple[NDArray[Any], int]:
    """Return the samples, frames or frames × channels, and the frames a second.

    24-bit samples come as 32-bit whole numbers.

    Raises
    ------
    UsageError
        If it is no WAV file, or of a kind that nothing here reads.
    """
    header = read_header(content)
    count = header.frames * header.channels
    if header.sample_bytes == 3 and header.tag == PCM:
        packed = np.frombuffer(content, np.uint8, count * 3, header.first).reshape(-1, 3)
        wide = np.zeros((count, 4), np.uint8)
        wide[:, 1:] = packed
        samples: NDArray[Any] = wide.view("<i4")[:, 0] >> 8
    else:
        dtype = SAMPLES.get((header.tag, header.sample_bytes))
        if dtype is None:
            raise UsageError(
                f"This WAV file is encoded in a way (format {header.tag}, {header.sample_bytes} "
                "bytes a sample) that is not read here."
            )
        samples = np.frombuffer(content, dtype, count, header.first).astype(dtype.newbyteorder("="))
    if header.channels > 1:
        samples = samples.reshape(-1, header.channels)
    return samples, header.sample_rate


def _header(head: bytes, first: int, size: int) -> WavHeader:
    if len(head) < 16:
        raise UsageError("This WAV file does not say how it is encoded.")
    tag, channels, rate, speed, block, _ = struct.unpack_from("<HHIIHH", head)
    if tag == EXTENSIBLE and len(head) >= 26:
        tag = struct.unpack_from("<H", head, 24)[0]
    if not channels or not rate or not block or block % channels:
        raise UsageError("This WAV file is damaged: it has no channels, rate or samples.")
    if size < block:
        raise UsageError("This WAV file holds no sound.")
    return WavHeader(tag, channels, rate, block // channels, speed, first, size)


def _chunk(name: bytes, data: bytes) -> list[bytes]:
    return [name, struct.pack("<I", len(data)), data, b"\0" * (len(data) % 2)]
