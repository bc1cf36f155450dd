"""The terminal door: ``tracker ls``, ``show``, ``sql``, ``sweep``, ``artifact``, ``doctor`` …."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker import artifact_cli, report_cli
from tracker._version import __version__
from tracker.errors import NotFoundError, StoreError, TrackerError, UsageError
from tracker.figures.sparkline import sparkline
from tracker.settings import find_store
from tracker.store.store import Store, open_store

if TYPE_CHECKING:
    from tracker.records import Curve, RunRecord

INTERRUPTED = 130
SPARK_WIDTH = 30
_TURNS = {
    "pause": "give out no trials until it is resumed",
    "resume": "give out trials again",
    "stop": "give out no more trials, and let running ones end",
    "cancel": "give out no more trials, and end running ones",
}
_EXAMPLES = """\
examples:
  tracker ls                                  all projects
  tracker ls digits                           the runs of a project
  tracker show digits/3f9c21ab                a run: config, summary, curves
  tracker sql "select name, state from runs"  ask all runs in SQL
  tracker restore 3f9c21ab -o again.ipynb     the cells that led to a run
  tracker sweep sweep.yaml                    make a sweep; without a file: list all
  tracker agent 8x2k1mzp --count 20           run its program for twenty trials
  tracker artifact ls digits                  the artifacts of a project
  tracker report digits -o digits.html        a report about its runs, in one file
  tracker doctor                              is the store well?

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
            warnings.showwarning = _say_warning
            status: int = options.action(options, find_store(options.dir))
        sys.stdout.flush()
        return status
    except TrackerError as error:
        _complain(str(error))
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

    def command(
        name: str, action: Callable[[argparse.Namespace, Path], int], text: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(action=action)
        added.add_argument("--dir", metavar="D", help="the folder that holds the store's .tracker")
        return added

    ls = command("ls", _ls, "List the projects, or the runs of one.")
    ls.add_argument("project", nargs="?")
    show = command("show", _show, "Show a run: how it went, config, summary, curves.")
    show.add_argument("run", help="project/run, or its id or name alone")
    sql = command("sql", _sql, "Ask the store in SQL: runs, history, summary, system, media …")
    sql.add_argument("statement")
    sql.add_argument("--format", choices=("table", "csv", "json"), default="table")
    restore = command("restore", _restore, "Write the cells that led to a run to a notebook.")
    restore.add_argument("run", help="project/run, or its id or name alone")
    restore.add_argument("-o", "--output", metavar="F", help="default NAME-ID.ipynb in this folder")
    restore.add_argument("--force", action="store_true", help="replace a file that exists")
    sweep = command("sweep", _sweep, "Make a sweep, steer one, or list all.")
    sweep.add_argument("config", nargs="?", help="a YAML file, or the sweep to pause, resume …")
    sweep.add_argument("-p", "--project", help="default: the config's")
    sweep.add_argument("--name", help="what people read")
    sweep.add_argument(
        "-R", "--prior_run", "--prior-run", action="append", default=[], metavar="RUN",
        help="a run to learn from; may be given several times",
    )  # fmt: skip
    turns = sweep.add_mutually_exclusive_group()
    for word, text in _TURNS.items():
        turns.add_argument(f"--{word}", dest="turn", action="store_const", const=word, help=text)
    agent = command("agent", _agent, "Run the program of a sweep, trial after trial.")
    agent.add_argument("sweep", help="the sweep's id, or project/id")
    agent.add_argument("-p", "--project", help="the sweep's project")
    agent.add_argument("--count", type=int, metavar="N", help="how many trials at most")
    artifact_cli.add(commands, artifact_cli.Printer(_say, _table))
    report_cli.add(command, _say)
    doctor = command("doctor", _doctor, "Check the store, and take in what dead programs left.")
    doctor.add_argument(
        "--rebuild", action="store_true", help="make the database anew from the journals"
    )
    return parser


# ------------------------------------------------------------------------------ commands


def _ls(options: argparse.Namespace, root: Path) -> int:
    from tracker.store import read

    with _existing(root).reading() as db:
        projects = read.projects(db)
        records = read.runs(db, options.project, order="-created_at") if options.project else []
    if options.project is None:
        head = ["PROJECT", "RUNS", "LAST NEWS"]
        _table(head, [[name, number, _time(updated)] for name, number, updated in projects])
        return 0
    if not records:
        have = ", ".join(name for name, *_ in projects) or "none"
        raise NotFoundError(f"There is no project {options.project!r} in {root}; it has {have}.")
    _table(
        ["NAME", "ID", "STATE", "STARTED", "RAN", "TAGS"],
        [
            [r.name, r.run_id, r.state, _time(r.created_at), _duration(r.runtime_s), _tags(r)]
            for r in records
        ],
    )
    return 0


def _show(options: argparse.Namespace, root: Path) -> int:
    from tracker.api import Api
    from tracker.store import curves, read

    store = _existing(root)
    run = Api(options.dir).run(options.run)
    record = run.record
    with store.reading() as db:
        numeric = [
            each
            for each in read.series(db, [record.run_key], "default")
            if each.kind != "json" and not each.key.startswith("_")
        ]
        drawn = curves.curves(db, [each.series_key for each in numeric], width=SPARK_WIDTH)
    _say(_plain(f"{record.name}  {record.project}/{record.run_id}"))
    _pairs(_facts(record, len(run.cells())))
    _section("config", dict(_flat(record.config)))
    _section("summary", {key: each for key, each in _flat(record.summary) if key[0] != "_"})
    _curves(sorted((s.key, drawn[s.series_key]) for s in numeric if s.series_key in drawn))
    for error in run.events("error"):
        _say("")
        for line in str(error.payload.get("traceback", "")).splitlines():
            _say(_plain(line))
    return 0


def _sql(options: argparse.Namespace, root: Path) -> int:
    from tracker.api import sql

    _existing(root)
    found = sql(options.statement, dir=options.dir)
    if options.format == "csv":
        found.to_csv(sys.stdout, index=False)
    elif options.format == "json":
        _say(found.to_json(orient="records", date_format="iso", force_ascii=False))
    else:
        _table(list(found.columns), found.itertuples(index=False, name=None))
    return 0


def _restore(options: argparse.Namespace, root: Path) -> int:
    from tracker.api import Api
    from tracker.run.notebook_file import write_notebook

    _existing(root)
    run = Api(options.dir).run(options.run)
    target = Path(options.output) if options.output else None
    file, number = write_notebook(run.record, run.cells(), target, force=options.force)
    _say(f"{number} {'cell' if number == 1 else 'cells'} written to {file}")
    return 0


def _sweep(options: argparse.Namespace, root: Path) -> int:
    from tracker.sweep import terminal

    if options.turn:
        _existing(root)
        if options.config is None:
            raise UsageError(f"--{options.turn} needs the sweep: tracker sweep --{options.turn} ID")
        _say(terminal.turn(root, options.config, options.turn))
    elif options.config is None:
        _existing(root)
        head = ["PROJECT", "ID", "NAME", "METHOD", "STATE", "TRIALS", "BEST"]
        _table(head, terminal.list_sweeps(root, options.project))
    else:
        made = terminal.make(root, options.config, options.project, options.name, options.prior_run)
        _say(f"Created sweep with ID: {made.split('/')[-1]}")
        _say(f"Run an agent with: tracker agent {made}")
    return 0


def _agent(options: argparse.Namespace, root: Path) -> int:
    from tracker.sweep import terminal

    _existing(root)
    terminal.run_agent(root, options.sweep, options.project, options.count)
    return 0


def _doctor(options: argparse.Namespace, root: Path) -> int:
    store = _existing(root)
    _say(f"store      {root}")
    if options.rebuild:
        _rebuild(store)
    try:
        recovered = store.recover()
        counts = _counts(store)
    except StoreError as error:
        _say("database   not well")
        _complain(f"{error}\nTo make it anew from the journals: tracker doctor --rebuild")
        return 1
    live = sorted({path.name.split(".")[0] for path in store.journal_dir.glob("*.journal")})
    archive = store.journal_dir / "archive"
    damaged = root / "damaged"
    _say(
        f"database   well: {', '.join(f'{number} {state}' for state, number in counts) or 'empty'}"
    )
    _say(f"journals   {len(live)} being written, {len(list(archive.glob('*.zst')))} kept")
    if recovered:
        _say(f"taken in   {len(recovered)} journals of programs that died")
    if damaged.is_dir():
        _say(f"set aside  damaged files, in {damaged}")
    return 0


def _rebuild(store: Store) -> None:
    if not any(store.journal_dir.rglob("*.journal*")):
        raise NotFoundError(
            f"There are no journals in {store.journal_dir}, so there is nothing to make the "
            "database from. Nothing was changed."
        )
    aside = store.rebuild()
    _say(f"rebuilt    from the journals; the old file is kept as {aside}")


def _counts(store: Store) -> list[tuple[str, int]]:
    with store.reading() as db:
        found = db.execute("SELECT state, count(*) FROM run GROUP BY state ORDER BY state")
        return [(str(state), int(number)) for state, number in found.fetchall()]


def _existing(root: Path) -> Store:
    store = open_store(root)
    if not store.database.exists() and not store.journal_dir.is_dir():
        raise NotFoundError(f"There is no store in {root}: name another with --dir or TRACKER_DIR.")
    return store


# -------------------------------------------------------------------------------- output


def _facts(record: RunRecord, cells: int) -> dict[str, object]:
    git = record.metadata.get("git") or {}
    commit = str(git.get("commit") or "")[:12]
    facts = {
        "state": record.state,
        "started": _time(record.created_at),
        "ran": _duration(record.runtime_s),
        "steps": record.last_step + 1,
        "group": record.group,
        "tags": _tags(record),
        "notes": record.notes,
        "git": f"{commit} {git.get('branch') or ''}".strip(),
        "cells": cells or None,
    }
    return {key: value for key, value in facts.items() if value not in (None, "")}


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what is nested under ``a.b``, and of media what they are."""
    for key, value in values.items():
        if not isinstance(value, Mapping):
            yield above + key, value
        elif "_type" in value:
            yield above + key, f"({value['_type']})"
        else:
            yield from _flat(value, f"{above}{key}.")


def _section(title: str, values: Mapping[str, Any]) -> None:
    if values:
        _say(f"\n{title}")
        _pairs(values)


def _pairs(values: Mapping[str, Any]) -> None:
    width = max(len(_plain(key)) for key in values)
    for key, value in values.items():
        _say(f"  {_plain(key):<{width}}  {_plain(value)}")


def _curves(drawn: Sequence[tuple[str, Curve]]) -> None:
    if not drawn:
        return
    _say("\nhistory")
    width = max(len(_plain(key)) for key, _ in drawn)
    for key, curve in drawn:
        bars = f"{sparkline(curve.y, SPARK_WIDTH):<{SPARK_WIDTH}}"
        _say(f"  {_plain(key):<{width}}  {bars}  {curve.total:,} points")


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    lines = [list(map(str, head)), *([_plain(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        _say("  ".join(map(str.ljust, line, widths)).rstrip())


def _plain(value: object) -> str:
    """Return a value on one line; what could steer a terminal is shown, not sent."""
    text = f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def _tags(record: RunRecord) -> str:
    return ", ".join(record.tags)


def _time(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s" if minutes else f"{rest}s"
    )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _complain(text: str) -> None:
    sys.stderr.write("".join(f"{_plain(line)}\n" for line in f"tracker: {text}".splitlines()))


def _say_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    _complain(str(message))
