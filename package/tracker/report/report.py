"""A report: blocks under a title, kept with their versions in the store."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from tracker.errors import NotFoundError, UsageError
from tracker.report.blocks import ArtifactBlock, Block, SQLBlock
from tracker.report.manuscript import Manuscript
from tracker.report.parts import from_json
from tracker.report.pictures import Picture
from tracker.report.runset import PanelGrid, Runset
from tracker.report.unknown import revive
from tracker.run.address import run_url
from tracker.settings import find_store
from tracker.store.store import open_store
from tracker.store.writing import documents
from tracker.store.writing.documents import Document

if TYPE_CHECKING:
    from tracker.report.views import GridRuns, View

KIND = "report"
PathLike = str | os.PathLike[str]


@dataclass(repr=False)
class Report(Manuscript):
    """A narrative about runs, with their charts, tables and media in it.

    Parameters
    ----------
    project : str
        Where it is kept, and the project of run sets that name none.
    title : str
        At most 128 characters.
    description : str
        Below the title.
    blocks : list of blocks
    width : {"readable", "fixed", "fluid"}
        How wide it is on a screen: for reading, for panels, or all that there is.
    entity : str
        W&B's account; means nothing here.
    dir : path-like, optional
        The directory that holds the store; see :class:`tracker.Api`.

    Attributes
    ----------
    id : str
        Names it in the store; empty before it is saved.
    version : int
        Of the saved report; 0 before.

    Examples
    --------
    >>> import tracker.report as wr
    >>> report = wr.Report("digits", title="Which learning rate?", blocks=[
    ...     wr.P("Small ones."),
    ...     wr.PanelGrid(panels=[wr.LinePlot(y=["val/loss"]), wr.RunComparer()]),
    ... ])
    >>> report.save()
    >>> report.to_html("digits.html")
    """

    # --- the store ----------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data; :meth:`from_json` reads that."""
        told = super().to_json()
        told.pop("dir", None)
        return told

    @classmethod
    def from_json(cls, data: dict[str, Any], dir: PathLike | None = None) -> Report:
        """Return the report that :meth:`to_json` was called on.

        Raises
        ------
        UsageError
            If it is none.
        """
        if not isinstance(data, dict) or data.get("type") != cls.__name__:
            raise UsageError(f"The data begin with {str(data)[:60]!r}: expected those of a report.")
        made: Report = from_json(revive(data))
        made.dir = dir
        return made

    def save(self, draft: bool = False, clone: bool = False) -> Report:
        """Keep it in the store as a new version; every earlier one stays.

        Run sets, queries and artifacts that do not follow the store are pinned now, if they are
        not yet.

        Parameters
        ----------
        draft : bool
            W&B's; means nothing here.
        clone : bool
            Keep it as a report of its own rather than as a version of the one it was.
            Default False.

        Returns
        -------
        Report
            This one.

        Raises
        ------
        ConflictError
            If somebody else has saved another version since this one was opened.
        """
        if clone:
            object.__setattr__(self, "id", "")
            object.__setattr__(self, "version", 0)
        self.pin(only_wanted=True)
        objects = self.objects
        for each in self.walk():
            if isinstance(each, Picture):
                each.keep(objects.put_bytes)
        name = self.id or token_hex(4)
        saved = documents.put(
            self.store, KIND, self.project, name, self.to_json(), expected=self.version, keep=None
        )
        self.take(saved)
        return self

    @classmethod
    def open(cls, path: str, version: int | None = None, dir: PathLike | None = None) -> Report:
        """Return a saved report.

        Parameters
        ----------
        path : str
            ``"project/id"`` or ``"project/title"``.
        version : int, optional
            Default: the newest.
        dir : path-like, optional
            The directory that holds the store.

        Raises
        ------
        NotFoundError
            If there is none; the message says which there are.
        """
        project, _, wanted = path.strip("/").partition("/")
        with open_store(find_store(dir)).reading() as db:
            known = documents.find(db, KIND, project)
            hits = [d for d in known if wanted in (d.name, d.content.get("title"))]
            if len(hits) != 1:
                raise NotFoundError(_not_one(path, hits or known, is_many=len(hits) > 1))
            found = documents.get(db, KIND, project, hits[0].name, version)
        if found is None:
            raise NotFoundError(
                f"Report {path!r} has no version {version}: the newest is {hits[0].version}."
            )
        return cls.of(found, dir)

    @property
    def url(self) -> str:
        """Where it is kept: its project in JupyterLab where that runs, else the store's file."""
        return run_url(self.store.root, self.project, f"reports/{self.id}" if self.id else None)

    @classmethod
    def of(cls, document: Document, dir: PathLike | None = None) -> Report:
        """Return the report that a document of the store is; see :meth:`tracker.Api.reports`."""
        made = cls.from_json(document.content, dir)
        made.take(document)
        return made

    def versions(self) -> list[Document]:
        """Return every saved version, the oldest first."""
        with self.store.reading() as db:
            return documents.versions(db, KIND, self.project, self.id)

    def clone(self, title: str | None = None) -> Report:
        """Return a copy that has not been saved, with another title if one is given."""
        twin = from_json(revive(self.to_json()))
        twin.dir = self.dir
        if title is not None:
            twin.title = title
        assert isinstance(twin, Report)
        for old, new in zip(self.walk(), twin.walk(), strict=True):
            if isinstance(old, Picture) and isinstance(new, Picture):
                new.content = old.content
        return twin

    def delete(self) -> bool:
        """Delete it from the store with all its versions; say whether it was there."""
        return bool(self.id) and documents.delete(self.store, KIND, self.project, self.id)

    def take(self, saved: Document) -> None:
        """Be the report that the store has now."""
        object.__setattr__(self, "id", saved.name)
        object.__setattr__(self, "version", saved.version)
        object.__setattr__(self, "updated_at", saved.updated_at)

    # --- pins ---------------------------------------------------------------------------------

    def pin(self, *, only_wanted: bool = False) -> Report:
        """Read what panels, queries and artifacts show, and keep it: the report shows it for good.

        What is pinned already stays as it is; :meth:`unpin` lets it go.

        Parameters
        ----------
        only_wanted : bool
            Leave what follows the store as it is. Default False: pin it too.
        """
        from tracker.report.pinning import pin_block, pin_grid

        for each in self.walk():
            if isinstance(each, PanelGrid):
                pin_grid(self, each, only_wanted=only_wanted)
            elif isinstance(each, SQLBlock | ArtifactBlock):
                pin_block(self, each, only_wanted=only_wanted)
        return self

    def unpin(self) -> Report:
        """Let all run sets, queries and artifacts follow the store."""
        pinned: list[Runset | SQLBlock | ArtifactBlock] = []
        for each in self.walk():
            if isinstance(each, PanelGrid):
                pinned += each.runsets
            elif isinstance(each, SQLBlock | ArtifactBlock):
                pinned.append(each)
        for one in pinned:
            one.pin, one.follow = None, True
        return self

    # --- what it becomes ----------------------------------------------------------------------

    def to_html(self, path: PathLike | None = None) -> str | Path:
        """Write it as one HTML file that needs nothing else; return the file, or the text.

        It opens without network and without kernel, is interactive, and nothing that was
        logged runs in it.

        Parameters
        ----------
        path : path-like, optional
            Default: return the text.
        """
        from tracker.report.page import write_page

        page = write_page(self)
        if path is None:
            return page
        file = Path(path)
        file.write_text(page, encoding="utf-8")
        return file

    def to_pdf(self, path: PathLike) -> Path:
        """Print it to a PDF file with a Chromium or Chrome that is installed.

        Raises
        ------
        UsageError
            If there is no such browser.
        """
        from tracker.report.page import write_page
        from tracker.report.pdf import print_pdf

        return print_pdf(write_page(self, is_eager=True), Path(path))

    def to_notebook(self, path: PathLike | None = None) -> Any:
        """Write it as a notebook whose cells run again, with their outputs in it.

        Parameters
        ----------
        path : path-like, optional
            Default: return the notebook, of nbformat.
        """
        from tracker.report.notebook import to_notebook

        made = to_notebook(self)
        if path is None:
            return made
        import nbformat

        file = Path(path)
        nbformat.write(made, file)  # type: ignore[no-untyped-call, unused-ignore]
        return file

    def show(self) -> None:
        """Show it below the cell: what is not pinned goes on with its runs, as a workspace does."""
        from tracker.report.live import show

        show(self)

    def runs(self, *runsets: Runset) -> GridRuns:
        """Return the runs of some run sets, to draw panels over in a notebook.

        Parameters
        ----------
        *runsets : Runset
            Default: all runs of the project.

        Examples
        --------
        >>> runs = report.runs(Runset(filters="config.lr > 0.1"))
        >>> runs.draw(LinePlot(y=["loss"]))
        """
        from tracker.report.views import GridRuns

        return GridRuns(self, runsets)

    def view(self, block: Block) -> View:
        """Return a block for a notebook to show, such as an SQLBlock."""
        from tracker.report.views import View, block_bundle

        return View(block_bundle(self, block))

    def _repr_html_(self) -> str:
        from tracker.report.showing import card

        return card(self)


def _not_one(path: str, known: list[Document], *, is_many: bool) -> str:
    shown = ", ".join(f"{d.content.get('title')!r} ({d.name})" for d in known[:10])
    if is_many:
        return f"{len(known)} reports are titled as {path!r} says: give the id of one, {shown}."
    return f"There is no report {path!r}: expected 'project/id' or 'project/title'" + (
        f"; the project has {shown}." if shown else ", and the project has none."
    )
