"""What a user writes behind a magic."""

from __future__ import annotations

import argparse
import dataclasses
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import UsageError
from tracker.magics.words import read_config, read_value, split


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  a   b ", ["a", "b"]),
        ("--name 'two words' -x", ["--name", "two words", "-x"]),
        ('--notes "it\'s"', ["--notes", "it's"]),
        (r"--dir C:\new\table", ["--dir", r"C:\new\table"]),
        ("a#b #c", ["a#b", "#c"]),
        ("layers=[64,32] a=''", ["layers=[64,32]", "a="]),
        ("naïve/Größe", ["naïve/Größe"]),
    ],
)
def test_lines_are_split_at_blanks_outside_quotes(line: str, words: list[str]) -> None:
    assert split(line) == words


@given(st.lists(st.text(st.characters(exclude_characters="\"'", exclude_categories=["C"]))))
def test_quoted_words_come_back_as_they_were(words: list[str]) -> None:
    assert split(" ".join(f'"{word}"' for word in words)) == words


@given(st.text())
def test_a_line_is_refused_only_for_an_open_quote(line: str) -> None:
    if any(sign in line for sign in "\"'"):
        with pytest.raises(UsageError, match="quote is not closed"):
            split(line.replace("'", "").replace('"', "") + " 'open")
    else:
        assert split(line) == [word for word in re.split(r"[ \t\r\n]+", line) if word]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1e-3", -0.001),
        ("True", True),
        ("false", False),
        ("none", None),
        ("[64, 32]", [64, 32]),
        ("{'a': 1}", {"a": 1}),
        ("adam", "adam"),
        ("1e", "1e"),
        ("a.b", "a.b"),
        ("", ""),
        ("__import__('os')", "__import__('os')"),
    ],
)
def test_values_are_what_they_look_like(text: str, value: Any) -> None:
    read = read_value(text)
    assert read == value
    assert type(read) is type(value)


@given(st.text())
def test_any_text_is_a_value(text: str) -> None:
    read_value(text)


def test_config_comes_from_pairs_and_variables() -> None:
    @dataclasses.dataclass
    class Shape:
        depth: int = 3

    namespace = {
        "base": {"lr": 1, 2: "two"},
        "shape": Shape(),
        "options": argparse.Namespace(seed=0),
    }
    entries = ["base", "shape", "options", "lr=0.1", "a.b=x=y", "a.c=2"]
    assert read_config(entries, namespace) == {
        "lr": 0.1,
        "2": "two",
        "depth": 3,
        "seed": 0,
        "a": {"b": "x=y", "c": 2},
    }
    assert namespace["base"] == {"lr": 1, 2: "two"}


@pytest.mark.parametrize("entry", ["nothing", "number", "=1", "Shape", "a.b=1"])
def test_config_refuses_anything_else(entry: str) -> None:
    with pytest.raises(UsageError, match="--config"):
        read_config(["a=1", entry], {"number": 1, "Shape": int})
