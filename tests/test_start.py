"""Starting a run: where it goes, what comes with it, what is printed in a terminal."""

from __future__ import annotations

import math
import re
import subprocess
import sys

import pytest

import tracker
from tracker.display import farewell
from tracker.errors import UsageError

LOG = """
run = tracker.init(project="p", name="n", id="r", dir="."{options})
for value in (1, 2, 3):
    run.log({{"loss": value}})
"""


def script(folder, code, **environ):
    import os

    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRACKER_", "WANDB_"))}
    return subprocess.run(
        [sys.executable, "-c", "import sys, tracker\n" + code],
        cwd=folder, env={**kept, **environ}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip


# --- in a terminal


def test_a_line_at_the_start_and_sparklines_at_the_end(alone):
    done = script(alone, LOG.format(options="") + "print('training')\nrun.finish()")
    assert done.stdout == "training\n"
    root = alone.resolve() / ".tracker"
    assert done.stderr.splitlines() == [
        f"tracker: run n (r) of p is recorded in {root}",
        "tracker:",
        "tracker: Run history:",
        "tracker:     loss ▁▅█",
        "tracker:",
        "tracker: Run summary:",
        "tracker:     loss 3",
        "tracker:",
        f"tracker: run n (r): finished, file://{root}/tracker.duckdb#tracker=p/r",
    ]


@pytest.mark.parametrize(
    ("options", "ending", "environ", "lines"),
    [
        (", settings={'silent': True}", "run.finish()", {}, 0),
        ("", "run.finish()", {"WANDB_SILENT": "true"}, 0),
        ("", "run.finish(quiet=True)", {}, 1),
        ("", "tracker.finish(quiet=True)", {}, 1),
        ("", "", {}, 9),
        (", mode='disabled'", "run.finish()", {}, 0),
    ],
)
def test_nothing_where_nothing_is_wanted(alone, options, ending, environ, lines):
    done = script(alone, LOG.format(options=options) + ending, **environ)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == lines, done.stderr


def test_a_plain_script_loads_no_widgets(alone):
    code = LOG.format(options="") + "run.summary['x'] = 1\nrun.finish()\nprint(*sys.modules)"
    loaded = set(script(alone, code).stdout.split())
    assert "duckdb" in loaded
    unwanted = {"IPython", "ipywidgets", "anywidget", "plotly", "matplotlib", "pandas", "skopt"}
    assert not unwanted & loaded


def test_a_closed_terminal_is_no_reason_to_fail(alone, stored):
    script(alone, LOG.format(options="") + "sys.stderr.close(); sys.stdout.close(); run.finish()")
    assert stored.root.is_dir()


# --- the summary in a terminal, as W&B prints it


def footer(start, rows, **summary):
    with start() as run:
        for row in rows:
            run.log(row)
        run.summary.update(summary)
    return farewell(run)[1:-1]


def test_keys_are_sorted_and_ten(start):
    lines = footer(start, [{f"key_{number:04}": number for number in range(2008)}])
    assert lines[0] == "Run history:"
    assert lines[1] == "    key_0000 ▁"
    assert [line.split()[0] for line in lines[1:11]] == [f"key_{number:04}" for number in range(10)]
    assert lines[11] == "      +1,998 ..."
    assert lines[12:15] == ["", "Run summary:", "    key_0000 0"]
    assert lines[24] == "      +1,998 ..."


def test_what_define_metric_hid_has_no_curve(start):
    with start() as run:
        run.define_metric("inner/*", hidden=True)
        run.define_metric("inner/kept", hidden=False)
        for step in range(3):
            run.log({"loss": step, "inner/norm": step, "inner/kept": step})
    lines = farewell(run)
    summary = lines.index("Run summary:")
    assert [line.split()[0] for line in lines[2 : summary - 1]] == ["inner/kept", "loss"]
    assert "    inner/norm 2" in lines[summary:]


def test_hidden_and_other_values(start):
    lines = footer(
        start,
        [{"_hidden": 1, "text": "t", "list": [1], "loss": 0.123456789, "ok": True, "none": None}],
        long="x" * 21, exact="y" * 20, nested={"a": 1}, _secret=2, tiny=1e-9, big=1e20, whole=3.0,
        large=2**60, nan=math.nan, inf=math.inf,
    )  # fmt: skip
    assert lines == [
        "Run history:",
        "    loss ▁",
        "      ok ▁",
        "",
        "Run summary:",
        "      big 1e+20",
        "    exact " + "y" * 20,
        "      inf inf",
        f"    large {2**60}",
        "     long " + "x" * 20 + "...",
        "     loss 0.12346",
        "      nan nan",
        "       ok True",
        "     text t",
        "     tiny 1e-09",
        "       +1 ...",
        "",
    ]


def test_sparklines(start):
    rows = [{"up": n, "flat": 5, "nan": math.nan, "gap": math.nan if n == 1 else n, "long": n}
            for n in range(3)]  # fmt: skip
    lines = footer(start, rows + [{"long": n} for n in range(3, 5000)])
    shown = {line.split()[0]: line.strip().partition(" ")[2] for line in lines[1:6]}
    assert shown["up"] == "▁▅█"
    assert shown["flat"] == "▁▁▁"
    assert shown["gap"] == "▁ █"
    assert shown["nan"] == ""
    assert len(shown["long"]) == 40
    assert (shown["long"][0], shown["long"][-1]) == ("▁", "█")
    assert list(shown["long"]) == sorted(shown["long"])


def test_a_run_that_logged_nothing(start):
    assert footer(start, []) == []


# --- what comes with a run


def test_provenance(alone, stored):
    subprocess.run(["git", "init", "-q", "."], cwd=alone, check=True)
    (alone / "train.py").write_text(
        "import tracker\n"
        "run = tracker.init(project='p', id='r', dir='.', settings={'silent': True})\n"
        "print('hello')\n"
        "run.log({'x': 1})\n"
    )
    subprocess.run([sys.executable, "train.py", "--lr=1", "--token=abc"], cwd=alone, check=True,
                   capture_output=True, timeout=60)  # fmt: skip
    run = tracker.Api(alone).run("p/r")
    metadata = run.metadata
    assert metadata["program"] == str(alone.resolve() / "train.py")
    assert metadata["args"] == ["--lr=1", "--token=***"]
    assert metadata["git"]["untracked"] == ["train.py"]
    assert "duckdb" in metadata["packages"]
    assert metadata["hardware"]
    assert [line.text for line in run.console_logs()] == ["hello"]
    assert run.history(stream="system", samples=None).shape[0] >= 1


def test_sources_can_be_left_out(start, stored):
    with start() as run:
        print("not kept")
        run.log({"x": 1})
    found = tracker.Api(stored.root.parent).run(f"p/{run.id}")
    assert found.console_logs() == []
    assert "git" not in found.metadata
    assert found.history(stream="system", samples=None).empty


def test_a_source_that_cannot_start_does_not_stop_the_run(alone, stored):
    code = "sys.modules['psutil'] = None\n" + LOG.format(options="") + "run.finish(quiet=True)"
    done = script(alone, code)
    assert done.stderr.count("TrackerWarning") == 1
    assert "There are no system readings: ModuleNotFoundError" in done.stderr
    found = tracker.Api(alone).run("p/r")
    assert found.state == "finished"
    assert found.summary["loss"] == 3


# --- where it goes


def test_the_default_project(alone, monkeypatch):
    from tracker.run.origin import default_project

    # As at a prompt, where there is no program.
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    assert default_project() == "uncategorized"
    repository = alone / "My: repo"
    inner = repository / "src" / "train"
    inner.mkdir(parents=True)
    (repository / ".git").mkdir()
    monkeypatch.chdir(repository)
    assert default_project() == "My_ repo"
    monkeypatch.chdir(inner)
    assert default_project() == "My_ repo-src_train"
    with tracker.init(mode="disabled") as run:
        assert run.project == "My_ repo-src_train"


def test_a_script_belongs_to_its_repository(alone):
    (alone / "repo" / ".git").mkdir(parents=True)
    (alone / "repo" / "train.py").write_text(
        "import tracker\nprint(tracker.init(mode='disabled').project)"
    )
    done = subprocess.run(
        [sys.executable, "repo/train.py"], cwd=alone, capture_output=True, text=True, check=True
    )
    assert done.stdout == "repo\n"


def test_addresses(start, stored, monkeypatch):
    with start(id="r", project="a b") as run:
        assert run.url == f"{(stored.root / 'tracker.duckdb').as_uri()}#tracker=a%20b/r"
        assert not re.search("token|secret", run.url)


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"projct": "p"}, TypeError, "unexpected keyword argument 'projct'"),
        ({"tags": "a" * 65}, UsageError, "Tag 'a+' cannot be used"),
        ({"tags": [1]}, UsageError, "Tag '1' cannot be used"),
        ({"tags": 3}, UsageError, "tags is 3: expected a list"),
        ({"tags": [""]}, UsageError, "Tag ''"),
        ({"mode": 3}, UsageError, "mode is 3"),
        ({"resume": 3}, UsageError, "resume is 3"),
    ],
)
def test_what_cannot_be_started_is_told(start, options, error, sentence):
    with pytest.raises(error, match=sentence):
        start(**options)
    start().finish()


def test_the_current_run_is_the_modules(start):
    assert tracker.run is None
    with start(config={"a": 1}) as run:
        assert tracker.run is run
        assert tracker.config is run.config
        assert tracker.summary is run.summary
        tracker.log({"x": 1})
        assert tracker.summary["x"] == 1
        tracker.run = None
        assert tracker.run is run
    assert tracker.run is None
