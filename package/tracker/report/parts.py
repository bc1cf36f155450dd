"""What everything in a report is made of: dataclasses that check, and that JSON can say."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, ClassVar, Self

from tracker.errors import UsageError, warn
from tracker.report.checks import Expected


class Part:
    """Base of blocks, panels and what they hold.

    A subclass is a dataclass whose fields were made by :func:`tracker.report.checks.checked`:
    they are checked when they are set, at construction and later.
    """

    kinds: ClassVar[dict[str, type[Part]]] = {}

    def __init_subclass__(cls, *, is_abstract: bool = False) -> None:
        super().__init_subclass__()
        if not is_abstract:
            Part.kinds[cls.__name__] = cls

    def __setattr__(self, name: str, value: Any) -> None:
        found = type(self).__dataclass_fields__.get(name)  # type: ignore[attr-defined]
        if found is None:
            raise UsageError(f"{type(self).__name__} has no {name!r}.{_hint(type(self), name)}")
        check, drawn = found.metadata.get("check"), found.metadata.get("drawn")
        try:
            object.__setattr__(self, name, value if check is None else check(value))
        except Expected as error:
            raise UsageError(
                f"{type(self).__name__}.{name} is {_shown(value)}: expected {error}."
            ) from None
        if drawn is not None and value not in drawn:
            warn(f"{type(self).__name__}.{name} is {_shown(value)}, which is kept and not drawn.")

    def __repr__(self) -> str:
        """Return the call that makes it, without what is as by default."""
        given = ", ".join(f"{name}={value!r}" for name, value in self._given().items())
        return f"{type(self).__name__}({given})"

    def _given(self) -> dict[str, Any]:
        """Return the fields that are not as by default, by name."""
        found = {}
        for each in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, each.name)
            if each.init and not _is_default(each, value):
                found[each.name] = value
        return found

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data; :func:`from_json` reads that."""
        told = {name: plain_data(value) for name, value in self._given().items()}
        return {"type": type(self).__name__, **told, **getattr(self, "_unknown", {})}

    def copy(self) -> Self:
        """Return another one like it."""
        return deepcopy(self)

    @classmethod
    def read(cls, fields: dict[str, Any]) -> Self:
        """Make one of what a document says; a document is not trusted as a caller is."""
        return cls(**fields)

    def keep_unknown(self, unknown: Mapping[str, Any]) -> None:
        """Keep what a newer version saved, to write it back."""
        if unknown:
            object.__setattr__(self, "_unknown", dict(unknown))


def from_json(data: Any) -> Any:
    """Return what :meth:`Part.to_json` was called on.

    Raises
    ------
    UsageError
        If a part of a known type does not fit it. Unknown types are returned as dicts, and
        fields that this version does not know are kept and written back.
    """
    if isinstance(data, list):
        return [from_json(item) for item in data]
    if not isinstance(data, dict):
        return data
    kind = Part.kinds.get(str(data.get("type")))
    if kind is None:
        return {key: from_json(value) for key, value in data.items()}
    known = {each.name for each in dataclasses.fields(kind) if each.init}  # type: ignore[arg-type]
    fields = {key: from_json(value) for key, value in data.items() if key in known}
    try:
        part = kind.read(fields)
    except TypeError:
        lacking = ", ".join(sorted(known - set(fields)))
        raise UsageError(f"A {kind.__name__} lacks fields: it has to have {lacking}.") from None
    part.keep_unknown({k: v for k, v in data.items() if k not in known and k != "type"})
    return part


def plain_data(value: Any) -> Any:
    """Return a value without parts: each as its JSON."""
    if isinstance(value, Part):
        return value.to_json()
    if isinstance(value, list | tuple):
        return [plain_data(item) for item in value]
    if isinstance(value, dict):
        return {key: plain_data(item) for key, item in value.items()}
    return value


def _is_default(each: dataclasses.Field[Any], value: Any) -> bool:
    if each.default is not dataclasses.MISSING:
        return type(value) is type(each.default) and bool(value == each.default)
    if each.default_factory is not dataclasses.MISSING:
        return bool(value == each.default_factory())
    return False


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:79]}…"


def _hint(kind: type, name: str) -> str:
    known = [each.name for each in dataclasses.fields(kind)]
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" It has {', '.join(known)}."
