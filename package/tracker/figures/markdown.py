"""Markdown as safe HTML."""

from __future__ import annotations

import functools
import html
from collections.abc import Callable


def markdown_html(text: str) -> str:
    """Turn Markdown into HTML in which nothing can run.

    HTML in the text is shown as text, and links lead to web pages and mail only. Where the
    library for it is missing (it comes with JupyterLab) the text is shown as it is.
    """
    return _renderer()(text)


@functools.cache
def _renderer() -> Callable[[str], str]:
    try:
        import mistune
    except ImportError:
        return lambda text: f"<pre>{html.escape(text)}</pre>"
    plugins = ["strikethrough", "table", "task_lists", "url"]
    render = mistune.create_markdown(escape=True, hard_wrap=False, plugins=plugins)
    return lambda text: str(render(text))
