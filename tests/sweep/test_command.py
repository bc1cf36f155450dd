"""Command lines of program sweeps: W&B's macros, word by word."""

import json
import sys

import pytest

from tracker.errors import UsageError
from tracker.sweep.command import command_line
from tracker.sweep.config import parse_sweep

PARAMS = {"lr": 0.1, "amp": True, "ema": False, "act": None, "opt": {"name": "sgd"}}
JSON = '{"lr": 0.1, "amp": true, "ema": false, "act": null, "opt": {"name": "sgd"}}'
OPT = "{'name': 'sgd'}"
ENV = [] if sys.platform == "win32" else ["/usr/bin/env"]


def words(*command, program="train.py", environment=None):
    given = {"method": "random", "parameters": {"a": {"value": 1}}, "program": program}
    if command:
        given["command"] = list(command)
    return command_line(
        parse_sweep(given),
        PARAMS,
        args_file="args.json",
        environment=environment or {},
        interpreter="python",
    )


def test_the_default_command():
    line = words()
    assert line.words == (
        *ENV,
        "python",
        "train.py",
        "--lr=0.1",
        "--amp=True",
        "--ema=False",
        "--act=None",
        "--opt={'name': 'sgd'}",
    )
    assert line.file_text is None


@pytest.mark.parametrize(
    ("macro", "expected"),
    [
        ("${env}", ENV),
        ("${interpreter}", ["python"]),
        ("${program}", ["train.py"]),
        (
            "${args_no_equals}",
            ["--lr", "0.1", "--amp", "True", "--ema", "False", "--act", "None", "--opt", OPT],
        ),
        (
            "${args_no_hyphens}",
            ["lr=0.1", "amp=True", "ema=False", "act=None", "opt={'name': 'sgd'}"],
        ),
        (
            "${args_no_boolean_flags}",
            ["--lr=0.1", "--amp", "--act=None", "--opt={'name': 'sgd'}"],
        ),
        ("${args_json}", [JSON]),
        ("${args_json_file}", ["args.json"]),
        (
            "${args_append_hydra}",
            ["+lr=0.1", "+amp=True", "+ema=False", "+act=None", "+opt={'name': 'sgd'}"],
        ),
        (
            "${args_override_hydra}",
            ["++lr=0.1", "++amp=True", "++ema=False", "++act=None", "++opt={'name': 'sgd'}"],
        ),
        ("${nobody_knows_this}", []),
        ("plain", ["plain"]),
        ("hydra.run.dir=runs/${now:%Y}", ["hydra.run.dir=runs/${now:%Y}"]),
    ],
)
def test_each_macro(macro, expected):
    assert words("first", macro, "last").words == ("first", *expected, "last")


def test_only_the_file_macro_wants_a_file():
    assert words("${args_json}").file_text is None
    assert json.loads(words("${program}", "--config", "${args_json_file}").file_text) == PARAMS


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("${envvar:HOME_DIR}", "/home/us"),
        ("--data=${envvar:HOME_DIR}/data/${envvar:SET}", "--data=/home/us/data/mnist"),
        ("${envvar:MISSING}", "MISSING"),
        ("no ${envvar:} name", "no  name"),
    ],
)
def test_environment_variables_are_replaced_within_words(word, expected):
    environment = {"HOME_DIR": "/home/us", "SET": "mnist"}
    assert words(word, environment=environment).words == (expected,)


def test_a_command_without_the_program_needs_none():
    assert words("python", "-m", "package", program=None).words == ("python", "-m", "package")
    with pytest.raises(UsageError, match="The sweep has no program to run: add program"):
        words(program=None)


def test_the_interpreter_is_this_one():
    config = parse_sweep(
        {"method": "random", "parameters": {"a": {"value": 1}}, "command": ["${interpreter}"]}
    )
    assert command_line(config, {}, args_file="x").words == (sys.executable,)
