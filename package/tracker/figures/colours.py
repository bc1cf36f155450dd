"""One colour a run: automatic, the same everywhere, and apart for colour-blind eyes too.

The palette was found by maximising the smallest OKLab distance between any two colours as
people with normal sight, protanopia, deuteranopia and tritanopia see them (matrices of
Machado, Oliveira & Fernandes, "A Physiologically-based Model for Simulation of Color Vision
Deficiency", IEEE TVCG 2009), among colours that stand out from white and from near-black.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Sequence
from typing import Final

PALETTE: Final = (
    "#3b82f6",
    "#eba728",
    "#c6307c",
    "#7ca27b",
    "#9d4cb8",
    "#717405",
    "#b09bf8",
    "#cb8719",
    "#d1aabc",
    "#af79b9",
)

STATE_COLOURS: Final = {
    "running": "#3b82f6",
    "finished": "#2f9e62",
    "failed": "#e5484d",
    "crashed": "#e2762b",
    "stopped": "#8b8d98",
}


def colour_of(run_id: str) -> str:
    """Return the colour of a run, as ``#rrggbb``; the same in every process and on every day."""
    return PALETTE[_place(run_id)]


def colours_of(run_ids: Sequence[str]) -> dict[str, str]:
    """Give any ten runs in a row, such as the newest ten, ten different colours.

    Parameters
    ----------
    run_ids : sequence of str
        The oldest first: an earlier run keeps its own colour (:func:`colour_of`) when a later
        one would have the same, so a new run never changes those before it.
    """
    colours: dict[str, str] = {}
    recent: deque[int] = deque(maxlen=len(PALETTE) - 1)
    for run_id in dict.fromkeys(run_ids):
        place = _place(run_id)
        while place in recent:
            place = (place + 1) % len(PALETTE)
        recent.append(place)
        colours[run_id] = PALETTE[place]
    return colours


def _place(run_id: str) -> int:
    return zlib.crc32(run_id.encode("utf-8", "surrogatepass")) % len(PALETTE)
