"""Where a run comes from: a fresh id, an earlier run to go on from, or a fork of one."""

from __future__ import annotations

import os
import random
import re
import sys
import time
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker.errors import NotFoundError, StoreLockedError, UsageError
from tracker.records import MetricRule, RunRecord
from tracker.run import auto_resume
from tracker.run.names import friendly_name, new_run_id
from tracker.run.provenance import is_notebook
from tracker.store.database.rows import first_row
from tracker.store.flusher import FLUSHER
from tracker.store.journal import journal
from tracker.store.reading import read
from tracker.store.store import Store
from tracker.store.writing import sessions

NAME_LIMIT = 128
DEFAULT_PROJECT = "uncategorized"
RESUME_WORDS = (None, "allow", "must", "never", "auto")
# A process that is ending may hold its journal a moment longer.
END_PATIENCE_S = 3.0
FORBIDDEN = re.compile(r"[/\\#?%:\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BRANCH = re.compile(r"(?P<id>[^?]+)\?_step=(?P<step>\d{1,18})")


@dataclass
class Origin:
    """What a new run starts with.

    Attributes
    ----------
    run_id, name : str
        How it is called.
    resume : str
        ``resume`` goes on, ``overwrite`` replaces, ``never`` is a fresh id, ``shared`` and
        ``joined`` write it together with other processes.
    previous : RunRecord or None
        The run that it goes on from, for resume, rewind and fork.
    is_auto : bool
        Whether ``resume="auto"`` was asked for.
    is_named : bool
        Whether the user chose the id.
    """

    run_id: str
    name: str
    resume: str = "never"
    previous: RunRecord | None = None
    fork_from: str | None = None
    fork_step: int | None = None
    rewind_to: int | None = None
    is_auto: bool = False
    is_named: bool = False
    rules: list[MetricRule] = field(default_factory=list)
    first_line: int = 0

    @property
    def first_step(self) -> int:
        """The step that the first row gets."""
        for step in (self.fork_step, self.rewind_to):
            if step is not None:
                return step + 1
        return self.previous.last_step + 1 if self.previous else 0

    @property
    def is_resumed(self) -> bool:
        """Whether the run goes on under the id that it had."""
        return self.resume in ("resume", *sessions.SHARED) and self.previous is not None


@dataclass(frozen=True)
class _Wish:
    """What the user asked for."""

    project: str
    run_id: str | None
    name: str | None
    word: str | None
    rewound: tuple[str, int] | None
    forked: tuple[str, int] | None
    taken: Collection[str]
    sharing: str | None


def find_origin(
    store: Store,
    project: str,
    *,
    run_id: str | None,
    name: str | None,
    resume: str | bool | None,
    fork_from: str | None,
    resume_from: str | None,
    taken: Collection[str] = (),
    sharing: str | None = None,
) -> Origin:
    """Settle id, name and what the run goes on from; `taken` are names not stored yet.

    `sharing` says that other processes may write the run as well: ``"shared"`` of the process
    that says how it is called and how it ends, ``"joined"`` of the others.

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
    if sharing and (fork_from is not None or resume_from is not None):
        raise UsageError("A shared run cannot be forked or rewound: leave mode='shared' out.")
    rewound = _branch("resume_from", resume_from)
    forked = _branch("fork_from", fork_from)
    run_id = check_name("id", run_id)
    if rewound and run_id not in (None, rewound[0]):
        raise UsageError(f"resume_from names run {rewound[0]!r} and id is {run_id!r}: give one.")
    if word == "auto":
        run_id = auto_resume.chosen(store, project, run_id)
    run_id = rewound[0] if rewound else run_id
    wish = _Wish(project, run_id, name, word, rewound, forked, taken, sharing)
    try:
        origin = _look_up(store, wish)
    except StoreLockedError:
        if word == "must" or rewound or forked:
            raise
        # Another program holds the database; a fresh run needs nothing from it.
        generator = random.SystemRandom()
        label = name or friendly_name(generator, ()) + f"{generator.randrange(1000)}"
        resume = sharing or ("resume" if word else "never")
        origin = Origin(run_id or new_run_id(), label, resume)
    origin.is_auto, origin.is_named = word == "auto", wish.run_id is not None
    return origin


def _look_up(store: Store, wish: _Wish) -> Origin:
    run_id = wish.run_id or new_run_id()
    if named := wish.forked[0] if wish.forked else wish.run_id:
        FLUSHER.settle(store)
        _await_stored(store, wish.project, named)
    with store.reading() as db:
        previous = _exact(db, wish.project, run_id)
        origin = Origin(run_id, wish.name or _fresh_name(db, wish, run_id))
        if wish.forked:
            _fork(db, origin, previous, wish.forked, wish.project)
        elif wish.rewound:
            origin.resume, origin.rewind_to = "resume", wish.rewound[1]
            origin.previous = _reaching("resume_from", previous, wish.rewound, wish.project)
        else:
            _settle_existing(origin, previous, wish.word or wish.sharing, wish.project)
        origin.resume = wish.sharing or origin.resume
        if origin.previous is not None:
            _inherit(db, origin, wish.name)
        is_alone = origin.resume not in ("never", *sessions.SHARED)
        journals = _journals(db, previous) if is_alone else set()
    # What a run has that ended only now was not read yet.
    return _look_up(store, wish) if _await_end(store, journals, run_id) else origin


def _fresh_name(db: Any, wish: _Wish, run_id: str) -> str:
    if wish.sharing:
        return friendly_name(random.Random(run_id), ())  # the same one in every process
    return friendly_name(random.SystemRandom(), {*_names(db, wish.project), *wish.taken})


def _fork(
    db: Any,
    origin: Origin,
    existing: RunRecord | None,
    forked: tuple[str, int],
    project: str,
) -> None:
    if existing is not None:
        raise UsageError(f"Run {origin.run_id} exists already: fork into another id.")
    origin.previous = _reaching("fork_from", _exact(db, project, forked[0]), forked, project)
    origin.fork_from, origin.fork_step = forked


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


def _inherit(db: Any, origin: Origin, name: str | None) -> None:
    assert origin.previous is not None
    key = origin.previous.run_key
    origin.rules = read.metrics(db, [key]).get(key, [])
    if origin.is_resumed:
        origin.name = name or origin.previous.name
        query = "SELECT coalesce(max(number), -1) + 1 FROM console WHERE run_key = ?"
        row = first_row(db, query, [key])
        origin.first_line = int(row[0]) if row else 0


def _reaching(
    argument: str, record: RunRecord | None, branch: tuple[str, int], project: str
) -> RunRecord:
    run_id, step = branch
    if record is None:
        raise NotFoundError(f"{argument}: there is no run {run_id!r} in project {project!r}.")
    if step > record.last_step:
        raise UsageError(
            f"{argument} is '{run_id}?_step={step}', and the last step of that run is "
            f"{record.last_step}."
        )
    return record


def _await_stored(store: Store, project: str, run_id: str) -> None:
    """Wait a moment for a run that a living process has begun, and that the tables lack.

    Raises
    ------
    UsageError
        If they go on lacking it.
    """
    names = sessions.begun(store.journal_dir, project, run_id)
    give_up_at = time.monotonic() + END_PATIENCE_S
    while journal.is_written(store.journal_dir, names):
        with store.reading() as db:
            if names <= sessions.known(db):
                return
        if time.monotonic() > give_up_at:
            raise UsageError(
                f"Run {run_id!r} was begun by another process, which has not stored it yet: try "
                "again in a moment, or choose another id."
            )
        time.sleep(0.05)
    if names:
        store.recover()


def _await_end(store: Store, journals: set[str], run_id: str) -> bool:
    """Wait a moment for the process that writes a run to end; say whether it had to.

    Raises
    ------
    UsageError
        If it goes on: two writers would mix the run up.
    """
    has_waited = False
    give_up_at = time.monotonic() + END_PATIENCE_S
    while journal.is_written(store.journal_dir, journals):
        has_waited = True
        if time.monotonic() > give_up_at:
            raise UsageError(
                f"Run {run_id!r} is still being written, by this process or another one: finish "
                "it there first, or choose another id."
            )
        time.sleep(0.05)
    if has_waited:
        store.recover()
    return has_waited


def _journals(db: Any, record: RunRecord | None) -> set[str]:
    key = -1 if record is None else record.run_key
    rows = db.execute("SELECT journal FROM session WHERE run_key = ?", [key]).fetchall()
    return {row[0] for row in rows}


def _exact(db: Any, project: str, run_id: str) -> RunRecord | None:
    record = read.run(db, project, run_id)
    return record if record is not None and record.run_id == run_id else None


def _names(db: Any, project: str) -> list[str]:
    return [
        row[0] for row in db.execute("SELECT name FROM run WHERE project = ?", [project]).fetchall()
    ]


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
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text.strip(" .") or len(text) > NAME_LIMIT or FORBIDDEN.search(text):
        raise UsageError(
            f"{argument} is {str(value)[:200]!r}: expected 1 to {NAME_LIMIT} characters without "
            "/ \\ # ? % : or line breaks, and not dots alone."
        )
    # The same word typed on two systems is the same name.
    return unicodedata.normalize("NFC", text)


def default_project() -> str:
    """Return the project of a run that names none, as W&B does.

    The name of the git work tree, and of the folder in it that the program is in; outside of
    one ``"uncategorized"``.
    """
    program = None if is_notebook() else getattr(sys.modules.get("__main__"), "__file__", None)
    here = Path(os.path.abspath(program)).parent if program else Path.cwd()  # noqa: PTH100
    root = next((each for each in (here, *here.parents) if (each / ".git").exists()), None)
    if root is None:
        return DEFAULT_PROJECT
    text = "-".join(
        [root.name, *(["_".join(here.relative_to(root).parts)] if here != root else [])]
    )
    text = FORBIDDEN.sub("_", text)[:NAME_LIMIT]
    return text if text.strip(" .") else DEFAULT_PROJECT
