"""Bokeh's plots, kept as the JSON of their document."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from tracker.errors import UsageError
from tracker.media.media import import_extra
from tracker.media.spec import Spec, dump_spec, read_spec


class Bokeh(Spec):
    """A Bokeh plot to log: ``run.log({"plot": tracker.Bokeh(figure)})``.

    Parameters
    ----------
    data_or_path : bokeh model, bokeh document or path
        A path leads to a document's JSON.

    Raises
    ------
    UsageError
        If it is none of these.
    """

    type_name: ClassVar[str] = "bokeh-file"

    def __init__(self, data_or_path: Any) -> None:
        if isinstance(data_or_path, str | os.PathLike):
            super().__init__(read_spec(data_or_path, "Bokeh"))
        else:
            super().__init__(dump_spec(_document_json(data_or_path)))

    def to_html(self) -> str:
        """Return a page with the plot and BokehJS in it; for a sandbox that runs scripts.

        Raises
        ------
        UsageError
            If bokeh is not installed.
        """
        bokeh = import_extra("bokeh.embed", "Showing a Bokeh plot", extra=False)
        documents = import_extra("bokeh.document", "Showing a Bokeh plot", extra=False)
        resources = import_extra("bokeh.resources", "Showing a Bokeh plot", extra=False)
        document = documents.Document.from_json(self.spec)
        page: str = bokeh.file_html(document, resources.INLINE, title="Bokeh")
        return page


def _document_json(given: Any) -> Any:
    bases = {base.__name__ for base in type(given).__mro__ if base.__module__.startswith("bokeh.")}
    if "Document" in bases:
        return _to_json(given)
    if "Model" not in bases:
        raise UsageError(
            "Bokeh constructor accepts Bokeh document/model or path to Bokeh json file, and was "
            f"given a {type(given).__name__}."
        )
    if given.document is not None:
        return _to_json(given.document)
    document = import_extra("bokeh.document", "Bokeh", extra=False).Document()
    document.add_root(given)
    try:
        return _to_json(document)
    finally:
        document.clear()  # or the user could show the model no more


def _to_json(document: Any) -> Any:
    try:
        return document.to_json(deferred=False)
    except TypeError:  # before Bokeh 3.9
        return document.to_json()
