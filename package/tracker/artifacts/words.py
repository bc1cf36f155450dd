"""Names, paths, aliases and tags that artifacts may have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tracker.errors import UsageError

NAME_LIMIT = 128
METADATA_LIMIT = 100
REGISTRY = "wandb-registry-"
PATH_LIMIT = 1000
PART_LIMIT_BYTES = 255
_NAME = re.compile(r"[A-Za-z0-9_.\-]+( +[A-Za-z0-9_.\-]+)*")
_FORBIDDEN = re.compile(r"[\\:\x00-\x1f\x7f\ud800-\udfff]")
_TAG = re.compile(r"[-\w]+( +[-\w]+)*")
_VERSION = re.compile(r"v\d+")
_RESERVED = {
    "con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10)),
}  # fmt: skip


def check_artifact_name(name: object) -> str:
    """Return `name` if it may name an artifact; raise UsageError if not."""
    is_word = isinstance(name, str) and _NAME.fullmatch(name) and name.strip(".")
    if not isinstance(name, str) or not is_word or len(name) > NAME_LIMIT:
        raise UsageError(
            f"Artifact name {str(name)[:150]!r} cannot be used: expected 1 to {NAME_LIMIT} "
            "letters, digits, '_', '-' and '.', blanks between them, and not dots alone."
        )
    return name


def check_inside(name: object) -> str:
    """Return a path inside an artifact in its one spelling.

    Raises
    ------
    UsageError
        If it would leave the artifact, on this or any other system.
    """
    text = str(name)
    parts = [part for part in text.split("/") if part not in ("", ".")]
    is_bad = (
        not parts
        or len(text) > PATH_LIMIT
        or _FORBIDDEN.search(text)
        or text.startswith(("/", "~"))
        or any(_is_bad_part(part) for part in parts)
    )
    if is_bad:
        raise UsageError(
            f"{text[:200]!r} cannot be a path inside an artifact: expected a relative path with "
            "'/' that stays inside."
        )
    return "/".join(parts)


def _is_bad_part(part: str) -> bool:
    stem = part.split(".")[0].rstrip(" ").lower()
    is_long = len(part.encode()) > PART_LIMIT_BYTES
    return part in (".", "..") or part[-1] in ". " or stem in _RESERVED or is_long


def twins(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield pairs of paths that some file systems take for one: case, and forms of accents."""
    seen: dict[str, str] = {}
    for path in paths:
        folded = unicodedata.normalize("NFC", path).casefold()
        if folded in seen:
            yield seen[folded], path
        seen.setdefault(folded, path)


def check_type(kind: object) -> str:
    """Return `kind` if it may be an artifact's type; raise UsageError if not."""
    is_word = isinstance(kind, str) and kind.strip() and len(kind) <= NAME_LIMIT
    if not isinstance(kind, str) or not is_word or any(sign in kind for sign in "/:"):
        raise UsageError(
            f"The artifact's type is {kind!r:.150}: expected a word such as 'model', without "
            "'/' and ':'."
        )
    return kind


def check_metadata(metadata: object) -> dict[str, Any]:
    """Return a copy of metadata; raise UsageError if it cannot be kept."""
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise UsageError(f"metadata is {metadata!r}: expected a dict.")
    if len(metadata) > METADATA_LIMIT:
        raise UsageError(f"metadata has {len(metadata)} keys: at most {METADATA_LIMIT}.")
    return dict(metadata)


def split_path(text: object) -> tuple[str | None, str, str | None]:
    """Return project, name and alias of ``entity/project/name:alias``; what is missing is None.

    Raises
    ------
    UsageError
        If it is no such path.
    """
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"Artifact name {text!r} cannot be used: expected 'name:alias'.")
    around, _, alias = text.removeprefix("wandb-artifact://").partition(":")
    parts = around.split("/")
    if len(parts) > 3:
        raise UsageError(f"Artifact path {text!r} cannot be used: expected 'project/name:alias'.")
    project = parts[-2] if len(parts) > 1 else None
    if project and not project.strip("."):
        raise UsageError(f"Artifact path {text!r} cannot be used: {project!r} is no project.")
    return project or None, check_artifact_name(parts[-1]), alias or None


def listed(given: Iterable[Any] | str | None) -> list[Any]:
    """Return what was given as a list: a single word for one, None for none."""
    return [given] if isinstance(given, str) else list(given or ())


def check_aliases(given: Iterable[object] | str | None) -> list[str]:
    """Return aliases, each once; empty ones, by which loggers say "not the best", are left out.

    Raises
    ------
    UsageError
        If one cannot be used.
    """
    return [check_alias(alias) for alias in dict.fromkeys(listed(given)) if alias != ""]


def check_alias(alias: object) -> str:
    """Return `alias` if it may name a version; raise UsageError if not."""
    if (
        not isinstance(alias, str)
        or not alias.strip()
        or len(alias) > NAME_LIMIT
        or any(sign in alias for sign in "/:")
        or _VERSION.fullmatch(alias)
    ):
        raise UsageError(
            f"Alias {str(alias)[:150]!r} cannot be used: expected a word without '/' and ':' that "
            "is no version such as 'v3'."
        )
    return alias


def check_tag(tag: object) -> str:
    """Return `tag` if it may label a version; raise UsageError if not."""
    if not isinstance(tag, str) or len(tag) > NAME_LIMIT or not _TAG.fullmatch(tag):
        raise UsageError(
            f"Artifact tag {str(tag)[:150]!r} cannot be used: expected letters, digits, '_', '-' "
            "and blanks between words."
        )
    return tag
