"""What is written for TensorBoard, logged as it comes: ``tracker.init(sync_tensorboard=True)``.

Event files are read by a thread of the run, to their end when it ends.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import tracker
from tracker.integrations import active_run, need
from tracker.integrations.tensorboard.follower import Follower, event_files

WRITERS = (
    "tensorboard.summary.writer.event_file_writer",  # PyTorch's SummaryWriter uses it
    "tensorboardX.event_file_writer",
)
TENSORFLOWS = "tensorflow.python.ops.gen_summary_ops"


_patched: list[Callable[[], None]] = []
_syncing: weakref.WeakSet[Any] = weakref.WeakSet()
_root = ""
_followers: weakref.WeakKeyDictionary[Any, Follower] = weakref.WeakKeyDictionary()


def patch(
    save: bool = True,
    tensorboard_x: bool | None = None,
    pytorch: bool | None = None,
    root_logdir: str = "",
) -> None:
    """Log what is written for TensorBoard from here on, by the run that is the current one then.

    Parameters
    ----------
    save, tensorboard_x, pytorch : bool
        Accepted for W&B's sake: PyTorch's, tensorboardX's and TensorFlow's writers are followed.
    root_logdir : str
        The folder that keys are relative to: what is written in ``<root>/train`` is logged as
        ``train/<tag>``. What other processes write below it is logged too. Default: the first
        writer's folder.

    Raises
    ------
    UsageError
        If that is done already.
    """
    global _root
    if _patched:
        raise tracker.UsageError(
            "Tensorboard already patched. Call `tracker.tensorboard.unpatch()` first; remove "
            "`sync_tensorboard=True` from `tracker.init`; or only call `tracker.tensorboard.patch` "
            "once."
        )
    _root = os.fspath(root_logdir)
    _patched.append(_forget_root)  # there may be no writer here, but those of other processes
    for name in WRITERS:
        with suppress(Exception):  # not installed, or not to be imported
            _patch_writer(need(name).EventFileWriter)
    if TENSORFLOWS in sys.modules:
        _patch_tensorflow(sys.modules[TENSORFLOWS])


def unpatch() -> None:
    """Undo :func:`patch`; runs go on with what they follow already."""
    while _patched:
        _patched.pop()()


def _forget_root() -> None:
    global _root
    _root = ""


def sync(run: Any) -> None:
    """Log what is written for TensorBoard while a run is active."""
    if run.disabled:
        return
    if not _patched:
        patch()
        _syncing.add(run)  # so that it is undone, as it is for whoever comes while it lasts
    elif _syncing:
        _syncing.add(run)
    run.before_end(_stop_syncing)
    if _root:
        _follower_of(run)


def _stop_syncing(run: Any) -> None:
    if run in _syncing:
        _syncing.discard(run)
        if not _syncing:
            unpatch()


def _patch_writer(kind: Any) -> None:
    original = kind.__init__

    def begin(self: Any, logdir: Any, *args: Any, **kwargs: Any) -> None:
        known = event_files(Path(logdir))
        original(self, logdir, *args, **kwargs)
        _on_writer(Path(logdir), known, self)

    def undo() -> None:
        kind.__init__ = original

    kind.__init__ = begin
    _patched.append(undo)


def _patch_tensorflow(module: Any) -> None:
    original = module.create_summary_file_writer

    def begin(resource: Any, *args: Any, **kwargs: Any) -> Any:
        given = kwargs["logdir"]
        folder = Path(given.numpy().decode() if hasattr(given, "numpy") else given)
        known = event_files(folder)
        made = original(resource, *args, **kwargs)
        _on_writer(folder, known, _TensorFlowWriter(module, resource))
        return made

    def undo() -> None:
        module.create_summary_file_writer = original

    module.create_summary_file_writer = begin
    _patched.append(undo)


class _TensorFlowWriter:
    """A writer of TensorFlow, which has no object of its own."""

    def __init__(self, module: Any, resource: Any) -> None:
        self._module = module
        self._resource = resource

    def flush(self) -> None:
        """Write what is held."""
        self._module.flush_summary_writer(self._resource)


def _on_writer(folder: Path, known: set[Path], writer: Any) -> None:
    run = active_run()
    if run is None or run.disabled:
        return
    try:
        _follower_of(run).follow(folder, known, writer)
    except Exception as error:  # noqa: BLE001 - the program writes its events all the same
        tracker.termwarn(f"What is written in {folder} is not logged: {error!r}.")


def _follower_of(run: Any) -> Follower:
    if run not in _followers:
        _followers[run] = Follower(run, Path(_root) if _root else None)
    return _followers[run]
