"""The terminal's ``tracker report``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tracker.cli.commands import Command
from tracker.cli.printing import say
from tracker.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from tracker.report.report import Report

_UNSAFE: Final = re.compile(r"[^\w.-]+")
_ENDINGS: Final = (".html", ".ipynb", ".pdf")


def add(command: Command) -> None:
    """Add the command to the terminal door."""
    report = command(
        "report", _report, "Write a report about runs or a sweep: a first draft, or a saved one."
    )
    report.add_argument("runs", nargs="*", help="a project, runs, project/sweep, or project/report")
    report.add_argument("-o", "--output", metavar="F", help=".html (default), .ipynb or .pdf")
    report.add_argument("--title", help="of the draft; default: the project, or the sweep")
    report.add_argument("--metric", help="the result that decides which run is best")
    report.add_argument("--goal", choices=("minimize", "maximize"), help="default: by its name")
    report.add_argument("--save", action="store_true", help="keep it in the store, with its data")


def _report(options: argparse.Namespace, root: Path) -> int:
    from tracker.report.drafting import draft

    report = _saved(options) or draft(
        options.runs or None,
        title=options.title,
        metric=options.metric,
        goal=options.goal,
        follow=not options.save,
        dir=options.dir,
    )
    say(f"report written to {_write(report, options)}")
    return 0


def _write(report: Report, options: argparse.Namespace) -> Path:
    name = _UNSAFE.sub("-", report.title).strip("-.") or "report"
    target = Path(options.output or f"{name}.html")
    ending = target.suffix.lower()
    if ending not in _ENDINGS:
        raise UsageError(f"{target} ends in {target.suffix!r}: expected {', '.join(_ENDINGS)}.")
    if options.save:
        report.save()
    writers: dict[str, Callable[[Path], Any]] = {
        ".html": report.to_html, ".ipynb": report.to_notebook, ".pdf": report.to_pdf,
    }  # fmt: skip
    try:
        writers[ending](target)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}.") from error
    return target


def _saved(options: argparse.Namespace) -> Report | None:
    """Return the saved report that the only argument names, None where it names runs."""
    from tracker.api import Api
    from tracker.report.report import Report

    if len(options.runs) != 1 or "/" not in options.runs[0]:
        return None
    api = Api(options.dir)
    try:
        api.run(options.runs[0])
    except NotFoundError:
        project, _, name = options.runs[0].partition("/")
        known = api.reports(project)
        if any(name in (each.name, each.content.get("title")) for each in known):
            return Report.open(options.runs[0], dir=options.dir)
    return None
