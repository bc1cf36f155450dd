"""The tracker for Hugging Face's Accelerate: ``Accelerator(log_with=RunTracker("digits"))``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tracker
from tracker.integrations import need

_tracking = need("accelerate.tracking", "accelerate")
_GeneralTracker: Any = _tracking.GeneralTracker
_on_main_process = _tracking.on_main_process


class RunTracker(_GeneralTracker):
    """Logs what an Accelerator logs, on its main process.

    Parameters
    ----------
    run_name : str
        The project, as Accelerate has it.
    **kwargs
        More arguments of :func:`tracker.init`.

    Attributes
    ----------
    tracker : Run
        The run, once ``init_trackers`` has begun it.
    """

    name = "tracker"
    requires_logging_directory = False
    main_process_only = False

    def __init__(self, run_name: str, **kwargs: Any) -> None:
        super().__init__()
        self._init_arguments = {"project": run_name, **kwargs}
        self._run: Any = None

    @property
    def tracker(self) -> Any:
        """The run; None on other processes than the main one."""
        return self._run

    @_on_main_process
    def start(self) -> None:
        """Begin the run."""
        self._run = tracker.init(**self._init_arguments)

    @_on_main_process
    def store_init_configuration(self, values: Mapping[str, Any]) -> None:
        """Add hyperparameters to the run's config."""
        self._run.config.update(dict(values), allow_val_change=True)

    @_on_main_process
    def log(self, values: Mapping[str, Any], step: int | None = None, **kwargs: Any) -> None:
        """Log values; more arguments are those of :meth:`tracker.Run.log`."""
        self._run.log(values, step=step, **kwargs)

    @_on_main_process
    def log_images(
        self, values: Mapping[str, Sequence[Any]], step: int | None = None, **kwargs: Any
    ) -> None:
        """Log lists of images."""
        made = {key: [tracker.Image(image) for image in images] for key, images in values.items()}
        self._run.log(made, step=step, **kwargs)

    @_on_main_process
    def log_table(
        self,
        table_name: str,
        columns: list[str] | None = None,
        data: list[list[Any]] | None = None,
        dataframe: Any = None,
        step: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Log a table, of columns and rows or of a DataFrame."""
        table = tracker.Table(columns=columns, data=data, dataframe=dataframe)
        self._run.log({table_name: table}, step=step, **kwargs)

    @_on_main_process
    def finish(self) -> None:
        """Finish the run."""
        self._run.finish()


WandBTracker = RunTracker
# Newer versions know it by its name too, from here on, ``log_with="tracker"``.
if hasattr(_tracking, "register_tracker_class"):
    _tracking.register_tracker_class(RunTracker)
