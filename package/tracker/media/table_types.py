"""The types of a table's columns: what is accepted, and why something is not.

The rules and the words are W&B's. A type takes a value with ``assign``, which returns the
type that covers both, or None where the value is refused. Unlike in W&B, NaN is a number
among numbers; elsewhere both count it as missing.
"""

# ruff: noqa: D102 - what overrides a method means what the base class says

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tracker.errors import UsageError
from tracker.media.missing import is_missing, is_nan

TEXT_LIMIT = 300
LISTS = (list, tuple, set, frozenset)


class CellTypeError(UsageError, TypeError):
    """A value that does not fit the type of its column."""


@dataclass(frozen=True)
class CellType:
    """Any of the types below."""

    name: ClassVar[str] = ""

    def assign(self, value: Any) -> CellType | None:
        """Return the type that also covers `value`, None if it is refused."""
        return self.join(type_of(value))

    def join(self, other: CellType) -> CellType | None:
        """Return the type that also covers what `other` does, None if it cannot be."""
        return self if self == other else None

    def params(self) -> dict[str, Any]:
        """Return what is to be said of it beyond its name."""
        return {}

    def is_picky(self) -> bool:
        """Return whether it may refuse or change a value of a class that it takes."""
        return False

    def explain(self, value: Any, depth: int = 0) -> str:
        """Return why `value` is refused."""
        kind = type_of(value)
        if depth:
            return "\t" * depth + f"{kind} not assignable to {self}"
        text = str(value)
        shown = text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"
        return f"{shown} of type {kind} is not assignable to {self}"

    def to_json(self) -> dict[str, Any]:
        """Return the type in W&B's notation."""
        params = {key: _json_of(value) for key, value in self.params().items()}
        return {"wb_type": self.name, **({"params": params} if params else {})}

    def __str__(self) -> str:
        shown = ", ".join(f"{key}:{value}" for key, value in self.params().items())
        return self.name.capitalize() + (f"({shown})" if shown else "")


@dataclass(frozen=True)
class NoneType(CellType):
    """No value."""

    name = "none"


@dataclass(frozen=True)
class StringType(CellType):
    """Text."""

    name = "string"


@dataclass(frozen=True)
class BooleanType(CellType):
    """True or False."""

    name = "boolean"


@dataclass(frozen=True)
class TimestampType(CellType):
    """A date, or a date and a time."""

    name = "timestamp"


@dataclass(frozen=True)
class NumberType(CellType):
    """Whole, real and complex numbers, NaN among them."""

    name = "number"

    def assign(self, value: Any) -> CellType | None:
        return self if is_nan(value) else super().assign(value)


@dataclass(frozen=True)
class AnyType(CellType):
    """Whatever comes."""

    name = "any"

    def join(self, other: CellType) -> CellType | None:
        return None if isinstance(other, NoneType) else self


@dataclass(frozen=True)
class UnknownType(CellType):
    """Becomes the type of the first value."""

    name = "unknown"

    def assign(self, value: Any) -> CellType | None:
        return NumberType() if is_nan(value) else super().assign(value)

    def join(self, other: CellType) -> CellType | None:
        return None if isinstance(other, NoneType) else other


@dataclass(frozen=True)
class ObjectType(CellType):
    """Objects of one class that has no type of its own here."""

    name = "pythonObject"
    class_name: str = "object"

    def params(self) -> dict[str, Any]:
        return {"class_name": self.class_name}


@dataclass(frozen=True)
class MediaType(CellType):
    """Media of one kind, such as ``image-file``."""

    kind: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"wb_type": self.kind}

    def __str__(self) -> str:
        return self.kind.capitalize()


@dataclass(frozen=True)
class ConstType(CellType):
    """One value, or one of a set."""

    name = "const"
    value: Any = None

    def assign(self, value: Any) -> CellType | None:
        is_allowed = value in self.value if isinstance(self.value, set) else value == self.value
        return self if is_allowed is True else None

    def join(self, other: CellType) -> CellType | None:
        return self if isinstance(other, ConstType) and other.value == self.value else None

    def is_picky(self) -> bool:
        return True

    def params(self) -> dict[str, Any]:
        is_set = isinstance(self.value, set)
        return {"val": list(self.value) if is_set else self.value, "is_set": is_set}

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class ListType(CellType):
    """Lists, tuples and sets with elements of one type."""

    name = "list"
    element: CellType = UnknownType()
    length: int | None = None

    def assign(self, value: Any) -> CellType | None:
        if not isinstance(value, LISTS):
            return super().assign(value)
        element: CellType | None = self.element
        for item in value:
            element = element.assign(item) if element is not None else None
        return None if element is None else ListType(element, len(value))

    def join(self, other: CellType) -> CellType | None:
        if not isinstance(other, ListType):
            return None
        element = self.element.join(other.element)
        length = self.length if self.length == other.length else None
        return None if element is None else ListType(element, length)

    def params(self) -> dict[str, Any]:
        return {"element_type": self.element, "length": self.length}

    def explain(self, value: Any, depth: int = 0) -> str:
        text = super().explain(value, depth)
        element = self.element
        for place, item in enumerate(value if isinstance(value, LISTS) else ()):
            wider = element.assign(item)
            if wider is None:
                gap = "\t" * depth
                return f"{text}\n{gap}Index {place}:\n{element.explain(item, depth + 1)}"
            element = wider
        return text

    def __str__(self) -> str:
        return f"{self.element}[]"


@dataclass(frozen=True)
class ArrayType(CellType):
    """NumPy arrays of one shape; also lists in their place."""

    name = "ndarray"
    shape: tuple[int, ...] | None = None

    def join(self, other: CellType) -> CellType | None:
        if isinstance(other, ArrayType) and self.shape is None:
            return other
        return self if isinstance(other, ListType) or self == other else None

    def params(self) -> dict[str, Any]:
        return {} if self.shape is None else {"shape": list(self.shape)}


@dataclass(frozen=True)
class DictType(CellType):
    """Dicts with a type for each key, or any dicts at all."""

    name = "typedDict"
    types: Mapping[Any, CellType]
    is_open: bool = False

    def assign(self, value: Any) -> CellType | None:
        if self.is_open and isinstance(value, Mapping):
            return self
        if not isinstance(value, Mapping) or set(value) - set(self.types):
            return None
        return _all_of({key: kind.assign(value.get(key)) for key, kind in self.types.items()})

    def join(self, other: CellType) -> CellType | None:
        if self.is_open and isinstance(other, DictType):
            return self
        if not isinstance(other, DictType) or set(other.types) - set(self.types):
            return None
        unknown = UnknownType()
        return _all_of({k: t.join(other.types.get(k, unknown)) for k, t in self.types.items()})

    def params(self) -> dict[str, Any]:
        return {"type_map": dict(self.types), **({"is_open": True} if self.is_open else {})}

    def explain(self, value: Any, depth: int = 0) -> str:
        text, gap = super().explain(value, depth), "\t" * depth
        if not isinstance(value, Mapping):
            return text
        if extra := [key for key in value if key not in self.types]:
            text += f"\n{gap}Found extra keys: {','.join(map(str, extra))}"
        for key, kind in self.types.items():
            if kind.assign(value.get(key)) is None:
                text += f"\n{gap}Key '{key}':\n{kind.explain(value.get(key), depth + 1)}"
        return text

    def __str__(self) -> str:
        shown = ", ".join(f"{key!r}: {kind}" for key, kind in self.types.items())
        return f"{{{shown}}}"


@dataclass(frozen=True)
class UnionType(CellType):
    """One of several types."""

    name = "union"
    allowed: tuple[CellType, ...] = ()

    def assign(self, value: Any) -> CellType | None:
        return _first_of(self.allowed, lambda kind: kind.assign(value))

    def join(self, other: CellType) -> CellType | None:
        joined: UnionType | None = self
        for part in other.allowed if isinstance(other, UnionType) else (other,):
            joined = _joined(joined, part) if joined is not None else None
        return joined

    def is_picky(self) -> bool:
        return any(kind.is_picky() for kind in self.allowed)

    def params(self) -> dict[str, Any]:
        return {"allowed_types": list(self.allowed)}

    def explain(self, value: Any, depth: int = 0) -> str:
        gap = "\t" * depth
        reasons = [kind.explain(value, depth + 1) for kind in self.allowed]
        return super().explain(value, depth) + "\n" + f"\n{gap}and\n".join(reasons)

    def __str__(self) -> str:
        return " or ".join(map(str, self.allowed))


def _joined(kinds: UnionType, other: CellType) -> UnionType | None:
    return _first_of(kinds.allowed, lambda kind: kind.join(other))


def union(parts: Iterable[CellType]) -> UnionType:
    """Return the type of what is of any of these types."""
    flat: list[CellType] = []
    for part in parts:
        flat += part.allowed if isinstance(part, UnionType) else (part,)
    kept = [part for place, part in enumerate(flat) if part not in flat[:place]]
    return UnionType(tuple(sorted(kept, key=str)))


def type_of(value: Any) -> CellType:
    """Return the type of a value."""
    if value is None or is_missing(value) or is_nan(value):
        return NoneType()
    link = getattr(value, "cell_type", None)
    if isinstance(link, CellType):
        return link
    for classes, kind in _SCALARS:
        if isinstance(value, classes):
            return kind
    if isinstance(value, LISTS):
        return _type_of_list(value)
    if isinstance(value, Mapping):
        return DictType({key: type_of(item) for key, item in value.items()})
    if hasattr(value, "to_reference"):
        return media_type(type(value))
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return _type_of_array(value)
    return ObjectType(type(value).__name__)


def media_type(kind: type) -> MediaType:
    """Return the type of the media of this class."""
    return MediaType(getattr(kind, "type_name", None) or f"{kind.__name__.lower()}-file")


def _type_of_list(value: Any) -> CellType:
    may_lack = any(item is None for item in value)
    element = union([UnknownType(), NoneType()]) if may_lack else UnknownType()
    mixed = union([AnyType(), NoneType()]) if may_lack else AnyType()
    return ListType(element).assign(value) or ListType(mixed, len(value))


def _type_of_array(value: Any) -> CellType:
    if tuple(value.shape):
        return ArrayType(tuple(int(length) for length in value.shape))
    kinds = {"b": BooleanType(), "U": StringType(), "M": TimestampType()}
    kind = str(getattr(value.dtype, "kind", ""))
    if kind in "iufc":
        return NumberType()
    return kinds.get(kind, ObjectType(type(value).__name__))


_SCALARS: tuple[tuple[tuple[type, ...], CellType], ...] = (
    ((bool,), BooleanType()),
    ((int, float, complex), NumberType()),
    ((str,), StringType()),
    ((datetime.datetime, datetime.date), TimestampType()),
)


def _all_of(types: Mapping[Any, CellType | None]) -> DictType | None:
    kept = {key: kind for key, kind in types.items() if kind is not None}
    return DictType(kept) if len(kept) == len(types) else None


def _first_of(
    allowed: tuple[CellType, ...], attempt: Callable[[CellType], CellType | None]
) -> UnionType | None:
    """Return the union with the first type that takes it widened; unknown types come last."""
    order = sorted(range(len(allowed)), key=lambda place: isinstance(allowed[place], UnknownType))
    for place in order:
        wider = attempt(allowed[place])
        if wider is not None:
            return union([*allowed[:place], wider, *allowed[place + 1 :]])
    return None


def _json_of(value: Any) -> Any:
    if isinstance(value, CellType):
        return value.to_json()
    if isinstance(value, dict):
        return {str(key): _json_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_of(item) for item in value]
    return value
