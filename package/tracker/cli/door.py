"""The program ``tracker``: its commands, and what becomes of their errors."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence

from tracker._version import __version__
from tracker.cli import artifact, doctor, exchange, report, runs, sweep
from tracker.cli.commands import adder
from tracker.cli.printing import complain, say_warning
from tracker.errors import TrackerError
from tracker.settings import find_store

INTERRUPTED = 130
_EXAMPLES = """\
examples:
  tracker ls                                  all projects
  tracker ls digits                           the runs of a project
  tracker show digits/3f9c21ab                a run: config, summary, curves
  tracker sql "select name, state from runs"  ask all runs in SQL
  tracker restore 3f9c21ab -o again.ipynb     the cells that led to a run
  tracker sweep sweep.yaml                    make a sweep; without a file: list all
  tracker sweep digits/8x2k1mzp               how far it is, and its trials
  tracker agent 8x2k1mzp --count 20           run its program for twenty trials
  tracker artifact ls digits                  the artifacts of a project
  tracker report digits -o digits.html        a report about its runs, in one file
  tracker import wandb/                       the runs of another program
  tracker export digits -o digits.parquet     every point of a project's runs
  tracker doctor                              is the store well?

ls, show, sweep, artifact ls, artifact lineage, doctor and sql take --format json, for programs.
The store is --dir, else $TRACKER_DIR, else the nearest .tracker folder, else the user's own.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program ``tracker``.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        0 when all went well, 1 after an error that was explained on stderr, 130 when
        interrupted. Wrong arguments end the process with 2.
    """
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = say_warning
            status: int = options.action(options, find_store(options.dir))
        sys.stdout.flush()
        return status
    except TrackerError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Somebody read only the first lines, and Python would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "tracker",
        description="Look at tracked runs from a terminal.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tracker {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = adder(commands)
    runs.add(command)
    sweep.add(command)
    artifact.add(commands)
    report.add(command)
    exchange.add(command)
    doctor.add(command)
    return parser
