"""Puts the buffers that a glTF file names beside itself into it, so that it is whole by itself."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tracker.errors import warn


def with_buffers(content: bytes, folder: Path) -> bytes:
    """Return a glTF file with its buffers inside; the same bytes where nothing is put in.

    Only files in the folder of the glTF file, or below it, are read: it may come from anywhere.
    One that is elsewhere or missing is warned of, and stays outside, as all textures do.
    """
    scene = json.loads(content)
    outside = [buffer for buffer in _listed(scene.get("buffers")) if _is_outside(buffer)]
    is_changed = False
    for buffer in outside:
        try:
            path = (folder / unquote(buffer["uri"])).resolve()
            if not path.is_relative_to(folder.resolve()):
                raise ValueError("it is not in the folder of the file")
            inside = base64.b64encode(path.read_bytes()).decode()
        except (OSError, ValueError) as error:
            warn(f"The gltf is kept without its buffer {buffer['uri']!r:.100}: {error}.")
            continue
        buffer["uri"] = f"data:application/octet-stream;base64,{inside}"
        is_changed = True
    return json.dumps(scene, separators=(",", ":")).encode() if is_changed else content


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_outside(buffer: Any) -> bool:
    address = buffer.get("uri") if isinstance(buffer, dict) else None
    return isinstance(address, str) and not address.startswith("data:")
