"""The terminal's ``tracker import``, ``tracker sync`` and ``tracker export``."""

from __future__ import annotations

import argparse
from pathlib import Path

from tracker.cli.commands import Command, existing
from tracker.cli.printing import say
from tracker.errors import UsageError


def add(command: Command) -> None:
    """Add the commands to the terminal door."""
    from tracker.exchange.formats import EXPORTED, FORMATS

    imports = command("import", _import, "Import runs that another program has recorded.")
    imports.add_argument("source", help="a file or a folder, such as wandb/, mlruns/, metrics.csv")
    imports.add_argument("--format", choices=FORMATS, help="default: what it looks like")
    imports.add_argument("--run-column", metavar="C", help="of a table: the column with the run")
    imports.add_argument("--step-column", metavar="C", help="… with the step")
    imports.add_argument("--time-column", metavar="C", help="… with the time")
    sync = command("sync", _import, "Import the runs of W&B's folder: W&B's word for it.")
    sync.add_argument("source", nargs="?", default="wandb", help="default: wandb/ in this folder")
    sync.set_defaults(format="wandb", run_column=None, step_column=None, time_column=None)
    for each in (imports, sync):
        each.add_argument("-p", "--project", metavar="P", help="default: what the source says")
        each.add_argument("--name", metavar="N", help="of the run, where the source is one")
        each.add_argument(
            "--follow-links", action="store_true", help="keep files that links outside lead to"
        )
    export = command("export", _export, "Write runs for other programs, or a notebook as HTML.")
    export.add_argument("what", nargs="+", help="a project, runs as project/id, or one notebook")
    export.add_argument("--format", choices=EXPORTED, help="default: by how FILE ends")
    export.add_argument("-o", "--output", metavar="FILE", help="default: called as what it is of")


def _import(options: argparse.Namespace, root: Path) -> int:
    from tracker.exchange.importing import import_runs

    done = import_runs(
        options.source,
        options.format,
        options.project,
        name=options.name,
        run_column=options.run_column,
        step_column=options.step_column,
        time_column=options.time_column,
        follow_links=options.follow_links,
        dir=options.dir,
    )
    say(str(done))
    return 0


def _export(options: argparse.Namespace, root: Path) -> int:
    first = Path(options.what[0])
    if first.suffix.lower() == ".ipynb":
        from tracker.report.export import export_notebook

        if len(options.what) > 1 or options.format:
            raise UsageError("A notebook is exported by itself, as HTML.")
        say(f"notebook written to {export_notebook(first, options.output)}")
        return 0
    from tracker.exchange.exporting import export_runs

    existing(root)
    if options.output is None and options.format is None:
        raise UsageError("Say what to write: --format, or a file with -o runs.parquet.")
    name = options.what[0].partition("/")[0]
    ending = "-tensorboard" if options.format == "tensorboard" else f".{options.format}"
    target = options.output or f"{name}{ending}"
    say(str(export_runs(options.what, target, options.format, dir=options.dir)))
    return 0
