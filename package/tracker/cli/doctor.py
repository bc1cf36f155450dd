"""The terminal's ``tracker doctor``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.cli.commands import Command, existing
from tracker.cli.printing import complain, say
from tracker.errors import NotFoundError, StoreError

if TYPE_CHECKING:
    from tracker.store.store import Store


def add(command: Command) -> None:
    """Add the command to the terminal door."""
    doctor = command("doctor", _doctor, "Check the store, and take in what dead programs left.")
    doctor.add_argument(
        "--rebuild", action="store_true", help="make the database anew from the journals"
    )


def _doctor(options: argparse.Namespace, root: Path) -> int:
    store = existing(root)
    say(f"store      {root}")
    if options.rebuild:
        _rebuild(store)
    try:
        recovered = store.recover()
        counts = _counts(store)
    except StoreError as error:
        say("database   not well")
        complain(f"{error}\nTo make it anew from the journals: tracker doctor --rebuild")
        return 1
    live = sorted({path.name.split(".")[0] for path in store.journal_dir.glob("*.journal")})
    archive = store.journal_dir / "archive"
    damaged = root / "damaged"
    say(f"database   well: {', '.join(f'{number} {state}' for state, number in counts) or 'empty'}")
    say(f"journals   {len(live)} being written, {len(list(archive.glob('*.zst')))} kept")
    if recovered:
        say(f"taken in   {len(recovered)} journals of programs that died")
    if damaged.is_dir():
        say(f"set aside  damaged files, in {damaged}")
    return 0


def _rebuild(store: Store) -> None:
    if not any(store.journal_dir.rglob("*.journal*")):
        raise NotFoundError(
            f"There are no journals in {store.journal_dir}, so there is nothing to make the "
            "database from. Nothing was changed."
        )
    aside = store.rebuild()
    say(f"rebuilt    from the journals; the old file is kept as {aside}")


def _counts(store: Store) -> list[tuple[str, int]]:
    with store.reading() as db:
        found = db.execute("SELECT state, count(*) FROM run GROUP BY state ORDER BY state")
        return [(str(state), int(number)) for state, number in found.fetchall()]
