"""Keeps blocks and panels that a newer version saved, so that saving loses nothing."""

from __future__ import annotations

from typing import Any

from tracker.report.parts import Part


def revive(data: dict[str, Any]) -> dict[str, Any]:
    """Return a document in which blocks and panels of unknown types say so."""
    return {
        **data,
        **({"blocks": _blocks(data["blocks"])} if isinstance(data.get("blocks"), list) else {}),
    }


def _blocks(given: list[Any]) -> list[Any]:
    made = []
    for each in given:
        if not isinstance(each, dict) or each.get("type") not in Part.kinds:
            made.append({"type": "UnknownBlock", "content": _as_dict(each)})
            continue
        changed = dict(each)
        if isinstance(each.get("collapsed_blocks"), list):
            changed["collapsed_blocks"] = _blocks(each["collapsed_blocks"])
        if isinstance(each.get("panels"), list):
            changed["panels"] = [_panel(one) for one in each["panels"]]
        made.append(changed)
    return made


def _panel(given: Any) -> Any:
    if isinstance(given, dict) and given.get("type") in Part.kinds:
        return given
    return {"type": "UnknownPanel", "content": _as_dict(given)}


def _as_dict(given: Any) -> dict[str, Any]:
    return dict(given) if isinstance(given, dict) else {"content": given}
