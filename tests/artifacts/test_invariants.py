"""Whatever is logged, renamed, linked, deleted and cleaned up in whatever order: it adds up."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tracker.artifacts import links
from tracker.artifacts.artifact import Artifact
from tracker.artifacts.gc import collect
from tracker.artifacts.home import Home
from tracker.store.files.objects import Objects
from tracker.store.journal import facts
from tracker.store.reading import version_reads
from tracker.store.store import Store
from tracker.store.writing import edits

NAMES = st.sampled_from(["a", "b"])
CONTENTS = st.sampled_from(["1", "2", "3", "4"])
ALIASES = st.lists(st.sampled_from(["x", "y"]), max_size=2, unique=True)


class Artifacts(RuleBasedStateMachine):
    """A store, and beside it what it should say: numbers, contents and aliases by name."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="tracker-"))
        self.home = Home(Store(self.root))
        self.versions: dict[str, dict[int, str]] = {"a": {}, "b": {}}
        self.given: dict[str, int] = {"a": 0, "b": 0}  # numbers, those of deleted ones too
        self.aliases: dict[str, dict[str, int]] = {"a": {}, "b": {}}
        self.links: dict[tuple[str, int], int] = {}
        self.shelf = 0

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    def find(self, name: str, number: int) -> Artifact:
        with self.home.store.reading() as db:
            record = version_reads.find(db, "p", name, alias=f"v{number}")
        assert record is not None
        return Artifact.of_record(self.home, record)

    @rule(name=NAMES, content=CONTENTS, aliases=ALIASES)
    def log(self, name: str, content: str, aliases: list[str]) -> None:
        digest = self.home.objects.put_bytes(content.encode())
        said = facts.Version(
            "output", "p", name, "t", "d" + content, time.time_ns() // 1000, aliases=aliases,
            files=[facts.File("file", digest, 1)],
        )  # fmt: skip
        edits.change_artifacts(self.home.store, [said])
        known = [number for number, held in self.versions[name].items() if held == content]
        number = known[0] if known else self.given[name]
        if not known:
            self.given[name] += 1
        self.versions[name][number] = content
        for alias in [*aliases, "latest"]:
            self.aliases[name][alias] = number

    @precondition(lambda self: any(self.versions.values()))
    @rule(data=st.data(), aliases=ALIASES)
    def change_aliases(self, data: st.DataObject, aliases: list[str]) -> None:
        name, number = self.choose(data)
        version = self.find(name, number)
        version.aliases = aliases
        version.save()
        held = self.aliases[name]
        for alias in [each for each, owner in held.items() if owner == number]:
            if alias != "latest" and alias not in aliases:
                del held[alias]
        held.update(dict.fromkeys(aliases, number))

    @precondition(lambda self: any(self.versions.values()))
    @rule(data=st.data())
    def link(self, data: st.DataObject) -> None:
        name, number = self.choose(data)
        linked = self.find(name, number).link("q/shelf")
        if (name, number) not in self.links:
            self.links[name, number] = self.shelf
            self.shelf += 1
        assert linked.version == f"v{self.links[name, number]}"

    @precondition(lambda self: any(self.versions.values()))
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name, number = self.choose(data)
        links.delete(self.home, self.find(name, number).record)
        del self.versions[name][number]
        self.links.pop((name, number), None)
        held = self.aliases[name]
        was_latest = held.get("latest") == number
        for alias in [each for each, owner in held.items() if owner == number]:
            del held[alias]
        if was_latest and self.versions[name]:
            held["latest"] = max(self.versions[name])

    @rule()
    def clean_up(self) -> None:
        collect(self.home, dry_run=False, grace_s=0)
        held = {content for held in self.versions.values() for content in held.values()}
        there = [self.home.objects.path(digest) for digest, _ in self.home.objects.all()]
        assert {path.read_text() for path in there} == held

    @rule()
    def rebuild(self) -> None:
        if self.home.store.has_copies():
            self.home.store.rebuild()

    @invariant()
    def everything_is_as_it_should_be(self) -> None:
        with self.home.store.reading() as db:
            found = version_reads.versions(db, "p")
            shelf = {record.version for record in version_reads.versions(db, "q")}
        numbers = {(record.name, record.version): record for record in found}
        expected = {(n, number) for n, held in self.versions.items() for number in held}
        assert numbers.keys() == expected
        assert shelf == set(self.links.values())
        for (name, number), record in numbers.items():
            assert record.digest == "d" + self.versions[name][number]
            mine = {each for each, owner in self.aliases[name].items() if owner == number}
            assert set(record.aliases) == mine
            Artifact.of_record(self.home, record).verify_kept()
        assert Objects(self.root / "objects").trashed() == []

    def choose(self, data: st.DataObject) -> tuple[str, int]:
        return data.draw(
            st.sampled_from([(n, number) for n, held in self.versions.items() for number in held])
        )


TestArtifacts = Artifacts.TestCase
TestArtifacts.settings = settings(
    max_examples=6, stateful_step_count=15, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
