"""Where what was read for good is kept."""

from __future__ import annotations

from dataclasses import dataclass

from tracker.report import checks
from tracker.report.checks import checked, items, text
from tracker.report.parts import Part


@dataclass(repr=False)
class Pin(Part):
    """What a pinned run set or block read, and when: an object of the store.

    Attributes
    ----------
    sha256 : str
        The object; its digest is that of the content.
    time : str
        When it was read, ISO 8601, UTC.
    run_ids : list of str
        The runs of a run set.
    """

    sha256: str = checks.needed(checks.digest)
    time: str = checked(text(40), "")
    run_ids: list[str] = checked(items(text()), [])
