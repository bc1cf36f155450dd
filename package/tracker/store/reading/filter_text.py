"""Filters as a person types them: ``config.lr > 0.1 and (state = finished or name ~ "res.*")``.

The text becomes a filter in W&B's Mongo style (:mod:`tracker.store.reading.filters`), and back.

::

    filter     = and-part { "or" and-part }
    and-part   = not-part { "and" not-part }
    not-part   = "not" not-part | "(" filter ")" | condition
    condition  = field ( "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" ) value
               | field [ "not" ] "in" "[" [ value { "," value } ] "]"
               | field [ "not" ] "exists"
    value      = number | "text" | 'text' | true | false | null | NaN | inf | word

``~`` looks for a regular expression. A field is a name such as ``state`` or ``created_at``, or
``config.KEY`` or ``summary.KEY``; what is not a letter, a digit or one of ``_ . / - : @ [ ]`` in a
key stands between backquotes, as in ``summary.`top 5```. ``name`` is the run's name, ``id`` its id.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from tracker.errors import FilterSyntaxError, QueryError
from tracker.store.reading.filters import MAX_DEPTH, order_by

OPERATORS: Final = {
    "=": "$eq", "!=": "$ne", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte", "~": "$regex",
}  # fmt: skip
_SIGNS = {operator: sign for sign, operator in OPERATORS.items()}
FIELDS: Final = (
    "name", "id", "state", "created_at", "updated_at", "ended_at", "duration", "step", "tags",
    "notes", "group", "job_type", "sweep", "user", "host",
)  # fmt: skip
# In W&B's filters a run's name is what people call its id.
_MONGO_NAMES = {"name": "display_name", "id": "name"}
_TEXT_NAMES = {mongo: text for text, mongo in _MONGO_NAMES.items()}
_CONSTANTS: dict[str, Any] = {
    "true": True, "false": False, "null": None, "none": None, "nan": math.nan, "inf": math.inf,
    "infinity": math.inf,
}  # fmt: skip
_WORDS = {"and", "or", "not", "in", "exists"}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w./:@`-]))
      | (?P<sign>==|!=|<=|>=|!~|[=<>~()\[\],])
      | (?P<minus>-(?=inf(?:inity)?\b))
      | (?P<word>(?:[\w./:@-]|`[^`]*`)(?:[\w./:@-]|`[^`]*`|\[[\w.:-]*\])*)
    )""",
    re.X | re.I | re.S,
)
_PLAIN = re.compile(r"(?:[\w./:@-]|(?<=.)\[[\w.:-]*\])+")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def parse_text(text: str) -> dict[str, Any]:
    """Turn a filter's text into W&B's Mongo style; no text is a filter that all runs pass.

    Raises
    ------
    FilterSyntaxError
        If it cannot be understood; it knows the place in the text.
    """
    return _Reader(text).read()


def mongo_name(field: str) -> str:
    """Return what the Mongo style calls a field of the text form."""
    if field.startswith("summary."):
        return "summary_metrics." + field.removeprefix("summary.")
    return _MONGO_NAMES.get(field, field)


def write_text(filters: Mapping[str, Any]) -> str:
    """Turn a filter in Mongo style into the text that means the same.

    Raises
    ------
    QueryError
        If it holds what the text form cannot say.
    """
    parts = [_written(name, value) for name, value in filters.items()]
    return " and ".join(parts if len(parts) == 1 else map(_enclosed, parts))


def conditions(filters: Mapping[str, Any]) -> list[tuple[str, str, Any]] | None:
    """Return (field, sign, value) of each condition that must hold; None if there is more to it.

    The signs are those of the text form, ``not in`` and ``not exists`` among them; the value that
    goes with ``exists`` is None.
    """
    if list(filters) == ["$and"]:
        found = [conditions(part) for part in filters["$and"]]
        if any(rows is None or len(rows) != 1 for rows in found):
            return None
        return [rows[0] for rows in found if rows]
    rows = []
    for name, test in filters.items():
        said = None if name.startswith("$") else _said(test)
        if said is None:
            return None
        rows.append((_text_name(name), *said))
    return rows


def _said(test: Any) -> tuple[str, Any] | None:
    """Return the sign and the value of a condition on one field; None if there are not."""
    if not isinstance(test, Mapping) or len(test) != 1:
        return None
    ((operator, given),) = test.items()
    match operator:
        case "$exists":
            return ("exists" if given else "not exists"), None
        case "$in" | "$nin":
            return ("in" if operator == "$in" else "not in"), given
        case "$not" if list(given) == ["$regex"]:
            return "!~", given["$regex"]
    return (_SIGNS[operator], given) if operator in _SIGNS else None


# --- reading


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._cut()
        self._place = 0

    def read(self) -> dict[str, Any]:
        if len(self._tokens) == 1:
            return {}
        found = self._either(0)
        if self._next.kind != "end":
            self._fail(f"{self._next.text!r} is not expected here: write 'and' or 'or' before it")
        return found

    def _cut(self) -> list[_Token]:
        tokens, place = [], 0
        while self._text[place:].strip():
            match = _TOKEN.match(self._text, place)
            if match is None or match.lastgroup is None:
                start = place + len(self._text[place:]) - len(self._text[place:].lstrip())
                self._stop(_oddity(self._text[start:]), start, start + 1)
            kind = match.lastgroup
            tokens.append(_Token(kind, match[kind], match.start(kind), match.end()))
            place = match.end()
        end = len(self._text)
        return [*tokens, _Token("end", "", end, end)]

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _is_word(self, word: str) -> bool:
        return self._next.kind == "word" and self._next.text.lower() == word

    def _take(self) -> _Token:
        token = self._next
        self._place += token.kind != "end"
        return token

    def _takes(self, text: str) -> bool:
        if self._is_word(text) or (self._next.kind == "sign" and self._next.text == text):
            self._place += 1
            return True
        return False

    def _either(self, depth: int) -> dict[str, Any]:
        parts = [self._all(depth)]
        while self._takes("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else {"$or": parts}

    def _all(self, depth: int) -> dict[str, Any]:
        parts = [self._one(depth)]
        while self._takes("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else {"$and": parts}

    def _one(self, depth: int) -> dict[str, Any]:
        if depth >= MAX_DEPTH // 2:
            self._fail(f"it is nested more than {MAX_DEPTH // 2} levels deep")
        if self._takes("not"):
            return {"$not": self._one(depth + 1)}
        if self._takes("("):
            found = self._either(depth + 1)
            if not self._takes(")"):
                self._fail(f"{self._seen} stands where a ')' is expected")
            return found
        return self._condition()

    def _condition(self) -> dict[str, Any]:
        token = self._next
        if token.kind != "word" or token.text.lower() in _WORDS:
            wanted = "a field such as state, config.lr or summary.loss"
            self._fail(f"{self._seen} stands where {wanted} is expected")
        self._take()
        field = mongo_name(token.text.replace("`", ""))
        try:
            order_by([(field, False)])
        except QueryError:
            self._stop(_unknown(token.text), token.start, token.end)
        return {field: self._test()}

    def _test(self) -> dict[str, Any]:
        is_negated = self._takes("not")
        if self._takes("exists"):
            return {"$exists": not is_negated}
        if self._takes("in"):
            return {"$nin" if is_negated else "$in": self._list()}
        if is_negated:
            self._fail(f"{self._seen} stands where 'in' or 'exists' is expected after 'not'")
        sign = self._next
        operator = {**OPERATORS, "==": "$eq", "!~": "$regex"}.get(sign.text)
        if sign.kind != "sign" or operator is None:
            self._fail(f"{self._seen} stands where one of = != < <= > >= ~ !~ in is expected")
        self._take()
        place = self._next
        value = self._value()
        if operator == "$regex" and not isinstance(value, str):
            self._stop(
                '~ needs a regular expression as text, such as name ~ "res.*"',
                place.start,
                place.end,
            )
        test = {operator: value}
        return {"$not": test} if sign.text == "!~" else test

    def _list(self) -> list[Any]:
        if not self._takes("["):
            self._fail(f"{self._seen} stands where a list such as [1, 2] is expected")
        if self._takes("]"):
            return []
        values = [self._value()]
        while self._takes(","):
            values.append(self._value())
        if not self._takes("]"):
            self._fail(f"{self._seen} stands where ',' or ']' is expected")
        return values

    def _value(self) -> Any:
        token = self._next
        if token.kind == "minus":
            self._take()
            self._take()
            return -math.inf
        if token.kind not in ("text", "number", "word") or token.text.lower() in _WORDS:
            self._fail(f"{self._seen} stands where a value is expected: a number, text or true")
        self._take()
        if token.kind == "text":
            return _unquoted(token.text)
        if token.kind == "number":
            is_whole = re.fullmatch(r"[+-]?\d+", token.text)
            return int(token.text) if is_whole else float(token.text)
        return _CONSTANTS.get(token.text.lower(), token.text.replace("`", ""))

    @property
    def _seen(self) -> str:
        return "the end" if self._next.kind == "end" else repr(self._next.text)

    def _fail(self, reason: str) -> NoReturn:
        self._stop(reason, self._next.start, self._next.end)

    def _stop(self, reason: str, start: int, end: int) -> NoReturn:
        raise FilterSyntaxError(
            f"At character {start + 1} of the filter: {reason}.", (start, max(end, start))
        )


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, [*FIELDS, "config", "summary"], n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return (
        f"there is no field {name!r}. {hint}Fields are config.KEY, summary.KEY, "
        f"{', '.join(FIELDS[:-1])} and {FIELDS[-1]}"
    )


def _oddity(rest: str) -> str:
    if rest[0] in "\"'`":
        return f"the text that begins with {rest[0]} has no end"
    return f"{rest[0]!r} means nothing here"


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    return re.sub(r"\\(.)", lambda m: m[1] if m[1] in "\"'\\" else m[0], inner, flags=re.S)


# --- writing


def _written(name: str, value: Any) -> str:
    if name in ("$and", "$or"):
        return f" {name[1:]} ".join(_enclosed(write_text(part)) for part in value)
    if name == "$not":
        return f"not {_enclosed(write_text(value))}"
    said = None if name.startswith("$") else _said(value)
    if said is not None:
        sign, given = said
        field = _quoted_field(_text_name(name))
        if sign.endswith("exists"):
            return f"{field} {sign}"
        if sign.endswith("in"):
            return f"{field} {sign} [{', '.join(map(_value_text, given))}]"
        return f"{field} {sign} {_value_text(given)}"
    raise QueryError(f"{name}: {value!r} cannot be said in a filter's text.")


def _enclosed(text: str) -> str:
    return f"({text})"


def _text_name(name: str) -> str:
    if name.startswith("summary_metrics."):
        return "summary." + name.removeprefix("summary_metrics.")
    return _TEXT_NAMES.get(name, name)


def _quoted_field(name: str) -> str:
    if _PLAIN.fullmatch(name) and name.lower() not in _WORDS:
        return name
    head, dot, key = name.partition(".")
    if "`" in name:
        raise QueryError(f"The field {name!r} cannot be said in a filter's text: it has a `.")
    return f"{head}{dot}`{key}`"


def _value_text(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return json.dumps(value)
