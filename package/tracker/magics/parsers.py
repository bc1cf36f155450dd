"""What may stand behind each magic: one table for parsing, help and completion."""

from __future__ import annotations

import argparse
from typing import Any, Final, NoReturn

from tracker.errors import UsageError

_DIR: Final = ("--dir", {"metavar": "D", "help": "the folder that holds the store's .tracker"})
_Option = tuple[str, dict[str, Any]]


class MagicParser(argparse.ArgumentParser):
    """A parser that raises one sentence instead of ending the kernel."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with `message` and where to find help."""
        raise UsageError(f"{self.prog}: {message}. Its help: {self.prog.split()[0]}?")


def _parser(prog: str, options: list[_Option]) -> MagicParser:
    parser = MagicParser(prog, add_help=False, allow_abbrev=False)
    for name, details in options:
        parser.add_argument(*name.split("/"), **details)
    return parser


_OPTIONS: Final[dict[str, list[_Option]]] = {
    "%%tracker": [
        ("project", {"nargs": "?"}),
        ("--name", {"metavar": "N", "help": "what people read; default two words and a number"}),
        ("--tags", {"metavar": "A,B", "help": "labels, separated by commas"}),
        ("--group", {"metavar": "G", "help": "the group that the run belongs to"}),
        (
            "--config",
            {
                "metavar": "K=V",
                "nargs": "+",
                "action": "extend",
                "default": [],
                "help": "hyperparameters, or a variable that holds a dict",
            },
        ),
        ("--notes", {"metavar": "TEXT", "help": "a longer description"}),
        _DIR,
        ("--no-panel", {"action": "store_true", "help": "show no live panel under the cell"}),
    ],
    "%tracker": [("target", {"nargs": "?"}), _DIR],
    "%tracker ls": [("project", {"nargs": "?"}), _DIR],
    "%tracker import": [
        ("source", {}),
        ("--format", {"metavar": "F", "help": "default: what it looks like"}),
        ("--project", {"metavar": "P", "help": "default: what the source says"}),
        ("--name", {"metavar": "N", "help": "of the run, where the source is one"}),
        _DIR,
    ],
    "%tracker status": [_DIR],
    "%tracker finish": [
        ("--exit-code", {"metavar": "N", "type": int, "help": "other than 0: the run failed"})
    ],
    "%%tracker_sql": [("name", {"nargs": "?"}), _DIR],
    "%%tracker_sweep": [
        ("sweep", {}),
        ("--count", {"metavar": "N", "type": int, "help": "how many trials at most"}),
        ("--parallel", {"metavar": "N", "type": int, "help": "agents in processes of their own"}),
        ("--project", {"metavar": "P", "help": "default: the config's"}),
        ("--seed", {"metavar": "N", "type": int, "help": "of random and Bayesian search"}),
        (
            "--to",
            {
                "metavar": "NAME",
                "default": "sweep",
                "help": "the variable that gets the sweep; default sweep",
            },
        ),
        _DIR,
    ],
    "%restore": [
        ("run", {}),
        ("-o/--output", {"metavar": "F", "help": "the notebook to write; default NAME-ID.ipynb"}),
        ("--force", {"action": "store_true", "help": "replace a notebook that exists"}),
        ("--here", {"action": "store_true", "help": "put the code into the next cell instead"}),
        _DIR,
    ],
}

CELL: Final = _parser("%%tracker", _OPTIONS["%%tracker"])
SHOW: Final = _parser("%tracker", _OPTIONS["%tracker"])
LS: Final = _parser("%tracker ls", _OPTIONS["%tracker ls"])
IMPORT: Final = _parser("%tracker import", _OPTIONS["%tracker import"])
STATUS: Final = _parser("%tracker status", _OPTIONS["%tracker status"])
FINISH: Final = _parser("%tracker finish", _OPTIONS["%tracker finish"])
CELL_SQL: Final = _parser("%%tracker_sql", _OPTIONS["%%tracker_sql"])
CELL_SWEEP: Final = _parser("%%tracker_sweep", _OPTIONS["%%tracker_sweep"])
RESTORE: Final = _parser("%restore", _OPTIONS["%restore"])


def options_of(magic: str) -> list[str]:
    """Return the options of a magic, such as ``--name``, the long spelling of each."""
    listed = (name.split("/")[-1] for name, _ in _OPTIONS.get(magic, ()))
    return [name for name in listed if name.startswith("-")]


def option_help(magic: str) -> str:
    """Return a magic's options and what they mean, a line each."""
    lines = []
    for name, details in _OPTIONS[magic]:
        if name.startswith("-"):
            head = " ".join([name.replace("/", ", "), details.get("metavar", "")])
            lines.append(f"  {head:<18}{details['help']}")
    return "\n".join(lines)
