"""Reads the ``early_terminate`` of a sweep config."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tracker.errors import UsageError
from tracker.sweep.fields import (
    need_bool,
    need_integer,
    need_mapping,
    need_number,
    need_one_of,
    refusal,
    unknown_keys,
)


@dataclass(frozen=True, slots=True)
class EarlyTerminate:
    """The rule that ends bad trials. An iteration is one logged value of the metric.

    Attributes
    ----------
    type : {"hyperband", "median", "asha"}
        The rule, see `tracker.sweep.stopping`.
    min_iter : int or None
        The first iteration at which trials are judged.
    max_iter : int or None
        The iterations of a full trial.
    s : int or None
        Hyperband: how many rungs are counted back from ``max_iter``.
    eta : float
        Hyperband and ASHA: one in ``eta`` goes on; rungs are this factor apart. Default 3.
    strict : bool
        Hyperband: judge the value at the rung, not the best so far. Default True.
    min_trials : int
        Median: how many other trials must have come as far. Default 5.
    """

    type: str
    min_iter: int | None = None
    max_iter: int | None = None
    s: int | None = None
    eta: float = 3
    strict: bool = True
    min_trials: int = 5


def read_early_terminate(given: Any, notes: list[str]) -> EarlyTerminate:
    """Return the checked rule with its defaults.

    Raises
    ------
    UsageError
        Where a field is missing or holds something else than it should.
    """
    config = need_mapping("early_terminate", {"type": given} if isinstance(given, str) else given)
    config = {key: value for key, value in config.items() if value is not None}
    if "type" not in config:
        raise UsageError(f"early_terminate.type is missing: expected one of {', '.join(_RULES)}.")
    name = need_one_of("early_terminate.type", config["type"], _RULES)
    known, read = _RULES[name]
    notes += unknown_keys("early_terminate", config, {"type", *known})
    return read(config)


def _count(config: Mapping[str, Any], key: str) -> int | None:
    field = f"early_terminate.{key}"
    return need_integer(field, config[key], 1) if key in config else None


def _eta(config: Mapping[str, Any]) -> float:
    eta = need_number("early_terminate.eta", config.get("eta", 3))
    if eta <= 1:
        raise refusal("early_terminate.eta", eta, "expected a number above 1")
    return eta


def _read_hyperband(config: Mapping[str, Any]) -> EarlyTerminate:
    first, last, steps = (_count(config, key) for key in ("min_iter", "max_iter", "s"))
    if first is None and (last is None or steps is None):
        raise UsageError(
            "early_terminate needs min_iter, the first iteration at which runs are judged, "
            "or max_iter and s, from which such iterations are counted back."
        )
    rule = EarlyTerminate(
        "hyperband",
        first,
        last,
        steps,
        _eta(config),
        need_bool("early_terminate.strict", config.get("strict", True)),
    )
    if last is not None and steps is not None and last / rule.eta < 1:
        raise refusal("early_terminate.max_iter", last, "no rung fits below it, so raise it")
    return rule


def _read_median(config: Mapping[str, Any]) -> EarlyTerminate:
    trials = _count(config, "min_trials")
    return EarlyTerminate(
        "median",
        min_iter=_count(config, "min_iter") or 1,
        min_trials=5 if trials is None else trials,
    )


def _read_asha(config: Mapping[str, Any]) -> EarlyTerminate:
    return EarlyTerminate(
        "asha",
        min_iter=_count(config, "min_iter") or 1,
        max_iter=_count(config, "max_iter"),
        eta=_eta(config),
    )


_RULES: dict[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], EarlyTerminate]]] = {
    "hyperband": (("min_iter", "max_iter", "s", "eta", "strict"), _read_hyperband),
    "median": (("min_iter", "min_trials"), _read_median),
    "asha": (("min_iter", "max_iter", "eta"), _read_asha),
}
