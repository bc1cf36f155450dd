"""What an artifact says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Self

from tracker.artifacts.adding import Adding
from tracker.artifacts.entry import Entry
from tracker.artifacts.home import Home
from tracker.artifacts.manifest import Manifest
from tracker.artifacts.words import check_artifact_name, check_metadata, check_type
from tracker.errors import ArtifactNotLoggedError
from tracker.moment import Moment
from tracker.records import VersionRecord
from tracker.store.journal import facts
from tracker.store.reading import version_reads


class Described(Adding):
    """An artifact with its properties, logged or not."""

    def __init__(
        self,
        name: str,
        type: str,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        incremental: bool = False,
        use_as: str | None = None,
    ) -> None:
        super().__init__()
        self._name = check_artifact_name(name)
        self._type = check_type(type)
        self._description = None if description is None else str(description)
        self._metadata = check_metadata(metadata)
        self._ttl_s: int | None = None
        self._aliases: list[str] = []
        self._tags: list[str] = []
        self._project: str | None = None
        self._home: Home | None = None
        self._record: VersionRecord | None = None
        self.incremental = bool(incremental)
        self.use_as = use_as
        self.distributed_id: str | None = None

    # --- what it is ---------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name and version, such as ``digits:v0``; the name alone before it is logged."""
        return self._name if self._record is None else f"{self._name}:v{self._record.version}"

    @property
    def full_name(self) -> str:
        """The same as `name`."""
        return self.name

    @property
    def collection_name(self) -> str:
        """The name without the version."""
        return self._name

    @property
    def type(self) -> str:
        """Such as ``"model"`` or ``"dataset"``."""
        return self._type

    @property
    def project(self) -> str:
        """The project that it was logged in; empty before."""
        return self._project or ""

    @property
    def entity(self) -> str:
        """W&B's account name; empty here."""
        return ""

    @property
    def qualified_name(self) -> str:
        """Project and name, such as ``vision/digits:v0``."""
        return f"{self.project}/{self.name}" if self.project else self.name

    @property
    def id(self) -> str | None:
        """What names this version for good; None before it is logged."""
        record = self._record
        return None if record is None else f"{record.version_key:x}-{record.digest[:16]}"

    @property
    def is_logged(self) -> bool:
        """Whether the artifact is a version in a store."""
        return self._record is not None

    def is_draft(self) -> bool:
        """Say whether the artifact is not logged yet."""
        return self._record is None

    @property
    def state(self) -> str:
        """``PENDING`` before it is logged, then ``COMMITTED``, and ``DELETED``."""
        return "PENDING" if self._record is None else self._record.state.upper()

    @property
    def record(self) -> VersionRecord:
        """The facts that the store has of this version, frozen."""
        return self._logged("record")

    # --- its content --------------------------------------------------------------------------

    @property
    def manifest(self) -> Manifest:
        """The files, by path; of a logged artifact read at the first use."""
        if self._manifest is None:
            home, record = self._at_home("manifest")
            with home.store.reading() as db:
                found = version_reads.files(db, record.version_key)
            self._manifest = Manifest(entry_of(file).in_artifact(self) for file in found)
        return self._manifest

    @property
    def entries(self) -> dict[str, Entry]:
        """The files by path, not to be changed."""
        return dict(self.manifest.entries)

    @property
    def file_count(self) -> int:
        """How many files it has."""
        if self._manifest is None and self._record is not None:
            return self._record.file_count
        return len(self.manifest)

    @property
    def size(self) -> int:
        """All files together, in bytes; references count with what is known of them."""
        if self._manifest is None and self._record is not None:
            return self._record.size_bytes
        return self.manifest.size()

    @property
    def digest(self) -> str:
        """SHA-256 over the sorted paths and contents: the same files have the same digest."""
        return self.manifest.digest() if self._record is None else self._record.digest

    @property
    def digest_algorithm(self) -> str:
        """How digests are made; W&B's MD5 is :meth:`Manifest.wandb_digest`."""
        return "sha256"

    @property
    def commit_hash(self) -> str:
        """W&B's; here the digest."""
        return self._logged("commit_hash").digest

    # --- of a logged one ----------------------------------------------------------------------

    @property
    def version(self) -> str:
        """The version, such as ``v0``.

        Raises
        ------
        ArtifactNotLoggedError
            Before the artifact is logged.
        """
        return f"v{self._logged('version').version}"

    @property
    def created_at(self) -> Moment:
        """When this version was made."""
        return Moment(self._logged("created_at").created_at)

    @property
    def updated_at(self) -> Moment:
        """When it was changed last."""
        return Moment(self._logged("updated_at").updated_at)

    @property
    def history_step(self) -> int | None:
        """The last step that its run had logged by then, None where there was none."""
        return self._logged("history_step").step

    @property
    def is_link(self) -> bool:
        """Whether it stands in a collection as a link to a version elsewhere."""
        return self._record is not None and self._record.source is not None

    @property
    def source_project(self) -> str:
        """The project of the version that a link leads to; else its own."""
        record = self._logged("source_project")
        return record.source[0] if record.source else record.project

    @property
    def source_entity(self) -> str:
        """W&B's account name; empty here."""
        return ""

    @property
    def source_name(self) -> str:
        """Name and version of the version that a link leads to; else its own."""
        record = self._record
        return f"{record.source[1]}:v{record.source[2]}" if record and record.source else self.name

    @property
    def source_version(self) -> str:
        """The version that a link leads to; else its own."""
        record = self._logged("source_version")
        return f"v{record.source[2] if record.source else record.version}"

    @property
    def source_qualified_name(self) -> str:
        """Project and name of the version that a link leads to; else its own."""
        return f"{self.source_project}/{self.source_name}"

    # --- within -------------------------------------------------------------------------------

    @classmethod
    def of_record(cls, home: Home, record: VersionRecord) -> Self:
        """Return the artifact of a version in a store."""
        artifact = cls(record.name, record.type)
        artifact._settle(home, record)
        return artifact

    def settle(self, home: Home, record: VersionRecord) -> None:
        """Take on what the store knows of this version."""
        self._settle(home, record)

    def _settle(self, home: Home, record: VersionRecord) -> None:
        self._home, self._record = home, record
        self._name, self._type, self._project = record.name, record.type, record.project
        self._description, self._metadata = record.description, deepcopy(record.metadata)
        self._aliases, self._tags = list(record.aliases), list(record.tags)
        self._ttl_s = record.ttl_s
        self._manifest = None
        self._is_final = True

    def _reload(self) -> None:
        home, record = self._at_home("save")
        with home.store.reading() as db:
            found = version_reads.by_key(db, [record.version_key])
        if found:
            self._settle(home, found[0])

    def _logged(self, attribute: str) -> VersionRecord:
        if self._record is None:
            raise ArtifactNotLoggedError(
                f"Artifact {self._name} is not logged: log it before you use "
                f"'Artifact.{attribute}'."
            )
        return self._record

    def _at_home(self, attribute: str) -> tuple[Home, VersionRecord]:
        record = self._logged(attribute)
        assert self._home is not None
        return self._home, record


def entry_of(file: facts.File) -> Entry:
    """Return the entry of a file as the store has it."""
    return Entry(file.path, file.sha256, file.size_bytes, file.reference, file.checksum, file.extra)
