"""Sources come from anybody, and imports are killed: nothing crashes, and no half run stays."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker.errors import TrackerError
from tracker.exchange import formats, wire
from tracker.exchange.choices import Choices
from tracker.store.writing.whole import FOLDER


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_none(data: bytes) -> None:
    try:
        found = wire.read(data)
    except wire.WireError:
        return
    for number in found:
        wire.text(found, number)
        wire.integer(found, number)
        wire.double(found[number][-1])


@given(st.dictionaries(st.integers(1, 1 << 20), st.integers(-(2**63), 2**63 - 1) | st.binary()))
def test_what_is_written_is_read(values: dict[int, Any]) -> None:
    data = b"".join(wire.field(number, value) for number, value in values.items())
    found = wire.read(data)
    assert {
        number: wire.signed(value[0]) if isinstance(value[0], int) else value[0]
        for number, value in found.items()
    } == values


def read_all(source: Path, format: str) -> int:
    """Read every item of every run, media included; return how many there are."""
    count = 0
    for run in formats.find(source, format, Choices()):
        for item in run.read(run):
            for value in getattr(item, "values", {}).values():
                if callable(value):
                    value()
            count += 1
    return count


@pytest.mark.parametrize(
    ("name", "format", "pattern"),
    [
        ("wandb", "wandb", "*.wandb"),
        ("wandb", "wandb", "*.json"),
        ("tensorboard", "tensorboard", "events*"),
        ("mlflow", "mlflow", "*.db"),
        ("mlflow", "mlflow", "meta.yaml"),
        ("trackio", "trackio", "*.db"),
    ],
)
def test_damaged_sources_say_so_and_never_crash(
    name: str, format: str, pattern: str, real: Callable[[str], Path]
) -> None:
    """Bytes of real files are changed, or the files cut, at random places."""
    source, chance = real(name), random.Random(pattern)
    whole = read_all(source, format)
    path = sorted(source.rglob(pattern))[0]
    data = path.read_bytes()
    outcomes = set()
    for _ in range(60):
        spoilt = bytearray(data[: chance.randrange(len(data))] if chance.random() < 0.3 else data)
        for _ in range(chance.choice([1, 4, 40])):
            if spoilt:
                spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        path.write_bytes(spoilt)
        try:
            outcomes.add(read_all(source, format) == whole)
        except TrackerError:
            outcomes.add(False)
    assert False in outcomes or pattern in ("*.json", "meta.yaml")


@pytest.mark.parametrize("seed", range(4))
def test_records_of_any_content_never_crash(seed: int, log: Any, real: Any) -> None:
    """Logs of W&B with right checksums, whose records are nonsense in one place each."""
    from tracker.exchange.sources.wandb_log import WandbLog

    (path,) = real("wandb").rglob("*.wandb")
    chance = random.Random(seed)
    log.run()
    for record in WandbLog(path).records():
        spoilt = bytearray(record)
        for _ in range(chance.choice([0, 1, 3])):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        log.append(bytes(spoilt))
    shutil.copytree(path.parent / "files", log.path.parent / "files")
    assert read_all(log.path, "wandb") > 0


PROGRAM = """
import sys, tracker
tracker.import_runs(sys.argv[1], project="p", dir=sys.argv[2])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_import_leaves_no_half_run(
    tmp_path: Path, alone: Path, take: Any, api: tracker.Api, stored: Any
) -> None:
    source = tmp_path / "long.csv"
    source.write_text("step,loss\n" + "".join(f"{i},{i}\n" for i in range(100_000)))
    begun = alone / ".tracker" / FOLDER
    command = [sys.executable, "-c", PROGRAM, str(source), str(alone)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as program:
        while not any(begun.glob("*.journal")) and program.poll() is None:
            pass
        program.send_signal(signal.SIGKILL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runs = tracker.sql("select run_id from runs", dir=alone)
    assert len(runs) == 0
    assert take(source, project="p").outcomes == {"new": 1}
    (run,) = api.runs("p")
    assert run.state == "finished"
    assert len(stored.values(run, "loss")) == 100_000
    assert [path.name for path in begun.iterdir()] == ["lock"]
