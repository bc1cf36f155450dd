"""One file of TensorBoard's events, for whoever reads it while it is written."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tracker.exchange.elsewhere import all_made
from tracker.exchange.tensorboard_events import Event, Events, follow
from tracker.exchange.tfrecord import TfRecords


class EventFile:
    """A file of TensorBoard's events, which may still be growing; tensorboard is not needed.

    Parameters
    ----------
    path : str or Path
        The file.

    Examples
    --------
    >>> file = tracker.EventFile("logs/events.out.tfevents.1700000000.host.1.0")
    >>> for event in file.read():
    ...     run.log({**event.values, "global_step": event.step})
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._records = TfRecords(Path(path))
        self._events = Events()

    @property
    def lost(self) -> Counter[str]:
        """What could not be read so far, in words: ``{"graphs of models": 1}``."""
        return self._events.lost + Counter({"damaged records": self._records.damaged})

    def read(self) -> Iterator[Event]:
        """Yield the events that have come since the last one that was read, and are whole.

        Yields
        ------
        Event
            With its ``step``, ``time_s`` (seconds since the epoch), ``values`` by tag: numbers and
            media, of a batch a list, and ``hparams``, the hyperparameters.

        Raises
        ------
        UsageError
            If the file cannot be read.
        """
        for event in follow(self._records.records(), self._events):
            event.values = all_made(event.values)
            yield event
