"""A lock keeps others out, and is free when its holder is gone, however it went."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from tracker.errors import StoreError
from tracker.store.files import lock

from .logbook import launch


def test_a_lock_is_free_when_its_holder_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.touch()
    holder = lock.seize(path)
    assert holder is not None
    assert lock.seize(path) is None
    lock.close(holder)
    again = lock.seize(path)
    assert again is not None
    lock.close(again)
    lock.close(again)  # once more is nothing
    assert lock.seize(tmp_path / "missing") is None


def test_a_lock_is_free_when_its_holder_dies(tmp_path: Path) -> None:
    path = tmp_path / "x"
    child = launch("lock", path, stdout=-1)
    assert child.stdout is not None
    assert child.stdout.readline() == b"locked\n"
    assert lock.seize(path) is None
    child.send_signal(signal.SIGKILL)
    child.wait(30)
    child.stdout.close()
    with lock.locked(path):
        pass


def test_a_file_that_was_removed_meanwhile_is_not_seized(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.touch()
    holder = os.open(path, os.O_RDWR)
    path.unlink()
    os.close(holder)
    assert lock.seize(path) is None


def test_several_may_share_and_one_alone_may_write(tmp_path: Path) -> None:
    path = tmp_path / "x"
    alone, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with lock.locked(path):
            alone.set()
            go_on.wait(30)

    with lock.locked(path, shared=True), lock.locked(path, shared=True):
        writer = threading.Thread(target=write)
        writer.start()
        assert not alone.wait(0.1)
    assert alone.wait(30)
    assert lock.seize(path) is None
    go_on.set()
    writer.join(30)


def test_an_error_in_the_block_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(KeyError), lock.locked(tmp_path / "x"):
        raise KeyError
    with lock.locked(tmp_path / "x"):
        pass


def test_a_lock_in_no_folder_is_a_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match="cannot be had: No such file"),
        lock.locked(tmp_path / "none" / "x"),
    ):
        pass
