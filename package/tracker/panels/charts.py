"""What a panel draws: charts, what is asked of them, and what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tracker.figures.axes import XAxis, XKind
from tracker.figures.curve import Line, Role, curve_layout, role_style, strokes
from tracker.panels.wire import Parcel
from tracker.records import Curve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Span = tuple[float, float]
OTHER_SECTION = "Charts"
SYSTEM_SECTION = "System"


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of a panel.

    Attributes
    ----------
    name : str
        Tells charts of a panel apart.
    section, title : str
    keys : tuple of str
        The keys whose news concern it.
    is_system : bool
    unit : str
        Behind values; may be empty.
    """

    name: str
    section: str
    title: str
    keys: tuple[str, ...]
    is_system: bool = False
    unit: str = ""

    def as_message(self) -> dict[str, Any]:
        """Return what a page needs to make a place for the chart."""
        return {
            "name": self.name,
            "section": self.section,
            "title": self.title,
            "key": self.keys[0] if self.keys and not self.is_system else "",
            "system": self.is_system,
            "unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class Ask:
    """How the lines of charts are wanted.

    Attributes
    ----------
    x : {"step", "relative", "time"}
    width : int
        Pixel columns.
    span : (float, float) or None
        Only this stretch of the x-axis, in the units of :class:`Curve`; None for all of it.
    """

    x: XKind = "step"
    width: int = 320
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """The lines of one chart, as they are now.

    Attributes
    ----------
    lines : sequence of Line
    axis : XAxis
    y_range : (float, float) or None
        Fixed limits.
    runs : sequence of str
        Ids of the lines' runs, where there are several.
    bases : sequence
        Which points of each line smoothing may use; None for all.
    """

    lines: Sequence[Line]
    axis: XAxis
    y_range: tuple[float, float] | None = None
    runs: Sequence[str] = ()
    bases: Sequence[NDArray[np.intp] | None] = ()

    @property
    def is_exact(self) -> bool:
        """Whether every point is here."""
        return all(line.curve.is_exact for line in self.lines)

    @property
    def fingerprint(self) -> tuple[Any, ...]:
        """Return something that changes when the drawing does, cheap to compare."""
        ends = tuple(
            (line.label, line.colour, line.curve.total, len(line.curve.x), *_ends(line.curve))
            for line in self.lines
        )
        return self.axis, self.y_range, ends


def split_key(key: str) -> tuple[str, str]:
    """Return the section of a metric and its title there: what stands before the first slash."""
    section, slash, title = key.partition("/")
    return (section, title) if slash and section and title else (OTHER_SECTION, key)


def drawing_message(chart: Chart, drawing: Drawing, parcel: Parcel) -> dict[str, Any]:
    """Return a chart's lines as part of a message whose numbers are in `parcel`.

    The arrays are those of :func:`tracker.figures.curve_figure`, by the same function; a
    thinned line brings the points that smoothing may use, as role ``base``.
    """
    lines: list[dict[str, Any]] = []
    parts: list[list[Any]] = []
    for number, line in enumerate(drawing.lines):
        curve = line.curve
        lines.append(_line_message(line, drawing, number))
        for role, (x, y) in strokes(curve, drawing.axis).items():
            parts.append([number, role, parcel.add(x), parcel.add(y)])
        places = drawing.bases[number] if drawing.bases else None
        if places is not None:
            x = curve.x[places] * drawing.axis.scale
            parts.append([number, "base", parcel.add(x), parcel.add(curve.y[places])])
    return {
        "name": chart.name,
        "kind": drawing.axis.kind,
        "scale": drawing.axis.scale,
        "lines": lines,
        "parts": parts,
        "exact": drawing.is_exact,
    }


def face_message(drawing: Drawing) -> dict[str, Any]:
    """Return a chart's layout and the styles of its lines: what rarely changes."""
    styles = [
        {role: role_style(role, line.label, line.colour) for role in _ROLES}
        for line in drawing.lines
    ]
    return {"layout": curve_layout("", drawing.axis, y_range=drawing.y_range), "styles": styles}


_ROLES: Final[tuple[Role, ...]] = ("line", "dots", "nan", "above", "below")


def _line_message(line: Line, drawing: Drawing, number: int) -> dict[str, Any]:
    curve = line.curve
    last = curve.y[-1].item() if len(curve.y) else None
    return {
        "label": line.label,
        "colour": line.colour,
        "run": drawing.runs[number] if drawing.runs else "",
        "total": curve.total,
        "last": _jsonable(last),
    }


def _jsonable(value: float | None) -> float | str | None:
    """JSON lacks NaN and the infinities."""
    if value is None or value - value == 0:
        return value
    return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")


def _ends(curve: Curve) -> tuple[str, ...]:
    # As text, because NaN is not equal to itself.
    return tuple(repr(array[i]) for array in (curve.x, curve.y) for i in (0, -1) if len(array))
