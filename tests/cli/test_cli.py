"""The program ``tracker``: what it prints, where, and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

import tracker
from tracker import cli
from tracker.records import CellRecord

PROGRAM = [sys.executable, "-m", "tracker"]
OPTIONS = {"panel": False, "silent": True, "console": False, "system_interval_s": 0}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a store, which is the one that the program finds."""
    monkeypatch.setenv("TRACKER_DIR", str(tmp_path / ".tracker"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def log(name: str = "first", project: str = "digits", rows: int = 3, **options: Any) -> str:
    """Log a run into the store and return its id."""
    run = tracker.init(project, name, settings=OPTIONS, **options)
    for row in range(rows):
        run.log({"loss": 1 / (row + 1), "val/acc": row / rows})
    run.finish()
    return run.id


def call(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, check=False, **options
    )


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"tracker {tracker.__version__}\n"


def test_ls_lists_projects_and_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = log(tags=["a", "b"])
    second = log("two words")
    log(project="other")
    assert cli.main(["ls"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "PROJECT"
    assert [row.split()[:2] for row in rows] == [["other", "1"], ["digits", "2"]]
    assert cli.main(["ls", "digits"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["NAME", "ID", "STATE", "STARTED", "RAN", "TAGS"]
    assert [row.split("  ")[0] for row in rows] == ["two words", "first"]
    assert [second in rows[0], first in rows[1]] == [True, True]
    assert rows[1].endswith("a, b")
    assert len({row.index("finished") for row in rows}) == 1


def test_show_tells_all_of_a_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tracker.init(
        "digits",
        "first",
        {"lr": 0.1, "model": {"depth": 3}},
        tags=["a"],
        notes="why",
        settings=OPTIONS,
    )
    run.define_metric("loss", summary="min")
    for loss in (3, 1, 2):
        run.log({"loss": loss})
    run.log({"shot": tracker.Image([[0.0, 1.0]])})
    run.mark_failed(ZeroDivisionError("not \x1b[2Jpossible"))
    assert cli.main(["show", "digits/first"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"first  digits/{run.id}"
    told = {tuple(line.split(maxsplit=1)) for line in lines if line.startswith("  ")}
    assert {
        ("state", "failed"),
        ("tags", "a"),
        ("notes", "why"),
        ("lr", "0.1"),
        ("model.depth", "3"),
        ("loss.min", "1"),
        ("shot", "(image-file)"),
        ("steps", "4"),
    } <= told
    (curve,) = [line.split() for line in lines if line.endswith(" points")]
    assert curve == ["loss", "█▁▅", "3", "points"]
    assert lines[-1] == r"ZeroDivisionError: not \x1b[2Jpossible"


@pytest.mark.parametrize("path", ["digits/{id}", "{id}", "first", "digits/first"])
def test_a_run_is_found_by_id_and_name(
    folder: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    run_id = log()
    log("other")
    assert cli.main(["show", path.format(id=run_id)]) == 0
    assert capsys.readouterr().out.startswith(f"first  digits/{run_id}\n")


def test_what_define_metric_hid_has_no_curve(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tracker.init("digits", "r", settings=OPTIONS) as run:
        run.define_metric("inner", hidden=True)
        run.log({"loss": 1.0, "inner": 2.0})
    capsys.readouterr()
    assert cli.main(["show", run.id]) == 0
    drawn = [line.split()[0] for line in capsys.readouterr().out.splitlines() if "points" in line]
    assert drawn == ["loss"]


def test_names_cannot_steer_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = log("red\x1b[31m\nnext", config={"k\x07": "v\x9b"})
    for arguments in (["ls", "digits"], ["show", run_id], ["sql", "select name from runs"]):
        assert cli.main(arguments) == 0
        shown = capsys.readouterr().out
        assert r"red\x1b[31m\nnext" in shown
        assert not set(shown) & {"\x1b", "\x07", "\x9b"}


def test_sql_prints_a_table_csv_or_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log(config={"lr": 0.1})
    statement = "select name, key, value, NULL as nothing from history join runs using (run_id)"
    statement += " where key = 'loss' order by step limit 2"
    assert cli.main(["sql", statement]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["name", "key", "value", "nothing"],
        ["first", "loss", "1"],
        ["first", "loss", "0.5"],
    ]
    assert cli.main(["sql", statement, "--format", "csv"]) == 0
    assert capsys.readouterr().out == "name,key,value,nothing\nfirst,loss,1.0,\nfirst,loss,0.5,\n"
    assert cli.main(["sql", statement, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[1] == {
        "name": "first",
        "key": "loss",
        "value": 0.5,
        "nothing": None,
    }
    assert cli.main(["sql", "select 1 as a where false"]) == 0
    assert capsys.readouterr().out == "a\n"


def store_cells(folder: Path, run_id: str, cells: list[CellRecord]) -> None:
    """Give a run executed cells, as its journal would have."""
    from tracker.store.store import open_store

    with open_store(folder / ".tracker").writing() as db:
        for cell in cells:
            db.execute(
                "INSERT INTO cell SELECT run_key, ?, ?, ?, ?, ?, ?, ?, ? FROM run WHERE run_id = ?",
                [
                    *(cell.number, cell.execution_count, cell.source, cell.started_at),
                    *(cell.duration_s, cell.status, cell.error, cell.cell_id, run_id),
                ],
            )


def test_restore_writes_the_cells(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = log()
    assert cli.main(["restore", "first"]) == 1
    assert "has no executed cells" in capsys.readouterr().err
    store_cells(folder, run_id, [CellRecord(0, 1, "x = 1", None, None, "ok", None, None)])
    assert cli.main(["restore", "first"]) == 0
    file = folder / f"first-{run_id}.ipynb"
    assert capsys.readouterr().out == f"1 cell written to {file.name}\n"
    assert nbformat.read(file, as_version=4).cells[1].source == "x = 1"
    assert cli.main(["restore", "first"]) == 1
    assert "--force" in capsys.readouterr().err
    assert cli.main(["restore", "first", "--force"]) == 0
    assert cli.main(["restore", run_id, "-o", "other.ipynb"]) == 0
    assert (folder / "other.ipynb").read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ls", "digitz"], "There is no project 'digitz'"),
        (["show", "nobody"], "There is no run 'nobody'"),
        (["sql", "drop table run"], "only reading statements"),
        (["sql", "select * from read_csv('/etc/passwd')"], "cannot reach files"),
        (["restore", "digits/nobody"], "There is no run 'nobody'"),
        (["ls", "--dir", "nowhere"], "There is no store in"),
        (["doctor", "--dir", "nowhere"], "There is no store in"),
        (["sql", "select 1", "--dir", "nowhere"], "There is no store in"),
    ],
)
def test_what_cannot_be_done_is_said_on_stderr(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    log()
    assert cli.main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("tracker: ")
    assert sentence in said.err
    assert not (folder / "nowhere").exists()


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["ls", "--colour"], ["show"]])
def test_wrong_arguments_show_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage: tracker" in capsys.readouterr().err


def test_doctor_finds_a_store_well(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log()
    assert cli.main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "database   well: 1 finished" in told
    assert "journals   0 being written, 1 kept" in told


def test_doctor_takes_in_what_a_killed_program_left(folder: Path) -> None:
    code = (
        "import os, signal, tracker\n"
        f"run = tracker.init('digits', 'killed', settings={OPTIONS | {'flush_interval_s': 60}!r})\n"
        "run.log({'a': 1})\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    result = call("doctor")
    assert (result.returncode, result.stderr) == (0, "")
    assert "taken in   1 journal" in result.stdout
    assert "well: 1 crashed" in result.stdout
    assert "a" in call("show", "killed").stdout


def test_doctor_rebuilds_a_damaged_store(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log(config={"lr": 0.5})
    database = folder / ".tracker" / "tracker.duckdb"
    damaged = bytearray(database.read_bytes())
    damaged[: len(damaged) // 2] = bytes(len(damaged) // 2)
    database.write_bytes(damaged)
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr()
    assert "tracker doctor --rebuild" in said.err
    assert database.read_bytes() == damaged
    assert cli.main(["doctor", "--rebuild"]) == 0
    assert "the old file is kept as" in capsys.readouterr().out
    assert tracker.sql("select config->>'lr' from runs").values.tolist() == [["0.5"]]
    (kept,) = (folder / ".tracker" / "damaged").rglob("tracker.duckdb")
    assert kept.read_bytes() == damaged


def test_doctor_rebuilds_nothing_from_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tracker.init("digits", settings={**OPTIONS, "keep_journal": False})
    run.finish()
    assert cli.main(["doctor", "--rebuild"]) == 1
    assert "Nothing was changed" in capsys.readouterr().err
    assert tracker.sql("select run_id from runs").values.tolist() == [[run.id]]


def test_a_reader_that_stops_early_is_no_error(folder: Path) -> None:
    log(rows=20_000)
    with subprocess.Popen(
        [*PROGRAM, "sql", "select * from history"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        assert program.stdout.readline().startswith("project")
        program.stdout.close()
        assert program.stderr.read() == ""
    assert program.returncode == 0


def test_nothing_of_the_screen_is_loaded(folder: Path) -> None:
    log()
    code = (
        "import sys\nfrom tracker.cli import main\nmain(['ls']); main(['show', 'first'])\n"
        "print(sorted({'IPython', 'ipywidgets', 'plotly', 'pandas'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_what_needs_no_store_loads_nothing_heavy(folder: Path, argument: str) -> None:
    code = (
        "import sys\nfrom tracker.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'duckdb', 'msgspec', 'numpy', 'pandas', 'yaml'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, argument],
        capture_output=True, text=True, check=True, env=os.environ,
    )  # fmt: skip
    assert result.stdout.splitlines()[-1] == "[]"
