from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image as Pil

from tracker.errors import TrackerWarning, UsageError
from tracker.media.video import Video

RNG = np.random.default_rng(0)


def frames_of(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, dtype=np.uint8)


@settings(max_examples=40, deadline=None)
@given(
    npst.arrays(
        np.uint8,
        st.tuples(
            st.integers(1, 5), st.sampled_from([1, 3]), st.integers(5, 12), st.integers(5, 12)
        ),
        elements=st.sampled_from([0, 1, 128, 255]),
    ),
    st.sampled_from([1, 4, 10, 24, 30, 50]),
)
def test_a_gif_comes_back_as_it_was(keep_many, frames, fps: int) -> None:
    logged = Video(frames, fps=fps, format="gif", caption="c")
    read = keep_many(logged)
    assert read == logged
    expected = np.broadcast_to(frames, (len(frames), 3, *frames.shape[2:])).transpose(0, 2, 3, 1)
    assert np.array_equal(read.to_value(), expected)
    assert (read.width, read.height, read.frame_count) == (
        frames.shape[3], frames.shape[2], len(frames),
    )  # fmt: skip


def test_channels_may_come_last() -> None:
    frames = frames_of(2, 8, 9, 3) // 64 * 64
    assert np.array_equal(Video(frames, format="gif").to_value(), frames)


def test_many_colours_come_close() -> None:
    across = np.linspace(0, 255, 64)
    frame = np.stack(
        [np.tile(across, (64, 1)), np.tile(across[:, None], (1, 64)), np.full((64, 64), 9)]
    )
    read = Video(frame[None].astype(np.uint8), format="gif").to_value()[0].transpose(2, 0, 1)
    assert abs(read.astype(int) - frame).mean() < 8


@pytest.mark.parametrize(
    ("given_frames", "expected"),
    [
        (np.full((1, 1, 4, 4), 0.5), 128),
        (np.full((1, 1, 4, 4), 1.0, np.float32), 255),
        (np.full((1, 1, 4, 4), True), 255),
        (np.full((1, 1, 4, 4), 7), 7),
        (np.full((1, 1, 4, 4), 200.0), 200),
    ],
)
def test_numbers_of_other_kinds(given_frames, expected: int) -> None:
    assert (Video(given_frames, format="gif").to_value() == expected).all()


@pytest.mark.parametrize(
    ("value", "sentence", "drawn"),
    [(300.0, "from 300 to 300: clipped", 255), (-5, "clipped", 0), (np.nan, "NaN or infinity", 0)],
)
def test_values_that_cannot_be_shown_are_told(value, sentence, drawn) -> None:
    with pytest.warns(TrackerWarning, match=sentence):
        video = Video(np.full((1, 1, 4, 4), value), format="gif")
    assert (video.to_value() == drawn).all()


def test_transparent_is_white() -> None:
    frames = np.zeros((1, 4, 4, 4), np.uint8)
    frames[:, 3, :2] = 255
    read = Video(frames, format="gif").to_value()[0]
    assert read[:2].max() == 0
    assert read[2:].min() == 255


@pytest.mark.parametrize(("count", "rows", "columns"), [(1, 1, 1), (2, 1, 2), (3, 1, 4), (5, 2, 4)])
def test_several_videos_are_a_grid(count: int, rows: int, columns: int) -> None:
    videos = np.zeros((count, 2, 1, 6, 8), np.uint8)
    for place in range(count):
        videos[place] = (place + 1) * 40
    video = Video(videos, format="gif")
    assert (video.height, video.width) == (rows * 6, columns * 8)
    corners = video.to_value()[1, ::6, ::8, 0].ravel().tolist()
    assert corners == [(place + 1) * 40 if place < count else 0 for place in range(rows * columns)]


def test_without_a_format_it_is_a_gif_and_says_so() -> None:
    with pytest.warns(TrackerWarning, match="format='mp4' or format='gif'"):
        assert Video(frames_of(1, 3, 4, 4)).format == "gif"


def test_changing_the_array_afterwards_changes_nothing() -> None:
    frames = np.zeros((1, 1, 4, 4), np.uint8)
    video = Video(frames, format="gif")
    frames[:] = 255
    assert video.to_value().max() == 0


def test_a_gif_plays_50_frames_a_second_at_most() -> None:
    video = Video(frames_of(3, 1, 4, 4), format="gif", fps=100)
    with pytest.warns(TrackerWarning, match="at most 50 frames"):
        content = video.content
    assert Pil.open(io.BytesIO(content)).info["duration"] == 20
    assert video.to_value().shape[0] == 3


@pytest.mark.parametrize(
    ("given_data", "options", "sentence"),
    [
        (np.zeros((3, 4, 4)), {}, "at least 4 dimensions"),
        (np.zeros((1, 2, 4, 5)), {}, "expected 1, 3 or 4 channels"),
        (np.zeros((0, 3, 4, 4)), {}, "is no video"),
        (np.zeros((1, 3, 0, 4)), {}, "is no video"),
        (np.full((1, 3, 2, 2), "a"), {}, "is no video"),
        ([[1], [1, 2]], {}, "A list is no video"),
        (np.zeros((1, 1, 4, 4)), {"fps": 0}, "fps is 0"),
        (np.zeros((1, 1, 4, 4)), {"fps": -1}, "fps is -1"),
        (np.zeros((1, 1, 4, 4)), {"format": "avi"}, "accepts gif, mp4, webm, ogg formats"),
        ("missing.mp4", {"format": None}, "missing.mp4 cannot be used"),
        (io.BytesIO(b"GIF89a"), {"format": None}, "requires a `format` argument"),
        (io.BytesIO(b"rubbish"), {}, "is no gif"),
        (io.BytesIO(b"GIF89a"), {}, "gif cannot be used"),
        (io.BytesIO(b"rubbish"), {"format": "mp4"}, "is no mp4"),
        (io.BytesIO(b""), {}, "empty file"),
    ],
)
def test_what_is_none_is_told_in_a_sentence(given_data, options, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        Video(given_data, **{"format": "gif", **options})


def test_a_decompression_bomb_is_refused() -> None:
    head = b"GIF89a" + (60_000).to_bytes(2, "little") * 2 + b"\0\0\0"
    frame = b",\0\0\0\0" + (60_000).to_bytes(2, "little") * 2 + b"\0\2\0;"
    with pytest.raises(UsageError, match="decompression bomb"):
        Video(io.BytesIO(head + frame), format="gif")


# --- files


def test_a_file_is_kept_as_it_is(tmp_path: Path, keep) -> None:
    path = tmp_path / "a.GIF"
    pictures = [Pil.new("L", (5, 4), shade) for shade in (0, 255)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    for source in (path, str(path), io.BytesIO(path.read_bytes())):
        video = Video(source, format="gif")
        assert video.content == path.read_bytes()
        assert (video.width, video.height, video.frame_count) == (5, 4, 2)
        assert video.to_value()[:, 0, 0, 0].tolist() == [0, 255]
    assert keep(video) == video


def test_fps_of_a_file_is_told_to_be_unused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42")
    with pytest.warns(TrackerWarning, match="does not affect the frame rate"):
        assert Video(path, fps=10).fps is None


def test_a_missing_encoder_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(UsageError) as caught:
        Video(frames_of(1, 3, 4, 4), format="mp4")
    assert "imageio-ffmpeg" in str(caught.value)
    assert "pip install 'notebook-tracker[media]'" in str(caught.value)
    assert "format='gif'" in str(caught.value)


# --- FFmpeg


@pytest.mark.parametrize("format", ["mp4", "webm", "ogg"])
@pytest.mark.parametrize("shape", [(5, 3, 48, 64), (3, 1, 33, 45)])
def test_other_formats_come_close(keep, format: str, shape) -> None:
    pytest.importorskip("imageio_ffmpeg")
    shades = np.linspace(40, 200, shape[0]).astype(np.uint8)
    frames = np.broadcast_to(shades[:, None, None, None], shape)
    logged = Video(frames, fps=10, format=format)
    read = keep(logged)
    assert read == logged
    values = read.to_value()
    assert values.shape == (shape[0], shape[2], shape[3], 3)
    assert abs(values[:, 8:-8, 8:-8].astype(int) - shades[:, None, None, None]).max() < 12


@pytest.mark.parametrize("format", ["mp4", "webm", "ogg"])
def test_a_broken_file_is_told(format: str) -> None:
    pytest.importorskip("imageio_ffmpeg")
    marks = {"mp4": b"\0\0\0\x18ftypmp42", "webm": b"\x1aE\xdf\xa3", "ogg": b"OggS"}
    video = Video(io.BytesIO(marks[format] + bytes(50)), format=format)
    with pytest.raises(UsageError, match="cannot be decoded"):
        video.to_value()
