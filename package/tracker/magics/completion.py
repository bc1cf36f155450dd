"""Completes projects, runs, options and views behind the magics."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from IPython.core.completer import SimpleCompletion, context_matcher

from tracker.magics import parsers
from tracker.settings import find_store
from tracker.store.reading import read
from tracker.store.store import Store, open_store

LIMIT = 200
_Offer = tuple[str, str]
_COMMANDS: list[_Offer] = [
    (word, "command") for word in ("finish", "import", "ls", "sql", "status")
]
_VIEWS: list[_Offer] = [
    (word, "view")
    for word in (
        "artifacts", "cells", "console_lines", "events", "history", "history_values", "media",
        "runs", "summary", "sweeps", "system", "trials",
    )
]  # fmt: skip
_MAGIC = re.compile(
    r"^[^%]*?(?P<magic>%%?(?:tracker_sql|tracker_sweep|tracker|restore))[ \t]+(?P<rest>.*)$"
)
_FRAGMENT = re.compile(r"""(?:[^\s"']|"[^"]*"?|'[^']*'?)*$""")
_TABLE = re.compile(r"\b(?:from|join)\s+$", re.IGNORECASE)
_DIR = re.compile(r"--dir[ =](\S+)")


@context_matcher(identifier="tracker.magics")
def complete(context: Any) -> dict[str, Any]:
    """Offer what fits before the cursor; nothing outside our magics."""
    match = _MAGIC.match(context.text_until_cursor)
    if match is None:
        return {"completions": [], "matched_fragment": context.token}
    fragment = next(_FRAGMENT.finditer(match["rest"]))[0]
    before = match["rest"].removesuffix(fragment)
    bare = fragment.strip("\"'")
    found: list[_Offer] = []
    # What cannot be looked up is not offered.
    with contextlib.suppress(Exception):
        found = [each for each in _offers(match["magic"], before, bare) if each[0].startswith(bare)]
    return {
        "completions": [SimpleCompletion(_quoted(text), type=kind) for text, kind in found[:LIMIT]],
        "matched_fragment": fragment,
        "suppress": bool(found),
        "ordered": True,
    }


def _offers(magic: str, before: str, fragment: str) -> list[_Offer]:
    given = before.split()
    title = f"{magic} {given[0]}" if magic == "%tracker" and given else magic
    if title == "%tracker sql":
        return _VIEWS if _TABLE.search(before) else []
    if fragment.startswith("-"):
        options = parsers.options_of(title) or parsers.options_of(magic)
        return [(option, "option") for option in options]
    if given and given[-1].startswith("-"):
        return []
    place = _DIR.search(before)
    store = open_store(find_store(place[1] if place else None))
    is_first = len(_positional(given)) == (title != magic)
    return _names(title, store, fragment) if is_first else []


def _names(title: str, store: Store, fragment: str) -> list[_Offer]:
    commands = _COMMANDS if title == "%tracker" else []
    # Looking for names must not make a store.
    if not store.database.exists():
        return commands
    with store.reading() as db:
        if title == "%restore" or (title == "%tracker" and "/" in fragment):
            return _runs(read.names(db)[::-1], is_path="/" in fragment)
        if title in ("%tracker", "%%tracker", "%tracker ls"):
            return [*commands, *((name, "project") for name, *_ in read.projects(db))]
    return []


def _runs(newest_first: list[tuple[str, str, str]], *, is_path: bool) -> list[_Offer]:
    return [
        (f"{project}/{label}" if is_path else label, "run")
        for project, run_id, name in newest_first
        for label in dict.fromkeys((name, run_id))
    ]


def _positional(words: list[str]) -> list[str]:
    pairs = zip(["", *words], words, strict=False)
    return [word for before, word in pairs if not word.startswith("-") and before[:1] != "-"]


def _quoted(text: str) -> str:
    return f'"{text}"' if re.search(r"\s", text) else text
