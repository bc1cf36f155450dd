"""What the user of an import may choose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choices:
    """What stands in for what a source does not say, or says otherwise.

    Attributes
    ----------
    project : str or None
        The project of all runs; None for what the source says.
    name : str or None
        The run's name, where the source is one run.
    follow_links : bool
        Whether a link that leads out of the source's folder is a file of the run. Default False.
    run, step, time : str or None
        The columns of a table that say so; None to find out by their names.
    """

    project: str | None = None
    name: str | None = None
    follow_links: bool = False
    run: str | None = None
    step: str | None = None
    time: str | None = None
