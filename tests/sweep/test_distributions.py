"""Every distribution of W&B's schema: law, bounds, the way to the unit interval and back."""

import json
import math
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from tracker.sweep.distributions import Categorical
from tracker.sweep.parameters import read_distribution

UNITS = st.floats(0.001, 0.999)


def read(**config):
    return read_distribution("p", config, [])


NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


@st.composite
def limits(draw, low=-1e6, high=1e6):
    one, other = draw(st.floats(low, high)), draw(st.floats(low, high))
    assume(abs(one - other) > 1e-3 * max(abs(one), abs(other), 1e-3))
    return {"min": min(one, other), "max": max(one, other)}


CONTINUOUS = st.one_of(
    limits().map(lambda c: {"distribution": "uniform", **c}),
    limits(-20, 20).map(lambda c: {"distribution": "log_uniform", **c}),
    limits(-20, 20).map(lambda c: {"distribution": "inv_log_uniform", **c}),
    limits(1e-6, 1e6).map(lambda c: {"distribution": "log_uniform_values", **c}),
    limits(1e-6, 1e6).map(lambda c: {"distribution": "inv_log_uniform_values", **c}),
    st.tuples(NUMBERS, st.floats(1e-3, 1e3)).map(
        lambda m: {"distribution": "normal", "mu": m[0], "sigma": m[1]}
    ),
    st.tuples(st.floats(-5, 5), st.floats(0.1, 3)).map(
        lambda m: {"distribution": "log_normal", "mu": m[0], "sigma": m[1]}
    ),
    st.tuples(st.floats(0.5, 5), st.floats(0.5, 5)).map(
        lambda m: {"distribution": "beta", "a": m[0], "b": m[1]}
    ),
)
STEPS = st.sampled_from([1, 2, 5, 0.5, 0.1, 0.01])
QUANTISED = st.one_of(
    limits(-100, 100).map(lambda c: {"distribution": "q_uniform", **c}),
    limits(-3, 6).map(lambda c: {"distribution": "q_log_uniform", **c}),
    limits(0.01, 500).map(lambda c: {"distribution": "q_log_uniform_values", **c}),
    st.just({"distribution": "q_normal", "mu": 3, "sigma": 10}),
    st.just({"distribution": "q_log_normal", "mu": 1}),
    st.just({"distribution": "q_beta", "a": 2, "b": 3}),
).flatmap(lambda config: STEPS.map(lambda q: {**config, "q": q}))


@given(CONTINUOUS, UNITS)
def test_cdf_undoes_ppf(config, unit):
    distribution = read(**config)
    value = distribution.ppf(unit)
    assert math.isclose(distribution.cdf(value), unit, rel_tol=1e-5, abs_tol=1e-6)
    assert math.isclose(distribution.position(value), unit, rel_tol=1e-5, abs_tol=1e-6)


@given(CONTINUOUS, st.floats(0, 1, width=32), st.floats(0, 1, width=32))
def test_ppf_never_falls(config, one, other):
    low, high = sorted((one, other))
    assert read(**config).ppf(low) <= read(**config).ppf(high)


@given(CONTINUOUS | QUANTISED, st.integers(0, 2**32))
def test_samples_are_plain_finite_numbers(config, seed):
    value = read(**config).sample(Random(seed))
    assert type(value) in (int, float)
    assert math.isfinite(value)


@given(limits(), st.floats(0, 1))
def test_uniform_stays_within_its_bounds(config, unit):
    assert config["min"] <= read(distribution="uniform", **config).ppf(unit) <= config["max"]


@given(limits(1e-9, 1e9), st.floats(0, 1))
def test_log_uniform_values_stay_within_their_bounds(config, unit):
    for name in ("log_uniform_values", "inv_log_uniform_values"):
        value = read(distribution=name, **config).ppf(unit)
        assert config["min"] <= value <= config["max"]


def test_the_widest_bounds_do_not_overflow():
    widest = read(distribution="uniform", min=-1.7e308, max=1.7e308)
    assert widest.ppf(0.5) == 0
    assert widest.cdf(1.7e308) == 1


@given(QUANTISED, st.floats(0, 1))
def test_quantised_values_are_multiples_within_the_bounds(config, unit):
    distribution = read(**config)
    value = distribution.at(unit)
    steps = value / config["q"]
    assert math.isclose(steps, round(steps), abs_tol=1e-6)
    assert isinstance(value, type(config["q"]))
    if distribution.size and config["distribution"] == "q_uniform":
        inside = config["max"] - config["min"] >= config["q"]
        assert not inside or config["min"] - 1e-9 <= value <= config["max"] + 1e-9


@given(QUANTISED, UNITS)
def test_a_quantised_value_is_found_at_its_position(config, unit):
    distribution = read(**config)
    value = distribution.at(unit)
    position = distribution.position(value)
    # In the far tail a stretch is too thin for floats.
    assume(1e-6 < position < 1 - 1e-6)
    assert distribution.at(position) == pytest.approx(value)
    assert distribution.cdf(value) >= position


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**12), st.floats(0, 1))
def test_int_uniform(low, width, unit):
    distribution = read(min=low, max=low + width)
    value = distribution.ppf(unit)
    assert type(value) is int
    assert low <= value <= low + width
    assert distribution.size == width + 1
    assert distribution.ppf(0) == low
    assert distribution.ppf(1) == low + width


@given(st.integers(-50, 50), st.integers(1, 100))
def test_every_integer_is_at_its_position_and_cdf_counts_up(low, width):
    distribution = read(min=low, max=low + width)
    numbers = range(low, low + width + 1)
    assert [distribution.at(distribution.position(number)) for number in numbers] == [*numbers]
    assert distribution.cdf(low - 1) == 0
    assert distribution.cdf(low + width) == 1


CHOICES = st.lists(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=2) | st.floats(0, 1),
    min_size=1,
    max_size=8,
)


@given(CHOICES)
def test_every_choice_is_found_at_its_position(values):
    distribution = Categorical(values)
    for value in values:
        found = distribution.at(distribution.position(value))
        assert distribution.support.index_of(found) == distribution.support.index_of(value)


@given(CHOICES)
def test_a_choice_comes_as_often_as_it_stands_in_the_list(values):
    distribution = Categorical(values)
    edges = [distribution.cdf(value) for value in distribution.support.values]
    shares = [high - low for low, high in zip([0, *edges], edges, strict=False)]
    for value, share in zip(distribution.support.values, shares, strict=True):
        times = sum(type(v) is type(value) and v == value for v in values)
        if isinstance(value, bool | str | None):
            assert share == pytest.approx(times / len(values))


def test_ends_of_the_interval_are_the_first_and_the_last_choice():
    distribution = read(values=["a", "b", "c"], probabilities=[0.5, 0.25, 0.25])
    assert distribution.ppf(0) == "a"
    assert distribution.ppf(0.5) == "b"
    assert distribution.ppf(1) == "c"


def test_a_choice_of_probability_zero_is_never_made():
    distribution = read(values=["a", "b", "c"], probabilities=[0.0, 1.0, 0.0])
    assert distribution.size == 1
    assert {distribution.ppf(unit / 10) for unit in range(11)} == {"b"}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["a", "b", "c"], "unordered"),
        ([True, False], "unordered"),
        ([64, 16, 32], "ordered"),
        ([1, 2], "unordered"),
        ([1, 2, "auto"], "unordered"),
        ([0, 1, True], "unordered"),
    ],
)
def test_three_numbers_have_an_order(values, kind):
    assert Categorical(values).kind == kind


def test_ordered_choices_are_placed_by_size():
    distribution = Categorical([64, 16, 32])
    assert [distribution.position(value) for value in (16, 32, 64)] == [1 / 6, 3 / 6, 5 / 6]


LAWS = [
    ({"min": 2.0, "max": 5.0}, stats.uniform(2, 3)),
    ({"distribution": "log_uniform", "min": -2, "max": 3}, stats.loguniform(math.e**-2, math.e**3)),
    (
        {"distribution": "inv_log_uniform", "min": -2, "max": 3},
        stats.loguniform(math.e**-3, math.e**2),
    ),
    ({"distribution": "log_uniform_values", "min": 0.1, "max": 7}, stats.loguniform(0.1, 7)),
    ({"distribution": "inv_log_uniform_values", "min": 0.1, "max": 7}, stats.loguniform(0.1, 7)),
    ({"distribution": "normal"}, stats.norm()),
    ({"distribution": "normal", "mu": 3, "sigma": 0.5}, stats.norm(3, 0.5)),
    ({"distribution": "log_normal", "mu": 1, "sigma": 0.5}, stats.lognorm(0.5, scale=math.e)),
    ({"distribution": "beta"}, stats.beta(1, 1)),
    ({"distribution": "beta", "a": 2, "b": 5}, stats.beta(2, 5)),
    ({"min": 3, "max": 9}, stats.randint(3, 10)),
]


@pytest.mark.parametrize(("config", "law"), LAWS)
def test_quantiles_are_those_of_the_law(config, law):
    distribution = read(**config)
    for unit in (0.01, 0.2, 0.55, 0.9, 0.999):
        value = distribution.ppf(unit)
        assert value == pytest.approx(law.ppf(unit))
        assert distribution.cdf(value) == pytest.approx(law.cdf(value))


@pytest.mark.parametrize(("config", "law"), LAWS)
def test_samples_follow_the_law(config, law):
    distribution, rng = read(**config), Random(0)
    samples = [distribution.sample(rng) for _ in range(4000)]
    assert sum(samples) / 4000 == pytest.approx(law.mean(), abs=5 * law.std() / 4000**0.5)


@pytest.mark.parametrize(
    ("config", "values"),
    [
        ({"distribution": "q_uniform", "min": 0, "max": 10, "q": 5}, [0, 5, 10]),
        ({"distribution": "q_uniform", "min": 1, "max": 10, "q": 4}, [4, 8]),
        ({"distribution": "q_uniform", "min": 0, "max": 2}, [0, 1, 2]),
        ({"distribution": "q_uniform", "min": 0.0, "max": 0.3, "q": 0.1}, [0.0, 0.1, 0.2, 0.3]),
        ({"distribution": "q_uniform", "min": 0.1, "max": 0.4}, [0]),
        ({"distribution": "q_log_uniform_values", "min": 8, "max": 32, "q": 8}, [8, 16, 24, 32]),
        ({"distribution": "q_log_uniform", "min": 0, "max": 1.2, "q": 1}, [1, 2, 3]),
        ({"distribution": "q_beta", "q": 0.5}, [0.0, 0.5, 1.0]),
    ],
)
def test_quantised_values_by_hand(config, values):
    distribution = read(**config)
    found = [distribution.support[index] for index in range(distribution.size)]
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("config", "values"),
    [
        ({"distribution": "q_uniform", "min": 1, "max": 10, "q": 4}, [1, 5, 9]),
        ({"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.25}, [0.0, 0.25, 0.5, 0.75]),
        ({"distribution": "q_uniform", "min": 0.1, "max": 0.4, "q": 0.1}, [0.1, 0.2, 0.3]),
    ],
)
def test_a_grid_counts_from_the_lower_bound_without_the_upper(config, values):
    axis = read(**config).grid
    assert [axis[index] for index in range(axis.size)] == values


@given(QUANTISED | CONTINUOUS)
def test_numbers_outside_the_bounds_and_strangers_have_no_inner_position(config):
    distribution = read(**config)
    for stranger in (None, True, "1", [1], float("nan"), float("inf")):
        assert distribution.position(stranger) is None


@given(CONTINUOUS | QUANTISED, st.integers(0, 1000))
def test_values_survive_json(config, seed):
    distribution = read(**config)
    value = distribution.sample(Random(seed))
    assert distribution.position(json.loads(json.dumps(value))) == distribution.position(value)
