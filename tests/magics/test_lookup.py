"""``%tracker``, ``%%tracker_sql`` and ``%restore``: looking at what is stored."""

from __future__ import annotations

from datetime import UTC, datetime

import nbformat
import pytest

import tracker

from .conftest import Kernel, fill

# ------------------------------------------------------------------------------------ SQL


def test_sql_gives_a_dataframe(filled: Kernel) -> None:
    shown = filled.run("%tracker sql select name, config->>'$.lr' as lr from runs order by lr")
    assert "DataFrame" not in shown.text
    assert "<table" in shown.results[0]["text/html"]
    filled.run("found = %tracker sql select name, summary->>'acc' as acc from runs order by acc")
    assert filled.ask("[type(found).__name__, found.values.tolist()]") == [
        "DataFrame",
        [["high", "0.09999999999999998"], ["low", "0.5"], ["low", "0.9"]],
    ]


def test_sql_takes_variables_as_parameters_and_nothing_else(filled: Kernel) -> None:
    filled.run("wanted = \"digits' or 'a' = 'a\"; least = 0.5; project = 'digits'")
    statement = "select name from runs where project = $project and (config->>'lr')::float > $least"
    filled.run(f"found = %tracker sql {statement}")
    assert filled.ask("found.name.tolist()") == ["high"]
    filled.run("found = %tracker sql select '$no {no}' a from runs where project = $wanted -- $no")
    assert filled.ask("[found.columns.tolist(), len(found)]") == [["a"], 0]
    assert "$nothing, and there is no such variable" in (
        filled.run("%tracker sql select $nothing").stderr
    )


def test_a_cell_of_sql_goes_into_a_variable(filled: Kernel) -> None:
    statement = "select name,\n    '{x}' as braces -- the two\nfrom runs\nwhere project = 'digits'"
    assert filled.run(f"%%tracker_sql\n{statement}").results[0]["text/html"].count("<tr") == 3
    silent = filled.run(f"%%tracker_sql found\n{statement}")
    assert silent.results == []
    assert filled.ask("[sorted(found.name), set(found.braces).pop()]") == [["high", "low"], "{x}"]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("%tracker sql", "There is no statement"),
        ("%tracker sql selekt 1", "The query is not SQL"),
        ("%tracker sql select * from nowhere", "The store has runs, history"),
        ("%tracker sql drop table run", "only reading statements"),
        ("%%tracker_sql two words\nselect 1", "unrecognized arguments: words"),
        ("%%tracker_sql a-b\nselect 1", "expected a name for the DataFrame"),
        ("%tracker ls digitz", "There is no project 'digitz'"),
        ("%tracker ls a b", "unrecognized arguments: b"),
        ("%tracker finish --exit-code x", "invalid int value: 'x'"),
        ("%tracker import nowhere", "There is no nowhere to import"),
        ("%tracker digits/nobody", "'digits/nobody' is no run and no project"),
        ("%restore nobody", "There is no run 'nobody'"),
        ("%restore", "the following arguments are required: run"),
        ("%restore high", "has no executed cells"),
        ("%restore low", "low"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    filled: Kernel, code: str, sentence: str
) -> None:
    answer = filled.run(code)
    assert answer.ename == "UsageError"
    assert sentence in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert answer.errors == []


@pytest.mark.parametrize(
    "code", ["%tracker", "%tracker x", "%tracker ls", "%tracker sql select 1", "%restore x"]
)
def test_looking_makes_no_store(shared: Kernel, code: str) -> None:
    assert "There is no store in" in shared.run(code).stderr
    assert not shared.store.exists()


# ------------------------------------------------------------------------------- overview


def test_ls_lists_projects_and_runs(filled: Kernel) -> None:
    filled.run("projects = %tracker ls\nruns = %tracker ls digits")
    assert filled.ask("projects[['project', 'runs']].values.tolist()") == [["b", 1], ["digits", 2]]
    assert filled.ask("runs[['name', 'state', 'config.lr', 'summary.acc']].values.tolist()") == [
        ["high", "finished", 0.9, pytest.approx(0.1)],
        ["low", "finished", 0.1, pytest.approx(0.9)],
    ]
    assert filled.run("%tracker ls 'digits'").results


def test_status_tells_of_the_run_and_the_store(kernel: Kernel) -> None:
    assert "still empty" in kernel.run("%tracker status").stdout
    kernel.run("import tracker\nrun = tracker.init('digits', 'now', settings={'panel': False})")
    lines = kernel.run("run.log({'a': 1}); run.flush()\n%tracker status").stdout.splitlines()
    assert lines[0].startswith("run      digits/")
    assert "(now) is running for" in lines[0]
    assert lines[1].startswith(f"store    {kernel.store}, ")
    assert lines[1].endswith("runs: 1 running")
    assert lines[2] == f"tracker  {tracker.__version__}"


def test_finish_ends_the_current_run(kernel: Kernel) -> None:
    assert "No run is active" in kernel.run("%tracker finish").stdout
    kernel.run("import tracker\nrun = tracker.init('digits')\nrun.log({'a': 1})")
    kernel.run("%tracker finish")
    kernel.run("run = tracker.init('digits')")
    kernel.run("%tracker finish --exit-code 3")
    assert kernel.stored("select state, exit_code from runs order by created_at") == [
        ("finished", 0),
        ("failed", 3),
    ]


def test_another_store_can_be_named(filled: Kernel) -> None:
    other = filled.folder / "elsewhere"
    filled.run(f"%%tracker far --dir {other} --no-panel\nimport tracker\ntracker.log({{'a': 1}})")
    assert filled.run(f"%tracker ls --dir {other}").text.split()[-3:][0] != "digits"
    filled.run(f"found = %tracker sql --dir {other} select project from runs")
    assert filled.ask("found.project.tolist()") == ["far"]
    filled.run(f"%%tracker_sql found --dir '{other}'\nselect count(*) n from runs")
    assert filled.ask("found.n.tolist()") == [1]
    assert filled.run(f"%tracker far --dir {other}").displays


# -------------------------------------------------------------------------------- panels


def test_tracker_shows_the_current_run_else_the_latest_project(kernel: Kernel) -> None:
    fill(kernel)
    (project,) = kernel.run("%tracker").displays
    assert project["text/plain"] == "<project b>"
    kernel.run("import tracker\nrun = tracker.init('digits', 'now', settings={'panel': False})")
    (current,) = kernel.run("%tracker").displays
    run_id = kernel.ask("run.id")
    assert current["text/plain"] == f"<run digits/{run_id}>"
    assert "now" in current["text/html"]
    kernel.run("run.finish()")
    (project,) = kernel.run("%tracker").displays
    assert project["text/plain"] == "<project digits>"
    (run,) = kernel.run(f"%tracker {run_id}").displays
    assert run["text/plain"] == f"<run digits/{run_id}>"


@pytest.mark.parametrize("target", ["digits", "digits/low", "digits/high", "'digits'"])
def test_tracker_shows_what_it_is_asked_for(filled: Kernel, target: str) -> None:
    answer = filled.run(f"%tracker {target}\nNone")
    (shown,) = answer.displays
    assert {"text/html", "text/plain", "application/vnd.tracker.panel+json"} <= set(shown)
    assert ("high" in shown["text/html"]) == (target != "digits/low")


# -------------------------------------------------------------------------------- restore


def test_restore_brings_the_cells_back_as_a_notebook_that_runs(kernel: Kernel) -> None:
    kernel.run("x = 2")
    kernel.run("%tracker status")
    kernel.run("%%tracker digits --name first --no-panel\nimport tracker\ntracker.log({'x': x})")
    ((run_id,),) = kernel.stored("select run_id from runs")
    answer = kernel.run("%restore first")
    assert answer.stdout == f"3 cells of run first ({run_id}):\n"
    file = kernel.folder / f"first-{run_id}.ipynb"
    assert file.name in answer.displays[0]["text/html"]
    notebook = nbformat.read(file, as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert code == [
        "%load_ext tracker",
        "x = 2",
        "%%tracker digits --name first --no-panel\nimport tracker\ntracker.log({'x': x})",
    ]
    assert notebook.metadata.tracker["run"] == f"digits/{run_id}"
    started = datetime.fromisoformat(notebook.metadata.tracker["started_at"])
    assert abs((datetime.now(UTC) - started).total_seconds()) < 60
    for source in code:
        assert kernel.run(source).status == "ok"
    assert kernel.stored("select count(*) from history where key = 'x' and value = 2") == [(2,)]


def test_restore_never_overwrites_a_file_unasked(kernel: Kernel) -> None:
    kernel.run("%%tracker digits --name 'a/b c' --no-panel\n1")
    ((run_id,),) = kernel.stored("select run_id from runs")
    assert kernel.run(f"%restore digits/{run_id} -o 'my cells.ipynb'").status == "ok"
    file = kernel.folder / "my cells.ipynb"
    file.write_text("mine")
    refused = kernel.run(f"%restore {run_id} -o 'my cells.ipynb'")
    assert "my cells.ipynb exists" in refused.stderr
    assert file.read_text() == "mine"
    kernel.run(f"run_id = '{run_id}'")
    assert kernel.run("%restore {run_id} -o 'my cells.ipynb' --force").status == "ok"
    assert nbformat.read(file, as_version=4).cells
    assert kernel.run("%restore 'a/b c'").status == "ok"
    assert (kernel.folder / f"a-b-c-{run_id}.ipynb").exists()
    assert "cannot be written" in kernel.run(f"%restore {run_id} -o no/such/x.ipynb").stderr


def test_restore_can_put_the_code_into_the_next_cell(kernel: Kernel) -> None:
    kernel.run("x = 2\n")
    kernel.run("%%tracker digits --name first --no-panel\nx * 2")
    (payload,) = kernel.run("%restore first --here").payload
    assert payload["source"] == "set_next_input"
    assert payload["text"] == (
        "%load_ext tracker\n\nx = 2\n\n%%tracker digits --name first --no-panel\nx * 2"
    )
    assert list(kernel.folder.glob("*.ipynb")) == []


# --------------------------------------------------------------------------------- import


def test_runs_of_other_programs_are_imported(filled: Kernel) -> None:
    filled.run("_ = open('loss.csv', 'w').write('step,loss\\n0,1\\n1,0.5\\n')")
    told = filled.run("%tracker import loss.csv --project elsewhere --name 'of a table'")
    assert told.results[0]["text/plain"] == "1 run imported."
    told = filled.run("%tracker import loss.csv --project elsewhere")
    assert told.results[0]["text/plain"] == "1 run unchanged."
    filled.run("found = %tracker ls elsewhere")
    assert filled.ask("sorted(found.name)") == ["of a table"]
