"""Parameters that are only there while others have certain values."""

import re
from random import Random

import pytest

from tracker.errors import UsageError
from tracker.sweep.config import parse_sweep
from tracker.sweep.space import Space

OPTIMIZER = {
    "optimizer": {"values": ["sgd", "adam"]},
    "momentum": {"values": [0.0, 0.9], "condition": {"optimizer": "sgd"}},
    "beta": {"values": [0.9, 0.99, 0.999], "condition": {"optimizer": ["adam"]}},
}
DEPTH = {
    "depth": {"min": 1, "max": 3},
    "width_2": {"values": [8, 16], "condition": {"depth": [2, 3]}},
    "width_3": {"values": [8, 16], "condition": {"depth": 3}},
}
CHAIN = {
    "a": {"values": [0, False]},
    "b": {"values": ["x", "y"], "condition": {"a": False}},
    "c": {"values": [1, 2], "condition": {"b": "x"}},
}
GROUP = {
    "model": {
        "parameters": {
            "kind": {"values": ["mlp", "cnn"]},
            "cnn": {
                "condition": {"kind": "cnn"},
                "parameters": {
                    "kernel": {"values": [3, 5]},
                    "stride": {"values": [1, 2], "condition": {"kernel": 5}},
                },
            },
        }
    },
    "augment": {"values": [True, False], "condition": {"model.kind": "cnn"}},
}
SIZES = [(OPTIMIZER, 2 + 3), (DEPTH, 1 + 2 + 4), (CHAIN, 1 + 2 + 1), (GROUP, 1 + 2 * (1 + 2))]


def space_of(parameters):
    return Space(parse_sweep({"method": "random", "parameters": parameters}).parameters)


@pytest.mark.parametrize(("parameters", "size"), SIZES)
def test_a_grid_has_exactly_the_points_that_can_be(parameters, size):
    space = space_of(parameters)
    assert space.size == space.grid.size == size
    points = [space.nest(space.grid[index]) for index in range(size)]
    assert len({space.identity(point) for point in points}) == size
    assert [space.grid.index_of(space.flatten(point)) for point in points] == [*range(size)]


@pytest.mark.parametrize(("parameters", "size"), SIZES)
def test_samples_are_points_of_the_grid(parameters, size):
    space, rng = space_of(parameters), Random(1)
    found = {space.points.index_of(space.flatten(space.sample(rng))) for _ in range(400)}
    assert found == set(range(size))


@pytest.mark.parametrize(("parameters", "size"), SIZES)
def test_points_come_back_from_the_unit_cube(parameters, size):
    space = space_of(parameters)
    for index in range(size):
        point = space.nest(space.points[index])
        assert space.from_unit(space.to_unit(point)) == point


def test_absent_parameters_are_left_out():
    space = space_of(GROUP)
    points = [space.nest(space.grid[index]) for index in range(space.size)]
    assert {"model": {"kind": "mlp"}} in points
    assert {
        "augment": False,
        "model": {"kind": "cnn", "cnn": {"kernel": 5, "stride": 2}},
    } in points


def test_values_of_absent_parameters_do_not_tell_points_apart():
    space = space_of(OPTIMIZER)
    one = {"optimizer": "sgd", "momentum": 0.9}
    other = {**one, "beta": 0.99}
    assert space.identity(one) == space.identity(other)
    assert space.to_unit(one) == space.to_unit(other)
    assert space.grid.index_of(space.flatten(one)) == space.grid.index_of(space.flatten(other))


def test_zero_and_false_are_told_apart():
    space = space_of(CHAIN)
    assert space.grid.index_of({"a": 0}) is not None
    assert space.grid.index_of({"a": False}) is None


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        (
            {"a": {"values": [1, 2], "condition": {"b": 1}}},
            "The condition of a on b is 1: there is no other parameter of that name.",
        ),
        (
            {"a": {"values": [1, 2], "condition": {"a": 1}}},
            "The condition of a on a is 1: there is no other parameter of that name.",
        ),
        (
            {"a": {"values": [1, 2], "condition": {"b": 3}}, "b": {"values": [1, 2]}},
            "The condition of a on b is 3: that parameter never has this value.",
        ),
        (
            {"a": {"values": [1, 2], "condition": {"b": True}}, "b": {"values": [1, 2]}},
            "The condition of a on b is True: that parameter never has this value.",
        ),
        (
            {"a": {"values": [1, 2], "condition": {"b": 0.5}}, "b": {"min": 0.0, "max": 1.0}},
            "The condition of a on b is 0.5: a condition needs a parameter with few values.",
        ),
        (
            {"a": {"values": [1, 2], "condition": "b"}, "b": {"values": [1, 2]}},
            "parameters.a.condition is 'b': expected a mapping of names to values.",
        ),
        (
            {
                "a": {"values": [1, 2], "condition": {"b": 1}},
                "b": {"values": [1, 2], "condition": {"c": 1}},
                "c": {"values": [1, 2], "condition": {"a": 1}},
            },
            "The conditions of parameters go in a circle: a → b → c → a.",
        ),
    ],
)
def test_a_bad_condition_is_named(parameters, sentence):
    with pytest.raises(UsageError, match=re.escape(sentence)):
        space_of(parameters)


def test_too_many_combinations_to_hang_conditions_on():
    wide = {f"p{n}": {"min": 1, "max": 100} for n in range(3)}
    last = {"values": [1, 2], "condition": dict.fromkeys(wide, 1)}
    with pytest.raises(UsageError, match="p0, p1, p2 have more than 100000 combinations"):
        parse_sweep({"method": "grid", "parameters": {**wide, "last": last}})


def test_a_name_is_looked_up_beside_the_parameter_first():
    space = space_of(
        {
            "kind": {"values": ["a", "b"]},
            "inner": {
                "parameters": {
                    "kind": {"values": ["c", "d"]},
                    "x": {"values": [1, 2], "condition": {"kind": "c"}},
                }
            },
        }
    )
    assert space.size == 2 * (2 + 1)
