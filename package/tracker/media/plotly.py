"""Plotly figures, kept as their JSON. Plotly itself is not needed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tracker.errors import UsageError
from tracker.media.spec import Spec, check_spec, dump_spec


class Plotly(Spec):
    """A figure to log: ``run.log({"chart": tracker.Plotly(figure)})``.

    Parameters
    ----------
    val : plotly figure, matplotlib figure or dict
        A matplotlib figure of lines, points and bars becomes one of Plotly's; a dict is one
        already, with ``data`` and ``layout``.
    caption : str, optional
        Shown under it, as plain text.

    Raises
    ------
    UsageError
        If it is no figure, or a matplotlib figure that holds images.
    """

    type_name: ClassVar[str] = "plotly-file"

    def __init__(self, val: Any, caption: str | None = None) -> None:
        super().__init__(_text_of(val), caption)

    @classmethod
    def make_plot_media(cls, val: Any) -> Any:
        """Return a figure, or an image where a matplotlib figure holds images."""
        from tracker.media.matplotlib_figure import holds_images, is_matplotlib

        if is_matplotlib(val) and holds_images(val):
            from tracker.media.image import Image

            return Image(val)
        return cls(val)


def _text_of(val: Any) -> str:
    from tracker.media.matplotlib_figure import is_matplotlib, to_plotly

    if is_matplotlib(val):
        return dump_spec(to_plotly(val))
    if type(val).__module__.startswith("plotly.") and hasattr(val, "to_json"):
        return check_spec(val.to_json(), "Plotly")
    if isinstance(val, Mapping) and "data" in val:
        return dump_spec(val)
    raise UsageError(
        "Logged plots must be plotly figures, or matplotlib plots convertible to plotly; and this "
        f"is a {type(val).__name__}."
    )
