"""Reads the ``parameters`` of a sweep config: W&B's schema, and conditions.

A parameter with ``condition: {optimizer: sgd}`` or ``condition: {layers: [2, 3]}`` is only there
while all the parameters that it names have one of the given values. A name is looked up beside
the parameter first, then further out; a group of nested parameters may have a condition too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tracker.errors import UsageError
from tracker.sweep.distributions import (
    Beta,
    Categorical,
    Constant,
    Continuous,
    Distribution,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    Quantised,
    Uniform,
)
from tracker.sweep.fields import (
    need_integer,
    need_list,
    need_mapping,
    need_number,
    need_one_of,
    need_positive,
    refusal,
    unknown_keys,
)
from tracker.sweep.values import to_plain, value_key

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
MAX_EXPONENT = 700.0
MAX_CONDITION_VALUES = 10_000

Config = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a sweep, however deep it is nested.

    Attributes
    ----------
    path : tuple of str
        The names of its groups and its own.
    distribution : Distribution
        What it is drawn from.
    condition : dict of str to list
        For other parameters by name the values with which this one is there.
    """

    path: tuple[str, ...]
    distribution: Distribution
    condition: Mapping[str, list[Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The path in dots."""
        return ".".join(self.path)


# --- one parameter


def _bounds(where: str, config: Config) -> tuple[float, float]:
    low, high = (need_number(f"{where}.{key}", config[key]) for key in ("min", "max"))
    _need_order(where, low, high)
    return low, high


def _need_order(where: str, low: float, high: float) -> None:
    if low >= high:
        cure = f"write value: {low}" if low == high else "swap them"
        raise UsageError(f"{where}: min {low} is not less than max {high}; {cure}.")


def _uniform(where: str, config: Config) -> Uniform:
    return Uniform(*_bounds(where, config))


def _log_uniform_values(where: str, config: Config) -> LogUniform:
    need_positive(f"{where}.min", config["min"])
    return LogUniform(*_bounds(where, config))


def _exponents(where: str, config: Config) -> tuple[float, float]:
    bounds = _bounds(where, config)
    for key, value in zip(("min", "max"), bounds, strict=True):
        if abs(value) > MAX_EXPONENT:
            expected = "expected an exponent of e; log_uniform_values takes the limits themselves"
            raise refusal(f"{where}.{key}", value, expected)
    return bounds


def _log_uniform(where: str, config: Config) -> LogUniform:
    low, high = _exponents(where, config)
    return LogUniform(math.exp(low), math.exp(high))


def _inv_log_uniform(where: str, config: Config) -> LogUniform:
    low, high = _exponents(where, config)
    return LogUniform(math.exp(-high), math.exp(-low))


def _normal(where: str, config: Config) -> Normal:
    return Normal(*_moments(where, config))


def _log_normal(where: str, config: Config) -> LogNormal:
    return LogNormal(*_moments(where, config))


def _moments(where: str, config: Config) -> tuple[float, float]:
    return (
        need_number(f"{where}.mu", config.get("mu", 0.0)),
        need_positive(f"{where}.sigma", config.get("sigma", 1.0)),
    )


def _beta(where: str, config: Config) -> Beta:
    return Beta(*(need_positive(f"{where}.{key}", config.get(key, 1)) for key in ("a", "b")))


def _int_uniform(where: str, config: Config) -> IntUniform:
    low, high = (need_integer(f"{where}.{key}", config[key]) for key in ("min", "max"))
    _need_order(where, low, high)
    return IntUniform(low, high)


def _categorical(where: str, config: Config) -> Categorical:
    values = _plain_values(f"{where}.values", need_list(f"{where}.values", config["values"]))
    if config.get("probabilities") is None:
        return Categorical(values)
    place = f"{where}.probabilities"
    shares = [need_number(place, share) for share in need_list(place, config["probabilities"])]
    if len(shares) != len(values):
        raise refusal(place, shares, f"expected {len(values)} numbers, one for each of values")
    if min(shares) < 0 or not math.isclose(math.fsum(shares), 1.0, rel_tol=1e-5, abs_tol=1e-8):
        raise refusal(place, shares, "expected numbers ≥ 0 that add up to 1")
    return Categorical(values, shares)


def _plain_values(where: str, values: list[Any]) -> list[Any]:
    try:
        return [to_plain(value) for value in values]
    except TypeError as error:
        expected = "expected numbers, texts, true, false, null, lists or mappings"
        raise refusal(where, values, expected) from error


def _constant(where: str, config: Config) -> Constant:
    return Constant(_plain_values(f"{where}.value", [config["value"]])[0])


def _quantised(inner: Callable[[str, Config], Continuous]) -> Callable[[str, Config], Quantised]:
    def build(where: str, config: Config) -> Quantised:
        q = need_positive(f"{where}.q", config.get("q", 1))
        return Quantised(inner(where, config), q)

    return build


def _q_uniform(where: str, config: Config) -> Quantised:
    inner = _uniform(where, config)
    start = need_number(f"{where}.min", config["min"])
    return Quantised(inner, need_positive(f"{where}.q", config.get("q", 1)), grid_start=start)


@dataclass(frozen=True, slots=True)
class _Kind:
    build: Callable[[str, Config], Distribution]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


_LIMITS = ("min", "max")
_MOMENTS = ("mu", "sigma")
KINDS = {
    "constant": _Kind(_constant, ("value",)),
    "categorical": _Kind(_categorical, ("values",), ("probabilities",)),
    "categorical_w_probabilities": _Kind(_categorical, ("values", "probabilities")),
    "int_uniform": _Kind(_int_uniform, _LIMITS),
    "uniform": _Kind(_uniform, _LIMITS),
    "q_uniform": _Kind(_q_uniform, _LIMITS, ("q",)),
    "log_uniform": _Kind(_log_uniform, _LIMITS),
    "log_uniform_values": _Kind(_log_uniform_values, _LIMITS),
    "q_log_uniform": _Kind(_quantised(_log_uniform), _LIMITS, ("q",)),
    "q_log_uniform_values": _Kind(_quantised(_log_uniform_values), _LIMITS, ("q",)),
    "inv_log_uniform": _Kind(_inv_log_uniform, _LIMITS),
    "inv_log_uniform_values": _Kind(_log_uniform_values, _LIMITS),
    "normal": _Kind(_normal, (), _MOMENTS),
    "q_normal": _Kind(_quantised(_normal), (), (*_MOMENTS, "q")),
    "log_normal": _Kind(_log_normal, (), _MOMENTS),
    "q_log_normal": _Kind(_quantised(_log_normal), (), (*_MOMENTS, "q")),
    "beta": _Kind(_beta, (), ("a", "b")),
    "q_beta": _Kind(_quantised(_beta), (), ("a", "b", "q")),
}
EXPONENTS = {"log_uniform", "q_log_uniform", "inv_log_uniform"}


def _infer(where: str, config: Config) -> str:
    """Return the distribution that W&B infers where none is named."""
    if "value" in config and "values" in config:
        raise UsageError(f"{where} has both value and values: keep one of them.")
    if "values" in config:
        return "categorical"
    if "value" in config:
        return "constant"
    if "min" in config and "max" in config:
        limits = [need_number(f"{where}.{key}", config[key]) for key in _LIMITS]
        return "int_uniform" if all(isinstance(limit, int) for limit in limits) else "uniform"
    raise refusal(
        where,
        dict(config),
        "expected value, values, min and max, or a distribution; "
        "nested parameters go under the key parameters",
    )


def read_distribution(where: str, config: Any, notes: list[str]) -> Distribution:
    """Return the distribution of one parameter.

    Raises
    ------
    UsageError
        Where a key is missing or holds something else than it should.
    """
    if not isinstance(config, Mapping):
        cure = f"values: {config}" if isinstance(config, list | tuple) else f"value: {config}"
        raise refusal(where, config, f"expected a mapping, such as {{{cure}}}")
    name = config.get("distribution")
    if name is None:
        name = _infer(where, config)
    else:
        name = need_one_of(f"{where}.distribution", name, KINDS)
    kind = KINDS[name]
    missing = [key for key in kind.required if key not in config]
    if missing:
        raise UsageError(f"{where} is {name} and lacks {' and '.join(missing)}.")
    known = {*kind.required, *kind.optional, "distribution", "condition"}
    notes += unknown_keys(where, config, known)
    if name in EXPONENTS:
        low, high = config["min"], config["max"]
        notes.append(
            f"{where} uses {name}, whose min and max are exponents of e ({low} and {high}). "
            f"Use {name}_values to give the limits themselves."
        )
    return kind.build(where, config)


# --- all of them


@dataclass(frozen=True, slots=True)
class _Found:
    parameter: Parameter
    conditions: tuple[tuple[tuple[str, ...], Config], ...]


def read_parameters(config: Any, notes: list[str]) -> tuple[Parameter, ...]:
    """Return all parameters of a sweep, nested ones too, in W&B's order: sorted by name.

    Raises
    ------
    UsageError
        Where a parameter cannot be understood; the sentence names it.
    """
    found = list(_walk("parameters", (), config, (), notes))
    by_name = {each.parameter.name: each for each in found}
    if len(by_name) < len(found):
        names = [each.parameter.name for each in found]
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"parameters has {twice!r} twice, once nested and once with dots.")
    resolved = {each.parameter.name: _with_condition(each, by_name) for each in found}
    _forbid_circles(resolved)
    return tuple(resolved.values())


def _walk(
    where: str,
    path: tuple[str, ...],
    config: Any,
    conditions: tuple[tuple[tuple[str, ...], Config], ...],
    notes: list[str],
) -> Iterator[_Found]:
    group = need_mapping(where, config)
    if not group:
        raise refusal(where, dict(group), "expected at least one parameter")
    for name, spec in sorted(group.items()):
        place, here = f"{where}.{name}", conditions
        if not NAME.fullmatch(name):
            expected = "expected letters, digits, underscores, dots and hyphens"
            raise refusal(f"A name in {where}", name, expected)
        if isinstance(spec, Mapping) and spec.get("condition") is not None:
            condition = need_mapping(f"{place}.condition", spec["condition"])
            here = (*conditions, (path, condition))
        if isinstance(spec, Mapping) and "parameters" in spec:
            notes += unknown_keys(place, spec, {"parameters", "condition"})
            inner = f"{place}.parameters"
            yield from _walk(inner, (*path, name), spec["parameters"], here, notes)
        else:
            distribution = read_distribution(place, spec, notes)
            yield _Found(Parameter((*path, name), distribution), here)


def _with_condition(found: _Found, by_name: Mapping[str, _Found]) -> Parameter:
    condition: dict[str, list[Any]] = {}
    own = found.parameter.name
    for scope, wanted in found.conditions:
        for name, values in wanted.items():
            where = f"The condition of {own} on {name}"
            target = _resolve(scope, name, by_name)
            if target is None or target == own:
                raise refusal(where, values, "there is no other parameter of that name")
            allowed = _allowed(where, values, by_name[target].parameter.distribution)
            kept = {value_key(value) for value in condition.get(target, allowed)}
            condition[target] = [value for value in allowed if value_key(value) in kept]
    return replace(found.parameter, condition=condition)


def _resolve(scope: tuple[str, ...], name: str, by_name: Mapping[str, _Found]) -> str | None:
    for depth in range(len(scope), -1, -1):
        candidate = ".".join((*scope[:depth], name))
        if candidate in by_name:
            return candidate
    return None


def _allowed(where: str, values: Any, distribution: Distribution) -> list[Any]:
    support = distribution.support
    if support is None or support.size > MAX_CONDITION_VALUES:
        raise refusal(where, values, "a condition needs a parameter with few values")
    wanted = values if isinstance(values, list | tuple) else [values]
    places = [support.index_of(value) for value in wanted]
    for value, place in zip(wanted, places, strict=True):
        if place is None:
            raise refusal(where, value, "that parameter never has this value")
    return [support[place] for place in places if place is not None]


def _forbid_circles(parameters: Mapping[str, Parameter]) -> None:
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            circle = " → ".join((*trail[trail.index(name) :], name))
            raise UsageError(f"The conditions of parameters go in a circle: {circle}.")
        if name not in done:
            for other in parameters[name].condition:
                visit(other, (*trail, name))
            done.add(name)

    for name in parameters:
        visit(name, ())
