"""Text in Markdown: what a person writes beside the curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.figures.markdown import markdown
from tracker.panels.runs.runset import RunSet
from tracker.panels.views import Field, ViewMessage, html_message
from tracker.store.database.connection import Connection


class MarkdownView:
    """A note in Markdown."""

    kind = "markdown"
    title = "Markdown"
    fields = (Field("text", "Text", "lines", hint="# What these runs are about"),)

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return an empty note."""
        return {"title": "Note", "width": 6, "text": ""}

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str]:
        """Return nothing: it shows only what was written."""
        return frozenset()

    def read(
        self,
        db: Connection,
        spec: Mapping[str, Any],
        runset: RunSet,
        ask: Mapping[str, Any],
    ) -> ViewMessage:
        """Return the note as HTML."""
        return html_message(markdown(str(spec["text"])))
