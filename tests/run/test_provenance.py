"""Where a run comes from: program, machine, git and packages."""

import datetime
import json
import os
import subprocess
import sys
import threading
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient

import tracker
from tracker.run.provenance import (
    describe_git,
    describe_program,
    front_end,
    is_notebook,
    list_packages,
)
from tracker.run.redaction import hide_in_code, hide_secrets

ENVIRON = {
    **{k: v for k, v in os.environ.items() if not k.startswith(("JPY_", "WANDB_", "TRACKER_"))},
    "PYTHONPATH": str(Path(tracker.__file__).parent.parent),
}
DESCRIBE = (
    "import json\nfrom tracker.run.provenance import *\nprint(json.dumps(describe_program()))"
)


# --- program and notebook ---------------------------------------------------------------------


def describe_in_process(tmp_path, *arguments, **environ):
    done = subprocess.run(
        [sys.executable, *arguments],
        env=ENVIRON | environ,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def describe_in_kernel(tmp_path, before="", **environ):
    cells = [nbformat.v4.new_code_cell(source) for source in (before, DESCRIBE)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": tmp_path}})
    done = client.execute(env=ENVIRON | environ)
    return json.loads(done.cells[1].outputs[0].text)


def test_this_process_is_described(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", "--lr", "0.1"])
    facts = describe_program()
    assert (is_notebook(), front_end(), facts["front_end"]) == (False, "python", "python")
    assert facts["args"] == ["--lr", "0.1"]
    assert facts["cwd"] == str(Path.cwd())
    assert facts["python"].split(".")[:2] == [str(part) for part in sys.version_info[:2]]
    assert facts["executable"] == sys.executable
    assert facts["pid"] == os.getpid()
    assert facts["notebook"] is None
    assert facts["hostname"]
    assert facts["username"]
    assert facts["os"]
    started_at = datetime.datetime.fromisoformat(facts["started_at"])
    assert abs((datetime.datetime.now(datetime.UTC) - started_at).total_seconds()) < 60
    json.dumps(facts)


def test_a_script_is_named_by_its_path(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(DESCRIBE)
    facts = describe_in_process(tmp_path, "train.py", "--epochs=3", "data/x")
    assert facts["program"] == str(script.resolve())
    assert facts["args"] == ["--epochs=3", "data/x"]


def test_a_module_is_named_as_it_was_started(tmp_path):
    (tmp_path / "trainer").mkdir()
    (tmp_path / "trainer" / "__main__.py").write_text(DESCRIBE)
    (tmp_path / "trainer" / "fit.py").write_text(DESCRIBE)
    environ = {"PYTHONPATH": f"{ENVIRON['PYTHONPATH']}{os.pathsep}{tmp_path}"}
    facts = describe_in_process(tmp_path, "-m", "trainer.fit", "x", **environ)
    assert (facts["program"], facts["args"]) == ("-m trainer.fit", ["x"])
    assert describe_in_process(tmp_path, "-m", "trainer", **environ)["program"] == "-m trainer"


def test_code_on_the_command_line_is_a_program_too(tmp_path):
    assert describe_in_process(tmp_path, "-c", DESCRIBE)["program"] == "-c"


def test_a_session_name_inherited_from_a_notebook_does_not_make_one(tmp_path):
    facts = describe_in_process(tmp_path, "-c", DESCRIBE, JPY_SESSION_NAME="/a/b.ipynb")
    assert (facts["front_end"], facts["notebook"]) == ("python", None)


def test_ipython_in_a_terminal_is_no_notebook(tmp_path):
    facts = describe_in_process(
        tmp_path, "-m", "IPython", "--quick", "-c", DESCRIBE, IPYTHONDIR=str(tmp_path / "ipython")
    )
    assert facts["front_end"] == "ipython"
    assert facts["notebook"] is None


def test_a_kernel_is_a_notebook_even_when_nobody_tells_which(tmp_path):
    facts = describe_in_kernel(tmp_path)
    assert facts["front_end"] == "kernel"
    assert (facts["program"], facts["notebook"], facts["notebook_path"]) == (None, None, None)
    assert facts["args"] == []
    assert facts["cwd"] == str(tmp_path.resolve())


def test_the_notebook_is_found_by_the_servers_session_name(tmp_path):
    path = tmp_path / "digits.ipynb"
    path.write_text("{}")
    facts = describe_in_kernel(tmp_path, JPY_SESSION_NAME=str(path))
    assert facts["notebook"] == "digits.ipynb"
    assert facts["notebook_path"] == facts["program"] == str(path.resolve())


def test_a_notebook_that_is_not_on_this_disk_has_a_name_only(tmp_path):
    facts = describe_in_kernel(tmp_path, JPY_SESSION_NAME="/elsewhere/digits.ipynb")
    assert (facts["notebook"], facts["notebook_path"]) == ("digits.ipynb", None)
    assert facts["program"] == "/elsewhere/digits.ipynb"


def test_a_console_session_is_no_notebook_file(tmp_path):
    facts = describe_in_kernel(tmp_path, JPY_SESSION_NAME="console-1-0a1b2c")
    assert (facts["front_end"], facts["notebook"]) == ("kernel", None)


@pytest.mark.parametrize(
    ("before", "environ", "name"),
    [
        ("__vsc_ipynb_file__ = '/x/vscode.ipynb'", {}, "vscode.ipynb"),
        ("PAPERMILL_OUTPUT_PATH = 'out/run 7.ipynb'", {}, "run 7.ipynb"),
        ("__vsc_ipynb_file__ = '/x/a.ipynb'", {"WANDB_NOTEBOOK_NAME": "b.ipynb"}, "b.ipynb"),
        ("", {"WANDB_NOTEBOOK_NAME": "b.ipynb", "TRACKER_NOTEBOOK_NAME": "c"}, "c"),
        ("", {"TRACKER_NOTEBOOK_NAME": "c", "JPY_SESSION_NAME": "/d.ipynb"}, "c"),
        ("__vsc_ipynb_file__ = 7", {"JPY_SESSION_NAME": r"C:\u\d.ipynb"}, "d.ipynb"),
    ],
)
def test_front_ends_name_the_notebook_and_the_user_overrides(tmp_path, before, environ, name):
    assert describe_in_kernel(tmp_path, before, **environ)["notebook"] == name


def test_slurm_is_described_without_its_token(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    monkeypatch.setenv("SLURM_JWT", "eyJhbGciOi")
    slurm = describe_program()["slurm"]
    assert slurm["SLURM_JOB_ID"] == "4711"
    assert slurm["SLURM_JWT"] == "***"


def test_a_directory_that_is_gone_is_no_error(tmp_path):
    gone = tmp_path / "gone"
    # It is gone after the imports: Python 3.13.0 itself cannot import there.
    program = "import os, json, tracker.run.provenance\n"
    program += f"os.mkdir({str(gone)!r}); os.chdir({str(gone)!r})\n"
    program += f"os.rmdir({str(gone)!r})\n{DESCRIBE}"
    facts = describe_in_process(tmp_path, "-c", program)
    assert facts["cwd"] is None
    assert facts["pid"]


def test_all_of_it_runs_on_a_background_thread(tmp_path):
    found = {}

    def look():
        found.update(
            program=describe_program(), packages=list_packages(), git=describe_git(tmp_path)
        )

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found["git"] is None
    assert found["packages"]
    assert found["program"]["pid"] == os.getpid()


# --- secrets ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--api-key=abc", "--lr=0.1"], ["--api-key=***", "--lr=0.1"]),
        (["--hf_token", "abc", "x"], ["--hf_token", "***", "x"]),
        (["--token", "--verbose", "x"], ["--token", "--verbose", "x"]),
        (["db.password=hunter2", "db.user=me"], ["db.password=***", "db.user=me"]),
        (["-p", "AWS_SECRET_ACCESS_KEY=abc="], ["-p", "AWS_SECRET_ACCESS_KEY=***"]),
        (["--store=postgres://me:pw@host/db"], ["--store=postgres://***@host/db"]),
        (["https://me:pw@host/x?y=1"], ["https://***@host/x?y=1"]),
        (["-H", "Authorization: Bearer abc.def"], ["-H", "Authorization: Bearer ***"]),
        (["hf_abcdefghijklmnopqrst"], ["***"]),
        (["--max-tokens", "512", "--num_keys=8"], ["--max-tokens", "512", "--num_keys=8"]),
        (["--tokenizer", "gpt2", "--author=me"], ["--tokenizer", "gpt2", "--author=me"]),
        (["model.key_dim=64"], ["model.key_dim=64"]),
        (["--max-tokens=abc"], ["--max-tokens=***"]),
        (["--betas", "-0.9", "a=b=c", "="], ["--betas", "-0.9", "a=b=c", "="]),
    ],
)
def test_arguments_that_look_like_secrets_are_hidden(monkeypatch, arguments, shown):
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    assert describe_program()["args"] == shown


@given(
    before=st.from_regex(r"[A-Z_]{0,8}", fullmatch=True),
    word=st.sampled_from(["KEY", "TOKEN", "PASSWORD", "SECRET"]),
    after=st.sampled_from(["", "_1", "_PROD", "_FILE"]),
    value=st.text(min_size=1),
)
def test_no_value_under_a_secret_name_is_shown(before, word, after, value):
    assert hide_secrets({before + word + after: value}) == {before + word + after: "***"}


@given(st.dictionaries(st.text(), st.text()))
def test_hiding_never_fails_and_keeps_the_names(values):
    assert hide_secrets(values).keys() == values.keys()


# --- packages ---------------------------------------------------------------------------------


def test_packages_are_those_that_python_finds():
    packages = list_packages()
    expected = {each.name: each.version for each in reversed(list(metadata.distributions()))}
    assert packages == expected
    assert list(packages) == sorted(packages, key=str.lower)
    assert packages["pytest"] == pytest.__version__


def test_a_broken_distribution_does_not_hide_the_others(tmp_path, monkeypatch):
    (tmp_path / "broken-1.0.dist-info").mkdir()
    (tmp_path / "odd-1.0.dist-info").mkdir()
    (tmp_path / "odd-1.0.dist-info" / "METADATA").write_bytes(b"Name: odd\nVersion: \xff\xfe\n")
    (tmp_path / "own_pkg-2.5.dist-info").mkdir()
    (tmp_path / "own_pkg-2.5.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: Own.Pkg\nVersion: 2.5\n\nName: not-this\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    packages = list_packages()
    assert packages["Own.Pkg"] == "2.5"
    assert "pytest" in packages
    assert "not-this" not in packages


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("login('hf_abcdefghijklmnop')", "login('***')"),
        ('db = "postgres://me:pass@host/db"', 'db = "postgres://***@host/db"'),
        ("key = 'value-of-my-key'", "key = '***'"),
        # What is put in later is no secret, and the code must run again.
        ('url = f"postgres://{user}:{word}@host"', 'url = f"postgres://{user}:{word}@host"'),
        ('headers = {"Authorization": f"Bearer {token}"}',) * 2,
        ("tokenizer(max_tokens=512)",) * 2,
        ("ssh://git@host/repo.git",) * 2,
    ],
)
def test_code_keeps_everything_but_secrets(monkeypatch, code: str, kept: str) -> None:
    monkeypatch.setenv("MY_SERVICE_API_KEY", "value-of-my-key")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/tmp/socket")
    monkeypatch.setenv("SHORT_TOKEN", "token")
    assert hide_in_code(code) == kept
