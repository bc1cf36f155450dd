"""Shows what a user did wrong as one sentence, without a traceback through our code."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from IPython.core.error import UsageError as ShellUsageError

from tracker.errors import TrackerError

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def in_one_sentence(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """Turn each error that tracker raises on purpose into IPython's short one."""

    @wraps(function)
    def magic(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        try:
            return function(*args, **kwargs)
        except TrackerError as error:
            raise ShellUsageError(str(error)) from None

    return magic
