"""The graph of what led to an artifact, or to the runs that are drawn, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tracker.artifacts.words import split_path
from tracker.errors import NotFoundError
from tracker.figures.canvas import note
from tracker.figures.lineage import lineage_figure
from tracker.panels.runs.runset import RunSet
from tracker.panels.views import Field, ViewMessage
from tracker.panels.views.lineage_cards import cards
from tracker.store.database.connection import Connection
from tracker.store.reading import version_reads
from tracker.store.reading.lineage import lineage
from tracker.store.writing.versions import LATEST

MOST_RUNS: Final = 200
HEIGHT_PX: Final = 320


class LineageView:
    """Runs and artifact versions, connected as data flows."""

    kind = "lineage"
    title = "Lineage"
    fields = (
        Field("artifact", "Artifact", "text", hint="model:best; empty for the runs that are drawn"),
        Field("up", "What led to it", "flag"),
        Field("down", "What came of it", "flag"),
    )

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return the lineage of the runs that are drawn, both ways."""
        return {
            "title": "Lineage", "width": 12, "height": HEIGHT_PX, "artifact": "", "up": True,
            "down": True,
        }  # fmt: skip

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str] | None:
        """Return None: an artifact is news of no key."""
        return None

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage:
        """Return the graph, and what a card says when it is clicked.

        The page may ask to ``start`` at another version than the panel's.

        Raises
        ------
        UsageError, NotFoundError
            If the artifact's name cannot be used, or there is no such version.
        """
        start = str(ask.get("start") or "")
        name = start or str(spec.get("artifact") or "").strip()
        versions = [_find(db, name, runset.project)] if name else []
        runs = [] if name else [run.key for run in runset.visible[:MOST_RUNS]]
        found = lineage(
            db, version_keys=versions, run_keys=runs, up=bool(spec.get("up", True)),
            down=bool(spec.get("down", True)),
        )  # fmt: skip
        if not found.edges and not start:
            text = f"{name} has been used by no run." if name else "These runs have no artifacts."
            return ViewMessage("trouble", {"text": text})
        if not name:
            found = replace(found, starts=())  # where all is in question nothing stands out
        figure = lineage_figure(found)
        if not name and len(runset.visible) > MOST_RUNS:
            words = f"the first {MOST_RUNS} of {len(runset.visible):,} runs"
            figure.update_layout(annotations=[*figure.layout.annotations, note(words)])
        content = {"figure": figure.to_json(), "cards": cards(db, found), "start": start}
        return ViewMessage("lineage", content)


def _find(db: Connection, text: str, project: str) -> int:
    given, name, alias = split_path(text)
    found = version_reads.find(db, given or project, name, alias=alias or LATEST)
    if found is None:
        raise NotFoundError(f"There is no artifact {text!r} in project {given or project!r}.")
    if found.source is None:
        return found.version_key
    source = version_reads.find(db, found.source[0], found.source[1], alias=f"v{found.source[2]}")
    return found.version_key if source is None else source.version_key
