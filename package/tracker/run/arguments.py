"""Reads the arguments of ``init``, and the environment that stands in for them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tracker.errors import UsageError
from tracker.run.identity import check_tags
from tracker.run.provenance import is_notebook
from tracker.settings import Settings

REINIT_WORDS = ("default", "return_previous", "finish_previous", "create_new")


def merge_settings(settings: Any, save_code: bool | None) -> Any:
    """Return what ``settings`` and ``save_code`` of ``init`` say together."""
    if save_code is None:
        return settings
    if isinstance(settings, Settings):
        return replace(settings, save_code=save_code)
    if settings is None or isinstance(settings, Mapping):
        return {**(settings or {}), "save_code": save_code}
    return settings


def reinit_word(reinit: bool | str | None) -> str:
    """Return what becomes of runs that are active.

    Raises
    ------
    UsageError
        If the word is none that exists.
    """
    if isinstance(reinit, bool):
        return "finish_previous" if reinit else "return_previous"
    word = "default" if reinit is None else reinit
    if word not in REINIT_WORDS:
        raise UsageError(
            f"reinit is {reinit!r}: expected one of {', '.join(map(repr, REINIT_WORDS))}."
        )
    if word == "default":
        return "finish_previous" if is_notebook() else "return_previous"
    return word


def select(
    values: dict[str, Any], included: Sequence[str] | None, excluded: Sequence[str] | None
) -> dict[str, Any]:
    """Return the values whose keys are included, or not excluded."""
    if included:
        return {key: value for key, value in values.items() if key in included}
    return {key: value for key, value in values.items() if key not in (excluded or ())}


def read_tags(given: Sequence[str] | None) -> list[str] | None:
    """Return the tags that were given, else those of the environment."""
    text = from_environment("TAGS")
    if given is None and text is not None:
        given = [tag.strip() for tag in text.split(",") if tag.strip()]
    return None if given is None else list(check_tags(given))


def as_text(value: object) -> str | None:
    """Return a value as text, None as it is."""
    return None if value is None else str(value)


def from_environment(name: str) -> str | None:
    """Return an environment variable of ours, else W&B's; None where it is empty."""
    for prefix in ("TRACKER_", "WANDB_", "WANDB_RUN_"):
        if text := os.environ.get(prefix + name):
            return text
    return None
