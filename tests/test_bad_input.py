"""Bad input: each is a clear error or one warning, and nothing else is lost.

Each case is carried out between two good rows, both of which must be stored.
"""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.errors import (
    ConfigError,
    NotFoundError,
    SchemaTooNewError,
    StoreError,
    TrackerWarning,
    UsageError,
)
from tracker.store.store import Store

MEGABYTE = 1_000_000


class NastyError(Exception):
    def __str__(self):
        raise RuntimeError("an error that cannot be shown")


class BadFloat:
    def __float__(self):
        raise OverflowError("too large")


class BadText:
    def __str__(self):
        raise NastyError


class BadArray:
    shape = (3,)

    def tolist(self):
        raise MemoryError("device lost")


class BadShape:
    @property
    def shape(self):
        raise RuntimeError("deleted")


class BadItems(Mapping):
    def __getitem__(self, key):
        raise KeyError(key)

    def __iter__(self):
        raise RuntimeError("no keys")

    def __len__(self):
        return 1


class BadKey:
    def __str__(self):
        raise NastyError

    __repr__ = __str__


def circle() -> dict[str, Any]:
    made: dict[str, Any] = {"a": 1}
    made["self"] = made
    made["again"] = [made, made]
    return made


def circular_list() -> list[Any]:
    made: list[Any] = [1]
    made += [made, made]
    return made


def deep(depth: int) -> Any:
    made: Any = "bottom"
    for _ in range(depth):
        made = [made]
    return made


@dataclass
class Logged:
    """A row that is warned of once, and what is stored of it."""

    row: Callable[[], Any]
    sentence: str
    stored: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


LOGGED = {
    "a number": Logged(lambda: 0.5, "log() was given a float", {"value": 0.5}),
    "a list": Logged(lambda: [1, 2], "log() was given a list", {"value": [1, 2]}),
    "None": Logged(lambda: None, "log() was given a NoneType", {"value": None}),
    "a key that is a number": Logged(lambda: {1: 2}, "of type int: keys are strings", {"1": 2}),
    "a key that is None": Logged(lambda: {None: 2}, "of type NoneType", {"None": 2}),
    "a key that is a pair": Logged(lambda: {(1, "a"): 2}, "of type tuple", {"(1, 'a')": 2}),
    "a key that is NaN": Logged(lambda: {math.nan: 2}, "of type float", {"nan": 2}),
    "a key that is bytes": Logged(lambda: {b"k": 2}, "of type bytes", {"k": 2}),
    "a key without text": Logged(lambda: {BadKey(): 2}, "BadKey"),
    "_step": Logged(lambda: {"_step": 7, "y": 1}, "'_step' belongs to tracker", {"y": 1}),
    "_runtime": Logged(lambda: {"_runtime": 7.5, "y": 1}, "'_runtime' belongs", {"y": 1}),
    "_timestamp": Logged(lambda: {"_timestamp": 7, "y": 1}, "'_timestamp' belongs", {"y": 1}),
    "an object": Logged(lambda: {"y": ValueError("bad")}, "type ValueError", {"y": "bad"}),
    "a generator": Logged(lambda: {"y": (n for n in [1])}, "type generator"),
    "a lock": Logged(lambda: {"y": __import__("threading").Lock()}, "type lock"),
    "a float that fails": Logged(
        lambda: {"y": BadFloat(), "z": 1}, "could not be read (OverflowError: too large)",
        {"z": 1},
    ),
    "a text that fails": Logged(lambda: {"y": BadText(), "z": 1}, "BadText could not be", {"z": 1}),
    "a list that fails": Logged(lambda: {"y": BadArray(), "z": 1}, "device lost", {"z": 1}),
    "a shape that fails": Logged(lambda: {"y": BadShape(), "z": 1}, "deleted", {"z": 1}),
    "items that fail": Logged(lambda: {"y": BadItems(), "z": 1}, "no keys", {"z": 1}),
    "a row that fails": Logged(BadItems, "no keys"),
    "a dict in itself": Logged(circle, "A value contains itself", {"a": 1}),
    "a list in itself": Logged(
        lambda: {"y": circular_list()}, "A value contains itself",
        {"y": [1, "<recursion>", "<recursion>"]},
    ),
    "an array in itself": Logged(
        lambda: {"y": np.array([circular_list()], dtype=object)}, "contains itself"
    ),
    "a deep list": Logged(lambda: {"y": deep(100)}, "nested more than 32 deep"),
    "a very deep list": Logged(lambda: {"y": deep(50_000)}, "nested more than 32 deep"),
    "a step that is a fraction": Logged(
        lambda: {"y": 1}, "step is 2.5", {"y": 1}, {"step": 2.5}
    ),
    "a step that is NaN": Logged(lambda: {"y": 1}, "step is nan", {"y": 1}, {"step": math.nan}),
    "a step that is text": Logged(lambda: {"y": 1}, "step is 'soon'", {"y": 1}, {"step": "soon"}),
    "a step beyond all": Logged(lambda: {"y": 1}, "step is 1000", {"y": 1}, {"step": 10**30}),
    "a file that is an image": Logged(
        lambda: {"y": tracker.Image(np.array([[0.0, 900.0]]))}, "clipped to 0…255"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOGGED)
def test_one_warning_and_the_rest_is_stored(start, stored, warns_once, name):
    case = LOGGED[name]
    with start() as run:
        run.log({"x": 1})
        with warns_once(__import__("re").escape(case.sentence)):
            run.log(case.row(), **case.options)
        run.log({"x": 2})
    assert stored.values(run, "x") == [1, 2]
    found = {key: value for key, _, value in stored.points(run) if key != "x"}
    assert case.stored.items() <= found.items(), found
    assert stored.run(run).state == "finished"


# Strange, but nothing is wrong with it: no warning at all.
SILENT = {
    "a long key": ({"k" * MEGABYTE: 1}, {}),
    "ten thousand keys": ({f"k{n}": n for n in range(10_000)}, {}),
    "an emoji key": ({"🧪/läss 損失": 1}, {}),
    "a key from right to left": ({"\u202eabc": 1, "שלום": 2}, {}),
    "a key of quotes": ({"a'b\"c`d;--": 1, "<script>": 2, "a\\b": 3, "{x}": 4, "$1": 5}, {}),
    "an empty key": ({"": 1}, {}),
    "a dot": ({".": 1, "..": 2, "a.": 3}, {}),
    "a key that begins as ours do": ({"\x01json": 1, "_wandb": 2, "_x": 3}, {}),
    "a long text": ({"y": "x" * 10 * MEGABYTE}, {}),
    "a negative step": ({"y": 1}, {"step": -5}),
    "a large step": ({"y": 1}, {"step": 2**61}),
    "text like SQL": ({"y": "'; DROP TABLE run; --"}, {}),
    "text like a number": ({"y": "NaN "}, {}),
    "an empty row": ({}, {}),
}


@pytest.mark.parametrize("name", SILENT)
@pytest.mark.filterwarnings("error")
def test_strange_but_stored(start, stored, name):
    row, options = SILENT[name]
    with start() as run:
        run.log({"x": 1})
        run.log(row, **options)
        run.log({"x": 2})
        assert run.summary.keys() >= row.keys()
    assert stored.values(run, "x") == [1, 2]
    found = {key: value for key, _, value in stored.points(run) if key != "x"}
    assert found == row


@pytest.mark.filterwarnings("error")
def test_keys_that_no_column_can_hold_are_cleaned(start, stored):
    with start() as run:
        run.log({"a\0b": 1, "\0jsonx": 2, "lone \ud800": 3, "x": 4})
    assert stored.rows(run) == {0: {"a\ufffdb": 1, "\ufffdjsonx": 2, "lone ?": 3, "x": 4}}


REFUSED = {
    "a changed config": (lambda run: run.config.update({"a": 2}), ConfigError, "from 1 to 2"),
    "media as config": (
        lambda run: run.config.update({"i": tracker.Image(np.zeros((1, 1)))}), TypeError, "media",
    ),
    "no config": (lambda run: run.config.update(3), UsageError, "config is a int"),
    "a missing config": (lambda run: run.config.missing, AttributeError, "no attribute 'missing'"),
    "a missing summary": (lambda run: run.summary["missing"], KeyError, "missing"),
    "a summary of no dict": (lambda run: run.summary.update(3), TypeError, "int"),
    "a pattern in a metric": (lambda run: run.define_metric("a*b"), UsageError, "glob suffixes"),
    "a level": (lambda run: run.alert("a", level="X"), UsageError, "level must be one of"),
    "a missing file": (lambda run: run.log_artifact("missing"), UsageError, "no such file"),
    "a missing artifact": (lambda run: run.use_artifact("m:v9"), NotFoundError, "no artifact 'm'"),
    "an artifact's way out": (
        lambda run: tracker.Artifact("../x", "t"), UsageError, "cannot be used",
    ),
    "no picture": (lambda run: tracker.Image("missing.png"), UsageError, "No such file"),
    "a picture of nothing": (lambda run: tracker.Image(np.zeros(0)), UsageError, "is no image"),
    "a second writer": (
        lambda run: tracker.init(
            project="p", id=run.id, dir=run.settings.root, reinit="create_new", resume="must"
        ),
        UsageError, "still being written",
    ),
    "an id with a way out": (
        lambda run: tracker.init(project="p", id="../../x", reinit="create_new"), UsageError,
        "id is '../../x'",
    ),
    "a project with a way out": (
        lambda run: tracker.init(project="a/../b", reinit="create_new"), UsageError, "project is",
    ),
    "a mode": (lambda run: tracker.init(mode="of", reinit="create_new"), UsageError, "mode is"),
    "a code as config": (
        lambda run: tracker.init(config=_code(), reinit="create_new"), UsageError, "not plain YAML",
    ),
}  # fmt: skip


def _code() -> Path:
    path = Path("code.yaml")
    path.write_text("lr: !!python/object/apply:os.system ['touch harmed']\n")
    return path


@pytest.mark.parametrize("name", REFUSED)
def test_an_error_and_the_run_goes_on(start, stored, name):
    call, error, sentence = REFUSED[name]
    with start(config={"a": 1}) as run:
        run.log({"x": 1})
        with pytest.raises(error, match=sentence):
            call(run)
        run.log({"x": 2})
    assert stored.values(run, "x") == [1, 2]
    assert stored.run(run).config == {"a": 1}
    assert not Path("harmed").exists()


# --- places that cannot be written


@contextlib.contextmanager
def small_disk(folder: Path, size_kb: int) -> Iterator[Path]:
    """A file system of its own that is soon full."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(folder)],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def begin(folder: Path, plain_settings: dict[str, Any], **options: Any) -> tracker.Run:
    return tracker.init(
        project="p", dir=folder, settings={**plain_settings, "flush_interval_s": 60}, **options
    )


def test_a_file_where_the_directory_should_be(alone, plain_settings):
    (alone / "taken").write_text("a file")
    with pytest.raises(StoreError, match=r"cannot be used: Not a directory.*TRACKER_DIR"):
        begin(alone / "taken", plain_settings)
    assert (alone / "taken").read_text() == "a file"
    assert tracker.run is None


def test_a_read_only_directory(alone, plain_settings):
    folder = alone / "readonly"
    with small_disk(folder, 4096):
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        with pytest.raises(StoreError, match=r"cannot be made: Read-only file system"):
            begin(folder, plain_settings)


def test_a_disk_that_is_full_at_the_start(alone, plain_settings):
    with small_disk(alone / "disk", 64) as folder:
        (folder / ".tracker").mkdir()
        with contextlib.suppress(OSError):
            (folder / "filler").write_bytes(bytes(10 * MEGABYTE))
        with pytest.raises(StoreError, match=r"No space left"):
            begin(folder, plain_settings)
    assert tracker.run is None


def test_a_disk_that_fills_up_and_is_emptied(alone, plain_settings, look_into):
    with small_disk(alone / "disk", 16_000) as folder:
        run = begin(folder, plain_settings)
        run.log({"x": 0})
        filler = folder / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for number in range(1, 5000):
                run.log({"x": number})
                run.config[f"k{number % 10}"] = 0
        sentences = [str(each.message) for each in caught]
        assert sum("The journal cannot be written" in each for each in sentences) == 1
        # The other one is the database's.
        assert len(sentences) <= 2
        assert run.step == 5000
        filler.unlink()
        run.log({"x": 5000})
        run.finish()
        found = look_into(folder / ".tracker")
        assert found.values(run, "x") == list(range(5001))
        assert found.run(run).state == "finished"


def test_a_disk_that_stays_full_ends_no_training(alone, plain_settings):
    with small_disk(alone / "disk", 16_000) as folder:
        run = begin(folder, plain_settings)
        run.log({"x": 0})
        with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for number in range(5000):
                run.log({"x": number, "text": "x" * 100})
            run.finish()
        assert run.state == "finished"
        sentences = [str(each.message) for each in caught if each.category is TrackerWarning]
        assert any("No space left" in sentence for sentence in sentences)
        assert any("are lost" in sentence for sentence in sentences)
        assert len(sentences) <= 4
        (folder / "filler").unlink()
        kept = tracker.Api(dir=folder).run(run.path).history(pandas=False)
        assert kept[0]["x"] == 0  # what the disk did take is there as soon as there is room


# --- stores that are not as they should be


def test_a_store_of_a_newer_tracker_is_left_alone(start, stored, alone, plain_settings):
    start().finish()
    with Store(stored.root).writing() as db:
        db.execute("UPDATE schema_version SET version = 999")
    before = (stored.root / "tracker.duckdb").read_bytes()
    code = "import sys, tracker; tracker.init(project='p', dir='.')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=alone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert SchemaTooNewError.__name__ in done.stderr
    assert "999" in done.stderr
    assert "pip install -U" in done.stderr
    assert (stored.root / "tracker.duckdb").read_bytes() == before


def test_a_damaged_database_is_mended_and_the_run_begins(start, stored, alone):
    with start(id="old") as old:
        old.log({"x": 1})
    database = stored.root / "tracker.duckdb"
    damaged = bytearray(database.read_bytes())
    damaged[0:4096] = bytes(4096)
    database.write_bytes(damaged)
    code = (
        "import tracker; run = tracker.init(project='p', id='new', dir='.', "
        "settings={'silent': True}); run.log({'x': 2})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=alone, capture_output=True, text=True, check=True
    )
    assert "has been rebuilt from the journals" in done.stderr
    assert stored.values(old, "x") == [1]


def test_a_database_held_by_another_program(start, stored, alone):
    start(id="old").finish()
    code = (
        "import duckdb, sys; db = duckdb.connect('.tracker/tracker.duckdb'); print('ready', "
        "flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=alone, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"ready\n"
        run = start()
        run.log({"x": 1})
        assert run.summary["x"] == 1
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run.finish()
        assert ["cannot be written now" in str(each.message) for each in caught] == [True]
        holder.stdin.close()
        holder.wait()
    Store(stored.root).recover()
    start(reinit="create_new").finish()
    assert stored.values(run, "x") == [1]
    assert stored.run(run).state == "finished"


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_a_store_behind_a_link(start, alone):
    (alone / "elsewhere").mkdir()
    (alone / ".tracker").symlink_to(alone / "elsewhere")
    with start() as run:
        run.log({"x": 1})
    assert (alone / "elsewhere" / "tracker.duckdb").exists()
