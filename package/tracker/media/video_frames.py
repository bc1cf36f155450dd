"""Frames of a video: made uniform, encoded and decoded."""

from __future__ import annotations

import io
import subprocess
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker.errors import UsageError, warn
from tracker.media.media import import_extra
from tracker.store.files.scratch import temporary_folder

Frames = NDArray[np.uint8]

CHANNELS = (1, 3, 4)
# Browsers play shorter ones ten times as long.
SHORTEST_MS = 20
SHORTEST_SIDE = 32
ENCODERS = {
    "mp4": ["-c:v", "libx264", "-crf", "18", "-preset", "veryfast", "-movflags", "+faststart"],
    "webm": ["-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-deadline", "realtime",
             "-cpu-used", "5"],
    "ogg": ["-c:v", "libtheora", "-q:v", "9"],
}  # fmt: skip
DEMUXERS = {"mp4": "mov", "webm": "matroska", "ogg": "ogg"}


def as_frames(given: Any) -> Frames:
    """Return a copy as frames × height × width × channels, of bytes.

    Raises
    ------
    UsageError
        If it is no video.
    """
    if hasattr(given, "detach"):
        given = given.detach().cpu()
    try:
        array = np.asarray(given)
    except (TypeError, ValueError) as error:
        raise UsageError(f"A {type(given).__name__} is no video: {error}.") from error
    if array.dtype.kind not in "biuf" or not array.size:
        raise UsageError(
            f"An array of shape {array.shape} and dtype {array.dtype} is no video: tracker.Video "
            "accepts a file path or numpy like data as input."
        )
    if array.ndim not in (4, 5):
        raise UsageError(
            "Video must be at least 4 dimensions: time, channels, height, width; and was given "
            f"{array.shape}."
        )
    frames = as_bytes(_channels_last(array))
    return np.ascontiguousarray(_grid(frames) if frames.ndim == 5 else frames)


def as_bytes(array: NDArray[Any]) -> Frames:
    """Return numbers as bytes: floats in [0, 1] scaled, what is beyond 0…255 clipped."""
    if array.dtype == np.uint8:
        return array.copy()
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * 255
    numbers = array.astype(np.float64)
    if not np.isfinite(numbers).all():
        warn("A video holds NaN or infinity: drawn as 0.")
        numbers = np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(numbers.min()), float(numbers.max())
    if array.dtype.kind == "f" and low >= 0 and high <= 1:
        return (numbers * 255).round().astype(np.uint8)
    if low < 0 or high > 255:
        warn(f"A video holds values from {low:g} to {high:g}: clipped to 0…255.")
    return numbers.clip(0, 255).astype(np.uint8)


def check_encoder(format: str) -> None:
    """Raise UsageError if nothing that is installed encodes this format."""
    if format != "gif":
        _ffmpeg(format)


def encode(frames: Frames, fps: float, format: str) -> bytes:
    """Return the frames as a file.

    Raises
    ------
    UsageError
        If it cannot be encoded.
    """
    if frames.shape[-1] == 4:
        opaque = frames[..., 3:].astype(np.uint16)
        mixed = frames[..., :3] * opaque + 255 * (255 - opaque)
        frames = ((mixed + 127) // 255).astype(np.uint8)
    return _encode_gif(frames, fps) if format == "gif" else _encode_by_ffmpeg(frames, fps, format)


def decode(content: bytes, format: str, fps: float | None) -> Frames:
    """Return the frames of a file; of a GIF that was made here with as many as it was given.

    Raises
    ------
    UsageError
        If it cannot be decoded.
    """
    if format == "gif":
        return _decode_gif(content, None if fps is None else _delay_ms(fps))
    return _decode_by_ffmpeg(content, format)


def measure_gif(content: bytes) -> tuple[int, int, int]:
    """Return width, height and frames of a GIF.

    Raises
    ------
    UsageError
        If it is damaged or unreasonably large.
    """
    picture = _open_gif(content)
    return picture.width, picture.height, picture.n_frames


def _channels_last(array: NDArray[Any]) -> NDArray[Any]:
    first, last = array.shape[-3], array.shape[-1]
    if first in CHANNELS:
        return np.moveaxis(array, -3, -1)
    if last in CHANNELS:
        return array
    raise UsageError(
        f"An array of shape {array.shape} is no video: expected 1, 3 or 4 channels, as time, "
        "channels, height, width or time, height, width, channels."
    )


def _grid(videos: Frames) -> Frames:
    """Return one video with the others beside and under each other, as W&B arranges them."""
    count, frames, height, width, channels = videos.shape
    rows = 2 ** ((count.bit_length() - 1) // 2)
    columns = (1 << (count - 1).bit_length()) // rows
    cells = np.zeros((rows * columns, frames, height, width, channels), np.uint8)
    cells[:count] = videos
    arranged = cells.reshape(rows, columns, frames, height, width, channels)
    return arranged.transpose(2, 0, 3, 1, 4, 5).reshape(
        frames, rows * height, columns * width, channels
    )


# ------------------------------------------------------------------ GIF


def _delay_ms(fps: float) -> int:
    return max(SHORTEST_MS, round(100 / fps) * 10)


def _encode_gif(frames: Frames, fps: float) -> bytes:
    if 1000 / fps < SHORTEST_MS:
        warn("A gif plays at most 50 frames a second: pass format='mp4' for more.")
    pictures = [_picture(frame) for frame in frames]
    sink = io.BytesIO()
    pictures[0].save(
        sink,
        "GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=_delay_ms(fps),
        loop=0,
        disposal=1,
    )
    return sink.getvalue()


def _picture(frame: Frames) -> Any:
    from PIL import Image as Pil

    if frame.shape[-1] == 1:
        return Pil.fromarray(frame[..., 0])
    wide = frame.astype(np.uint32)
    codes, places = np.unique(
        (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2], return_inverse=True
    )
    if len(codes) > 256:
        return Pil.fromarray(frame).quantize(256)
    picture = Pil.fromarray(places.reshape(frame.shape[:2]).astype(np.uint8))
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.uint8)
    picture.putpalette(colours.tobytes())
    return picture


def _open_gif(content: bytes) -> Any:
    from PIL import Image as Pil

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pil.DecompressionBombWarning)
            picture = Pil.open(io.BytesIO(content), formats=["GIF"])
            picture.seek(0)
            return picture
    except (
        OSError,
        SyntaxError,
        ValueError,
        Pil.DecompressionBombError,
        Pil.DecompressionBombWarning,
    ) as error:
        raise UsageError(f"This gif cannot be used: {error}.") from error


def _decode_gif(content: bytes, delay_ms: int | None) -> Frames:
    picture = _open_gif(content)
    frames = []
    for place in range(picture.n_frames):
        picture.seek(place)
        shown = np.asarray(picture.convert("RGB"))
        # The encoder joins equal frames into one that is shown for longer.
        shown_ms = picture.info.get("duration", 0)
        times = max(1, round(shown_ms / delay_ms)) if delay_ms else 1
        frames += [shown] * times
    return np.stack(frames)


# ------------------------------------------------------------------ FFmpeg


def _ffmpeg(format: str) -> str:
    module = import_extra(
        "imageio_ffmpeg", f"Video as {format}", package="imageio-ffmpeg", also="or use format='gif'"
    )
    program: str = module.get_ffmpeg_exe()
    return program


def _padded(length: int) -> int:
    """Return the length that encoders take: even, and not tiny."""
    return max(SHORTEST_SIDE, length + length % 2)


def _encode_by_ffmpeg(frames: Frames, fps: float, format: str) -> bytes:
    _, height, width, channels = frames.shape
    pixels = "gray" if channels == 1 else "rgb24"
    with temporary_folder() as folder:
        place = folder / f"video.{format}"
        # fmt: off
        command = [
            _ffmpeg(format), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", pixels,
            "-s", f"{width}x{height}", "-r", f"{fps:g}", "-i", "-",
            "-vf", f"pad={_padded(width)}:{_padded(height)}", "-pix_fmt", "yuv420p",
            "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1",
            *ENCODERS[format], str(place),
        ]
        # fmt: on
        _run(command, frames.tobytes(), f"A video of {width}×{height} cannot be kept as {format}")
        return place.read_bytes()


def _decode_by_ffmpeg(content: bytes, format: str) -> Frames:
    with temporary_folder() as folder:
        place = folder / f"video.{format}"
        place.write_bytes(content)
        # One demuxer and no network: a playlist in disguise must not make it read other files.
        # One thread: with more, FFmpeg's Theora now and then gives green frames.
        # fmt: off
        command = [
            _ffmpeg(format), "-v", "error", "-protocol_whitelist", "file,pipe",
            "-threads", "1", "-f", DEMUXERS[format], "-i", str(place),
            "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-",
        ]
        # fmt: on
        pictures = _run(command, b"", f"This {format} cannot be decoded")
    frames = list(_split_ppm(pictures))
    if not frames:
        raise UsageError(f"This {format} cannot be decoded: it has no frames.")
    return np.stack(frames)


def _run(command: list[str], given: bytes, complaint: str) -> bytes:
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise UsageError(f"{complaint}: {reason[-1][:300] if reason else 'no reason given'}.")
    return done.stdout


def _split_ppm(pictures: bytes) -> Any:
    place = 0
    while place < len(pictures):
        head = pictures[place : place + 64].split(maxsplit=4)
        width, height = int(head[1]), int(head[2])
        first = place + len(b" ".join(head[:4])) + 1
        place = first + width * height * 3
        yield np.frombuffer(pictures, np.uint8, width * height * 3, first).reshape(height, width, 3)
