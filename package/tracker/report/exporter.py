"""What JupyterLab's menu and ``jupyter nbconvert`` export with; nbconvert alone imports this."""

from __future__ import annotations

from typing import Any

from nbconvert.exporters import Exporter

from tracker.report.export import notebook_page


class TrackerHTMLExporter(Exporter):
    """A notebook as one HTML file, as ``tracker export`` writes it.

    It is *File ▸ Save and Export Notebook As ▸ TrackerHTML* in JupyterLab, and
    ``jupyter nbconvert --to trackerHTML``. What nbconvert does to a notebook before, such as
    ``--execute`` or leaving out cells by their tags, works here as well.
    """

    export_from_notebook = "Tracker HTML"
    output_mimetype = "text/html"

    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(  # type: ignore[override]  # as all exporters of pages do
        self, nb: Any, resources: Any = None, **options: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page, and what nbconvert wants to know of it."""
        notebook, known = super().from_notebook_node(nb, resources, **options)
        name = (known.get("metadata") or {}).get("name")
        return notebook_page(notebook, str(name or "Notebook")), known
