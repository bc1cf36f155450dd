"""Knows figures, frames and molecules of other libraries by their class, importing none."""

from __future__ import annotations

from typing import Any


def as_media(value: Any) -> Any | None:
    """Return the media for an object of a library that is logged as it is.

    pandas and polars frames become a Table, plotly figures Plotly, bokeh's documents and
    models Bokeh, altair's charts Vega, PIL images and matplotlib figures (and ``pyplot``
    itself) Image, RDKit's molecules Molecule.

    Returns
    -------
    media or None
        None for anything else.
    """
    kind = type(value)
    if getattr(value, "__name__", "") == "matplotlib.pyplot":
        return _image(value)
    for base in kind.__mro__:
        maker = _MAKERS.get((base.__module__.partition(".")[0], base.__name__))
        if maker is not None:
            return maker(value)
    return None


def _table(value: Any) -> Any:
    from tracker.media.table import Table

    return Table(dataframe=value)


def _image(value: Any) -> Any:
    from tracker.media.image import Image

    return Image(value)


def _plotly(value: Any) -> Any:
    from tracker.media.plotly import Plotly

    return Plotly(value)


def _bokeh(value: Any) -> Any:
    from tracker.media.bokeh import Bokeh

    return Bokeh(value)


def _vega(value: Any) -> Any:
    from tracker.media.vega import Vega

    return Vega(value)


def _molecule(value: Any) -> Any:
    from tracker.media.molecule import Molecule

    return Molecule.from_rdkit(value)


# library and class -> what makes media of its objects
_MAKERS = {
    ("PIL", "Image"): _image,
    ("altair", "TopLevelMixin"): _vega,
    ("bokeh", "Document"): _bokeh,
    ("bokeh", "Model"): _bokeh,
    ("matplotlib", "Figure"): _image,
    ("pandas", "DataFrame"): _table,
    ("plotly", "BaseFigure"): _plotly,
    ("polars", "DataFrame"): _table,
    ("rdkit", "Mol"): _molecule,
}
