"""One colour a run: automatic, the same everywhere, and apart for colour-blind eyes too.

The palette was found by maximising the smallest OKLab distance between any two colours as
people with normal sight, protanopia, deuteranopia and tritanopia see them (matrices of
Machado, Oliveira & Fernandes, "A Physiologically-based Model for Simulation of Color Vision
Deficiency", IEEE TVCG 2009), among colours that stand out from white and from near-black.
"""

from __future__ import annotations

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
    "#af79b9",
    "#d1aabc",
)

STATE_COLOURS: Final = {
    "running": "#3b82f6",
    "finished": "#2f9e62",
    "failed": "#e5484d",
    "crashed": "#e2762b",
    "stopped": "#8b8d98",
}


def colour_of(run_key: int) -> str:
    """Return the colour of a run, as ``#rrggbb``, by its place in the store.

    It is the same on every surface, and any ten runs begun one after the other have ten
    different ones.
    """
    return PALETTE[(run_key - 1) % len(PALETTE)]


def as_hex(colour: str) -> str | None:
    """Return a colour of CSS, such as ``teal``, as ``#rrggbb``; None where it is none."""
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(colour)[:3]
    except ValueError:
        return None
    return f"#{red:02x}{green:02x}{blue:02x}"


# Over images, where they need not be told apart from runs; as ``static/picture.js`` has them.
CLASS_COLOURS: Final = (
    "#3b82f6", "#eba728", "#c6307c", "#35a37b", "#9d4cb8", "#e0603a", "#5bb7d8", "#b4a10d",
    "#e58ac0", "#7f8cff",
)  # fmt: skip


def class_colour(class_id: str) -> str:
    """Return the colour of a class of boxes and masks, as ``#rrggbb``: by its number or name."""
    if class_id.isascii() and class_id.isdigit():
        number = int(class_id[:15])
    else:
        number = 7
        for letter in class_id.encode("utf-16-le")[::2]:
            number = (number * 31 + letter) % 9973
    return CLASS_COLOURS[number % len(CLASS_COLOURS)]
