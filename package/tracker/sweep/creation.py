"""Makes sweeps: the config becomes a document of the project, the trials a ledger beside it."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tracker.errors import NotFoundError, UsageError
from tracker.records import RunRecord
from tracker.run.names import new_run_id
from tracker.run.origin import check_name, default_project
from tracker.store.journal.ledger import Ledger
from tracker.store.journal.trials import Opened, Prior, best_of
from tracker.store.reading import read
from tracker.store.series import curves
from tracker.store.store import Store
from tracker.store.writing import documents, trial_table
from tracker.sweep.config import SweepConfig, parse_sweep
from tracker.sweep.controller import KIND, Controller, expected_count
from tracker.sweep.space import Space
from tracker.sweep.values import to_plain

# Wide enough for every point of a curve.
EXACT_WIDTH = 100_000
Given = Mapping[str, Any] | str | os.PathLike[str] | Callable[[], Any]


def create(
    store: Store,
    given: Given,
    project: str | None = None,
    prior_runs: Sequence[str] = (),
    seed: int | None = None,
) -> Controller:
    """Make a sweep.

    Parameters
    ----------
    store : Store
        Where to keep it.
    given : mapping, path or callable
        The config; a callable is called for it.
    project : str, optional
        Default: the config's, else ``TRACKER_PROJECT``, else that of :func:`tracker.init`.
    prior_runs : sequence of str
        Ids of runs of the project that its sampler learns from.
    seed : int, optional
        Of the sampler. Default: drawn.

    Raises
    ------
    UsageError
        If the config or an argument cannot be used.
    NotFoundError
        If a prior run is not there.
    """
    config = parse_sweep(read_given(given))
    environment = os.environ.get("TRACKER_PROJECT") or os.environ.get("WANDB_PROJECT")
    chosen = check_name("project", project or config.project or environment) or default_project()
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise UsageError(f"seed is {seed!r}: expected a whole number.")
    sweep_id = new_run_id()
    priors = _priors(store, chosen, config, [prior_runs] if isinstance(prior_runs, str)
                     else prior_runs)  # fmt: skip
    content = {
        "config": to_plain(config.raw),
        "seed": secrets.randbelow(2**31) if seed is None else seed,
        "expected_run_count": expected_count(config, Space(config.parameters)),
    }
    documents.put(store, KIND, chosen, sweep_id, content)
    ledger = Ledger(store.root, sweep_id)
    ledger.create(Opened(chosen, time.time_ns() // 1000), *priors)
    trial_table.take_in(store, ledger)
    return Controller(store, sweep_id, chosen)


def read_given(given: Given) -> dict[str, Any]:
    """Return a config as a dict, whatever it was given as.

    Raises
    ------
    UsageError
        If it cannot be read, or is none.
    """
    found = given() if callable(given) else given
    return dict(parse_sweep(found).raw if not isinstance(found, Mapping) else found)


def _priors(store: Store, project: str, config: SweepConfig, run_ids: Iterable[str]) -> list[Prior]:
    """Read what earlier runs tried and achieved."""
    space = Space(config.parameters)
    found: list[Prior] = []
    ids = list(dict.fromkeys(run_ids))
    if not ids:
        return found
    with store.reading() as db:
        for run_id in ids:
            record = read.run(db, project, run_id)
            if record is None:
                raise NotFoundError(f"There is no prior run {run_id!r} in project {project!r}.")
            first, *others = [_values_of(db, m.name, record) for m in config.metrics] or [[]]
            found.append(
                Prior(
                    len(found), space.nest(space.flatten(record.config)), record.run_id,
                    "crashed" if record.state == "running" else record.state,
                    _last(first) if others
                    else best_of(first, is_maximized=config.is_maximized),
                    first if config.early_terminate else [],
                    int(record.updated_at.timestamp() * 1e6),
                    [_last(values) for values in others],
                )
            )  # fmt: skip
    return found


def _last(values: list[float]) -> float | None:
    return values[-1] if values else None


def _values_of(db: Any, name: str, record: RunRecord) -> list[float]:
    for series in read.series(db, [record.run_key], "default"):
        if series.key == name and series.kind != "json":
            curve = curves.curves(db, [series.series_key], width=EXACT_WIDTH)[series.series_key]
            return [float(value) for value in curve.y]
    value = record.summary.get(name)
    return [float(value)] if isinstance(value, int | float) else []
