"""Prints a page to PDF with a browser of the Chromium family that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tracker.errors import UsageError
from tracker.store.files.scratch import temporary_folder

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--run-all-compositor-stages-before-draw",
    "--virtual-time-budget=20000",
)
TIMEOUT_S = 180


def print_pdf(page: str, path: Path) -> Path:
    """Print a page, whose charts are all drawn at once, to a file.

    Parameters
    ----------
    page : str
        The HTML.
    path : Path
        The PDF.

    Raises
    ------
    UsageError
        If there is no browser, or it fails.
    """
    browser = find_browser()
    with temporary_folder() as folder:
        source, made = folder / "report.html", folder / "report.pdf"
        source.write_text(page, encoding="utf-8")
        profile = f"--user-data-dir={folder}/profile"
        # As root Chromium runs only without its sandbox; the page is our own.
        sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [
            *(browser, *_FLAGS, *sandbox, profile),
            *(f"--print-to-pdf={made}", source.as_uri()),
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=TIMEOUT_S, check=False, cwd=folder
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UsageError(f"The browser {browser} did not print the report: {error}.") from error
        if not made.is_file():
            said = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason"]
            raise UsageError(f"The browser {browser} did not print the report: {said[0][:300]}")
        shutil.copyfile(made, path)
    return path


def find_browser() -> str:
    """Return a browser that can print: ``$TRACKER_CHROMIUM``, else one on the path.

    The working directory is not looked into.

    Raises
    ------
    UsageError
        If there is none.
    """
    chosen = os.environ.get("TRACKER_CHROMIUM")
    folders = [part for part in os.get_exec_path() if part and Path(part).is_absolute()]
    for name in [chosen] if chosen else BROWSERS:
        found = shutil.which(name, path=os.pathsep.join(folders))
        if found is not None and Path(found).is_absolute():
            return found
    raise UsageError(
        "A PDF is printed by Chromium, Chrome or Edge, and none is on the path: install one, name "
        "it in TRACKER_CHROMIUM, or open the HTML file and print it there."
    )
