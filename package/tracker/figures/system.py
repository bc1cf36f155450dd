"""System readings in groups that belong on one chart, with names and units for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tracker.figures.axes import XAxis
from tracker.figures.colours import PALETTE
from tracker.figures.curve import curve_figure
from tracker.records import Curve

if TYPE_CHECKING:
    import plotly.graph_objects as go

_MIB = 1024.0 * 1024.0


@dataclass(frozen=True, slots=True)
class _Kind:
    """A pattern of keys, and how their readings are shown."""

    pattern: str
    group: str
    title: str
    label: str
    unit: str
    scale: float = 1.0
    is_counter: bool = False


@dataclass(frozen=True, slots=True)
class SystemLine:
    """One reading of a group: its key, its name for people, how to turn it into the unit."""

    key: str
    label: str
    scale: float = 1.0
    is_counter: bool = False


@dataclass(frozen=True, slots=True)
class SystemGroup:
    """Readings that belong on one chart.

    Attributes
    ----------
    name : str
        Short and stable, such as ``cpu`` or ``gpu.memory``.
    title, unit : str
        For people; the unit may be ``%``.
    lines : tuple of SystemLine
    """

    name: str
    title: str
    unit: str
    lines: tuple[SystemLine, ...]


# Keys are W&B's (its documentation, "System metrics reference"). The order is the order shown.
_KINDS: Final = (
    _Kind(r"cpu", "cpu", "CPU", "this run", "%"),
    _Kind(r"cpu\.total", "cpu", "CPU", "machine", "%"),
    _Kind(r"gpu\.(\d+)\.gpu", "gpu", "GPU", "GPU {0}", "%"),
    _Kind(r"gpu\.(\d+)\.memoryAllocated", "gpu.memory", "GPU memory", "GPU {0}", "%"),
    _Kind(r"proc\.memory\.percent", "memory", "Memory", "this run", "%"),
    _Kind(r"memory_percent", "memory", "Memory", "machine", "%"),
    _Kind(r"gpu\.(\d+)\.powerWatts", "gpu.power", "GPU power", "GPU {0}", "W"),
    _Kind(r"gpu\.(\d+)\.temp", "gpu.temp", "GPU temperature", "GPU {0}", "°C"),
    _Kind(r"disk\.(.+)\.in", "disk.io", "Disk I/O", "read {0}", "MB/s", 1.0, True),
    _Kind(r"disk\.(.+)\.out", "disk.io", "Disk I/O", "write {0}", "MB/s", 1.0, True),
    _Kind(r"network\.recv", "network", "Network", "received", "MB/s", 1 / _MIB, True),
    _Kind(r"network\.sent", "network", "Network", "sent", "MB/s", 1 / _MIB, True),
    _Kind(r"proc\.memory\.rssMB", "memory.process", "Process memory", "this run", "MB"),
    _Kind(
        r"gpu\.(\d+)\.memoryAllocatedBytes", "gpu.bytes", "GPU memory", "GPU {0}", "MB", 1 / _MIB
    ),
    _Kind(r"disk\.(.+)\.usagePercent", "disk.use", "Disk space used", "{0}", "%"),
    _Kind(r"swap", "swap", "Swap used", "machine", "%"),
    _Kind(r"proc\.cpu\.threads", "threads", "Threads", "this run", ""),
    _Kind(r"cpu\.(\d+)\.cpu_percent", "cpu.cores", "CPU cores", "core {0}", "%"),
    _Kind(r"gpu\.(\d+)\.smClock", "gpu.clock", "GPU SM clock", "GPU {0}", "MHz"),
)
_PERCENT_RANGE = (0.0, 100.0)


def system_groups(keys: Iterable[str]) -> list[SystemGroup]:
    """Sort keys of system readings into charts, the important ones first.

    Keys that are not known become charts of their own, behind the others in order of name.
    """
    found: dict[str, tuple[_Kind, list[tuple[int, SystemLine]]]] = {}
    others = []
    for key in sorted(set(keys), key=_natural):
        for order, kind in enumerate(_KINDS):
            if match := re.fullmatch(kind.pattern, bare_key(key)):
                label = kind.label.format(*match.groups())
                line = SystemLine(key, label, kind.scale, kind.is_counter)
                found.setdefault(kind.group, (kind, []))[1].append((order, line))
                break
        else:
            bare = bare_key(key)
            others.append(SystemGroup(bare, bare, "", (SystemLine(key, bare),)))
    ranks = {kind.group: rank for rank, kind in reversed(list(enumerate(_KINDS)))}
    groups = []
    for name in sorted(found, key=ranks.__getitem__):
        kind, lines = found[name]
        ordered = tuple(line for _, line in sorted(lines, key=lambda pair: pair[0]))
        groups.append(SystemGroup(name, kind.title, kind.unit, ordered))
    return groups + others


def system_figure(
    group: SystemGroup, curves: Mapping[str, Curve], *, x: str | XAxis = "relative", title: str = ""
) -> go.Figure:
    """Draw a group of system readings over time.

    Parameters
    ----------
    group : SystemGroup
        Of :func:`system_groups`.
    curves : mapping of str to Curve
        By key; keys without a curve are left out.
    x : {"relative", "time"} or XAxis
        What the curves' `x` holds, in seconds. Default relative.
    title : str
        Default none.

    Returns
    -------
    plotly.graph_objects.Figure
        Percentages on an axis from 0 to 100; counters as their change a second.
    """
    lines = [
        (line.label, PALETTE[place % len(PALETTE)], in_unit(line, curves[line.key]))
        for place, line in enumerate(group.lines)
        if line.key in curves
    ]
    return curve_figure(title, lines, x=x, y_title=group.unit, y_range=y_range_of(group))


def y_range_of(group: SystemGroup) -> tuple[float, float] | None:
    """Return the fixed limits of a group's y-axis; None where the readings settle them."""
    return _PERCENT_RANGE if group.unit == "%" else None


def in_unit(line: SystemLine, curve: Curve) -> Curve:
    """Turn readings into the unit of their group; a counter into its change a second."""
    y = curve.y * line.scale
    if not line.is_counter:
        return replace(curve, y=y)
    import numpy as np

    steps = np.diff(curve.x)
    moved = steps > 0
    x, rates = curve.x[1:][moved], np.diff(y)[moved] / steps[moved]
    # A counter that fell began anew: how much it counted meanwhile is not known.
    return replace(curve, x=x, y=np.where(rates < 0, np.nan, rates))


def bare_key(key: str) -> str:
    """Return a system key without the name of its stream."""
    for prefix in ("system/", "system."):
        if key.startswith(prefix):
            return key[len(prefix) :]
    return key


def _natural(key: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", key)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
