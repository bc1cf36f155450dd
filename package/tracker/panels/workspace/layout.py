"""Where each panel of a workspace stands: in saved sections, and in automatic ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tracker.panels.curves.charts import OTHER_SECTION, Chart, split_key

CURVE: Final = "curve"
_METRIC = "metric/"
# What says where a panel stands, and not what is in it.
_PLACE = ("id", "kind", "width", "height", "keys")

Spec = dict[str, Any]
# As tracker.panels.views.menu offers the other kinds.
CURVE_MENU: Final[dict[str, Any]] = {
    "kind": CURVE,
    "title": "Line plot",
    "fields": [
        {"name": "keys", "label": "Metrics", "type": "keys", "options": (), "hint": ""},
        {
            "name": "pattern", "label": "Metrics that fit a regular expression", "type": "text",
            "options": (), "hint": "^val/.*loss$",
        },
        {
            "name": "expressions", "label": "Expressions, one a line", "type": "lines",
            "options": (), "hint": "${train/loss} - ${val/loss}",
        },
    ],
    "defaults": {"title": "", "width": 4, "keys": [], "pattern": "", "expressions": ""},
}  # fmt: skip


def sections(
    content: Mapping[str, Any], metrics: Iterable[str], others: Iterable[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """Return the sections of a workspace with their panels, in order.

    Parameters
    ----------
    content : mapping
        The workspace's document.
    metrics : iterable of str
        Keys that have been logged; those that no panel shows get one.
    others : iterable of mapping
        Further panels that there are by themselves, with ``section``; they come last.

    Returns
    -------
    list of dict
        ``{"name", "open", "panels": [spec, …]}``.
    """
    found: dict[str, dict[str, Any]] = {}
    placed = {str(name) for name in content.get("removed") or ()}
    for saved in content.get("sections") or ():
        if not isinstance(saved, Mapping):
            continue
        panels = [dict(spec) for spec in saved.get("panels") or () if _is_panel(spec)]
        panels = [spec for spec in panels if str(spec["id"]) not in placed]
        placed |= {str(spec["id"]) for spec in panels}
        name = str(saved.get("name", ""))
        section = {"name": name, "open": saved.get("open", True), "panels": panels}
        found.setdefault(name, section | {"panels": []})["panels"].extend(panels)
    curves = [{"id": _METRIC + key, "kind": CURVE, "section": split_key(key)[0]} for key in metrics]
    curves.sort(key=lambda spec: spec["section"] == OTHER_SECTION)
    for spec in (*curves, *others):
        if str(spec["id"]) in placed:
            continue
        name = str(spec["section"])
        own = {key: value for key, value in spec.items() if key != "section"}
        found.setdefault(name, {"name": name, "open": True, "panels": []})["panels"].append(own)
    return list(found.values())


def charts(arranged: Iterable[Mapping[str, Any]]) -> list[Chart]:
    """Return the charts of the panels that are curves."""
    return [
        chart_of(spec, str(section["name"]))
        for section in arranged
        for spec in section["panels"]
        if spec["kind"] == CURVE
    ]


def views(arranged: Iterable[Mapping[str, Any]]) -> list[Spec]:
    """Return the panels that are not curves."""
    return [spec for section in arranged for spec in section["panels"] if spec["kind"] != CURVE]


def chart_of(spec: Mapping[str, Any], section: str = "") -> Chart:
    """Return the chart of a panel: its ``keys``, or the metric that its id names."""
    name = str(spec["id"])
    own = [name.removeprefix(_METRIC)] if name.startswith(_METRIC) else []
    keys = tuple(str(key) for key in spec.get("keys") or own)
    prefix, title = split_key(keys[0]) if keys else ("", "")
    options = {key: value for key, value in spec.items() if key not in _PLACE}
    if len(keys) > 1 or (section and prefix != section):
        title = ", ".join(keys)
    return Chart(name, section, str(spec.get("title") or title), keys, options=options)


def _is_panel(spec: Any) -> bool:
    return isinstance(spec, Mapping) and bool(spec.get("id")) and isinstance(spec.get("kind"), str)
