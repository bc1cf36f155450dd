"""What a run is called and where it is: everything of a run's face that is not logging."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tracker.errors import RunFinishedError, UsageError, warn
from tracker.run.recorder import Recorder, now_us
from tracker.settings import Settings
from tracker.store.journal import facts

TAG_LIMIT = 64


class Identity:
    """Names, labels and places of a run that is being recorded."""

    def __init__(
        self,
        recorder: Recorder,
        fields: Mapping[str, Any],
        *,
        resumed: bool = False,
        offset_s: float = 0.0,
    ) -> None:
        begin = recorder.begin
        self._recorder = recorder
        self._fields = dict(fields)
        self._resumed = resumed
        self._offset_s = offset_s
        self._state = "running"
        self._id, self._project = begin.run_id, begin.project
        self._start_time = begin.time_us / 1e6
        self._starting_step = recorder.step

    @property
    def id(self) -> str:
        """Eight characters, or what ``init(id=…)`` was given."""
        return self._id

    @property
    def project(self) -> str:
        """The project's name."""
        return self._project

    @property
    def name(self) -> str:
        """The name that people read; may be set."""
        return str(self._fields.get("name") or self.id)

    @name.setter
    def name(self, value: str) -> None:
        self._set_field("name", str(value))

    @property
    def notes(self) -> str | None:
        """A longer description; may be set."""
        return self._fields.get("notes")

    @notes.setter
    def notes(self, value: str | None) -> None:
        self._set_field("notes", None if value is None else str(value))

    @property
    def tags(self) -> tuple[str, ...]:
        """Labels; may be set. Tags that cannot be used are warned of, and nothing changes."""
        return tuple(self._fields.get("tags") or ())

    @tags.setter
    def tags(self, value: Sequence[str] | None) -> None:
        self._check_alive("tags")
        try:
            tags = check_tags(() if value is None else value)
        except UsageError as error:
            warn(f"{error} The tags stay as they were.")
            return
        self._set_field("tags", list(tags))

    @property
    def group(self) -> str | None:
        """The group that the run belongs to."""
        return self._fields.get("group")

    @property
    def job_type(self) -> str | None:
        """The kind of job, such as ``train`` or ``eval``."""
        return self._fields.get("job_type")

    @property
    def sweep_id(self) -> str | None:
        """The sweep that the run belongs to, if any."""
        return self._fields.get("sweep_id")

    @property
    def state(self) -> str:
        """``running`` until the run has ended, then ``finished`` or ``failed``."""
        return self._state

    @property
    def is_alive(self) -> bool:
        """Whether this process may log to the run: a forked child may not."""
        return self._state == "running" and not self._recorder.is_foreign

    @property
    def step(self) -> int:
        """The step that the next row gets."""
        return self._recorder.step

    @property
    def starting_step(self) -> int:
        """The first step of this session: more than 0 for a resumed run."""
        return self._starting_step

    @property
    def start_time(self) -> float:
        """When this session began, in seconds since the epoch."""
        return self._start_time

    @property
    def runtime_s(self) -> float:
        """Seconds for which the run has run, all sessions together."""
        return time.time() - self._start_time + self._offset_s

    @property
    def resumed(self) -> bool:
        """Whether the run goes on from an earlier one of the same id."""
        return self._resumed

    @property
    def settings(self) -> Settings:
        """How the run is recorded."""
        return self._recorder.settings

    @property
    def disabled(self) -> bool:
        """Whether nothing is recorded."""
        return self.settings.mode == "disabled"

    @property
    def offline(self) -> bool:
        """Whether nothing leaves this machine: always."""
        return True

    @property
    def entity(self) -> str:
        """W&B's account name; empty here."""
        return ""

    @property
    def path(self) -> str:
        """``project/id``, as :meth:`tracker.Api.run` takes it."""
        return f"{self.project}/{self.id}"

    @property
    def dir(self) -> str:
        """A folder for files of this run, made at the first use."""
        if self.disabled:
            return tempfile.gettempdir()
        place = self.settings.root / "files" / self._recorder.live.writer.stem
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        return str(place)

    @property
    def url(self) -> str:
        """Where the run can be seen: in JupyterLab where that runs, else in the store."""
        return self._address(self.id)

    @property
    def project_url(self) -> str:
        """Where the project can be seen; see :attr:`url`."""
        return self._address()

    @property
    def sweep_url(self) -> str | None:
        """Where the sweep can be seen, None for a run of none; see :attr:`url`."""
        return None if self.sweep_id is None else self._address(self.sweep_id) or None

    def get_url(self) -> str:
        """Return :attr:`url`; W&B's older spelling."""
        return self.url

    def get_project_url(self) -> str:
        """Return :attr:`project_url`; W&B's older spelling."""
        return self.project_url

    def get_sweep_url(self) -> str | None:
        """Return :attr:`sweep_url`; W&B's older spelling."""
        return self.sweep_url

    def _address(self, below: str | None = None) -> str:
        if self.disabled:
            return ""
        from tracker.run.address import run_url

        return run_url(self.settings.root, self.project, below)

    def _set_field(self, field: str, value: Any) -> None:
        self._check_alive(field)
        self._fields[field] = value
        self._recorder.append(facts.Change(now_us(), {field: value}))

    def _check_alive(self, action: str) -> None:
        if self._state != "running":
            raise RunFinishedError(self.id, action)


def check_tags(tags: object) -> tuple[str, ...]:
    """Return tags as a tuple.

    Raises
    ------
    UsageError
        If one is not a string of 1 to 64 characters.
    """
    given = (tags,) if isinstance(tags, str) else tags
    if not isinstance(given, Sequence | set | frozenset):
        raise UsageError(f"tags is {tags!r}: expected a list of strings.")
    for tag in given:
        if not isinstance(tag, str) or not 1 <= len(tag) <= TAG_LIMIT:
            raise UsageError(
                f"Tag {str(tag)[:100]!r} cannot be used: expected a string of 1 to {TAG_LIMIT} "
                "characters."
            )
    return tuple(dict.fromkeys(given))
