"""Where a run comes from: a fresh id, an earlier run to go on from, or a fork of one."""

from __future__ import annotations

import json
import os
import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker.errors import NotFoundError, StoreLockedError, UsageError
from tracker.records import MetricRule, RunRecord
from tracker.run.names import friendly_name, new_run_id
from tracker.store import read
from tracker.store.rows import first_row
from tracker.store.store import Store

NAME_LIMIT = 128
_FORBIDDEN = re.compile(r"[/\\#?%:\x00-\x1f]")
_BRANCH = re.compile(r"(?P<id>[^?]+)\?_step=(?P<step>-?\d+)")
RESUME_WORDS = (None, "allow", "must", "never", "auto")


@dataclass
class Origin:
    """What a new run starts with.

    Attributes
    ----------
    run_id, name : str
        How it is called.
    resume : str
        ``resume`` goes on, ``overwrite`` replaces, ``never`` is a fresh id.
    previous : RunRecord or None
        The run that it goes on from, for resume, rewind and fork.
    """

    run_id: str
    name: str
    resume: str = "never"
    previous: RunRecord | None = None
    fork_from: str | None = None
    fork_step: int | None = None
    rewind_to: int | None = None
    rules: list[MetricRule] = field(default_factory=list)
    first_line: int = 0

    @property
    def first_step(self) -> int:
        """The step that the first row gets."""
        for step in (self.fork_step, self.rewind_to):
            if step is not None:
                return step + 1
        return self.previous.last_step + 1 if self.previous else 0


def find_origin(
    store: Store,
    project: str,
    *,
    run_id: str | None,
    name: str | None,
    resume: str | bool | None,
    fork_from: str | None,
    resume_from: str | None,
) -> Origin:
    """Settle id, name and what the run goes on from.

    Raises
    ------
    UsageError
        If the arguments contradict each other or the store.
    NotFoundError
        If a run to go on from is not there.
    """
    word = _resume_word(resume)
    if sum(x is not None for x in (fork_from, resume_from, word)) > 1:
        raise UsageError("resume, resume_from and fork_from exclude each other: give one of them.")
    rewound = _branch("resume_from", resume_from)
    forked = _branch("fork_from", fork_from)
    if rewound and run_id not in (None, rewound[0]):
        raise UsageError(f"resume_from names run {rewound[0]!r} and id is {run_id!r}: give one.")
    if run_id is None and word == "auto":
        run_id = _remembered(store, project)
    run_id = check_name("id", rewound[0] if rewound else run_id) or new_run_id()
    try:
        return _look_up(store, project, run_id, name, word, rewound, forked)
    except StoreLockedError:
        if word == "must" or rewound or forked:
            raise
        # Another program holds the database; a fresh run needs nothing from it.
        generator = random.SystemRandom()
        label = name or friendly_name(generator, ()) + f"{generator.randrange(1000)}"
        return Origin(run_id, label, "resume" if word else "never")


def _look_up(
    store: Store,
    project: str,
    run_id: str,
    name: str | None,
    word: str | None,
    rewound: tuple[str, int] | None,
    forked: tuple[str, int] | None,
) -> Origin:
    with store.reading() as db:
        previous = _exact(read.run(db, project, run_id), run_id)
        taken = [] if name else _names(db, project)
        origin = Origin(run_id, name or friendly_name(random.SystemRandom(), taken))
        if forked:
            parent = _exact(read.run(db, project, forked[0]), forked[0])
            _require(parent, forked[0], project, "fork_from")
            origin.fork_from, origin.fork_step = forked
            origin.previous = parent
            if previous is not None:
                raise UsageError(f"Run {run_id} exists already: fork into another id.")
        elif rewound:
            _require(previous, run_id, project, "resume_from")
            origin.resume, origin.rewind_to, origin.previous = "resume", rewound[1], previous
        else:
            _settle_existing(origin, previous, word, project)
        if origin.previous is not None:
            key = origin.previous.run_key
            origin.rules = read.metrics(db, [key]).get(key, [])
            if origin.resume == "resume":
                origin.name = name or origin.previous.name
                origin.first_line = _next_line(db, key)
    return origin


def _settle_existing(
    origin: Origin, previous: RunRecord | None, word: str | None, project: str
) -> None:
    if previous is None:
        if word == "must":
            raise UsageError(
                f"resume='must' and there is no run {origin.run_id!r} in project {project!r}: "
                "check the id, or use resume='allow'."
            )
        return
    if word == "never":
        raise UsageError(
            f"Run {origin.run_id!r} exists already in project {project!r} and resume='never': "
            "choose another id, or resume='allow' to go on with it."
        )
    if word is None:
        origin.resume = "overwrite"
    else:
        origin.resume, origin.previous = "resume", previous


def _require(record: RunRecord | None, run_id: str, project: str, argument: str) -> None:
    if record is None:
        raise NotFoundError(f"{argument}: there is no run {run_id!r} in project {project!r}.")


def _exact(record: RunRecord | None, run_id: str) -> RunRecord | None:
    return record if record is not None and record.run_id == run_id else None


def _names(db: Any, project: str) -> list[str]:
    return [
        row[0] for row in db.execute("SELECT name FROM run WHERE project = ?", [project]).fetchall()
    ]


def _next_line(db: Any, run_key: int) -> int:
    row = first_row(
        db, "SELECT coalesce(max(number), -1) + 1 FROM console WHERE run_key = ?", [run_key]
    )
    return int(row[0])


def _resume_word(resume: str | bool | None) -> str | None:
    if resume is True:
        return "auto"
    word = None if resume is False else resume
    if word not in RESUME_WORDS:
        raise UsageError(
            f"resume is {resume!r}: expected 'allow', 'must', 'never', 'auto', True or False."
        )
    return word


def _branch(argument: str, text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    match = _BRANCH.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UsageError(f"{argument} is {text!r}: expected '<run id>?_step=<number>'.")
    return match["id"], int(match["step"])


def check_name(argument: str, value: object) -> str | None:
    """Return an id or a project name as it may be used, None for none.

    Raises
    ------
    UsageError
        If it is empty, too long or has a forbidden character.
    """
    if value is None:
        return None
    text = str(value) if isinstance(value, str | int) else ""
    if not text.strip() or len(text) > NAME_LIMIT or _FORBIDDEN.search(text):
        raise UsageError(
            f"{argument} is {str(value)[:200]!r}: expected 1 to {NAME_LIMIT} characters without "
            "/ \\ # ? % : or line breaks."
        )
    return text


def _memory(store: Store) -> Path:
    return store.root / "resume.json"


def _remembered(store: Store, project: str) -> str | None:
    try:
        known = json.loads(_memory(store).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    found = known.get(project) if isinstance(known, dict) else None
    return found if isinstance(found, str) else None


def remember(store: Store, project: str, run_id: str | None) -> None:
    """Keep, or forget, the run that ``resume="auto"`` goes on with if this one crashes."""
    try:
        known = json.loads(_memory(store).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    if run_id is None:
        known.pop(project, None)
    else:
        known[project] = run_id
    partial = _memory(store).with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps(known), encoding="utf-8")
    partial.replace(_memory(store))
