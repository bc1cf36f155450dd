"""Runs in a store of the test's own, and a look at what they left there."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import tracker
from tracker.errors import TrackerWarning
from tracker.records import EventRecord, RunRecord
from tracker.run import exits
from tracker.store.database.encode import load_json
from tracker.store.reading import read
from tracker.store.store import Store

# Examples are the same each time, unless HYPOTHESIS_PROFILE=default asks for new ones; no test
# fails because the machine is busy.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# What most tests can do without.
PLAIN = {"silent": True, "console": False, "save_code": False, "system_interval_s": 0}


class Stored:
    """What a store holds, straight from its tables."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, run: Any) -> RunRecord:
        with Store(self.root).reading() as db:
            record = read.run(db, run.project, run.id)
        assert record is not None
        return record

    def points(self, run: Any) -> list[tuple[str, int, Any]]:
        """Key, step and value of everything logged, in the order in which it is stored."""
        with Store(self.root).reading() as db:
            numbers = db.execute(
                "SELECT s.key, p.step, p.value, s.kind FROM point p JOIN series s USING "
                "(series_key) JOIN run r USING (run_key) WHERE r.project = ? AND r.run_id = ? "
                "AND s.stream = 'default' ORDER BY p.rowid",
                [run.project, run.id],
            ).fetchall()
            others = db.execute(
                "SELECT s.key, v.step, v.value FROM value v JOIN series s USING (series_key) "
                "JOIN run r USING (run_key) WHERE r.project = ? AND r.run_id = ? "
                "AND s.stream = 'default' ORDER BY v.rowid",
                [run.project, run.id],
            ).fetchall()
        casts = {"int": int, "bool": bool}
        return [
            *((key, step, casts.get(kind, float)(value)) for key, step, value, kind in numbers),
            *((key, step, load_json(value)) for key, step, value in others),
        ]

    def values(self, run: Any, key: str) -> list[Any]:
        return [value for name, _, value in self.points(run) if name == key]

    def rows(self, run: Any) -> dict[int, dict[str, Any]]:
        """The values of each step."""
        found: dict[int, dict[str, Any]] = {}
        for key, step, value in self.points(run):
            found.setdefault(step, {})[key] = value
        return found

    def events(self, run: Any, kind: str | None = None) -> list[EventRecord]:
        with Store(self.root).reading() as db:
            return read.events(db, self.run(run).run_key, kind)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests in the browser a second try: Chromium itself hangs now and then."""
    for item in items:
        if item.get_closest_marker("lab") is not None:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file, and all that drive the browser, on one worker of pytest-xdist."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            return "lab" if "/lab/" in path else path

    return ByFile(config, log)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory, and no settings from outside; runs are ended after the test."""
    for name in list(os.environ):
        if name.startswith(("TRACKER_", "WANDB_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    tracker.finish(quiet=True)
    for run in exits.active():
        run.finish(quiet=True)


@pytest.fixture
def start(alone: Path) -> Callable[..., tracker.Run]:
    """Starts a run of the project "p" that is recorded in the test's directory."""

    def start(**options: Any) -> tracker.Run:
        settings = {**PLAIN, **options.pop("settings", {})}
        options.setdefault("project", "p")
        return tracker.init(dir=alone, settings=settings, **options)

    return start


@pytest.fixture
def stored(alone: Path) -> Stored:
    return Stored(alone / ".tracker")


@pytest.fixture(scope="session")
def look_into() -> Callable[[Path], Stored]:
    """Looks into the store at a directory."""
    return Stored


@pytest.fixture(scope="session")
def plain_settings() -> dict[str, Any]:
    """Settings of a run without what most tests can do without."""
    return dict(PLAIN)


@pytest.fixture(scope="session")
def warns_once() -> Callable[[str], AbstractContextManager[None]]:
    """Fails unless its block causes one warning, of ours, that the pattern is found in."""

    @contextmanager
    def warns_once(pattern: str) -> Iterator[None]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        assert [each.category for each in caught] == [TrackerWarning], list(map(str, caught))
        assert re.search(pattern, str(caught[0].message)), caught[0].message

    return warns_once
