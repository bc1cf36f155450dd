"""A journal keeps what was appended, in order, whatever happens to the process or the file."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.errors import StoreError, UsageError
from tracker.store.journal import facts, frames, journal
from tracker.store.journal.archive import archived, keep, unpack
from tracker.store.journal.frames import SegmentReader, is_unborn
from tracker.store.journal.journal import JournalWriter

from .logbook import begin


class Read(NamedTuple):
    got: list[bytes]
    damaged: list[tuple[int, int]]
    position: int
    is_torn: bool


def read_all(path: Path, limit: int = 1 << 20, *, is_final: bool = False) -> Read:
    reader = SegmentReader(path)
    got: list[bytes] = []
    begun_at = -1
    while reader.position != begun_at:
        begun_at = reader.position
        got += reader.payloads(limit, is_final=is_final)
    is_torn = any(reader.is_torn(*stretch) for stretch in reader.damaged)
    reader.close()
    return Read(got, reader.damaged, reader.position, is_torn)


def make(folder: Path, *payloads: bytes) -> Path:
    path = folder / "made.journal"
    path.write_bytes(b"".join(map(frames.frame, payloads)))
    return path


# --- writing


def test_what_was_appended_is_in_the_file_when_append_returns(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path)
    writer.open_segment(begin())
    sizes = [writer.segments[0].stat().st_size]
    for step in range(5):
        writer.append(facts.Row(1, step, 0, [0.5]))
        sizes.append(writer.segments[0].stat().st_size)
    assert sizes == sorted(set(sizes))
    assert writer.size == sizes[-1]
    assert len(read_all(writer.segments[0]).got) == 6
    writer.close()


def test_append_many_is_append_of_each(tmp_path: Path) -> None:
    said = [facts.Row(1, step, 0, [step]) for step in range(20)]
    one, many = JournalWriter(tmp_path), JournalWriter(tmp_path)
    for writer in (one, many):
        writer.open_segment(begin())
    for fact in said:
        one.append(fact)
    many.append_many(list(said))
    many.append_many([])
    assert one.segments[0].read_bytes() == many.segments[0].read_bytes()
    assert one.size == many.size
    one.close()
    many.close()


def test_only_its_owner_may_look_into_a_journal(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "store" / "journal")
    writer.open_segment(begin())
    keep(writer.segments[0])
    (packed,) = archived(tmp_path / "store" / "journal")[writer.stem]
    assert stat.S_IMODE(writer.segments[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(packed.stat().st_mode) == 0o600
    for folder in (packed.parent, packed.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    writer.close()


def test_journals_sort_by_the_time_they_were_begun_even_if_the_clock_is_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stems = []
    for now_ns in (2_000, 1_000, 3_000, 1, 1):
        monkeypatch.setattr(time, "time_ns", lambda now_ns=now_ns: now_ns)
        writer = JournalWriter(tmp_path)
        writer.open_segment(begin())
        writer.close()
        stems.append(writer.stem)
        keep(writer.segments[0])
        writer.segments[0].unlink()
    assert stems == sorted(stems)
    assert len(set(stems)) == len(stems)


@pytest.mark.parametrize("name", ["99999999999999999999-aa", "notes", "12-ab", "-", "½-a"])
def test_strange_file_names_do_not_spoil_the_order(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.000000.journal").touch()
    writer = JournalWriter(tmp_path)
    stamp, _, _ = writer.stem.partition("-")
    assert len(stamp) == 20
    assert abs(int(stamp) - time.time_ns()) < 60e9


def test_segments_of_a_journal_follow_each_other(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path)
    for number in range(12):
        writer.open_segment(begin(segment=number))
    assert journal.stems(tmp_path) == {writer.stem: writer.segments}
    writer.release(writer.segments[0])
    assert len(writer.segments) == 11
    writer.close()


def test_a_segment_that_cannot_be_made_leaves_the_open_one_as_it_is(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path)
    writer.open_segment(begin())
    (tmp_path / f"{writer.stem}.000001.journal").touch()
    with pytest.raises(FileExistsError):
        writer.open_segment(begin(segment=1))
    (tmp_path / f"{writer.stem}.000001.journal").unlink()
    writer.append(facts.Row(1, 0, 0, [1]))
    assert len(read_all(writer.segments[-1]).got) == 2
    writer.open_segment(begin(segment=1))
    assert len(writer.segments) == 2
    writer.close()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"folder .* cannot be made"):
        JournalWriter(tmp_path / "file" / "journal")


def test_a_row_too_large_to_be_read_again_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MAX_FRAME_BYTES", 1000)
    writer = JournalWriter(tmp_path)
    writer.open_segment(begin())
    with pytest.raises(UsageError, match="expected at most 1,000"):
        writer.append(facts.Row(1, 0, 0, ["x" * 1000]))
    with pytest.raises(UsageError, match="expected at most 1,000"):
        writer.append_many([facts.Row(1, 0, 0, ["x" * 1000])])
    writer.append(facts.Row(1, 0, 0, ["x"]))
    assert len(read_all(writer.segments[0]).got) == 2
    writer.close()


def test_fsync_writes_the_same(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, fsync=True)
    writer.open_segment(begin())
    writer.append(facts.Row(1, 0, 0, [1]))
    writer.append_many([facts.Row(1, 1, 0, [1])])
    assert len(read_all(writer.segments[0]).got) == 3
    writer.close()


def test_a_full_disk_leaves_whole_frames_only(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = JournalWriter(tmp_path)
    writer.open_segment(begin())
    written = 0
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
        with pytest.raises(OSError, match="File too large"):
            for step in range(1000):
                writer.append(facts.Row(1, step, 0, ["x" * 300]))
                written += 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert writer.size == writer.segments[0].stat().st_size
    writer.append(facts.Row(1, written, 0, ["after"]))
    reader = read_all(writer.segments[0], is_final=True)
    assert len(reader.got) == written + 2
    assert reader.damaged == []
    writer.close()


# --- reading

some_payloads = st.lists(st.binary(min_size=1, max_size=60), max_size=12)


@given(some_payloads, st.integers(1, 200))
@settings(deadline=None)
def test_any_window_gives_the_same_frames(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], limit: int
) -> None:
    path = make(tmp_path_factory.mktemp("j"), *payloads)
    reader = read_all(path, limit)
    assert reader.got == payloads
    assert reader.position == path.stat().st_size


def test_a_frame_under_way_is_waited_for(tmp_path: Path) -> None:
    whole = make(tmp_path, b"first", b"second").read_bytes()
    path = tmp_path / "growing.journal"
    reader = None
    got: list[bytes] = []
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        reader = reader or SegmentReader(path)
        got += reader.payloads(1000)
        assert reader.damaged == []
    assert got == [b"first", b"second"]
    reader.close()


@pytest.mark.parametrize("limit", [1, 30, 1 << 20])
def test_every_flipped_byte_costs_no_more_than_its_frame(tmp_path: Path, limit: int) -> None:
    payloads = [bytes([65 + number]) * number for number in range(1, 9)]
    path = make(tmp_path, *payloads)
    whole = path.read_bytes()
    ends = [len(b"".join(map(frames.frame, payloads[: n + 1]))) for n in range(len(payloads))]
    for place in range(len(whole)):
        hit = next(n for n, end in enumerate(ends) if place < end)
        for flipped in (0, 0xFF, whole[place] ^ 1):
            if flipped == whole[place]:
                continue
            path.write_bytes(whole[:place] + bytes([flipped]) + whole[place + 1 :])
            reader = read_all(path, limit, is_final=True)
            assert reader.got == payloads[:hit] + payloads[hit + 1 :]
            assert reader.damaged == [(ends[hit - 1] if hit else 0, ends[hit])]
            assert not reader.is_torn or hit == len(payloads) - 1
            assert reader.position == len(whole)


def test_every_truncation_costs_no_more_than_the_frame_cut(tmp_path: Path) -> None:
    payloads = [b"a" * 5, b"d", b"b" * 30, b"c"]
    path = make(tmp_path, *payloads)
    whole = path.read_bytes()
    ends = [0, *(len(b"".join(map(frames.frame, payloads[: n + 1]))) for n in range(4))]
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        reader = read_all(path, 20, is_final=True)
        intact = max(n for n, end in enumerate(ends) if end <= size)
        assert reader.got == payloads[:intact]
        assert reader.damaged == ([] if size in ends else [(ends[intact], size)])
        assert reader.is_torn == (size not in ends)


def test_a_stretch_of_zeroes_longer_than_the_window_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "SEARCH_BYTES", 64)
    path = tmp_path / "hole.journal"
    path.write_bytes(frames.frame(b"a") + bytes(1000) + frames.frame(b"b"))
    reader = read_all(path, 50)  # also while it is being written
    assert reader.got == [b"a", b"b"]
    assert reader.damaged == [(11, 1011)]


def test_the_magic_followed_by_zeroes_is_no_frame(tmp_path: Path) -> None:
    path = tmp_path / "zeroed.journal"
    path.write_bytes(frames.MAGIC + bytes(30) + frames.frame(b"a"))
    assert read_all(path).got == [b"a"]


def test_a_length_that_points_beyond_the_end_does_not_hide_what_follows(tmp_path: Path) -> None:
    path = make(tmp_path, b"a", b"b", b"c")
    data = bytearray(path.read_bytes())
    data[11 + 2 : 11 + 6] = (1 << 29).to_bytes(4, "little")
    path.write_bytes(data)
    assert read_all(path).got == [b"a", b"c"]


def test_reading_goes_on_from_a_watermark(tmp_path: Path) -> None:
    payloads = [b"a", b"bb", b"c", b"dddd"]
    path = make(tmp_path, *payloads)
    ends = [0, 11, 23, 34, 48]
    for taken, end in enumerate(ends):
        reader = SegmentReader(path)
        assert list(reader.skip_to(end)) == payloads[:taken]
        assert list(reader.payloads(1000)) == payloads[taken:]
        reader.close()


def test_a_watermark_within_a_frame_means_that_the_frame_is_still_to_be_taken_in(
    tmp_path: Path,
) -> None:
    path = make(tmp_path, b"aaaa", b"bbbb", b"cccc")
    for watermark in range(15, 28):
        reader = SegmentReader(path)
        assert list(reader.skip_to(watermark)) == [b"aaaa"]
        assert list(reader.payloads(1000)) == [b"bbbb", b"cccc"]
        assert reader.damaged == []
        reader.close()


def test_damage_before_the_watermark_is_not_told_again(tmp_path: Path) -> None:
    path = make(tmp_path, b"aaaa", b"bbbb", b"cccc")
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)
    for watermark in (28, 42):
        reader = SegmentReader(path)
        list(reader.skip_to(watermark))
        rest = list(reader.payloads(1000, is_final=True))
        assert rest == ([b"cccc"] if watermark == 28 else [])
        assert reader.damaged == []
        reader.close()


def test_a_watermark_beyond_the_end_of_a_shrunken_file_reads_nothing(tmp_path: Path) -> None:
    path = make(tmp_path, b"aaaa")
    reader = SegmentReader(path)
    list(reader.skip_to(500))
    assert list(reader.payloads(1000, is_final=True)) == []
    reader.close()


# --- unborn, and put away


def test_a_segment_is_unborn_until_its_first_frame_is_whole(tmp_path: Path) -> None:
    whole = make(tmp_path, b"begin", b"row").read_bytes()
    path = tmp_path / "cut.journal"
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        assert is_unborn(path) == (size < 15)


@pytest.mark.parametrize("content", [bytes(40), b"text" * 10, b"\0", b"\xd7K" + bytes(20)])
def test_what_is_no_beginning_of_a_frame_is_damage_and_not_unborn(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "x.journal"
    path.write_bytes(content)
    assert not is_unborn(path)


def test_a_damaged_first_frame_is_not_unborn(tmp_path: Path) -> None:
    path = make(tmp_path, b"begin")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert not is_unborn(path)
    # nor is one that seems cut, if frames follow it
    data = bytearray(make(tmp_path, b"begin", b"row").read_bytes())
    data[4] = 9
    path.write_bytes(data)
    assert not is_unborn(path)


def test_a_kept_journal_comes_back_as_it_was(tmp_path: Path) -> None:
    path = make(tmp_path, *[os.urandom(5000) for _ in range(50)])
    keep(path)
    keep(path)  # again, after having been interrupted
    ((packed,),) = archived(tmp_path).values()
    assert unpack(packed, tmp_path / "archive").read_bytes() == path.read_bytes()
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == [path.name]


def test_a_journal_that_another_process_has_put_away_is_nothing_to_complain_of(
    tmp_path: Path,
) -> None:
    keep(tmp_path / "gone.journal")
    assert archived(tmp_path) == {}


def test_a_copy_that_cannot_be_written_leaves_no_half_of_it(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = make(tmp_path, os.urandom(50_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
        with pytest.raises(OSError, match="File too large"):
            keep(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert archived(tmp_path) == {}
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == [path.name]


def test_values_of_all_kinds_survive(tmp_path: Path) -> None:
    values: list[Any] = [1.5, -(2**63), 2**64 - 1, True, None, "é\0", [1, [2]], {"a": {"b": 1}}]
    writer = JournalWriter(tmp_path)
    writer.open_segment(begin())
    writer.append(facts.Row(1, 0, 0, values))
    payload = read_all(writer.segments[0]).got[1]
    assert journal.msgspec.msgpack.decode(payload, type=facts.Fact).values == values
    writer.close()
