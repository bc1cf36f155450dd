"""W&B's ``display`` and ``to_html``: the panels are above, so the front door fills it in."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any


class Showing:
    """What :class:`Shown` asks of the floors above.

    Attributes
    ----------
    panel : callable
        Gives the panel of what ``tracker.show`` would be told, in the store of a directory.
    display : callable
        Shows a panel below the cell that runs.
    """

    panel: Callable[[str, Path], Any]
    display: Callable[[Any], None]


SHOWING = Showing()


class Shown:
    """Something that has a panel: a run, a sweep, a project."""

    def _shown_as(self) -> tuple[str, Path] | None:
        """Return what ``tracker.show`` is told of it and its store's directory; None to hide."""
        raise NotImplementedError

    def display(self, height: int = 420, hidden: bool = False) -> bool:
        """Show the live panel below the cell; see :func:`tracker.show`.

        Parameters
        ----------
        height
            Accepted for W&B's sake: a panel is as high as what it shows.
        hidden
            Accepted for W&B's sake.

        Returns
        -------
        bool
            Whether it was shown: False outside of a notebook, and of a disabled run.
        """
        from tracker.run.provenance import front_end

        known = self._shown_as()
        if known is None or front_end() == "python":
            return False
        SHOWING.display(SHOWING.panel(*known))
        return True

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """Return what is stored now as HTML: the picture that a panel leaves in a notebook.

        Parameters
        ----------
        height
            Accepted for W&B's sake.
        hidden : bool
            Fold it, to be opened by a click. Default False.
        """
        known = self._shown_as()
        if known is None:
            return ""
        panel = SHOWING.panel(*known)
        try:
            html = str(panel.static_html())
        finally:
            panel.close()
        if hidden:
            return f"<details><summary>{escape(known[0])}</summary>{html}</details>"
        return html
