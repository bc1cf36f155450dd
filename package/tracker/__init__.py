"""Experiment tracking that lives in the notebook.

>>> import tracker
>>> run = tracker.init(project="digits", config={"lr": 0.1})
>>> run.log({"loss": 0.5})
>>> run.finish()

Everything is imported at its first use, so that ``import tracker`` is fast.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tracker import import_paths
from tracker._version import __version__
from tracker.media.upstairs import UPSTAIRS
from tracker.run.shown import SHOWING

if TYPE_CHECKING:
    from tracker.api import Api, sql
    from tracker.compat import Settings
    from tracker.exchange.exporting import export_runs
    from tracker.exchange.importing import import_runs
    from tracker.media.image import Image
    from tracker.outputs import Artifact, log_artifact, use_artifact
    from tracker.panels.chart import chart
    from tracker.report.report import Report
    from tracker.report_show import show
    from tracker.run.run import Run
    from tracker.start import (
        alert,
        define_metric,
        finish,
        init,
        log,
    )

__all__ = [
    "Api",
    "Artifact",
    "Image",
    "Report",
    "Run",
    "Settings",
    "__version__",
    "alert",
    "chart",
    "define_metric",
    "export_runs",
    "finish",
    "import_runs",
    "init",
    "log",
    "log_artifact",
    "show",
    "sql",
    "use_artifact",
]

# public name -> module that has it
_PLACES = {
    "agent": "tracker.sweeps",
    "AlertLevel": "tracker.compat",
    "Api": "tracker.api",
    "Artifact": "tracker.outputs",
    "ArtifactTTL": "tracker.outputs",
    "Audio": "tracker.media.audio",
    "Bokeh": "tracker.media.bokeh",
    "Classes": "tracker.media.classes",
    "CommError": "tracker.compat",
    "Config": "tracker.run.config",
    "Error": "tracker.compat",
    "EventFile": "tracker.exchange.event_file",
    "Graph": "tracker.media.graph",
    "Histogram": "tracker.media.histogram",
    "Html": "tracker.media.html",
    "Image": "tracker.media.image",
    "JoinedTable": "tracker.media.joined_table",
    "Molecule": "tracker.media.molecule",
    "Object3D": "tracker.media.object3d",
    "Plotly": "tracker.media.plotly",
    "Report": "tracker.report.report",
    "Run": "tracker.run.run",
    "Settings": "tracker.compat",
    "Sweep": "tracker.sweeps",
    "Table": "tracker.media.table",
    "Text": "tracker.media.text",
    "UsageError": "tracker.errors",
    "Vega": "tracker.media.vega",
    "Video": "tracker.media.video",
    "alert": "tracker.start",
    "box3d": "tracker.media.object3d",
    "chart": "tracker.panels.chart",
    "controller": "tracker.sweeps",
    "define_metric": "tracker.start",
    "ensure_configured": "tracker.compat",
    "export_runs": "tracker.exchange.exporting",
    "finish": "tracker.start",
    "import_runs": "tracker.exchange.importing",
    "init": "tracker.start",
    "join": "tracker.start",
    "link_model": "tracker.outputs",
    "log": "tracker.start",
    "log_artifact": "tracker.outputs",
    "log_model": "tracker.outputs",
    "login": "tracker.compat",
    "mark_preempting": "tracker.start",
    "pin_config_keys": "tracker.start",
    "plot_table": "tracker.plot.custom",
    "require": "tracker.compat",
    "restore": "tracker.outputs",
    "sagemaker_auth": "tracker.compat",
    "save": "tracker.outputs",
    "setup": "tracker.compat",
    "show": "tracker.report_show",
    "sql": "tracker.api",
    "teardown": "tracker.compat",
    "termerror": "tracker.compat",
    "termlog": "tracker.compat",
    "termsetup": "tracker.compat",
    "termwarn": "tracker.compat",
    "unwatch": "tracker.start",
    "use_artifact": "tracker.outputs",
    "use_model": "tracker.outputs",
    "visualize": "tracker.plot.custom",
    "watch": "tracker.start",
}


class _FrontDoor(ModuleType):
    """The module's class: `run`, `config` and `summary` are the current run's, read anew.

    They and `sweep` are properties because the rooms of that name, such as ``tracker/run/``,
    would otherwise take the place of ``tracker.run`` as soon as they are imported.
    """

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        """Be pickled by name, as plain modules are: functions of a notebook use `tracker`."""
        return import_module, (__name__,)

    @property
    def run(self) -> Any:
        return import_module("tracker.start").current()

    @run.setter
    def run(self, value: Any) -> None:
        """Ignore the import system, which sets a package's submodules as attributes."""

    @property
    def sweep(self) -> Any:
        return import_module("tracker.sweeps").sweep

    @sweep.setter
    def sweep(self, value: Any) -> None:
        """Ignore the import system, as for `run`."""

    @property
    def config(self) -> Any:
        return import_module("tracker.before").look("config", self.run)

    @config.setter
    def config(self, value: Any) -> None:
        import_module("tracker.before").assign("config", value, self.run)

    @property
    def summary(self) -> Any:
        return import_module("tracker.before").look("summary", self.run)

    @summary.setter
    def summary(self, value: Any) -> None:
        import_module("tracker.before").assign("summary", value, self.run)


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        value = globals()[name] = getattr(import_module(_PLACES[name]), name)
        return value
    if name in ("api", "plot", "report"):
        return import_module(f"tracker.{name}")
    if name == "integrations" or name in import_paths.NAMES or name in import_paths.SPACES:
        return import_module(f"tracker.{name}")
    if not name.startswith("_") and name in import_module("tracker.compat").MISSING:
        raise AttributeError(
            f"W&B's {name!r} is not part of this version of tracker; dir(tracker) lists what is."
        )
    raise AttributeError(f"module 'tracker' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES, "config", "plot", "report", "run", "summary", "sweep"})


def load_ipython_extension(shell: Any) -> None:
    """Make the magics available: ``%load_ext tracker``."""
    import_module("tracker.magics").load(shell)
    _offer_wandb_magic(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics and everything that they started away again."""
    import_module("tracker.magics").unload(shell)
    for magics in shell.magics_manager.magics.values():
        if magics.get("wandb") is _run_wandb_magic:
            del magics["wandb"]


def _media_bundle(value: Any) -> dict[str, Any] | None:
    # IPython asks in a terminal as well, which shows nothing but text.
    if import_module("tracker.run.provenance").front_end() == "ipython":
        return None
    bundle: dict[str, Any] | None = import_module("tracker.report.media_cells").media_bundle(value)
    return bundle


def _panel(target: str, root: Path) -> Any:
    return import_module("tracker.panels.show").show(target, root)


def _display(panel: Any) -> None:
    import_module("IPython.display").display(panel)


def _run_wandb_magic(line: str, cell: str | None = None) -> None:
    import_module("tracker.magics.wandb").run_magic(line, cell)


def _offer_wandb_magic(shell: Any) -> None:
    """Have ``%wandb`` and ``%%wandb``, as there are once W&B is imported; its own come first."""
    if shell is not None and "wandb" not in shell.magics_manager.magics["cell"]:
        shell.register_magic_function(_run_wandb_magic, "line_cell", "wandb")


UPSTAIRS.media_bundle = _media_bundle
SHOWING.panel, SHOWING.display = _panel, _display
sys.modules[__name__].__class__ = _FrontDoor
import_paths.install()
_offer_wandb_magic(getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)())
