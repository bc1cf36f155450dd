"""The terminal's ``tracker doctor``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.cli.commands import Command, add_format, existing
from tracker.cli.printing import complain, say, say_json
from tracker.errors import NotFoundError, StoreError

if TYPE_CHECKING:
    from tracker.store.store import Store


def add(command: Command) -> None:
    """Add the command to the terminal door."""
    doctor = command("doctor", _doctor, "Check the store, and take in what dead programs left.")
    doctor.add_argument(
        "--rebuild", action="store_true", help="make the database anew from the journals"
    )
    add_format(doctor)


def _doctor(options: argparse.Namespace, root: Path) -> int:
    store = existing(root)
    is_json = options.format == "json"
    found: dict[str, Any] = {
        "store": str(root), "is_well": False, "error": None, "runs": {}, "journals_live": 0,
        "journals_kept": 0, "taken_in": [], "damaged": None, "rebuilt": False, "old_file": None,
    }  # fmt: skip
    if not is_json:
        say(f"store      {root}")
    if options.rebuild:
        aside = _rebuild(store)
        found |= {"rebuilt": True, "old_file": None if aside is None else str(aside)}
        if not is_json:
            say(f"rebuilt    from the journals; the old file is kept as {aside}")
    try:
        taken_in = store.recover()
        runs = _counts(store)
    except StoreError as error:
        if is_json:
            say_json({**found, "error": str(error)})
        else:
            say("database   not well")
        complain(f"{error}\nTo make it anew from the journals: tracker doctor --rebuild")
        return 1
    damaged = root / "damaged"
    found |= {
        "is_well": True,
        "runs": runs,
        "journals_live": len({p.name.split(".")[0] for p in store.journal_dir.glob("*.journal")}),
        "journals_kept": len(list((store.journal_dir / "archive").glob("*.zst"))),
        "taken_in": taken_in,
        "damaged": str(damaged) if damaged.is_dir() else None,
    }
    if is_json:
        say_json(found)
    else:
        _say(found)
    return 0


def _say(found: dict[str, Any]) -> None:
    counts = ", ".join(f"{number} {state}" for state, number in found["runs"].items())
    say(f"database   well: {counts or 'empty'}")
    say(f"journals   {found['journals_live']} being written, {found['journals_kept']} kept")
    if found["taken_in"]:
        say(f"taken in   {len(found['taken_in'])} journals of programs that died")
    if found["damaged"]:
        say(f"set aside  damaged files, in {found['damaged']}")


def _rebuild(store: Store) -> Path | None:
    if not any(store.journal_dir.rglob("*.journal*")):
        raise NotFoundError(
            f"There are no journals in {store.journal_dir}, so there is nothing to make the "
            "database from. Nothing was changed."
        )
    return store.rebuild()


def _counts(store: Store) -> dict[str, int]:
    with store.reading() as db:
        found = db.execute("SELECT state, count(*) FROM run GROUP BY state ORDER BY state")
        return {str(state): int(number) for state, number in found.fetchall()}
