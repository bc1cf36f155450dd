"""Names from elsewhere, made fit for this store."""

from __future__ import annotations

import hashlib
import re

from tracker.run.origin import DEFAULT_PROJECT, FORBIDDEN, NAME_LIMIT
from tracker.run.values import clean_text

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TAG_LIMIT = 64


def as_project(text: str | None) -> str:
    """Return a name that a project may have."""
    name = FORBIDDEN.sub("_", text or "")[:NAME_LIMIT].strip()
    return name if name.strip(" .") else DEFAULT_PROJECT


def as_run_id(text: str) -> str:
    """Return an id that a run may have: `text` itself, or one that is made of it."""
    is_fit = text.strip(" .") and len(text) <= NAME_LIMIT and not FORBIDDEN.search(text)
    return text if is_fit else made_id(text)


def made_id(*parts: object) -> str:
    """Return an id of eight characters that is always the same for the same parts."""
    told = "\0".join(map(str, parts)).encode("utf-8", "replace")
    number = int.from_bytes(hashlib.sha256(told).digest()[:8], "big")
    letters = []
    for _ in range(8):
        number, place = divmod(number, 36)
        letters.append(_DIGITS[place])
    return "".join(letters)


def as_tags(tags: object) -> list[str]:
    """Return the words of a list that may be tags, each once."""
    words = [clean_text(str(tag)) for tag in tags] if isinstance(tags, list | tuple) else []
    return list(dict.fromkeys(word for word in words if 0 < len(word) <= _TAG_LIMIT))


def as_artifact_name(text: str) -> str:
    """Return a name that an artifact may have."""
    name = re.sub(r"[^A-Za-z0-9_.\- ]", "_", text)[:NAME_LIMIT].strip()
    return name if name.strip(" .") else "artifact"
