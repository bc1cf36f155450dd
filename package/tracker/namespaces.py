"""W&B's submodules, as programs reach into them: ``wandb.util``, ``wandb.apis.public.Run`` ….

They are names only, found by attribute: what they lead to is elsewhere.
"""

from __future__ import annotations

import json
import re
from importlib import import_module
from typing import Any

from tracker.run.names import new_run_id
from tracker.run.values import Coercer

_READ = ("Api", "File", "Project", "Run", "Runs", "Sweep")
_MEDIA = (
    "Audio", "Bokeh", "Classes", "Graph", "Histogram", "Html", "Image", "JoinedTable", "Molecule",
    "Object3D", "Plotly", "Table", "Video",
)  # fmt: skip
_SDK = {
    "data_types.video.Video": "tracker.media.video",
    "data_types.video.util.generate_id": "tracker.namespaces",
    "lib.runid.generate_id": "tracker.namespaces",
    "wandb_config.Config": "tracker.run.config",
    "wandb_run.Run": "tracker.run.run",
    "wandb_settings.Settings": "tracker.compat",
    "wandb_summary.Summary": "tracker.run.summary",
}
# name of W&B's -> module that has it under its last part
_PLACES = {
    **{f"apis.public.{name}": "tracker.api" for name in _READ},
    "apis.public.runs.Run": "tracker.api",
    "apis.public.runs.Runs": "tracker.api",
    "apis.public.sweeps.Sweep": "tracker.api",
    "apis.public.files.File": "tracker.api",
    **{f"data_types.{name}": "tracker" for name in _MEDIA},
    **{f"sdk.{name}": module for name, module in _SDK.items()},
    **{f"wandb_sdk.{name}": module for name, module in _SDK.items()},
    "util.generate_id": "tracker.namespaces",
    "util.json_dumps_safer": "tracker.namespaces",
    "util.make_artifact_name_safe": "tracker.namespaces",
    "wandb_run.Run": "tracker.run.run",
}
_MODULES = {"apis.reports": "tracker.report"}


class Namespace:
    """A submodule of W&B by its path, such as ``apis.public``."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        path = f"{self._path}.{name}"
        if path in _PLACES:
            return getattr(import_module(_PLACES[path]), name)
        if path in _MODULES:
            return import_module(_MODULES[path])
        if path == "apis.PublicApi":
            return import_module("tracker.api").Api
        if any(place.startswith(f"{path}.") for place in _PLACES):
            return Namespace(path)
        raise AttributeError(f"W&B's {path!r} is not part of this version of tracker.")

    def __dir__(self) -> list[str]:
        start = f"{self._path}."
        paths = [*_PLACES, *_MODULES]
        return sorted({p[len(start) :].split(".")[0] for p in paths if p.startswith(start)})

    def __repr__(self) -> str:
        return f"<names of wandb.{self._path}>"


def generate_id(length: int = 8) -> str:
    """Draw an id as runs have it."""
    return new_run_id(length)


def make_artifact_name_safe(name: str) -> str:
    """Return a name that an artifact may have: other characters become ``_``, at most 128."""
    safe = re.sub(r"[^a-zA-Z0-9_\-.]", "_", name)
    return safe if len(safe) <= 128 else f"{safe[:63]}..{safe[-63:]}"


def json_dumps_safer(obj: Any, **kwargs: Any) -> str:
    """Return anything as JSON, arrays and numbers of other libraries as their values."""
    return json.dumps(Coercer(lambda content: "", lambda sentence: None).plain(obj), **kwargs)
