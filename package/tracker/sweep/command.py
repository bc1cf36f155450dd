"""The command line that runs one trial of a program sweep, with W&B's macros.

A word that is one macro is replaced by any number of words; ``${envvar:NAME}`` is replaced
wherever it stands in a word. A macro that nobody knows is left out, as W&B does.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracker.errors import UsageError
from tracker.sweep.config import SweepConfig

DEFAULT_COMMAND = ("${env}", "${interpreter}", "${program}", "${args}")
ENVIRONMENT = re.compile(r"\$\{envvar:([A-Z0-9_]*)\}", re.IGNORECASE)
MACRO = re.compile(r"\$\{([^}]*)\}")
ARGS_FILE = "${args_json_file}"


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What to start for one trial.

    Attributes
    ----------
    words : tuple of str
        The program and its arguments.
    file_text : str or None
        What the file of the arguments must hold before the start; None if it is not used.
    """

    words: tuple[str, ...]
    file_text: str | None


def command_line(
    config: SweepConfig,
    params: Mapping[str, Any],
    *,
    args_file: str | os.PathLike[str],
    environment: Mapping[str, str] | None = None,
    interpreter: str | None = None,
) -> CommandLine:
    """Return the command line of one trial. Nothing is started and no file is written.

    Parameters
    ----------
    config : SweepConfig
        With ``program`` and, where it differs from W&B's default, ``command``.
    params : dict
        The trial's parameters, nested as suggested.
    args_file : path
        What ``${args_json_file}`` stands for.
    environment : mapping, optional
        Where ``${envvar:NAME}`` is looked up. A name that is not there stays as a word.
        Default: the variables of this process.
    interpreter : str, optional
        What ``${interpreter}`` stands for. Default: the Python that runs now.

    Raises
    ------
    UsageError
        Where the command needs a program and the sweep has none.
    """
    words = config.command or DEFAULT_COMMAND
    if "${program}" in words and not config.program:
        raise UsageError("The sweep has no program to run: add program to its config.")
    variables = os.environ if environment is None else environment
    known = _macros(params) | {
        "env": [] if sys.platform == "win32" else ["/usr/bin/env"],
        "interpreter": [interpreter or sys.executable],
        "program": [config.program or ""],
        "args_json_file": [os.fspath(args_file)],
    }
    line: list[str] = []
    for word in words:
        filled = ENVIRONMENT.sub(lambda found: variables.get(found[1], found[1]), word)
        macro = MACRO.fullmatch(filled)
        line += known.get(macro[1], []) if macro else [filled]
    text = json.dumps(dict(params)) if ARGS_FILE in words else None
    return CommandLine(tuple(line), text)


def _macros(params: Mapping[str, Any]) -> dict[str, list[str]]:
    pairs = [f"{name}={value}" for name, value in params.items()]
    return {
        "args": [f"--{pair}" for pair in pairs],
        "args_no_equals": [w for name, value in params.items() for w in (f"--{name}", str(value))],
        "args_no_hyphens": pairs,
        "args_no_boolean_flags": [
            f"--{name}" if value is True else f"--{name}={value}"
            for name, value in params.items()
            if value is not False
        ],
        "args_json": [json.dumps(dict(params))],
        "args_append_hydra": [f"+{pair}" for pair in pairs],
        "args_override_hydra": [f"++{pair}" for pair in pairs],
    }
