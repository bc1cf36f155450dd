"""Runs of TensorBoard: real event files, and what may be wrong with one."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.errors import UsageError
from tracker.exchange import wire
from tracker.exchange.elsewhere import LOST
from tracker.exchange.tensorboard_events import Events, follow
from tracker.exchange.tfrecord import TfRecords, join, masked_checksums

PIXELS = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)


@pytest.fixture
def runs(real: Any, take: Any, api: tracker.Api) -> dict[str, Any]:
    """The stored runs of TensorBoard, imported."""
    assert str(take(real("tensorboard"))) == "4 runs imported."
    return {run.name: run for run in api.runs("tensorboard")}


def test_each_folder_is_a_run(runs: dict[str, Any]) -> None:
    assert set(runs) == {"first", "first/acc_train", "first/acc_val", "first/hparams"}
    assert {run.state for run in runs.values()} == {"finished"}
    assert runs["first"].record.created_at.timestamp() == pytest.approx(1795673388.97202)


def test_scalars_are_as_they_were(runs: dict[str, Any], stored: Any) -> None:
    losses = [(s, v) for key, s, v in stored.points(runs["first"]) if key == "loss"]
    assert losses == [(i, float(np.float32(1 / (i + 1)))) for i in range(5)]
    assert stored.points(runs["first/acc_val"]) == [("acc", 3, 0.25)]


def test_hyperparameters_are_the_config(runs: dict[str, Any], stored: Any) -> None:
    assert runs["first/hparams"].config == {"lr": 0.1, "opt": "adam", "flag": 1.0}
    assert stored.values(runs["first/hparams"], "best") == [float(np.float32(0.9))]


def test_media_are_as_they_were(runs: dict[str, Any]) -> None:
    run = runs["first"]
    assert (run.get("picture", 2).to_value() == PIXELS).all()
    assert run.get("note", 4).text == "some **text**"
    assert run.get("sound", 2).sample_rate == 8000
    assert run.get("exact", 1).histogram == [1, 0, 2, 1]
    weights = run.get("weights", 1)
    assert (sum(weights.histogram), weights.bins[0], weights.bins[-1]) == (4, 0, 2)


def test_curves_are_charts(runs: dict[str, Any]) -> None:
    table = runs["first"].get("pr", 0).table
    assert table.columns == ["recall", "precision"]
    assert table.data == [[1.0, 1.0], [1.0, 0.5]]


def test_what_is_not_known_is_counted(tmp_path: Path, take: Any, warns_once: Any) -> None:
    told = wire.field(9, wire.field(1, wire.field(1, "mesh")))
    value = wire.field(1, "shape") + wire.field(8, b"") + told
    record = wire.field(1, 1.7e9) + wire.field(5, wire.field(1, value))
    (tmp_path / "x.tfevents").write_bytes(join([record]))
    with warns_once(r"Not kept: values of the plugin mesh \(1\)"):
        take(tmp_path / "x.tfevents")


def test_second_import_adds_nothing(runs: dict[str, Any], take: Any, tmp_path: Path) -> None:
    assert len(runs) == 4
    assert take(tmp_path / "elsewhere" / "tensorboard").outcomes == {"unchanged": 4}


def event(time_s: float, step: int, tag: str, value: float) -> bytes:
    scalar = wire.field(1, tag) + wire.single_field(2, value)
    summary = wire.field(5, wire.field(1, scalar))
    return join([wire.field(1, time_s) + wire.field(2, step) + summary])


def test_file_that_grew_adds_what_is_new(
    tmp_path: Path, take: Any, api: tracker.Api, stored: Any
) -> None:
    file = tmp_path / "logs" / "run" / "events.out.tfevents.1700000000.host.1.0"
    file.parent.mkdir(parents=True)
    data = event(1.7e9, 0, "loss", 0.5)
    file.write_bytes(data)
    take(tmp_path / "logs")
    file.write_bytes(data + event(1.7e9 + 1, 1, "loss", 0.25))
    assert take(tmp_path / "logs", project="logs").outcomes == {"grown": 1}
    (run,) = api.runs("logs")
    assert stored.rows(run) == {0: {"loss": 0.5}, 1: {"loss": 0.25}}


def test_steps_and_times_that_are_odd(
    tmp_path: Path, take: Any, api: tracker.Api, stored: Any
) -> None:
    file = tmp_path / "x.tfevents"
    steps = [5, 5, 3, -1, 2**40]
    file.write_bytes(b"".join(event(1.7e9, s, "loss", i) for i, s in enumerate(steps)))
    take(file, name="odd")
    (run,) = api.runs(tmp_path.name)
    assert [(s, v) for _, s, v in stored.points(run)] == list(zip(steps, range(5), strict=True))


def test_checksums_are_those_of_the_format() -> None:
    # From the CRC-32C's own tests in RFC 3720, masked as TensorFlow does.
    def masked(crc: int) -> int:
        return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF

    rows = np.stack([np.zeros(32, np.uint8), np.full(32, 255, np.uint8)])
    assert masked_checksums(rows).tolist() == [masked(0x8A9136AA), masked(0x62A8AB43)]


def read_all(path: Path) -> tuple[list[bytes], TfRecords]:
    log = TfRecords(path)
    records = list(log.records())
    for found in follow(iter(records), Events()):
        for value in found.values.values():
            made = value() if callable(value) else value
            assert made is LOST or made is not None
    return records, log


def test_file_cut_anywhere_gives_what_was_before(real: Any, tmp_path: Path) -> None:
    (path,) = real("tensorboard").glob("first/hparams/*")
    data = path.read_bytes()
    whole, _ = read_all(path)
    for length in range(len(data)):
        cut = tmp_path / "cut"
        cut.write_bytes(data[:length])
        records, log = read_all(cut)
        assert records == whole[: len(records)]
        assert log.damaged == 0
        assert log.is_torn or sum(len(each) + 16 for each in records) == length


def test_file_that_grows_by_bytes_gives_each_record_once(real: Any, tmp_path: Path) -> None:
    (path,) = real("tensorboard").glob("first/hparams/*")
    whole, _ = read_all(path)
    data = path.read_bytes()
    log = TfRecords(tmp_path / "growing")
    found = []
    with log.path.open("wb", buffering=0) as file:
        for place in range(len(data)):
            file.write(data[place : place + 1])
            found += log.records()
            assert not log.damaged
    assert found == whole
    assert not log.is_torn


def test_end_that_is_seen_before_its_bytes_are_there_is_waited_for(tmp_path: Path) -> None:
    """As on shared disks, where zeros stand there first."""
    first, second = event(1.7e9, 0, "loss", 0.5), event(1.7e9, 1, "loss", 0.25)
    path = tmp_path / "x.tfevents"
    path.write_bytes(first + bytes(len(second)))
    file = tracker.EventFile(path)
    assert [found.step for found in file.read()] == [0]
    assert file.lost == {"damaged records": 1}
    path.write_bytes(first + second)
    assert [(found.step, found.values) for found in file.read()] == [(1, {"loss": 0.25})]
    assert not file.lost


def test_record_is_not_read_again_by_whom_the_one_before_it_was_too_much(tmp_path: Path) -> None:
    path = tmp_path / "x.tfevents"
    path.write_bytes(b"".join(event(1.7e9, step, "loss", step) for step in range(5)))
    file = tracker.EventFile(path)
    assert next(file.read()).step == 0
    assert [found.step for found in file.read()] == [1, 2, 3, 4]


def test_file_damaged_anywhere_gives_what_can_be_read(real: Any, tmp_path: Path) -> None:
    (path,) = real("tensorboard").glob("first/hparams/*")
    data = path.read_bytes()
    whole, _ = read_all(path)
    for place in range(len(data)):
        spoilt = bytearray(data)
        spoilt[place] ^= 0x5A
        (tmp_path / "spoilt").write_bytes(spoilt)
        records, log = read_all(tmp_path / "spoilt")
        assert set(records) < set(whole)
        assert log.damaged or log.is_torn


def test_events_of_any_bytes_never_crash(real: Any) -> None:
    """With right checksums: a program that writes nonsense."""
    (path,) = real("tensorboard").glob("first/events*")
    whole, _ = read_all(path)
    chance = random.Random(0)
    lost: Counter[str] = Counter()
    for _ in range(3000):
        spoilt = bytearray(chance.choice(whole))
        for _ in range(chance.randint(1, 4)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        for found in follow(iter([bytes(spoilt)]), Events(lost)):
            for value in found.values.values():
                _ = value() if callable(value) else value
    assert lost["events that cannot be read"] > 100


def test_folder_without_event_files_is_said(tmp_path: Path, take: Any) -> None:
    with pytest.raises(UsageError, match="has no runs of the format tensorboard"):
        take(tmp_path, "tensorboard")
