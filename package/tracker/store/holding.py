"""Which objects the store's tables and journals hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tracker.store.database.database import Database
from tracker.store.journal import journal

_DIGEST = re.compile(rb"[0-9a-f]{64}")
# Every column that may name an object, as text.
_TEXTS = """
SELECT value::VARCHAR FROM value WHERE contains(value::VARCHAR, 'sha256')
UNION ALL SELECT config::VARCHAR FROM run
UNION ALL SELECT summary::VARCHAR FROM run
UNION ALL SELECT metadata::VARCHAR FROM run
UNION ALL SELECT payload::VARCHAR FROM event
UNION ALL SELECT content::VARCHAR FROM document
"""
_NAMED = f"""
SELECT DISTINCT unnest(regexp_extract_all(text, '[0-9a-f]{{64}}')) FROM ({_TEXTS}) t(text)
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Digests of objects that must stay.

    Attributes
    ----------
    files : set of str
        Of files of artifacts.
    named : set of str
        Named in values, configs, documents and journals: what these objects name is held too.
    """

    files: set[str]
    named: set[str]


def read_held(store: Database) -> Held:
    """Return what versions, values, documents and the journals of living runs hold.

    It names too much rather than too little: whatever looks like a digest counts.
    """
    with store.reading() as db:
        files = db.execute("SELECT DISTINCT sha256 FROM artifact_file").fetchall()
        named = db.execute(_NAMED).fetchall()
    held = Held({digest for (digest,) in files}, {digest for (digest,) in named})
    for paths in journal.stems(store.journal_dir).values():
        for path in paths:
            held.named.update(digests_in(path.read_bytes()))
    return held


def digests_in(content: bytes) -> set[str]:
    """Return everything in some bytes that looks like a digest."""
    return {match.decode() for match in _DIGEST.findall(content)}


def only_in(store: Database, version_keys: list[int]) -> set[str]:
    """Return the contents that these versions hold and nothing else does."""
    with store.reading() as db:
        rows = db.execute(
            "SELECT sha256 FROM artifact_file GROUP BY sha256 "
            "HAVING bool_and(version_key IN (SELECT unnest(?::INTEGER[])))",
            [version_keys],
        ).fetchall()
    return {digest for (digest,) in rows} - read_held(store).named
