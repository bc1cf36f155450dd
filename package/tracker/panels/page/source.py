"""What a panel shows, as the board needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from tracker.panels.curves.charts import Ask, Chart, Drawing
from tracker.panels.curves.wire import Parcel
from tracker.panels.page.client import Client
from tracker.panels.runs.runset import RunSet
from tracker.panels.views import ViewMessage, Work
from tracker.records import ConsoleRecord
from tracker.store.database.connection import Connection
from tracker.store.store import Store

Tell = Callable[[dict[str, Any]], None]


class Source(Protocol):
    """What a panel shows, read from the store."""

    kind: str

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""

    def read(self, db: Connection) -> None:
        """Read what there is; the other methods go by that."""

    def head(self) -> dict[str, Any]:
        """Return what stands above the charts."""

    # -- what has curves

    def charts(self) -> list[Chart]:
        """Return the charts there are."""
        return []

    def drawings(self, db: Connection, charts: Sequence[Chart], ask: Ask) -> dict[str, Drawing]:
        """Read the lines of charts."""
        return {}

    # -- what a single run has

    def about(self) -> dict[str, Any]:
        """Return what is known besides, and rarely changes."""
        return {}

    def summary(self) -> list[list[str]]:
        """Return names and values that sum it up."""
        return []

    def tiles(self, db: Connection, parcel: Parcel) -> list[dict[str, Any]]:
        """Return small curves of system readings."""
        return []

    def console(self, db: Connection) -> list[ConsoleRecord]:
        """Return the last printed lines."""
        return []

    # -- what a workspace has, and a single run has not

    @property
    def runset(self) -> RunSet | None:
        """The runs that panels are about; None for a single run."""
        return None

    @property
    def stamp(self) -> Any:
        """What changes when all lines must be read again, besides the logged values."""
        return None

    def parts(self, client: Client) -> Iterable[tuple[str, dict[str, Any]]]:
        """Return further messages for a page, each with the name of the part that it is."""
        return ()

    def panels(self) -> Sequence[Mapping[str, Any]]:
        """Return the specs of the panels that are not charts."""
        return ()

    def draw(self, db: Connection, spec: Mapping[str, Any]) -> ViewMessage | Work | None:
        """Return a panel that only this source can draw; None for all other kinds."""
        return None

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str] | None:
        """Return the logged keys whose news concern such a panel; None for any news."""
        return None

    def act(self, store: Store, message: Mapping[str, Any], tell: Tell) -> None:
        """Do what a page asks for; messages of kinds that mean nothing here are passed over.

        Raises
        ------
        TrackerError
            If it cannot be done.
        """
        return
