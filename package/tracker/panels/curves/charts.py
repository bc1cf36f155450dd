"""What a panel draws: charts, what is asked of them, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from tracker.figures.axes import XAxis, XKind
from tracker.figures.curve import Line, Role, curve_layout, line_strokes, role_style
from tracker.figures.expressions import Expression
from tracker.panels.curves.wire import Parcel
from tracker.records import Curve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

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
        Each a line of every run.
    is_system : bool
    unit : str
        Behind values; may be empty.
    expressions : tuple of Expression
        Drawn besides the keys.
    options : mapping
        What its panel says of how it is drawn.
    problem : str
        Why it does not show what it should; may be empty.
    """

    name: str
    section: str
    title: str
    keys: tuple[str, ...]
    is_system: bool = False
    unit: str = ""
    expressions: tuple[Expression, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def needs(self) -> frozenset[str]:
        """The keys whose news concern it."""
        return frozenset((*self.keys, *(key for e in self.expressions for key in e.keys)))

    def as_message(self) -> dict[str, Any]:
        """Return what a page needs to make a place for the chart."""
        return {
            "name": self.name,
            "section": self.section,
            "title": self.title,
            "key": "" if self.is_system else ", ".join(self.keys) or self.title,
            "problem": self.problem,
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
    members : sequence
        Of each line that stands for several runs their ids, else None.
    options : mapping
        Settings of this chart, see :class:`tracker.panels.curves.curve_options.CurveOptions`.
    """

    lines: Sequence[Line]
    axis: XAxis
    y_range: tuple[float, float] | None = None
    runs: Sequence[str] = ()
    bases: Sequence[NDArray[np.intp] | None] = ()
    members: Sequence[Sequence[str] | None] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def identity(self, number: int) -> str:
        """Return what names a line among others, also when there are other ones."""
        run = self.runs[number] if self.runs else ""
        return f"{run}/{self.lines[number].curve.key}"

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
        bands = tuple(_sum(line.high) + _sum(line.low) for line in self.lines)
        return self.axis, self.y_range, ends, bands, repr(self.options)


def split_key(key: str) -> tuple[str, str]:
    """Return the section of a metric and its title there: what stands before the first slash."""
    section, slash, title = key.partition("/")
    return (section, title) if slash and section and title else (OTHER_SECTION, key)


Part = tuple[str, Role | Literal["base"]]
Arrays = dict[Part, tuple[int, "Floats", "Floats"]]


@dataclass(slots=True)
class Sent:
    """What a page has of a chart's lines.

    Attributes
    ----------
    number : int
        How many messages it took; a page that has missed one says so.
    arrays : dict
        Of each array of a line its line's number in the last message, and its numbers.
    """

    number: int = 0
    arrays: Arrays = field(default_factory=dict)


def drawing_message(
    chart: Chart, drawing: Drawing, parcel: Parcel, sent: Sent | None = None
) -> dict[str, Any]:
    """Return a chart's lines as part of a message whose numbers are in `parcel`.

    The arrays are those of :func:`tracker.figures.curve_figure`, by the same function; a
    thinned line brings the points that smoothing may use, as role ``base``. Of an array whose
    beginning the page has already, only the rest goes there.

    Parameters
    ----------
    chart : Chart
    drawing : Drawing
    parcel : Parcel
    sent : Sent, optional
        What the page has; brought up to date here.
    """
    sent = Sent() if sent is None else sent
    before, sent.arrays = sent.arrays, {}
    parts: list[list[Any]] = []
    is_part = False
    for number, line in enumerate(drawing.lines):
        for role, x, y in _arrays(line, drawing, number):
            name = (drawing.identity(number), role)
            source, kept = _kept(before.get(name), x, y)
            is_part = is_part or kept > 0
            sent.arrays[name] = number, x, y
            parts.append([number, role, parcel.add(x[kept:]), parcel.add(y[kept:]), source, kept])
    message = {
        "name": chart.name,
        "kind": drawing.axis.kind,
        "scale": drawing.axis.scale,
        "lines": [_line_message(line, drawing, n) for n, line in enumerate(drawing.lines)],
        "parts": parts,
        "exact": drawing.is_exact,
        "number": sent.number + 1,
        "follows": sent.number if is_part else None,
    }
    sent.number += 1
    return message


def _arrays(
    line: Line, drawing: Drawing, number: int
) -> Iterator[tuple[Role | Literal["base"], Floats, Floats]]:
    for role, (x, y) in line_strokes(line, drawing.axis).items():
        yield role, x, y
    curve = line.curve
    places = drawing.bases[number] if drawing.bases else None
    if places is not None:
        yield "base", curve.x[places] * drawing.axis.scale, curve.y[places]


def _kept(before: tuple[int, Floats, Floats] | None, x: Floats, y: Floats) -> tuple[int, int]:
    """Return in which line and how far an array that was sent begins as this one does."""
    if before is None:
        return 0, 0
    import numpy as np

    source, old_x, old_y = before
    length = min(len(x), len(old_x))
    # Bit by bit, because NaN is not equal to itself.
    is_new = (x[:length].view(np.int64) != old_x[:length].view(np.int64)) | (
        y[:length].view(np.int64) != old_y[:length].view(np.int64)
    )
    return source, int(np.argmax(is_new)) if is_new.any() else length


def face_message(drawing: Drawing) -> dict[str, Any]:
    """Return a chart's layout and the styles of its lines: what rarely changes."""
    styles = [
        {role: role_style(role, line.label, line.colour, line.dash) for role in _roles(line)}
        for line in drawing.lines
    ]
    layout = curve_layout("", drawing.axis, y_range=drawing.y_range)
    return {"layout": layout, "styles": styles, "options": drawing.options}


_ROLES: Final[tuple[Role, ...]] = ("line", "dots", "nan", "above", "below")


def _roles(line: Line) -> tuple[Role, ...]:
    return _ROLES if line.low is None else (*_ROLES, "band")


def _line_message(line: Line, drawing: Drawing, number: int) -> dict[str, Any]:
    curve = line.curve
    last = curve.y[-1].item() if len(curve.y) else None
    return {
        "label": line.label,
        "colour": line.colour,
        "run": drawing.runs[number] if drawing.runs else "",
        "total": curve.total,
        "last": _jsonable(last),
        "members": drawing.members[number] if drawing.members else None,
        "opacity": line.opacity,
    }


def _jsonable(value: float | None) -> float | str | None:
    """JSON lacks NaN and the infinities."""
    if value is None or value - value == 0:
        return value
    return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")


def _sum(values: Floats | None) -> float:
    import numpy as np

    return 0.0 if values is None else float(np.nansum(values))


def _ends(curve: Curve) -> tuple[str, ...]:
    # As text, because NaN is not equal to itself.
    return tuple(repr(array[i]) for array in (curve.x, curve.y) for i in (0, -1) if len(array))
