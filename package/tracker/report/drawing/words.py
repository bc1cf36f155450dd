"""Panels of text."""

from __future__ import annotations

from tracker.figures.markdown import markdown
from tracker.report.scene import Drawn, Scene
from tracker.report.viewers import MarkdownPanel, UnknownPanel


def draw_markdown(scene: Scene, panel: MarkdownPanel) -> Drawn:
    """Draw a panel of text."""
    return Drawn("", html=f'<div class="prose">{markdown(panel.markdown)}</div>')


def draw_unknown(scene: Scene, panel: UnknownPanel) -> Drawn:
    """Say that a panel cannot be drawn."""
    kind = str(panel.content.get("type", "panel"))
    return Drawn(
        kind, note=f"A newer version of tracker made this {kind[:60]}: it is kept as it is."
    )
