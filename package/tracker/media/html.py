"""HTML that a user logs. It is data: nothing here runs it, and it is shown in a sandbox."""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from tracker.errors import UsageError
from tracker.media.media import Find, Media
from tracker.media.source import read_source, read_text

# Links open elsewhere and the text looks like text; nothing is fetched for it.
HEAD = (
    '<base target="_blank"><style>body{margin:8px;font:14px/1.5 system-ui,sans-serif}'
    "table{border-collapse:collapse}td,th{padding:2px 8px}</style>"
)
_OPENING = re.compile(r"<(head|html)(?:\s[^>]*)?>", re.IGNORECASE)

# What a page in the sandbox may load: what it brings itself.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; media-src data: blob:; "
    "font-src data:; form-action 'none'; base-uri 'none'"
)
SCRIPT_POLICY = "; script-src 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:"
DEFAULT_HEIGHT_PX = 400


class Html(Media):
    """HTML to log: ``run.log({"page": tracker.Html("<b>well</b>")})``.

    Parameters
    ----------
    data : str, path or open file
        A path that ends in ``.html``, or the text itself.
    inject : bool
        Add a plain style, and let links open in a new tab. Default True.
    data_is_not_path : bool
        Take a string for the text even if there is a file of that name. Default False.

    Attributes
    ----------
    html : str
        The page as it is kept.

    Raises
    ------
    UsageError
        If a file cannot be read, or it is no text.
    """

    type_name: ClassVar[str] = "html-file"
    format = "html"

    def __init__(self, data: Any, inject: bool = True, data_is_not_path: bool = False) -> None:
        super().__init__()
        text = _read(data, data_is_not_path)
        self.html = _with_head(text) if inject else text

    @property
    def content(self) -> bytes:
        """The page as UTF-8."""
        return self.html.encode(errors="replace")

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> Html:
        """Return what was logged."""
        text = find(reference["sha256"]).read_bytes().decode()
        return cls(text, inject=False, data_is_not_path=True)

    def to_value(self) -> str:
        """Return the page as text."""
        return self.html

    def _repr_html_(self) -> str:
        return sandboxed(self.html)


def sandboxed(
    page: str,
    *,
    height_px: int = DEFAULT_HEIGHT_PX,
    scripts: bool = False,
    title: str = "logged HTML",
) -> str:
    """Return a frame that shows untrusted HTML or SVG without letting it near the page around it.

    The frame has an origin of its own, so that it reads neither the notebook nor its cookies,
    cannot navigate, submit or open windows, and loads nothing that is not inside it.

    Parameters
    ----------
    page : str
        HTML or SVG.
    height_px : int
        The frame's height in pixels. Default 400.
    scripts : bool
        Let the page's own scripts run inside the frame, still without network. Default False.
    title : str
        Said of the frame by screen readers.
    """
    return (
        f'<iframe sandbox="{"allow-scripts" if scripts else ""}" referrerpolicy="no-referrer" '
        f'loading="lazy" title="{escape(str(title))}" '
        f'style="width:100%;height:{int(height_px)}px;border:0" '
        f'srcdoc="{escape(guarded(page, scripts=scripts))}"></iframe>'
    )


def guarded(page: str, *, scripts: bool = False) -> str:
    """Return a page that loads nothing which is not inside it; only for a frame with a sandbox."""
    policy = POLICY + (SCRIPT_POLICY if scripts else "")
    # First of all, so that nothing in the page comes before it.
    return (
        '<!doctype html><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">{page}'
    )


def _read(data: Any, is_text: bool) -> str:
    if isinstance(data, os.PathLike) or (isinstance(data, str) and not is_text and _is_path(data)):
        return read_text(read_source(data, "Html")[0], "Html")
    if isinstance(data, str):
        return data
    if isinstance(data, bytes):
        return read_text(data, "Html")
    if hasattr(data, "read"):
        return read_text(read_source(data, "Html")[0], "Html")
    raise UsageError("data must be a string or an io object")


def _is_path(text: str) -> bool:
    """Return whether a string names a file, there or missing, and is no page itself."""
    is_page = any(mark in text for mark in "<\n\0")
    return not is_page and Path(text).suffix.lower() == ".html"


def _with_head(text: str) -> str:
    found = {match[1].lower(): match for match in reversed(list(_OPENING.finditer(text)))}
    if "head" in found:
        end = found["head"].end()
        return (text[:end] + HEAD + text[end:]).strip()
    if "html" in found:
        end = found["html"].end()
        return (f"{text[:end]}<head>{HEAD}</head>{text[end:]}").strip()
    return (HEAD + text).strip()
