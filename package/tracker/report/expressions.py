"""W&B's filter expressions: ``Config("lr") > 0.1 and State == "finished"``, as a filter.

They look like Python, and are read with Python's grammar, never evaluated.
"""

from __future__ import annotations

import ast
from typing import Any, Final

from tracker.errors import QueryError

_SIGNS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "$eq", ast.NotEq: "$ne", ast.Lt: "$lt", ast.LtE: "$lte", ast.Gt: "$gt",
    ast.GtE: "$gte", ast.In: "$in", ast.NotIn: "$nin",
}  # fmt: skip
_MIRRORED: Final = {"$lt": "$gt", "$lte": "$gte", "$gt": "$lt", "$gte": "$lte"}
_CALLS: Final = {
    "Config": "config.",
    "SummaryMetric": "summary.",
    "Summary": "summary.",
    "Tags": "",
}
_FACTS: Final = {
    "name": "display_name", "displayname": "display_name", "id": "name", "state": "state",
    "tags": "tags", "group": "group", "jobtype": "job_type", "createdtimestamp": "created_at",
    "createdat": "created_at", "created": "created_at", "user": "username", "username": "username",
    "runtime": "duration", "duration": "duration", "notes": "notes", "sweep": "sweep",
    "host": "host",
}  # fmt: skip
_DEPTH_LIMIT = 50
_HELP = "write for example \"Config('lr') > 0.1 and State == 'finished'\""


def is_expression(text: str) -> bool:
    """Say whether a filter is written with W&B's calls rather than as ``config.lr > 0.1``."""
    return any(f"{call}(" in text.replace(" ", "") for call in (*_CALLS, "Metric"))


def read_expression(text: str) -> dict[str, Any]:
    """Return an expression as a filter in W&B's Mongo style.

    Raises
    ------
    QueryError
        If it is no such expression.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise QueryError(f"The filter {text[:80]!r} does not read: {_HELP}.") from error
    return _read(tree.body, 0)


def _read(node: ast.expr, depth: int) -> dict[str, Any]:
    if depth > _DEPTH_LIMIT:
        raise QueryError(f"The filter is nested more than {_DEPTH_LIMIT} levels deep.")
    if isinstance(node, ast.BoolOp):
        word = "$and" if isinstance(node.op, ast.And) else "$or"
        return {word: [_read(part, depth + 1) for part in node.values]}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return {"$nor": [_read(node.operand, depth + 1)]}
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _comparison(node)
    raise QueryError(f"The filter has {_source(node)} for a condition: {_HELP}.")


def _comparison(node: ast.Compare) -> dict[str, Any]:
    sign = _SIGNS.get(type(node.ops[0]))
    if sign is None:
        raise QueryError(f"The filter compares by {type(node.ops[0]).__name__}: {_HELP}.")
    left, right = node.left, node.comparators[0]
    if _is_constant(left) and not _is_constant(right):
        if sign in ("$in", "$nin"):  # "x" in Tags()
            return {_field(right): {"$eq" if sign == "$in" else "$ne": ast.literal_eval(left)}}
        left, right, sign = right, left, _MIRRORED.get(sign, sign)
    if not _is_constant(right):
        raise QueryError(f"The filter compares with {_source(right)}: expected text or a number.")
    return {_field(left): {sign: ast.literal_eval(right)}}


def _field(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return _fact(node.id)
    if isinstance(node, ast.Attribute):
        return f"{_field_root(node.value)}.{node.attr}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        name = node.func.id
        given = [ast.literal_eval(each) for each in node.args if _is_constant(each)]
        if name == "Tags" and not node.args:
            return "tags"
        if len(given) == len(node.args) == 1 and isinstance(given[0], str):
            if name in ("Config", "SummaryMetric", "Summary"):
                return _CALLS[name] + given[0]
            if name == "Metric":
                return _fact(given[0])
    raise QueryError(f"The filter has {_source(node)} for a field: {_HELP}.")


def _field_root(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_field_root(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id
    raise QueryError(f"The filter has {_source(node)} for a field: {_HELP}.")


def _fact(name: str) -> str:
    found = _FACTS.get(name.lower().replace("_", ""))
    return found if found is not None else f"summary.{name}"


def _is_constant(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _source(node: ast.expr) -> str:
    return repr(ast.unparse(node)[:60])
