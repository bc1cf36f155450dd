"""Video: from frames or from a file."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tracker.errors import UsageError, warn
from tracker.media.media import Find, Media
from tracker.media.source import read_source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT_FPS = 4
# format -> where its mark is in the file, and the mark
MARKS = {
    "gif": (0, b"GIF8"),
    "mp4": (4, b"ftyp"),
    "webm": (0, b"\x1aE\xdf\xa3"),
    "ogg": (0, b"OggS"),
}


class Video(Media):
    """A video to log: ``run.log({"rollout": tracker.Video(frames, fps=30, format="mp4")})``.

    Parameters
    ----------
    data_or_path : array, path or open file
        Frames × channels × height × width (or channels last) with 1, 3 or 4 channels, with an
        axis of videos before them for a grid. Floats in [0, 1] are scaled by 255; anything
        beyond 0…255 is clipped, with a warning. Files are kept as they are.
    caption : str, optional
        Shown under it, as plain text.
    fps : int or float, optional
        Frames a second of an array. Default 4.
    format : {"gif", "mp4", "webm", "ogg"}, optional
        How an array is encoded, or what an open file is. Default ``"gif"``, with a warning: it
        holds 256 colours a frame. The others need ``notebook-tracker[media]`` and lose a
        little too.

    Attributes
    ----------
    width, height, frame_count : int or None
        As far as they are known: not of files other than GIF.

    Raises
    ------
    UsageError
        If it is no video, or what encodes it is not installed.
    """

    type_name: ClassVar[str] = "video-file"
    EXTS: ClassVar[tuple[str, ...]] = ("gif", "mp4", "webm", "ogg")

    def __init__(
        self,
        data_or_path: Any,
        caption: str | None = None,
        fps: float | None = None,
        format: str | None = None,
    ) -> None:
        super().__init__(caption)
        self._lock = threading.Lock()
        self._frames: NDArray[np.uint8] | None = None
        self._content = b""
        self.fps = fps
        self.width: int | None = None
        self.height: int | None = None
        self.frame_count: int | None = None
        if isinstance(data_or_path, str | os.PathLike) or hasattr(data_or_path, "read"):
            self._take_file(data_or_path, format)
        else:
            self._take_frames(data_or_path, format)

    def _take_file(self, given: Any, format: str | None) -> None:
        if self.fps:
            warn(
                "`fps` argument does not affect the frame rate of the video when providing a file "
                "path or raw bytes."
            )
        self._content, name = read_source(given, "Video")
        suffix = Path(name).suffix[1:].lower()
        self.format = self._check_format(
            suffix if isinstance(given, str | os.PathLike) else format or suffix or None,
            "raw bytes (an io object)",
        )
        place, mark = MARKS[self.format]
        if not self._content.startswith(mark, place):
            raise UsageError(
                f"Video was given a file that is no {self.format}: it starts with "
                f"{self._content[:12]!r}."
            )
        self.fps = None
        if self.format == "gif":
            from tracker.media.video_frames import measure_gif

            self.width, self.height, self.frame_count = measure_gif(self._content)

    def _take_frames(self, given: Any, format: str | None) -> None:
        from tracker.media.video_frames import as_frames, check_encoder

        if format is None:
            warn(
                "Video of raw frames without a format is kept as gif, with 256 colours a frame: "
                "pass format='mp4' or format='gif'."
            )
            format = "gif"
        self.format = self._check_format(format, "a numpy array")
        self.fps = DEFAULT_FPS if self.fps is None else self.fps
        if isinstance(self.fps, bool) or not 0 < self.fps <= 1000:
            raise UsageError(f"fps is {self.fps!r}: expected frames a second, above 0.")
        check_encoder(self.format)
        self._frames = as_frames(given)
        self.frame_count, self.height, self.width = self._frames.shape[:3]

    def _check_format(self, format: str | None, source: str) -> str:
        if format is None:
            raise UsageError(
                "tracker.Video requires a `format` argument when initializing with " + source + "."
            )
        if format not in self.EXTS:
            raise UsageError(
                f"tracker.Video accepts {', '.join(self.EXTS)} formats, and was given {format!r}."
            )
        return format

    @property
    def content(self) -> bytes:
        """The encoded file; frames are encoded at the first use, which may take a while."""
        with self._lock:
            if self._frames is not None:
                from tracker.media.video_frames import encode

                self._content = encode(self._frames, float(self.fps or DEFAULT_FPS), self.format)
                self._frames = None
            return self._content

    @property
    def held_bytes(self) -> int:
        """How much memory it takes until it is kept."""
        frames = self._frames
        return len(self._content) if frames is None else frames.nbytes

    @property
    def is_quick(self) -> bool:
        """Whether keeping it takes little time: encoding does not."""
        return self._frames is None and super().is_quick

    def about(self) -> str:
        """Say how many frames it has, as far as that is known."""
        if self.frame_count is None:
            return super().about()
        return f"{self.format}, {self.frame_count:,} frames of {self.width}×{self.height}"

    def details(self) -> dict[str, Any]:
        """Return size, frames and frames a second, as far as they are known."""
        known = {
            "width": self.width,
            "height": self.height,
            "frames": self.frame_count,
            "fps": self.fps,
        }
        return {name: value for name, value in known.items() if value is not None}

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> Video:
        """Return what was logged."""
        with find(reference["sha256"]).open("rb") as file:
            made = cls(file, reference.get("caption"), format=reference["format"])
        made.fps = reference.get("fps")
        made.width, made.height = reference.get("width"), reference.get("height")
        made.frame_count = reference.get("frames")
        return made

    def to_value(self) -> NDArray[np.uint8]:
        """Return the frames as frames × height × width × 3, of bytes.

        GIF gives back what was logged wherever a frame has at most 256 colours; the other
        formats come close.

        Raises
        ------
        UsageError
            If the file is damaged, or what decodes it is not installed.
        """
        from tracker.media.video_frames import decode

        frames = decode(self.content, self.format, self.fps)
        return frames if self.height is None else frames[:, : self.height, : self.width]
