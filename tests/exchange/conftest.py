"""Runs of other programs: real files, and logs of W&B that a test writes record by record."""

from __future__ import annotations

import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.exchange import wire
from tracker.exchange.importing import Imported

STORED = Path(__file__).parent / "stored"
BLOCK = 32 * 1024


@pytest.fixture
def real(tmp_path: Path) -> Callable[[str], Path]:
    """A copy of stored real files."""

    def copied(name: str) -> Path:
        target = tmp_path / "elsewhere" / name
        source = STORED / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            return Path(shutil.copy(source, target))
        return Path(shutil.copytree(source, target))

    return copied


@pytest.fixture
def take(alone: Path) -> Callable[..., Imported]:
    """Imports into the test's store."""

    def take(source: Any, *args: Any, **options: Any) -> Imported:
        return tracker.import_runs(source, *args, dir=alone, **options)

    return take


@pytest.fixture
def api(alone: Path) -> tracker.Api:
    return tracker.Api(alone)


class Log:
    """A log of W&B, as its own program writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.number = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        self._write(struct.pack("<4sHB", b":W&B", 0xBEE1, 0))

    def add(self, kind: int, message: bytes) -> Log:
        self.number += 1
        self.append(wire.field(1, self.number) + wire.field(kind, message))
        return self

    def _write(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)
        self.size += len(data)

    def row(self, step: int, time_s: float, **values: str) -> Log:
        """Add a row of values that are JSON."""
        items = [*values.items(), ("_timestamp", repr(time_s))]
        message = b"".join(
            wire.field(1, wire.field(2, key) + wire.field(16, value)) for key, value in items
        )
        return self.add(2, message + wire.field(2, wire.field(1, step)))

    def run(self, run_id: str = "abc", project: str = "digits", **texts: str) -> Log:
        numbers = {"group": 6, "name": 8, "notes": 9}
        message = wire.field(1, run_id) + wire.field(3, project)
        message += b"".join(wire.field(numbers[key], text) for key, text in texts.items())
        return self.add(17, message + wire.field(17, wire.field(1, 1_700_000_000)))

    def exit(self, code: int = 0) -> Log:
        return self.add(18, wire.field(1, code) + wire.field(2, 7))

    def append(self, record: bytes) -> None:
        is_first = True
        while True:
            room = BLOCK - self.size % BLOCK
            if room < 7:
                self._write(bytes(room))
                continue
            piece, record = record[: room - 7], record[room - 7 :]
            kind = (1 if not record else 2) if is_first else (4 if not record else 3)
            checksum = zlib.crc32(bytes([kind]) + piece)
            self._write(struct.pack("<IHB", checksum, len(piece), kind) + piece)
            is_first = False
            if not record:
                return


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "wandb" / "offline-run-20231114_221320-abc" / "run-abc.wandb")
