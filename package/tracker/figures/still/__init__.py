"""Charts as still pictures, without a browser: for readers that run no scripts.

A Plotly figure of lines, points, bars and heat maps becomes a list of shapes, and these an
SVG or a PNG. GitHub and nbviewer show the PNG of a notebook, and a page the SVG until its
scripts have drawn the chart.
"""

from tracker.figures.still.png import to_png
from tracker.figures.still.svg import to_svg

__all__ = ["to_png", "to_svg"]
