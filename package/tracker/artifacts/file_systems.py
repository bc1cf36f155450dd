"""Opens the file systems of fsspec: references and remote homes are read through it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tracker.errors import UsageError
from tracker.media.media import import_extra

# Else a wrong address is tried for minutes.
_S3: dict[str, Any] = {
    "config_kwargs": {"connect_timeout": 5, "retries": {"total_max_attempts": 2}}
}
_S3_NAMES = ("s3", "s3a")


def is_s3(uri: str) -> bool:
    """Say whether an address is one of S3, or of what speaks its language."""
    return urlsplit(uri).scheme.lower() in _S3_NAMES


def open_system(uri: str, use: str, **options: Any) -> tuple[Any, str]:
    """Return the file system of an address, and the path of the address in it.

    What it says is asked for each time: a listing from before may be out of date.

    Parameters
    ----------
    uri : str
    use : str
        What the address is for, for the sentence.
    **options
        For the file system.

    Raises
    ------
    UsageError
        If the address cannot be understood, or its driver is not installed.
    """
    fsspec = import_extra("fsspec", f"{use} {uri!r}", extra=False)
    for name, value in (_S3 if is_s3(uri) else {}).items():
        options.setdefault(name, value)
    try:
        system, path = fsspec.core.url_to_fs(uri, use_listings_cache=False, **options)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{use} {uri!r} cannot be used: {said(error)}.") from error
    return system, str(path)


def said(error: BaseException) -> str:
    """Return what an error says, on one line and without the stop at its end."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text.rstrip(".")
