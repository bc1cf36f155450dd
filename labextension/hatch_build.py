"""Build the JupyterLab extension into the package, with the Node that pip brings along.

Hatch runs this for a wheel, an editable install and an sdist. `TRACKER_SKIP_LABEXTENSION=1` leaves
the extension out: then everything works but the sidebar, and the saved panels of a notebook without
its kernel.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatch_jupyter_builder import npm_builder
from hatch_jupyter_builder.utils import is_stale
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP = "TRACKER_SKIP_LABEXTENSION"
NAME = "notebook-tracker"
OUTPUT = Path("package/tracker/labextension")
SOURCES = ("package.json", "schema", "src", "style", "tsconfig.json", "yarn.lock")


class LabextensionHook(BuildHookInterface):
    """Put the built extension where JupyterLab looks for it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the extension unless it is up to date, and add it to the wheel."""
        if os.environ.get(SKIP, "") not in ("", "0"):
            self.app.display_warning(f"{SKIP} is set: the JupyterLab extension is left out.")
            return
        root = Path(self.root)
        source, output = root / "labextension", root / OUTPUT
        if _is_stale(source, output):
            self._build(source, output, version)
        if self.target_name == "wheel":
            place = f"share/jupyter/labextensions/{NAME}"
            build_data["shared_data"] = {
                str(output): place,
                str(source / "install.json"): f"{place}/install.json",
            }

    def _build(self, source: Path, output: Path, version: str) -> None:
        try:
            npm_builder(
                self.target_name, version, str(source), build_cmd="build:prod", npm=["jlpm"]
            )
        except (subprocess.CalledProcessError, OSError, ValueError) as error:
            if not _is_stale(source, output):
                shutil.rmtree(output)  # half a build must not pass for a new one next time
            self.app.abort(
                f"The JupyterLab extension in {source} could not be built ({error}); building it "
                f"needs the npm registry once: connect to it, or set {SKIP}=1 to install without "
                "the extension."
            )


def _is_stale(source: Path, output: Path) -> bool:
    return any(is_stale(output / "static" / "style.js", source / name) for name in SOURCES)
