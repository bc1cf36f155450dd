"""What media ask of the floors above, which fill it in when they are imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Upstairs:
    """Functions of the floors above.

    Attributes
    ----------
    media_bundle : callable or None
        Gives what a notebook's cell shows of a logged value, by MIME types.
    """

    media_bundle: Callable[[Any], dict[str, Any] | None] | None = None


UPSTAIRS = Upstairs()


class Shown:
    """Something that a notebook draws as the value of a cell."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any] | None:
        return None if UPSTAIRS.media_bundle is None else UPSTAIRS.media_bundle(self)
