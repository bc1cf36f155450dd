"""Vega and Vega-Lite charts, as of altair, kept as their specification."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from tracker.errors import UsageError
from tracker.media.media import import_extra
from tracker.media.spec import Spec, check_spec, dump_spec, read_spec

# A menu of Vega's own could open nothing from within a sandbox.
_PAGE = """<style>body{{margin:8px}}</style><div id="chart"></div><script>{library}</script><script>
vegaEmbed("#chart", {spec}, {{actions: false, mode: "{language}"}}).catch(error => {{
  document.getElementById("chart").textContent = `The chart cannot be drawn: ${{error.message}}`;
}});
</script>"""


class Vega(Spec):
    """A chart to log: ``run.log({"chart": tracker.Vega(altair_chart)})``.

    Parameters
    ----------
    spec : altair chart, dict, JSON text or path
        Vega-Lite or Vega. Data that it names by an address is not fetched.
    caption : str, optional
        Shown under it, as plain text.

    Raises
    ------
    UsageError
        If it is no chart.
    """

    type_name: ClassVar[str] = "vega-file"

    def __init__(self, spec: Any, caption: str | None = None) -> None:
        super().__init__(_text_of(spec), caption)

    def details(self) -> dict[str, Any]:
        """Return which of the two languages it is in."""
        schema = str(self.spec.get("$schema", ""))
        is_vega = "/vega/" in schema or ("marks" in self.spec and "vega-lite" not in schema)
        return {"language": "vega" if is_vega else "vega-lite"}

    def to_svg(self) -> str:
        """Return the chart as a picture. Data that it names by an address is not fetched.

        Raises
        ------
        UsageError
            If vl-convert-python is not installed, or it cannot draw the chart.
        """
        vega = _library()
        is_lite = self.details()["language"] == "vega-lite"
        convert = vega.vegalite_to_svg if is_lite else vega.vega_to_svg
        try:
            picture: str = convert(self._text, allowed_base_urls=[])
        except ValueError as error:
            why = str(error).partition("\n    at ")[0].replace("\n", " ")
            raise UsageError(f"The chart cannot be drawn: {why:.300}.") from error
        return picture

    def to_html(self) -> str:
        """Return a page with the chart and Vega in it; for a sandbox that runs scripts.

        Raises
        ------
        UsageError
            If vl-convert-python, which brings Vega, is not installed.
        """
        _library()
        return _PAGE.format(
            library=_scripts(),
            # Text of the chart must not end the script.
            spec=self._text.replace("<", "\\u003c"),
            language=self.details()["language"],
        )


def _library() -> Any:
    return import_extra("vl_convert", "Showing a Vega chart", package="vl-convert-python")


@cache
def _scripts() -> str:
    """Return Vega as JavaScript.

    The library takes seconds to begin, and holds Python's lock meanwhile: a process of its own
    does that, so that no training stands still.
    """
    code = (
        "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", code], capture_output=True, check=True, timeout=120
        )
    except (OSError, subprocess.SubprocessError):
        text: str = _library().javascript_bundle()  # no process can be started here
        return text
    return done.stdout.decode()


def _text_of(given: Any) -> str:
    if isinstance(given, Mapping):
        text = dump_spec(given)
    elif hasattr(given, "to_dict"):
        text = dump_spec(given.to_dict())
    elif isinstance(given, str) and given.lstrip().startswith("{"):
        text = check_spec(given, "Vega")
    elif isinstance(given, str | os.PathLike):
        text = read_spec(given, "Vega")
    else:
        raise UsageError(
            f"Vega was given a {type(given).__name__}: expected an altair chart, a dict, JSON or "
            "a path."
        )
    known = {"$schema", "mark", "marks", "layer", "hconcat", "vconcat", "concat", "facet", "repeat"}
    if not known & set(json.loads(text)):
        raise UsageError("This is no Vega or Vega-Lite chart: it has no mark, marks or layer.")
    return text
