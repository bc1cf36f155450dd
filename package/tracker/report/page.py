"""A report as one HTML file."""

from __future__ import annotations

import base64
import gzip
import hashlib
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from tracker._version import __version__
from tracker.figures.formats import escape, format_time
from tracker.report.grids import GridWriter
from tracker.report.manuscript import Manuscript
from tracker.report.parcel import Parcel
from tracker.report.rich import rich_html
from tracker.report.writing import Writer

# The page's own two scripts may run, by their digests, and nothing else; nothing is loaded.
# Styles are open because Plotly writes them.
_POLICY: Final = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; "
    "media-src data:; font-src data:; base-uri 'none'; form-action 'none'"
)

_ICON: Final = (
    '<svg viewBox="0 0 16 16" width="15" height="15" fill="none" stroke="currentColor" '
    'stroke-width="1.4" aria-hidden="true">{}</svg>'
)
_THEME_ICON: Final = _ICON.format(
    '<circle cx="8" cy="8" r="5.6"/><path d="M8 2.4a5.6 5.6 0 0 1 0 11.2z" fill="currentColor"/>'
)
_PRINT_ICON: Final = _ICON.format(
    '<path d="M4.5 5.5v-3h7v3M4.5 11.5h-2v-6h11v6h-2"/><path d="M4.5 9h7v4.5h-7z"/>'
)


def write_page(report: Manuscript, *, is_eager: bool = False) -> str:
    """Return a report as one HTML page that needs nothing else.

    Parameters
    ----------
    report : Manuscript
    is_eager : bool
        Draw every chart at once rather than when it is scrolled to: for printing.
    """
    parcel = Parcel()
    grids = GridWriter(report, parcel)
    writer = Writer(report, grids.write)
    body = "".join(writer.write(each) for each in report.blocks)
    words = f'<p class="lead">{rich_html(report.description)}</p>' if report.description else ""
    return frame(
        title=report.title,
        head=f"<h1>{escape(report.title)}</h1>{words}{_facts(report, grids)}",
        body=body,
        parcel=parcel,
        width=report.width,
        is_eager=is_eager,
    )


def frame(
    *,
    title: str,
    head: str,
    body: str,
    parcel: Parcel,
    width: str = "readable",
    is_eager: bool = False,
    style: str = "",
) -> str:
    """Return a whole page around what is safe HTML already; the title is escaped here.

    Parameters
    ----------
    title : str
    head, body : str
        Safe HTML.
    parcel : Parcel
        The figures.
    width : {"readable", "fixed", "fluid"}
    is_eager : bool
        Draw every chart at once.
    style : str
        A further style sheet.
    """
    boot = _asset("report.js")
    scripts = [boot]
    data = ""
    if not parcel.is_empty:
        library, packed = _plotly()
        scripts.append(library)
        data = (
            f'<script type="application/gzip" id="figures">{parcel.to_text()}</script>'
            f'<script type="application/gzip" id="plotly">{packed}</script>'
        )
    policy = _POLICY.format(scripts=" ".join(map(_digest, scripts)))
    eager = " data-eager" if is_eager else ""
    return (
        f'<!doctype html><html lang="en"{eager}><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f'<meta name="generator" content="tracker {__version__}">'
        f"<title>{escape(title)}</title><style>{_asset('report.css')}{style}</style></head>"
        f'<body class="width-{escape(width)}"><div class="tools">'
        '<button type="button" id="theme" hidden title="Light, dark, or as the system has it">'
        f'{_THEME_ICON}</button><button type="button" id="print" hidden title="Print">'
        f"{_PRINT_ICON}</button></div>"
        f'<main><header class="title">{head}</header>{body}</main>'
        '<noscript><p class="note">The charts are still pictures: the script of this page may not '
        f"run here.</p></noscript>{data}<script>{boot}</script></body></html>"
    )


def _facts(report: Manuscript, grids: GridWriter) -> str:
    runs = {run.record.run_key for scene in grids.scenes for run in scene.runs}
    count = f"{len(runs)} run{'' if len(runs) == 1 else 's'}" if runs else ""
    version = f"version {report.version}" if report.version else ""
    written = f"written {format_time(datetime.now(UTC))}"
    facts = " · ".join(filter(None, [escape(report.project), count, version, written]))
    return f'<p class="facts">{facts}</p>'


@cache
def _asset(name: str) -> str:
    return files("tracker.report").joinpath("static", name).read_text(encoding="utf-8").strip()


@cache
def _plotly() -> tuple[str, str]:
    """Return plotly.js, and the same compressed: a third of the bytes, unpacked in 50 ms."""
    import plotly

    path = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    packed = base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()
    return text, packed


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
