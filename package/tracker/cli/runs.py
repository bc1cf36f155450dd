"""The terminal's ``tracker ls``, ``show``, ``sql`` and ``restore``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.cli.commands import Command, add_format, existing
from tracker.cli.printing import (
    duration,
    moment,
    plain,
    say,
    say_document,
    say_json,
    say_pairs,
    say_table,
)
from tracker.errors import NotFoundError

if TYPE_CHECKING:
    from tracker.api.run import Run
    from tracker.records import Curve, RunRecord, Series

SPARK_WIDTH = 30


def add(command: Command) -> None:
    """Add the commands to the terminal door."""
    ls = command("ls", _ls, "List the projects, or the runs of one.")
    ls.add_argument("project", nargs="?")
    add_format(ls)
    show = command("show", _show, "Show a run: how it went, config, summary, curves.")
    show.add_argument("run", help="project/run, or its id or name alone")
    add_format(show)
    sql = command("sql", _sql, "Ask the store in SQL: runs, history, summary, system, media …")
    sql.add_argument("statement")
    sql.add_argument("--format", choices=("table", "csv", "json"), default="table")
    restore = command("restore", _restore, "Write the cells that led to a run to a notebook.")
    restore.add_argument("run", help="project/run, or its id or name alone")
    restore.add_argument("-o", "--output", metavar="F", help="default NAME-ID.ipynb in this folder")
    restore.add_argument("--force", action="store_true", help="replace a file that exists")


def _ls(options: argparse.Namespace, root: Path) -> int:
    from tracker.api.plain import plain_project, plain_run
    from tracker.api.reader import Reader
    from tracker.store.reading import read, sweep_rows

    with Reader(existing(root)).open() as db:
        projects = sweep_rows.projects(db)
        records = read.runs(db, options.project, order="-created_at") if options.project else []
    is_json = options.format == "json"
    if options.project is None:
        if is_json:
            say_json([plain_project(*each) for each in projects])
            return 0
        head = ["PROJECT", "RUNS", "LAST NEWS"]
        say_table(head, [[name, number, moment(updated)] for name, number, updated in projects])
        return 0
    if options.project not in (name for name, *_ in projects):
        have = ", ".join(name for name, *_ in projects) or "none"
        raise NotFoundError(f"There is no project {options.project!r} in {root}; it has {have}.")
    if is_json:
        say_json([plain_run(record) for record in records])
        return 0
    say_table(
        ["NAME", "ID", "STATE", "STARTED", "RAN", "TAGS"],
        [
            [r.name, r.run_id, r.state, moment(r.created_at), duration(r.runtime_s), _tags(r)]
            for r in records
        ],
    )
    return 0


def _show(options: argparse.Namespace, root: Path) -> int:
    from tracker.api import Api
    from tracker.store.reading import read
    from tracker.store.reading.run_rows import hidden_keys
    from tracker.store.series import curves

    store = existing(root)
    run = Api(options.dir).run(options.run)
    record = run.record
    with store.reading() as db:
        numeric = [
            each
            for each in read.series(db, [record.run_key], "default")
            if each.kind != "json" and not each.key.startswith("_")
        ]
        found = curves.curves(db, [each.series_key for each in numeric], width=SPARK_WIDTH)
        hidden = hidden_keys(db, {each.key: record.run_key for each in numeric})
    drawn = [(each, found[each.series_key]) for each in numeric if each.series_key in found]
    drawn.sort(key=lambda pair: pair[0].key)
    if options.format == "json":
        _show_json(run, drawn)
        return 0
    say(plain(f"{record.name}  {record.project}/{record.run_id}"))
    say_pairs(_facts(record, len(run.cells())))
    _section("config", dict(_flat(record.config)))
    _section("summary", {key: each for key, each in _flat(record.summary) if key[0] != "_"})
    _curves([(series.key, curve) for series, curve in drawn if series.key not in hidden])
    for error in run.events("error"):
        say("")
        for line in str(error.payload.get("traceback", "")).splitlines():
            say(plain(line))
    return 0


def _show_json(run: Run, drawn: Sequence[tuple[Series, Curve]]) -> None:
    from tracker.api.plain import plain_event, plain_metric, plain_run

    say_json(
        {
            **plain_run(run.record),
            "metadata": run.record.metadata,
            "metrics": [plain_metric(*pair) for pair in drawn],
            "cells": len(run.cells()),
            "events": [plain_event(each) for each in run.events()],
        }
    )


def _sql(options: argparse.Namespace, root: Path) -> int:
    from tracker.api import sql

    existing(root)
    found = sql(options.statement, dir=options.dir)
    if options.format == "csv":
        found.to_csv(sys.stdout, index=False)
    elif options.format == "json":
        say_document(found.to_json(orient="records", date_format="iso", force_ascii=False))
    else:
        say_table(list(found.columns), found.itertuples(index=False, name=None))
    return 0


def _restore(options: argparse.Namespace, root: Path) -> int:
    from tracker.api import Api
    from tracker.run.notebook_file import write_notebook

    existing(root)
    run = Api(options.dir).run(options.run)
    target = Path(options.output) if options.output else None
    file, number = write_notebook(run.record, run.cells(), target, force=options.force)
    say(f"{number} {'cell' if number == 1 else 'cells'} written to {file}")
    return 0


def _facts(record: RunRecord, cells: int) -> dict[str, object]:
    git = record.metadata.get("git") or {}
    commit = str(git.get("commit") or "")[:12]
    facts = {
        "state": record.state,
        "started": moment(record.created_at),
        "ran": duration(record.runtime_s),
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
        say(f"\n{title}")
        say_pairs(values)


def _curves(drawn: Sequence[tuple[str, Curve]]) -> None:
    if not drawn:
        return
    from tracker.figures.sparkline import sparkline

    say("\nhistory")
    width = max(len(plain(key)) for key, _ in drawn)
    for key, curve in drawn:
        bars = f"{sparkline(curve.y, SPARK_WIDTH):<{SPARK_WIDTH}}"
        say(f"  {plain(key):<{width}}  {bars}  {curve.total:,} points")


def _tags(record: RunRecord) -> str:
    return ", ".join(record.tags)
