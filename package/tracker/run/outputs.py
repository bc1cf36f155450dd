"""What a run keeps besides metrics and artifacts: files and its code."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from tracker.errors import UsageError, warn
from tracker.run.run_files import POLICIES, PathLike, copy_file, find_file, match_files
from tracker.run.versions import Versions

if TYPE_CHECKING:
    from tracker.artifacts.artifact import Artifact


class Outputs(Versions):
    """A run, with what it makes and uses."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._saved: dict[Path, Path] = {}

    def log_code(
        self,
        root: str | None = ".",
        name: str | None = None,
        include_fn: Callable[..., bool] | None = None,
        exclude_fn: Callable[..., bool] | None = None,
    ) -> Artifact | None:
        """Keep the source files of a folder as an artifact of the type ``code``.

        Parameters
        ----------
        root : str, optional
            The folder. Default the working directory.
        name : str, optional
            The artifact's name. Default ``source-<project>``.
        include_fn, exclude_fn : callable, optional
            Are given a path, and the root if they take two arguments, and say whether the
            file is taken, or left out. Default: Python files, ``requirements.txt`` and
            Dockerfiles are taken.

        Returns
        -------
        Artifact or None
            None where there was no such file.

        Raises
        ------
        UsageError
            If there is no such folder, or the name cannot be used.
        """
        self._check_alive("log_code")
        from tracker.artifacts import logging as artifact_logging
        from tracker.artifacts.code import find_code

        folder = Path(root or ".")
        files = list(find_code(folder, include_fn, exclude_fn))
        if not files:
            return None
        return self.log_artifact(artifact_logging.of_code(name, self.project, folder, files))

    def save(
        self,
        glob_str: PathLike | None = None,
        base_path: PathLike | None = None,
        policy: str = "live",
        glob: bool = True,
    ) -> list[str]:
        """Keep copies of files with the run.

        Parameters
        ----------
        glob_str : path-like, optional
            A file, or a pattern such as ``"results/*.csv"``, which is looked up now. Without it
            nothing is done, as in W&B: a run's name and config are always stored.
        base_path : path-like, optional
            The folder below which the files' own folders are kept. Default the working
            directory, for absolute paths the folder above the file's.
        policy : {"live", "now", "end"}
            ``"now"`` copies now; the others copy again when the run ends. Default
            ``"live"``.
        glob : bool
            Whether `glob_str` is a pattern. Default True.

        Returns
        -------
        list of str
            Where the copies are.

        Raises
        ------
        UsageError
            If the policy does not exist, or a file is not in `base_path`.
        """
        self._check_alive("save")
        if policy not in POLICIES:
            raise UsageError(f"policy is {policy!r}: only 'live', 'now' and 'end' are supported.")
        if self.disabled or glob_str is None:
            return []
        found = match_files(glob_str, base_path, Path(self.dir), is_glob=glob)
        if not found:
            warn(f"save() found no file for {os.fsdecode(glob_str)!r}.")
        kept = [str(target) for source, target in found.items() if _copied(source, target)]
        if policy != "now":
            self._saved.update(found)
        return kept

    def restore(
        self,
        name: str,
        run_path: str | None = None,
        replace: bool = False,
        root: str | None = None,
    ) -> TextIO | None:
        """Get a file back that was saved with a run, and open it.

        Parameters
        ----------
        name : str
            The file, as it was saved.
        run_path : str, optional
            ``project/id`` of another run. Default this run.
        replace : bool
            Take the place of a file that is there. Default False: that is opened.
        root : str, optional
            Where to put it. Default this run's folder.

        Raises
        ------
        NotFoundError
            If the run has no such file.
        """
        target = Path(root if root is not None else self.dir) / name
        if replace or not target.exists():
            if self.disabled:
                return None
            *around, run_id = (run_path or self.path).split("/")
            project = around[-1] if around else self.project
            if self.is_alive:
                self.flush()
            copy_file(find_file(self._recorder.store, project, run_id, name), target)
        return target.open(encoding="utf-8", errors="surrogateescape")

    def _before_last(self) -> None:
        """Copy again what was saved and may have changed since."""
        for source, target in self._saved.items():
            if source.exists():
                _copied(source, target)


def _copied(source: Path, target: Path) -> bool:
    try:
        copy_file(source, target)
    except OSError as error:
        warn(f"{source} cannot be kept with the run: {error.strerror or error}.")
        return False
    return True
