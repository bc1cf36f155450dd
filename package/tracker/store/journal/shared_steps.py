"""The steps of a run that several processes write: each of them is given to one row alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tracker.store.files import lock
from tracker.store.journal import journal

FOLDER = "shared"
_DIGITS = 20


class SharedSteps:
    """The next step of a run, in a file that its processes lock.

    The file has the step in 20 digits, and the journals of the processes that joined.

    Parameters
    ----------
    root : Path
        The store's folder.
    journals : Path
        The folder of its journals.
    project, run_id : str
        The run.
    """

    def __init__(self, root: Path, journals: Path, project: str, run_id: str) -> None:
        name = hashlib.sha256(f"{project}\0{run_id}".encode()).hexdigest()[:32]
        self._path = root / FOLDER / name
        self._journals = journals

    def join(self, stem: str, first_step: int) -> None:
        """Take part from now on.

        Parameters
        ----------
        stem : str
            The journal of this process, which is locked.
        first_step : int
            The step to begin with if nobody else takes part; else it goes on from theirs.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        self._path.parent.mkdir(exist_ok=True, mode=0o700)
        with lock.locked(self._lock):
            step, others = self._read()
            if not journal.is_written(self._journals, others):
                # The run may have been deleted since, and begin anew.
                step, others = max(step, first_step) if first_step else 0, []
            text = "\n".join([f"{step:0{_DIGITS}d}", *others, stem, ""])
            self._path.write_text(text, encoding="ascii")

    def next(self) -> int:
        """Return a step that no other row has.

        Raises
        ------
        OSError
            If the file cannot be read or written.
        """
        with lock.locked(self._lock), self._path.open("r+b", buffering=0) as file:
            step = int(file.read(_DIGITS))
            file.seek(0)
            file.write(b"%0*d" % (_DIGITS, step + 1))
            return step

    @property
    def _lock(self) -> Path:
        return self._path.with_suffix(".lock")

    def _read(self) -> tuple[int, list[str]]:
        try:
            step, *others = self._path.read_text(encoding="ascii").split()
            return int(step), others
        except (FileNotFoundError, ValueError):
            return 0, []
