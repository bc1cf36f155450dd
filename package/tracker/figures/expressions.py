"""Expressions over metrics, such as ``a / b``, ``log(loss)`` or ``(a - b) / max(b, 1e-9)``.

A name is letters, digits, ``_`` and ``.``; a key with anything else in it stands in braces, as
in ``${train/loss}``. There are ``+ - * / % ^`` (also ``**``), parentheses, the constants ``pi``,
``e``, ``inf`` and ``nan``, and the functions in :data:`FUNCTIONS`. Nothing is ever run but these.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from tracker.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|\$\{(?P<braced>[^}]*)\}"
    r"|(?P<name>[A-Za-z_][\w.]*)|(?P<sign>\*\*|[-+*/%^(),]))"
)
_MAX_LENGTH = 1000
_MAX_DEPTH = 60
CONSTANTS: Final = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}
# Name: how many arguments (None: one or more), and NumPy's name.
FUNCTIONS: Final[dict[str, tuple[int | None, str]]] = {
    "abs": (1, "abs"), "sqrt": (1, "sqrt"), "exp": (1, "exp"), "log": (1, "log"),
    "ln": (1, "log"), "log2": (1, "log2"), "log10": (1, "log10"), "sin": (1, "sin"),
    "cos": (1, "cos"), "tanh": (1, "tanh"), "sign": (1, "sign"), "floor": (1, "floor"),
    "ceil": (1, "ceil"), "round": (1, "rint"), "min": (None, "minimum"),
    "max": (None, "maximum"), "pow": (2, "power"),
}  # fmt: skip
_OPERATORS: Final = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder",
    "^": "power", "**": "power",
}  # fmt: skip

Node = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula that has been read.

    Attributes
    ----------
    text : str
    keys : tuple of str
        The metrics that it needs, in order of appearance.
    tree : tuple
        ``("number", 1.0)``, ``("key", "loss")`` or ``("apply", "add", [node, …])``.
    """

    text: str
    keys: tuple[str, ...]
    tree: Node

    def value(self, given: Mapping[str, Floats]) -> Floats:
        """Return the values for arrays of equal length; what has no value is NaN or infinite."""
        import numpy as np

        with np.errstate(all="ignore"):
            found = _value(self.tree, given)
        length = len(next(iter(given.values()), ()))
        return np.broadcast_to(np.asarray(found, dtype=np.float64), (length,))


def parse(text: str) -> Expression:
    """Read an expression.

    Raises
    ------
    UsageError
        With the place, if it is none.
    """
    if len(text) > _MAX_LENGTH:
        raise UsageError(
            f"The expression has {len(text)} characters: expected {_MAX_LENGTH} at most."
        )
    return _Parser(text).parse()


def missing(expression: Expression, known: Iterable[str]) -> str:
    """Return a sentence on the metrics that were never logged, "" if there are none."""
    known = list(known)
    absent = [key for key in expression.keys if key not in set(known)]
    if not absent:
        return ""
    close = get_close_matches(absent[0], known, 1, 0.5)
    near = [key for key in known if "/" in key and absent[0] in key.split("/")]
    hint = (near or close)[:1]
    meant = f" Did you mean ${{{hint[0]}}}?" if hint else ""
    names = ", ".join(repr(key) for key in absent)
    word = "metric" if len(absent) == 1 else "metrics"
    return f"{expression.text}: no run here has logged the {word} {names}.{meant}"


def joined(
    expression: Expression, series: Mapping[str, tuple[Ints, Floats]]
) -> tuple[Ints, Floats]:
    """Return steps and values of an expression over series of one run.

    It has a value at every step at which one of its metrics was logged, from the first step on
    at which all have been: a metric that was not logged there counts with its last value
    before. Of several values at a step the last one counts.

    Parameters
    ----------
    expression : Expression
    series : mapping of str to (int64 array, float64 array)
        Steps, ascending, and values of each of its metrics.
    """
    import numpy as np

    parts = [series[key] for key in expression.keys]
    if not parts or any(not len(steps) for steps, _ in parts):
        return np.empty(0, dtype=np.int64), np.empty(0)
    steps = np.unique(np.concatenate([steps for steps, _ in parts]))
    steps = steps[steps >= max(int(own[0]) for own, _ in parts)]
    given = {
        key: values[np.searchsorted(own, steps, side="right") - 1]
        for key, (own, values) in series.items()
        if key in expression.keys
    }
    return steps, np.array(expression.value(given))


class _Parser:
    """Recursive descent: sum, product, sign, power, atom."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0
        self._keys: dict[str, None] = {}

    def parse(self) -> Expression:
        if self._kind == "end":
            raise UsageError("The expression is empty: expected a formula such as a / b.")
        tree = self._sum()
        if self._kind != "end":
            raise self._error("expected an operator or the end")
        if not self._keys:
            raise UsageError(f"{self._text!r} names no metric: expected one, as in log(loss).")
        return Expression(self._text.strip(), tuple(self._keys), tree)

    @property
    def _kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def _word(self) -> str:
        return self._tokens[self._at][1]

    def _take(self) -> str:
        word = self._word
        self._at += 1
        return word

    def _is_sign(self, *signs: str) -> bool:
        return self._kind == "sign" and self._word in signs

    def _sum(self) -> Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"expected at most {_MAX_DEPTH} levels")
        node = self._product()
        while self._is_sign("+", "-"):
            node = ("apply", _OPERATORS[self._take()], [node, self._product()])
        self._depth -= 1
        return node

    def _product(self) -> Node:
        node = self._signed()
        while self._is_sign("*", "/", "%"):
            node = ("apply", _OPERATORS[self._take()], [node, self._signed()])
        return node

    def _signed(self) -> Node:
        signs = 0
        while self._is_sign("-", "+"):
            signs += self._take() == "-"
        node = self._power()
        return ("apply", "negative", [node]) if signs % 2 else node

    def _power(self) -> Node:
        node = self._atom()
        if not self._is_sign("^", "**"):
            return node
        operator = _OPERATORS[self._take()]
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"expected at most {_MAX_DEPTH} levels")
        power = self._signed()
        self._depth -= 1
        return ("apply", operator, [node, power])

    def _atom(self) -> Node:
        kind = self._kind
        if kind == "number":
            return ("number", float(self._take()))
        if kind == "braced":
            return self._key(self._take())
        if kind == "name":
            name = self._take()
            if self._is_sign("("):
                return self._call(name)
            is_constant = name in CONSTANTS
            return ("number", CONSTANTS[name]) if is_constant else self._key(name)
        if self._is_sign("("):
            self._take()
            node = self._sum()
            self._close()
            return node
        raise self._error("expected a metric, a number or (")

    def _key(self, key: str) -> Node:
        if not key:
            raise self._error("${} names no metric")
        self._keys[key] = None
        return ("key", key)

    def _call(self, name: str) -> Node:
        if name not in FUNCTIONS:
            known = ", ".join(FUNCTIONS)
            raise UsageError(f"{name!r} in {self._text!r} is no function: expected {known}.")
        self._take()
        arguments = [self._sum()]
        while self._is_sign(","):
            self._take()
            arguments.append(self._sum())
        self._close()
        number, ufunc = FUNCTIONS[name]
        if number is not None and len(arguments) != number:
            raise UsageError(f"{name}() in {self._text!r} takes {number}, not {len(arguments)}.")
        return ("apply", ufunc, arguments)

    def _close(self) -> None:
        if not self._is_sign(")"):
            raise self._error("expected )")
        self._take()

    def _error(self, expected: str) -> UsageError:
        place = self._tokens[self._at][2]
        found = "the end" if self._kind == "end" else repr(self._word)
        return UsageError(f"{self._text!r}, at {found} (place {place + 1}): {expected}.")


def _tokens(text: str) -> Iterable[tuple[str, str, int]]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.end() == at:
            rest = text[at:].strip()
            raise UsageError(
                f"{text!r} has {rest[:1]!r} at place {at + 1}: expected a formula such as a / b; "
                "keys with other characters stand in ${…}."
            )
        kind = match.lastgroup or ""
        yield kind, match[kind], match.start(kind)
        at = match.end()
    yield "end", "", end


def _value(node: Node, given: Mapping[str, Floats]) -> Any:
    import numpy as np

    if node[0] == "number":
        return node[1]
    if node[0] == "key":
        return given[node[1]]
    arguments: Sequence[Any] = [_value(argument, given) for argument in node[2]]
    function: Callable[..., Any] = getattr(np, node[1])
    if len(arguments) > 2:
        return function.reduce(np.broadcast_arrays(*arguments))  # type: ignore[attr-defined]
    if node[1] in ("minimum", "maximum") and len(arguments) == 1:
        return arguments[0]
    return function(*(np.asarray(argument, dtype=np.float64) for argument in arguments))
