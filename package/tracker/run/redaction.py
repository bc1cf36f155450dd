"""Keeps passwords and tokens out of what is stored of a program: arguments, code, patches."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence

HIDDEN = "***"

_SECRET_NAME = re.compile(
    r"key|token(?!i[sz])|passw|passphrase|secret|credential|jwt|auth(?!or)", re.IGNORECASE
)
# --max-tokens 512 and --key-dim 8 are settings of a model.
_COUNT_NAME = re.compile(
    r"(^|[^a-z])(max|min|num|n)[^a-z]|(tokens|keys|dim|size|count|len|length)$", re.IGNORECASE
)
_TOKEN = (
    re.compile(r"\b(hf_|sk-|gh[opsu]_|github_pat_|glpat-|xox[a-z]-|AKIA)[\w-]{12,}"),
    HIDDEN,
)
_VALUES = (
    (re.compile(r"(?<=://)[^/@\s]+(?=@)"), HIDDEN),
    (re.compile(r"\b(bearer|authorization: *\w+)\s+\S+", re.IGNORECASE), rf"\1 {HIDDEN}"),
    _TOKEN,
)
# In code, what is in braces or behind a dollar is put in later, and is no secret yet.
_IN_CODE = (
    (re.compile(r"""(?<=://)[^/@\s:{}$"'<>]+:[^/@\s{}$"'<>]+(?=@)"""), HIDDEN),
    _TOKEN,
)
_ASSIGNMENT = re.compile(r"(-{0,2}[\w.:+/-]+?)=(.*)", re.DOTALL)
_OPTION = re.compile(r"-{1,2}[A-Za-z][\w.-]*")
# Shorter values stand in ordinary words.
_SHORTEST_VALUE = 8


def hide_secrets(values: Mapping[str, str]) -> dict[str, str]:
    """Replace by ``***`` the values whose name or form says that they are secret.

    Parameters
    ----------
    values
        Names to values, such as environment variables.
    """
    return {name: _hidden(name, value) for name, value in values.items()}


def hide_in_arguments(arguments: Sequence[str]) -> list[str]:
    """Hide the secrets in ``--name=value``, ``name=value``, ``--name value`` and bare values."""
    shown: list[str] = []
    option = ""
    for argument in arguments:
        if match := _ASSIGNMENT.fullmatch(argument):
            shown.append(f"{match[1]}={_hidden(match[1], match[2])}")
            option = ""
        elif _OPTION.fullmatch(argument):
            shown.append(argument)
            option = argument
        else:
            shown.append(_hidden(option, argument))
            option = ""
    return shown


def hide_in_code(text: str) -> str:
    """Replace by ``***`` what is secret in code or a patch.

    That is tokens by their form, ``user:password@`` of addresses, and the values that the
    process' environment has under names such as ``OPENAI_API_KEY``.
    """
    for value in _environment_secrets():
        text = text.replace(value, HIDDEN)
    for pattern, replacement in _IN_CODE:
        text = pattern.sub(replacement, text)
    return text


def _environment_secrets() -> Iterable[str]:
    found = {
        value
        for name, value in os.environ.items()
        if len(value) >= _SHORTEST_VALUE and _is_secret(name, value) and not value.startswith("/")
    }
    return sorted(found, key=len, reverse=True)


def _is_secret(name: str, value: str) -> bool:
    return bool(_SECRET_NAME.search(name)) and not (_COUNT_NAME.search(name) and value.isdigit())


def _hidden(name: str, value: str) -> str:
    if _is_secret(name, value):
        return HIDDEN
    for pattern, replacement in _VALUES:
        value = pattern.sub(replacement, value)
    return value
