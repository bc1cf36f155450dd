"""W&B's submodules, as programs reach into them: ``wandb.util``, ``wandb.apis.public.Run`` ….

They are names only, found by attribute and by import: what they lead to is elsewhere.
"""

from __future__ import annotations

import json
import re
from importlib import import_module
from types import ModuleType
from typing import Any

from tracker.run.names import new_run_id
from tracker.run.values import Coercer, is_storable

_READ = ("Api", "File", "Project", "Run", "Runs", "Sweep", "User")
_MEDIA = {
    "Audio": "audio", "Bokeh": "bokeh", "Classes": "helper_types.classes", "Graph": "graph",
    "Histogram": "histogram", "Html": "html", "Image": "image", "JoinedTable": "table",
    "Molecule": "molecule", "Object3D": "object_3d", "Plotly": "plotly", "Table": "table",
    "Video": "video",
}  # fmt: skip
_SDK = {
    **{f"data_types.{module}.{name}": "tracker" for name, module in _MEDIA.items()},
    "artifacts.artifact.Artifact": "tracker",
    "artifacts.exceptions.ArtifactFinalizedError": "tracker.errors",
    "artifacts.exceptions.ArtifactNotLoggedError": "tracker.errors",
    "data_types.base_types.media.BatchableMedia": "tracker.namespaces",
    "data_types.base_types.media.Media": "tracker.namespaces",
    "data_types.base_types.wb_value.WBValue": "tracker.namespaces",
    "data_types.video.util.generate_id": "tracker.namespaces",
    "lib.runid.generate_id": "tracker.namespaces",
    "wandb_alerts.AlertLevel": "tracker.compat",
    "wandb_artifacts.Artifact": "tracker",
    "wandb_config.Config": "tracker.run.config",
    "wandb_init.init": "tracker.start",
    "wandb_login.login": "tracker.compat",
    "wandb_run.Run": "tracker.run.run",
    "wandb_settings.Settings": "tracker.compat",
    "wandb_summary.Summary": "tracker.run.summary",
}
# name of W&B's -> module that has it under its last part
_PLACES = {
    **{f"apis.public.{name}": "tracker.api" for name in _READ},
    "apis.public.Artifact": "tracker",
    "apis.public.runs.Run": "tracker.api",
    "apis.public.runs.Runs": "tracker.api",
    "apis.public.sweeps.Sweep": "tracker.api",
    "apis.public.files.File": "tracker.api",
    **{f"data_types.{name}": "tracker" for name in _MEDIA},
    "data_types.Media": "tracker.namespaces",
    "data_types.WBValue": "tracker.namespaces",
    **{f"sdk.{name}": module for name, module in _SDK.items()},
    **{f"wandb_sdk.{name}": module for name, module in _SDK.items()},
    "util.generate_id": "tracker.namespaces",
    "util.json_dumps_safer": "tracker.namespaces",
    "util.make_artifact_name_safe": "tracker.namespaces",
    "wandb_run.Run": "tracker.run.run",
}
_MODULES = {
    "apis.reports": "tracker.report",
    "errors.errors": "tracker.errors",
    "errors.term": "tracker.compat",
}


class Namespace(ModuleType):
    """A submodule of W&B by its path, such as ``apis.public``."""

    def __init__(self, path: str) -> None:
        super().__init__(f"tracker.{path}")
        self._path = path
        self.__path__: list[str] = []  # so that what is below can be imported

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        path = f"{self._path}.{name}"
        if path in _PLACES:
            return getattr(import_module(_PLACES[path]), name)
        if path == "apis.PublicApi":
            return import_module("tracker.api").Api
        if has_module(path):
            return import_module(f"tracker.{path}")
        raise AttributeError(f"W&B's {path!r} is not part of this version of tracker.")

    def __dir__(self) -> list[str]:
        start = f"{self._path}."
        paths = [*_PLACES, *_MODULES]
        return sorted({p[len(start) :].split(".")[0] for p in paths if p.startswith(start)})

    def __repr__(self) -> str:
        return f"<names of wandb.{self._path}>"


def has_module(path: str) -> bool:
    """Say whether W&B's submodule of this path, such as ``apis.public``, has anything here."""
    return path in _MODULES or any(place.startswith(f"{path}.") for place in _PLACES)


def find_module(path: str) -> ModuleType:
    """Return what stands for a submodule that :func:`has_module` says is here."""
    return import_module(_MODULES[path]) if path in _MODULES else Namespace(path)


class _WithFiles(type):
    """The class of classes to which everything belongs that has files of its own."""

    def __instancecheck__(cls, value: object) -> bool:
        return is_storable(value)

    def __subclasscheck__(cls, kind: type) -> bool:
        return callable(getattr(kind, "to_reference", None))


class WBValue(metaclass=_WithFiles):
    """What W&B calls media and tables: programs ask with ``isinstance`` whether they have one."""


Media = BatchableMedia = WBValue


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
