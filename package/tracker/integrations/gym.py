"""Videos of environments, logged as they are recorded: ``tracker.init(monitor_gym=True)``."""

from __future__ import annotations

import functools
import re
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tracker
from tracker.integrations import active_run, need

STABLE_BASELINES = "stable_baselines3.common.vec_env.vec_video_recorder"

_patched: list[Callable[[], None]] = []
_monitoring: weakref.WeakSet[Any] = weakref.WeakSet()


def monitor(run: Any = None) -> None:
    """Log the videos that are recorded from here on as ``videos``, by the run that is current then.

    Those of ``gymnasium.wrappers.RecordVideo``, also of vectors of environments, and of
    ``VecVideoRecorder`` of Stable-Baselines3 where that is loaded.

    Parameters
    ----------
    run : Run, optional
        Stop when this run, and all others that were given, have ended. Default: never.

    Raises
    ------
    NotInstalledError
        If gymnasium is not installed.
    """
    wrappers = need("gymnasium.wrappers", "gymnasium")
    if run is not None:
        _monitoring.add(run)
        run.before_end(_stop)
    if _patched:
        return
    for kind in (wrappers.RecordVideo, need("gymnasium.wrappers.vector").RecordVideo):
        _patch(kind, "stop_recording", _path_of_gymnasium)
    if STABLE_BASELINES in sys.modules:
        recorder = sys.modules[STABLE_BASELINES].VecVideoRecorder
        _patch(recorder, "_stop_recording", lambda wrapper: Path(wrapper.video_path))


def _stop(run: Any) -> None:
    if run in _monitoring:
        _monitoring.discard(run)
        if not _monitoring:
            while _patched:
                _patched.pop()()


def _path_of_gymnasium(wrapper: Any) -> Path:
    return Path(wrapper.video_folder) / f"{wrapper._video_name}.mp4"  # noqa: SLF001 - nowhere else


def _patch(kind: Any, name: str, path_of: Callable[[Any], Path]) -> None:
    original = getattr(kind, name)

    @functools.wraps(original)
    def stop_recording(self: Any, *args: Any, **kwargs: Any) -> Any:
        path = path_of(self) if self.recorded_frames else None
        result = original(self, *args, **kwargs)
        if path is not None:
            _log(path)
        return result

    def undo() -> None:
        setattr(kind, name, original)

    setattr(kind, name, stop_recording)
    _patched.append(undo)


def _log(path: Path) -> None:
    run = active_run()
    if run is None:
        return
    try:
        number = re.search(r"video\.\d+", path.name)
        run.log({number[0] if number else "videos": tracker.Video(path)}, commit=False)
    except Exception as error:  # noqa: BLE001 - the training is worth more than a video
        tracker.termwarn(f"The video {path.name} is not logged: {error!r}.", repeat=False)
