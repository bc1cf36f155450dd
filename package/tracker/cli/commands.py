"""What every command of the terminal has: its parser, ``--dir`` and the store that it names."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.errors import NotFoundError

if TYPE_CHECKING:
    from tracker.store.store import Store

Action = Callable[[argparse.Namespace, Path], int]
Command = Callable[[str, Action, str], argparse.ArgumentParser]


def adder(commands: Any) -> Command:
    """Return what adds a command to subparsers: by its name, its action and its help."""

    def add(name: str, action: Action, text: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
        added.set_defaults(action=action)
        added.add_argument("--dir", metavar="D", help="the folder that holds the store's .tracker")
        return added

    return add


def add_format(command: argparse.ArgumentParser) -> None:
    """Let a command say what it found as JSON, for programs."""
    command.add_argument(
        "--format", choices=("text", "json"), default="text", help="json: one document on stdout"
    )


def existing(root: Path) -> Store:
    """Return the store of a folder, which must be there."""
    from tracker.store.store import open_store

    store = open_store(root)
    if not store.database.exists() and not store.journal_dir.is_dir():
        raise NotFoundError(f"There is no store in {root}: name another with --dir or TRACKER_DIR.")
    return store
