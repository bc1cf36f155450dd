"""The files of a stored run, and W&B's further names for what it says of itself."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tracker.api.reader import Reader

if TYPE_CHECKING:
    from tracker.api.files import File
    from tracker.records import RunRecord

_CAMEL = re.compile(r"[a-z]+(?:[A-Z][a-z]*)+")


class RunFiles:
    """The files of a stored run."""

    name: str
    _reader: Reader
    _record: RunRecord

    def files(
        self, names: Sequence[str] | None = None, pattern: str | None = None, per_page: int = 50
    ) -> list[File]:
        """Return the files of the run.

        Those that were saved with it, logged media as ``media/…``, and ``config.yaml``,
        ``output.log``, ``requirements.txt``, ``wandb-metadata.json`` and ``wandb-summary.json``,
        which are written when they are downloaded.

        Parameters
        ----------
        names : sequence of str, optional
            Only the files of these names.
        pattern : str, optional
            Only files whose names fit it, in SQL's LIKE: ``"%.png"``.
        per_page : int
            W&B's; means nothing here.

        Raises
        ------
        UsageError
            If both names and a pattern are given.
        """
        from tracker.api.files import list_files

        return list_files(self._reader, self._record, names, pattern)

    def file(self, name: str) -> File:
        """Return the file of this name, such as ``reference["path"]`` of logged media.

        Raises
        ------
        NotFoundError
            If the run has none.
        """
        from tracker.api.files import find_file

        return find_file(self._reader, self._record, name)

    def upload_file(self, path: str | os.PathLike[str], root: str = ".") -> File:
        """Save one more file with the run.

        Parameters
        ----------
        path : path-like
            The file.
        root : str
            Its name in the run is its path below this folder. Default the working directory.

        Raises
        ------
        UsageError
            If it is not below `root`.
        OSError
            If it cannot be read.
        """
        from tracker.api.files import add_file

        return add_file(self._reader, self._record, os.fspath(path), root)

    # --- W&B's further names --------------------------------------------------------------------

    @property
    def display_name(self) -> str:
        """The same as `name`."""
        return self.name

    @display_name.setter
    def display_name(self, name: str) -> None:
        self.name = name

    @property
    def lastHistoryStep(self) -> int:  # noqa: N802 - W&B's name
        """The highest step; -1 where nothing was logged."""
        return self._record.last_step

    @property
    def json_config(self) -> str:
        """The config as JSON in W&B's form, ``{"lr": {"value": 0.1, "desc": null}}``."""
        values = {k: {"value": v, "desc": None} for k, v in self._record.config.items()}
        return json.dumps(values, default=str)

    @property
    def rawconfig(self) -> dict[str, Any]:
        """A copy of the config as it is stored."""
        return deepcopy(self._record.config)

    @property
    def username(self) -> str:
        """Who ran it: the login name."""
        return str(self._record.metadata.get("username") or "")

    def __getattr__(self, name: str) -> Any:
        # W&B's runs have createdAt beside created_at, jobType beside job_type and so on.
        if _CAMEL.fullmatch(name):
            ours = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
            if hasattr(type(self), ours) or ours in self.__dict__:
                return getattr(self, ours)
        raise AttributeError(f"'Run' object has no attribute {name!r}")
