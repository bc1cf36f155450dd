"""The code of a run: its cells and source files, and how they differ from another run's."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Final

from tracker.errors import NotFoundError
from tracker.figures.code import cells_html, diff_html
from tracker.panels.runs.runset import RunSet
from tracker.panels.views import ViewMessage, Work
from tracker.panels.views.choices import offered, the_run
from tracker.store.database.connection import Connection
from tracker.store.files.objects import Objects
from tracker.store.reading import read
from tracker.store.reading.version_reads import code_of

# A larger file is no source that anybody reads.
_MOST_BYTES: Final = 1_000_000


class CodeView:
    """The code of one run, or what changed in it since another."""

    kind = "code"
    title = "Code"
    fields = ()

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return the code of the first run that is drawn."""
        return {"title": "Code", "width": 12}

    def keys(self, spec: Mapping[str, Any]) -> None:
        """Return that any news concern it: cells come without keys."""
        return

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage | Work:
        """Return the code of the run that the page asked for, or what lets it be compared."""
        run = the_run(runset, ask, spec)
        if run is None:
            html = '<p class="tkv-dim">No run is shown: switch some on in the table.</p>'
            return ViewMessage("code", {"runs": [], "run": "", "other": "", "html": html})
        name = ask.get("other", spec.get("other"))
        other = next((each for each in runset.all if name and each.id == name), None)
        facts = {"runs": offered(runset), "run": run.id, "other": other.id if other else ""}
        cells = read.cells(db, run.key)
        logged = code_of(db, [run.key, *([other.key] if other else [])])
        objects = Objects(runset.objects_dir)
        if other is None:
            patch = _patch(db, runset.project, run.id)
            html = cells_html(cells, patch, texts_of(objects, logged[run.key]))
            return ViewMessage("code", facts | {"html": html})
        before, old, new = read.cells(db, other.key), logged[other.key], logged[run.key]
        # What both have is the same, and need not be read.
        same = {path for path in old if old[path] == new.get(path)}

        def compare() -> ViewMessage:
            files = texts_of(objects, old, same), texts_of(objects, new, same)
            return ViewMessage("code", facts | {"html": diff_html(before, cells, files)})

        return compare


def texts_of(
    objects: Objects, files: Mapping[str, str], but: Container[str] = ()
) -> dict[str, str]:
    """Return the texts of files by path; of one that is gone or large, why it is not here."""
    found = {}
    for path, digest in files.items():
        if path in but:
            continue
        try:
            place = objects.path(digest)
            if (size := place.stat().st_size) > _MOST_BYTES:
                found[path] = f"# {size:,} bytes: too many to show"
            else:
                found[path] = place.read_text("utf-8", "replace")
        except (NotFoundError, OSError) as error:
            found[path] = f"# {error}"
    return found


def _patch(db: Connection, project: str, run_id: str) -> str:
    record = read.run(db, project, run_id)
    git = record.metadata.get("git") if record else None
    patch = git.get("patch") if isinstance(git, dict) else None
    return patch if isinstance(patch, str) else ""
