"""Audio: from samples or from a file."""

from __future__ import annotations

import io
import math
import os
from typing import TYPE_CHECKING, Any, ClassVar

from tracker.errors import UsageError, warn
from tracker.media.media import Find, Media, import_extra
from tracker.media.source import read_source

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CHANNELS = 32
FIRST_FRAMES = 1000
# format -> where its mark is in the file, and the mark
MARKS: dict[str, tuple[int, tuple[bytes, ...]]] = {
    "wav": (8, (b"WAVE",)),
    "flac": (0, (b"fLaC",)),
    "ogg": (0, (b"OggS",)),
    "mp3": (0, (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa")),
    "aac": (0, (b"\xff\xf1", b"\xff\xf9")),
    "aiff": (8, (b"AIFF", b"AIFC")),
    "m4a": (4, (b"ftyp",)),
    "webm": (0, (b"\x1aE\xdf\xa3",)),
}
REMOTE = ("s3://", "gs://", "http://", "https://")


class Audio(Media):
    """Sound to log: ``run.log({"speech": tracker.Audio(samples, sample_rate=16_000)})``.

    Samples are kept as WAV without loss, in the numbers they came in: floats of 64 bits that
    fit into 32 are kept so.

    Parameters
    ----------
    data_or_path : array, list, path or open file
        Frames, frames × channels, or channels × frames where that is the only reading with at
        most 32 channels. Floats between -1 and 1, or whole numbers of 8, 16 or 32 bits.
        Files (wav, mp3, flac, ogg, m4a …) are kept as they are.
    sample_rate : int, optional
        Frames a second; needed for samples.
    caption : str, optional
        Shown under it, as plain text.

    Raises
    ------
    UsageError
        If it is no sound: empty, no numbers, a file that is none.
    """

    type_name: ClassVar[str] = "audio-file"

    def __init__(
        self, data_or_path: Any, sample_rate: int | None = None, caption: str | None = None
    ) -> None:
        super().__init__(caption)
        if isinstance(data_or_path, str | os.PathLike) or hasattr(data_or_path, "read"):
            self._content = _read_file(data_or_path)
        else:
            from tracker.media.wav import write_wav

            self._content = write_wav(_samples(data_or_path), _check_rate(sample_rate))
        self.format = _format_of(self._content)
        self.sample_rate: int | None = None if sample_rate is None else int(sample_rate)
        self.channels: int | None = None
        self.duration_s: float | None = None
        if self.format == "wav":
            from tracker.media.wav import read_header

            header = read_header(self._content)
            self.sample_rate, self.channels = header.sample_rate, header.channels
            self.duration_s = header.duration_s

    @property
    def content(self) -> bytes:
        """The encoded file."""
        return self._content

    @property
    def data(self) -> NDArray[Any]:
        """The samples, frames or frames × channels.

        Raises
        ------
        UsageError
            If it is not WAV and soundfile, which reads the others, is not installed.
        """
        return self.to_value()[0]

    def about(self) -> str:
        """Say how long it is, as far as that is known."""
        if self.duration_s is None:
            return super().about()
        return f"{self.format}, {self.duration_s:.3g} s at {self.sample_rate:,} Hz"

    def to_value(self) -> tuple[NDArray[Any], int]:
        """Return the samples and the frames a second."""
        if self.format == "wav":
            from tracker.media.wav import read_wav

            return read_wav(self._content)
        soundfile = import_extra("soundfile", f"Reading the samples of {self.format} audio")
        samples, rate = soundfile.read(io.BytesIO(self._content))
        return samples, int(rate)

    def playable(self) -> bytes:
        """Return the file as every browser plays it: WAV samples become 16 bits."""
        if self.format != "wav":
            return self._content
        import numpy as np

        from tracker.media.wav import read_header, read_wav, write_wav

        if read_header(self._content).sample_bytes <= 3:
            return self._content
        samples, rate = read_wav(self._content)
        if samples.dtype.kind == "f":
            loud = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1, 1)
            return write_wav((loud * 32767).round().astype(np.int16), rate)
        return write_wav((samples >> 16).astype(np.int16), rate)

    def details(self) -> dict[str, Any]:
        """Return rate, channels and duration in seconds, as far as they are known."""
        known = {
            "sample_rate": self.sample_rate,
            "channels": self.channels,
            "duration_s": self.duration_s,
        }
        return {name: value for name, value in known.items() if value is not None}

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> Audio:
        """Return what was logged."""
        return cls(
            find(reference["sha256"]), reference.get("sample_rate"), reference.get("caption")
        )


def _read_file(given: Any) -> bytes:
    if isinstance(given, str) and given.startswith(REMOTE):
        raise UsageError(
            f"Audio at {given} cannot be logged: media created by a reference to external storage "
            "cannot currently be added to a run. Download it, or add it to an artifact with "
            "add_reference."
        )
    return read_source(given, "Audio")[0]


def _format_of(content: bytes) -> str:
    for name, (place, marks) in MARKS.items():
        if content.startswith(marks, place):
            return name
    known = ", ".join(MARKS)
    raise UsageError(f"Audio was given a file that is none of {known}: it starts {content[:12]!r}.")


def _check_rate(rate: Any) -> int:
    if rate is None:
        raise UsageError(
            'Argument "sample_rate" is required when instantiating tracker.Audio with raw data.'
        )
    try:
        is_whole = not isinstance(rate, bool) and int(rate) == rate and 0 < rate < 2**32
    except (TypeError, ValueError, OverflowError):
        is_whole = False
    if not is_whole:
        raise UsageError(f"sample_rate is {rate!r}: expected a whole number of frames a second.")
    return int(rate)


def _samples(given: Any) -> NDArray[Any]:
    import numpy as np

    detached = given.detach().cpu() if hasattr(given, "detach") else given
    try:
        array = np.asarray(detached)
    except (TypeError, ValueError) as error:
        raise UsageError(f"A {type(given).__name__} is no audio: {error}.") from error
    if array.dtype.kind not in "iuf" or array.ndim not in (1, 2) or not array.size:
        raise UsageError(
            f"An array of shape {array.shape} and dtype {array.dtype} is no audio: expected "
            "numbers, frames or frames × channels."
        )
    if array.ndim == 2 and array.shape[1] > MOST_CHANNELS >= array.shape[0]:
        array = array.T
    if array.ndim == 2 and array.shape[1] > MOST_CHANNELS:
        raise UsageError(
            f"An array of shape {array.shape} is no audio: at most {MOST_CHANNELS} channels."
        )
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    return _floats(array) if array.dtype.kind == "f" else _whole_numbers(array)


def _floats(array: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    low, high = float(array.min()), float(array.max())
    is_finite = math.isfinite(low) and math.isfinite(high)
    if not is_finite:
        warn("Audio holds NaN or infinity: it is kept so, and played as silence or clipped.")
    elif max(-low, high) > 1:
        warn("Audio holds values beyond -1 and 1: they are kept so, and played clipped.")
    if array.itemsize <= 4:
        return array.astype(np.float32)
    for part in (array[:FIRST_FRAMES], array):  # most sound shows at once that it does not fit
        if not np.array_equal(part.astype(np.float32), part, equal_nan=not is_finite):
            return array.astype(np.float64)
    return array.astype(np.float32)


def _whole_numbers(array: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    if array.dtype in (np.uint8, np.int16, np.int32):
        return array
    low, high = int(array.min()), int(array.max())
    for dtype in (np.int16, np.int32):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return array.astype(dtype)
    raise UsageError(
        f"Audio holds whole numbers from {low} to {high}: expected at most 32 bits. Scale them to "
        "floats between -1 and 1."
    )
