"""How large the words of a drawing are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tracker.figures.canvas import FONT, GRID
from tracker.report.scene import Drawn

_SCALES: Final = {"small": 0.9, "medium": 1.2, "large": 1.5}
_NUMBER_PX: Final = {"small": 22, "medium": 34, "large": 48}


def sized(drawn: Drawn, font_size: str | None) -> Drawn:
    """Give a drawing the size of words that its panel wants; None and ``auto`` leave it."""
    scale = _SCALES.get(font_size or "")
    if scale is None:
        return drawn
    if drawn.figure is not None:
        layout = _scaled(drawn.figure["layout"], scale)
        drawn.figure = {**drawn.figure, "layout": layout}
    size = f'<div class="number" style="font-size:{_NUMBER_PX[font_size or ""]}px">'
    drawn.html = drawn.html.replace('<div class="number">', size)
    return drawn


def as_card(figure: Mapping[str, Any]) -> dict[str, Any]:
    """Return a chart of :mod:`tracker.plot` with the margins and words that panels have."""
    layout = dict(figure["layout"])
    title = layout.get("title")
    if isinstance(title, dict):
        font = {"size": 12}
        layout["title"] = {"font": font, "x": 0.02, "xanchor": "left", "y": 0.97, "yanchor": "top"}
        layout["title"] |= title
    for name in [name for name in layout if name.startswith(("xaxis", "yaxis"))]:
        axis = {"automargin": True, "gridcolor": GRID, "zeroline": False, **layout[name]}
        heading = axis.get("title")
        if isinstance(heading, dict):
            axis["title"] = {"font": {"size": 11}, "standoff": 6, **heading}
        layout[name] = axis
    margin = {"l": 8, "r": 12, "t": 34 if title else 12, "b": 8}
    return {
        "data": list(figure["data"]),
        "layout": {"font": {"family": FONT, "size": 11}, "margin": margin, **layout},
    }


def _scaled(value: Any, scale: float) -> Any:
    """Return a part of a layout in which every font is larger or smaller."""
    if isinstance(value, dict):
        return {
            key: _font(item, scale)
            if key.endswith("font") and isinstance(item, dict)
            else _scaled(item, scale)
            for key, item in value.items()
        }
    return [_scaled(item, scale) for item in value] if isinstance(value, list | tuple) else value


def _font(font: dict[str, Any], scale: float) -> dict[str, Any]:
    size = font.get("size")
    return {**font, "size": round(size * scale, 1)} if isinstance(size, int | float) else font
