from __future__ import annotations

import io
import struct
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tracker.errors import TrackerWarning, UsageError
from tracker.media.audio import Audio
from tracker.media.loading import load_value
from tracker.media.wav import read_header, read_wav, write_wav

DTYPES = [np.float64, np.float32, np.uint8, np.int16, np.int32]
SHAPES = st.one_of(st.tuples(st.integers(1, 40)), st.tuples(st.integers(1, 40), st.integers(2, 32)))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: npst.arrays(
            dtype,
            SHAPES,
            elements=st.floats(-1, 1, width=np.dtype(dtype).itemsize * 8)
            if np.dtype(dtype).kind == "f"
            else None,
        )
    ),
    st.integers(1, 2**32 - 1),
)
def test_samples_come_back_as_they_were(keep_many, samples, sample_rate: int) -> None:
    logged = Audio(samples, sample_rate, caption="c")
    read = keep_many(logged)
    assert read == logged
    values, rate = read.to_value()
    assert rate == sample_rate
    assert np.array_equal(values, samples)
    assert values.dtype == samples.dtype or samples.dtype == np.float64
    assert read.duration_s == len(samples) / sample_rate


def test_halves_of_numbers_keep_their_value() -> None:
    samples = np.array([0.5, -0.25], np.float16)
    assert Audio(samples, 10).data.tolist() == [0.5, -0.25]


def test_floats_of_64_bits_that_fit_into_32_are_kept_so() -> None:
    assert Audio(np.array([0.5, 0.25]), 10).data.dtype == np.float32
    assert Audio(np.array([0.1, 0.2]), 10).data.dtype == np.float64


@pytest.mark.parametrize(
    ("given_data", "dtype"),
    [
        ([0, 100, -100], np.int16),
        ([0, 100_000], np.int32),
        ([0.5, 0.5], np.float32),
        (np.array([1, 2], np.uint16), np.int16),
        (np.array([1, 2], np.int8), np.int16),
    ],
)
def test_lists_and_other_numbers(given_data, dtype) -> None:
    data = Audio(given_data, 10).data
    assert data.dtype == dtype
    assert data.tolist() == list(given_data)


def test_channels_first_where_it_can_only_be_that() -> None:
    samples = np.zeros((2, 1000), np.int16)
    samples[1] = 7
    audio = Audio(samples, 10)
    assert audio.channels == 2
    assert audio.data[0].tolist() == [0, 7]


def test_the_file_is_wav_for_other_programs() -> None:
    with wave.open(
        io.BytesIO(Audio(np.arange(6, dtype=np.int16).reshape(3, 2), 8000).content)
    ) as w:
        assert (w.getnchannels(), w.getframerate(), w.getnframes(), w.getsampwidth()) == (
            2, 8000, 3, 2,
        )  # fmt: skip


def test_playable_is_16_bits(recwarn) -> None:
    loud = Audio(np.array([0.1, 5.0, -5.0, np.nan, np.inf]), 10)
    samples, rate = read_wav(loud.playable())
    assert samples.tolist() == [3277, 32767, -32767, 0, 32767]
    assert rate == 10
    wide = Audio(np.array([2**31 - 1, -(2**31)], np.int32), 10)
    assert read_wav(wide.playable())[0].tolist() == [32767, -32768]
    short = Audio(np.array([1], np.int16), 10)
    assert short.playable() == short.content


def test_nan_and_loud_values_are_told_and_kept() -> None:
    with pytest.warns(TrackerWarning, match="NaN or infinity"):
        assert np.isnan(Audio([0.1, float("nan")], 10).data[1])
    with pytest.warns(TrackerWarning, match="beyond -1 and 1"):
        assert Audio([2.0], 10).data.tolist() == [2.0]


def test_changing_the_array_afterwards_changes_nothing() -> None:
    samples = np.zeros(5, np.float32)
    audio = Audio(samples, 10)
    samples[:] = 1
    assert audio.data.tolist() == [0] * 5


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([0.1],), 'Argument "sample_rate" is required when instantiating tracker.Audio'),
        (([0.1], 0), "sample_rate is 0"),
        (([0.1], 2.5), "sample_rate is 2.5"),
        (([0.1], True), "sample_rate is True"),
        (([0.1], "8000"), "sample_rate is '8000'"),
        (([0.1], float("nan")), "sample_rate is nan"),
        (([], 10), r"shape \(0,\)"),
        ((np.zeros((2, 2, 2)), 10), r"shape \(2, 2, 2\)"),
        ((np.zeros((40, 40)), 10), "at most 32 channels"),
        ((np.array(0.5), 10), r"shape \(\)"),
        ((np.array([True]), 10), "dtype bool"),
        ((["a"], 10), "is no audio"),
        (([[0.1], [0.1, 0.2]], 10), "A list is no audio"),
        ((np.array([1j]), 10), "dtype complex128"),
        (([2**40], 10), "at most 32 bits"),
        (("s3://bucket/a.wav",), "reference to external storage"),
        (("missing.wav",), "missing.wav cannot be used: No such file"),
        ((io.BytesIO(b""),), "empty file"),
        ((io.BytesIO(b"\x89PNG rubbish"),), "none of wav, flac"),
        ((io.BytesIO(b"RIFF\0\0\0\0WAVE"),), "holds no sound"),
        ((io.BytesIO(b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd"),), "does not say how it is encoded"),
    ],
)
def test_what_is_none_is_told_in_a_sentence(arguments, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        Audio(*arguments)


# --- files


def test_a_file_is_kept_as_it_is(tmp_path: Path, objects) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(3)
        w.setframerate(100)
        w.writeframes(b"\0\0\x80" + b"\xff\xff\x7f" + b"\1\0\0")
    for source in (path, str(path), path.open("rb"), io.BytesIO(path.read_bytes())):
        audio = Audio(source, caption="c")
        assert audio.content == path.read_bytes()
        assert (audio.sample_rate, audio.channels, audio.duration_s) == (100, 1, 0.03)
        if hasattr(source, "close"):
            source.close()
    assert audio.data.tolist() == [-(2**23), 2**23 - 1, 1]
    assert audio.playable() == audio.content
    reference = audio.to_reference(objects.put_bytes)
    assert reference["_type"] == "audio-file"
    assert load_value(reference, objects)[1] == 100


def test_other_formats_are_known_by_their_content(objects) -> None:
    audio = Audio(io.BytesIO(b"fLaC" + bytes(20)), sample_rate=100)
    reference = audio.to_reference(objects.put_bytes)
    assert reference["format"] == "flac"
    assert reference["sample_rate"] == 100
    assert "duration_s" not in reference
    assert audio.playable() == audio.content


def test_a_missing_decoder_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    audio = Audio(io.BytesIO(b"fLaC" + bytes(20)))
    with pytest.raises(UsageError, match=r"soundfile.*pip install 'notebook-tracker\[media\]'"):
        audio.to_value()


def test_flac_comes_back(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    samples = np.array([0, 100, -100], np.int16)
    soundfile.write(tmp_path / "a.flac", samples, 100)
    values, rate = Audio(tmp_path / "a.flac").to_value()
    assert rate == 100
    assert (values * 32768).tolist() == samples.tolist()


@given(st.binary(max_size=80))
def test_rubbish_after_the_mark_is_told(rubbish: bytes) -> None:
    content = b"RIFF\0\0\0\0WAVE" + rubbish
    try:
        read_wav(content)
    except UsageError:
        return
    assert read_header(content).size <= len(content)


def test_sizes_beyond_the_end_are_not_believed() -> None:
    content = bytearray(write_wav(np.arange(4, dtype=np.int16), 10))
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", 2**32 - 1)
    assert read_wav(bytes(content))[0].tolist() == [0, 1, 2, 3]


def test_extensible_and_unknown_encodings() -> None:
    plain = write_wav(np.arange(4, dtype=np.int16), 10)
    head = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 10, 20, 2, 16, 22, 16, 0)
    wide = head + struct.pack("<H", 1) + bytes(14)
    chunk = b"fmt " + struct.pack("<I", len(wide)) + wide
    content = plain[:12] + chunk + plain[36:]
    assert read_wav(content)[0].tolist() == [0, 1, 2, 3]
    other = content.replace(head + struct.pack("<H", 1), head + struct.pack("<H", 2))
    audio = Audio(io.BytesIO(other))
    assert audio.duration_s == 8 / 20
    with pytest.raises(UsageError, match="not read here"):
        audio.to_value()
