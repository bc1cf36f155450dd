"""The kinds of panels that are not curves: one file a kind, found by name here.

A kind is a class with the methods of :class:`View`; its drawing is a pure function of
:mod:`tracker.figures`, so that a report shows the same. To add one, write its file, name it in
``_PLACES``, and, if ``plotly`` and ``html`` do not suit it, add a renderer to
``static/views.js``. The board reads a panel when it is on the screen and has news, and sends it
when it has changed.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, Protocol, runtime_checkable

from tracker.panels.runs.runset import RunSet
from tracker.store.database.connection import Connection

# In the order of the menu.
_PLACES: Final = {
    "bar": "tracker.panels.views.bar:BarView",
    "scatter": "tracker.panels.views.scatter:ScatterView",
    "parallel": "tracker.panels.views.parallel:ParallelView",
    "importance": "tracker.panels.views.importance:ImportanceView",
    "comparer": "tracker.panels.views.comparer:ComparerView",
    "histogram": "tracker.panels.views.histogram:HistogramView",
    "distribution": "tracker.panels.views.distribution:DistributionView",
    "system": "tracker.panels.views.system:SystemView",
    "console": "tracker.panels.views.console:ConsoleView",
    "code": "tracker.panels.views.code:CodeView",
    "sql": "tracker.panels.views.sql:SqlView",
    "lineage": "tracker.panels.views.lineage:LineageView",
    "markdown": "tracker.panels.views.markdown:MarkdownView",
    "media": "tracker.panels.views.media:MediaView",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the small form with which a panel is made and changed.

    Attributes
    ----------
    name : str
        The panel's field that it sets.
    label : str
    type : str
        ``text``, ``lines`` (long text), ``number``, ``flag``, ``choice`` (of `options`),
        ``column`` and ``columns`` (of the run table's, ``config.lr`` or ``summary.loss``),
        ``key`` and ``keys`` (of the metrics).
    options : sequence of str
    hint : str
        What stands in the empty field.
    """

    name: str
    label: str
    type: Literal[
        "text", "lines", "number", "flag", "choice", "column", "columns", "key", "keys"
    ] = "text"
    options: Sequence[str] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ViewMessage:
    """What a panel shows.

    Attributes
    ----------
    renderer : str
        ``"plotly"``, ``"html"`` or the name of a module in ``static/views.js``.
    content : dict
        Plain JSON; what the renderer expects.
    buffers : sequence of bytes
    """

    renderer: str
    content: dict[str, Any]
    buffers: Sequence[bytes] = field(default=())

    @property
    def fingerprint(self) -> str:
        """Return a digest that changes with the content."""
        digest = hashlib.sha256(json.dumps([self.renderer, self.content]).encode())
        for buffer in self.buffers:
            digest.update(buffer)
        return digest.hexdigest()


# What takes long is done when the store has been closed again, so that nobody waits for it.
Work = Callable[[], ViewMessage]


class View(Protocol):
    """A kind of panel. It has no state: all is in the panel's spec and in the store.

    Attributes
    ----------
    kind : str
        As in a panel's spec.
    title : str
        As in the menu.
    fields : sequence of Field
    """

    kind: str
    title: str
    fields: Sequence[Field]

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return the fields that a new panel begins with, ``title``, ``width`` among them."""

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str] | None:
        """Return the logged keys whose news concern a panel; None for any news."""

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage | Work:
        """Return what a panel shows, or what works that out without the store.

        Parameters
        ----------
        db : connection
        spec : mapping
            The panel, with :meth:`defaults` filled in.
        runset : RunSet
        ask : mapping
            What the page last asked of this panel with messages of type ``ask``.

        Raises
        ------
        TrackerError
            With a sentence that the panel shows instead.
        """


@runtime_checkable
class Stamped(View, Protocol):
    """A kind of panel that knows better than by logged keys when it must be read again."""

    def stamp(self, spec: Mapping[str, Any], runset: RunSet) -> Any:
        """Return what is another when a panel must be read again, cheap to find.

        Parameters
        ----------
        spec : mapping
            The panel, with :meth:`View.defaults` filled in.
        runset : RunSet
        """


@functools.cache
def view_of(kind: str) -> View | None:
    """Return the kind of this name, None if there is none."""
    place = _PLACES.get(kind)
    if place is None:
        return None
    module, _, name = place.partition(":")
    found: View = getattr(importlib.import_module(module), name)()
    return found


def menu(runset: RunSet) -> list[dict[str, Any]]:
    """Return what a page needs to offer each kind: its title, its form and its defaults."""
    found = []
    for kind in _PLACES:
        view = view_of(kind)
        if view is not None:
            fields = [asdict(one) for one in view.fields]
            defaults = view.defaults(runset)
            found.append(
                {"kind": kind, "title": view.title, "fields": fields, "defaults": defaults}
            )
    return found


def filled(view: View, spec: Mapping[str, Any], runset: RunSet) -> dict[str, Any]:
    """Return a panel's spec with what it lacks."""
    return view.defaults(runset) | dict(spec)


def figure_message(figure: Any) -> ViewMessage:
    """Return a Plotly figure as a message; NaN and arrays are kept."""
    return ViewMessage("plotly", {"figure": figure.to_json()})


def html_message(html: str) -> ViewMessage:
    """Return safe HTML as a message; the page keeps only elements that can do no harm."""
    return ViewMessage("html", {"html": html})
