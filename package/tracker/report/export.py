"""Any notebook as one HTML file: its text, its code and what it showed, and nothing that runs.

What a saved notebook holds is not trusted: it goes through the same walls as a report.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tracker.errors import UsageError
from tracker.figures.clean import clean_output
from tracker.figures.markdown import latex, markdown
from tracker.figures.summary import STYLE
from tracker.report.page import frame
from tracker.report.parcel import Parcel
from tracker.report.pictures import sniff
from tracker.report.rich import code, data_address, escape_code

PLOTLY: Final = "application/vnd.plotly.v1+json"
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_ATTACHED: Final = re.compile(r"\(attachment:([^)\s]+)\)")
_TEXT_LENGTH = 100_000
# The page's own look leaves room for what the panels' pictures bring.
_STYLE: Final = STYLE + ".output .trk{max-width:none}"


def export_notebook(
    source: str | os.PathLike[str], target: str | os.PathLike[str] | None = None
) -> Path:
    """Write a notebook as one HTML file that needs nothing else.

    Charts stay interactive, live panels are shown as they were when the notebook was saved.

    Parameters
    ----------
    source : path-like
        The notebook.
    target : path-like, optional
        The file. Default: beside the notebook, with ``.html``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        If the notebook cannot be read, or the file not be written.
    """
    path = Path(source)
    page = notebook_page(_read(path), path.stem)
    file = Path(target) if target is not None else path.with_suffix(".html")
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.") from error
    return file


def notebook_page(notebook: Any, name: str) -> str:
    """Return a notebook as one HTML page that needs nothing else.

    Parameters
    ----------
    notebook : NotebookNode
        Of format 4.
    name : str
        Its title, if it does not say another itself.
    """
    parcel = Parcel()
    body = "".join(part for cell in notebook.cells for part in _cell(cell, parcel))
    title = str(notebook.metadata.get("title") or name)
    return frame(title=title, head="", body=body, parcel=parcel, width="fixed", style=_STYLE)


def _read(path: Path) -> Any:
    import nbformat

    try:
        return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call, unused-ignore]
    except OSError as error:
        raise UsageError(f"The notebook {path} cannot be read: {error.strerror}.") from error
    except Exception as error:  # whatever a broken file leads its reader to
        raise UsageError(f"{path} is no notebook: {str(error)[:200]}") from error


def _cell(cell: Any, parcel: Parcel) -> Iterator[str]:
    text = str(cell.source)
    if cell.cell_type == "markdown":
        yield f'<div class="prose">{markdown(_with_attachments(text, cell))}</div>'
    elif cell.cell_type == "code":
        if text.strip():
            yield code(text, "python")
        for output in cell.get("outputs", ()):
            shown = _output(output, parcel)
            if shown:
                yield f'<div class="output">{shown}</div>'
    else:
        yield f"<pre>{escape_code(text)}</pre>"


def _with_attachments(text: str, cell: Any) -> str:
    """Put attached pictures into the text, as far as they are pictures."""
    held = cell.get("attachments") or {}

    def address(match: re.Match[str]) -> str:
        for coded in (held.get(match[1]) or {}).values():
            content = _decoded(coded)
            mime = sniff(content)
            if mime is not None and mime.startswith("image/"):
                return f"({data_address(content, mime)})"
        return match[0]

    return _ATTACHED.sub(address, text)


def _output(output: Any, parcel: Parcel) -> str:
    if output.output_type == "stream":
        return _plain(output.text)
    if output.output_type == "error":
        lines = "\n".join(map(str, output.traceback))
        return f'<pre class="error">{_text(lines)}</pre>'
    data: Mapping[str, Any] = output.get("data") or {}
    for mime, show in _SHOWN.items():
        if mime in data and (html := show(data[mime], parcel)):
            return html
    return ""


def _figure(value: Any, parcel: Parcel) -> str:
    if not isinstance(value, Mapping) or not isinstance(value.get("data"), list):
        return ""
    layout = dict(value.get("layout") or {})
    height = layout.get("height")
    number = parcel.add({"data": value["data"], "layout": layout})
    pixels = int(height) if isinstance(height, int | float) and 80 <= height <= 2000 else 380
    return f'<div class="plot" data-figure="{number}" style="height:{pixels}px"></div>'


def _picture(value: Any, parcel: Parcel) -> str:
    content = _decoded(value)
    mime = sniff(content)
    if mime is None or not mime.startswith("image/"):
        return ""
    return f'<img src="{data_address(content, mime)}" alt="output">'


def _drawing(value: Any, parcel: Parcel) -> str:
    # As a picture: a script in it does not run there.
    return f'<img src="{data_address(_joined(value).encode(), "image/svg+xml")}" alt="output">'


def _page(value: Any, parcel: Parcel) -> str:
    return clean_output(_joined(value))


def _words(value: Any, parcel: Parcel) -> str:
    return f'<div class="prose">{markdown(_joined(value))}</div>'


def _formula(value: Any, parcel: Parcel) -> str:
    return latex(_joined(value).strip().strip("$"), is_block=True)


def _json(value: Any, parcel: Parcel) -> str:
    import json

    return _plain(json.dumps(value, indent=2, default=str))


def _plain(value: Any, parcel: Parcel | None = None) -> str:
    return f"<pre>{_text(_joined(value))}</pre>"


def _text(text: str) -> str:
    return escape_code(_ANSI.sub("", text)[:_TEXT_LENGTH])


def _joined(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _decoded(value: Any) -> bytes:
    try:
        return base64.b64decode(_joined(value))
    except ValueError:
        return b""


# The best of what an output brings comes first.
_SHOWN: Final[Mapping[str, Callable[[Any, Parcel], str]]] = {
    PLOTLY: _figure,
    "text/html": _page,
    "image/svg+xml": _drawing,
    "image/png": _picture,
    "image/jpeg": _picture,
    "image/gif": _picture,
    "text/markdown": _words,
    "text/latex": _formula,
    "application/json": _json,
    "text/plain": _plain,
}
