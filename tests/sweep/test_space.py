"""The space: nested names, counting, and the way to the unit cube and back."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.sweep.config import parse_sweep
from tracker.sweep.space import MAX_LEVELS, Space

NESTED = {
    "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0},
    "epochs": {"value": 10},
    "model": {
        "parameters": {
            "act": {"values": ["relu", "gelu", ""]},
            "head": {"parameters": {"width": {"min": 8, "max": 64}, "bias": {"values": [True, 0]}}},
        }
    },
    "trainer.clip": {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.25},
}


def space_of(parameters, method="random"):
    return Space(parse_sweep({"method": method, "parameters": parameters}).parameters)


@given(st.integers())
def test_points_are_nested_as_the_parameters_are(seed):
    point = space_of(NESTED).sample(Random(seed))
    assert point.keys() == {"lr", "epochs", "model", "trainer.clip"}
    assert point["model"].keys() == {"act", "head"}
    assert point["model"]["head"].keys() == {"width", "bias"}
    assert point["epochs"] == 10


@given(st.integers())
def test_a_point_survives_json_and_the_unit_cube(seed):
    space = space_of(NESTED)
    point = json.loads(json.dumps(space.sample(Random(seed))))
    places = space.to_unit(point)
    assert len(places) == len(space.dimensions) == 5
    assert all(0 <= place <= 1 for place in places)
    again = space.from_unit(places)
    assert again.pop("lr") == pytest.approx(point.pop("lr"))
    assert again == point
    assert type(again["model"]["head"]["bias"]) is type(point["model"]["head"]["bias"])


@given(st.lists(st.floats(-0.5, 1.5), min_size=5, max_size=5))
def test_any_place_has_a_point(places):
    space = space_of(NESTED)
    point = space.from_unit(places)
    assert space.to_unit(point) is not None
    assert space.identity(space.from_unit(space.to_unit(point))) is not None


def test_groups_may_come_back_joined_with_dots():
    space = space_of(NESTED)
    nested = space.sample(Random(3))
    flat = space.flatten(nested)
    assert set(flat) == {
        "epochs",
        "lr",
        "model.act",
        "model.head.bias",
        "model.head.width",
        "trainer.clip",
    }
    assert space.flatten(flat) == flat
    assert space.to_unit(flat) == space.to_unit(nested)
    assert space.to_unit({**nested, "trainer": {"clip": 1}}) == space.to_unit(nested)


def test_constants_are_no_dimensions():
    names = [dimension.name for dimension in space_of(NESTED).dimensions]
    assert names == ["lr", "model.act", "model.head.bias", "model.head.width", "trainer.clip"]


def test_levels_are_told_where_they_are_few():
    by_name = {dimension.name: dimension for dimension in space_of(NESTED).dimensions}
    assert by_name["lr"].levels is None
    assert by_name["lr"].kind == "continuous"
    assert by_name["model.act"].kind == "unordered"
    assert by_name["model.act"].levels == pytest.approx((1 / 6, 3 / 6, 5 / 6))
    assert len(by_name["model.head.width"].levels) == 57
    assert by_name["trainer.clip"].levels == pytest.approx((0.0625, 0.25, 0.5, 0.75, 0.9375))
    many = space_of({"n": {"min": 1, "max": MAX_LEVELS + 1}}).dimensions[0]
    assert (many.kind, many.levels) == ("ordered", None)


@pytest.mark.parametrize(
    "point",
    [
        {},
        {"lr": 0.1},
        {"lr": "high"},
        {"lr": -1},
        {"lr": None},
        {"model": 3},
    ],
)
def test_points_of_another_space_have_no_place(point):
    space = space_of(NESTED)
    whole = space.sample(Random(0))
    assert space.to_unit(point) is None
    assert space.to_unit({**whole, **point}) is None or point in ({}, {"lr": 0.1})


def test_numbers_outside_their_bounds_lie_outside_the_cube():
    space = space_of({"x": {"min": 0.0, "max": 10.0}})
    assert space.to_unit({"x": 15}) == [1.5]
    assert space.to_unit({"x": -5}) == [-0.5]
    assert space.from_unit([1.5]) == {"x": 10.0}


def test_a_space_with_a_real_number_cannot_be_counted():
    assert space_of(NESTED).size is None
    assert space_of({"x": {"distribution": "q_normal"}, "y": {"values": [1, 2]}}).size is None


@pytest.mark.parametrize(
    ("parameters", "size"),
    [
        ({"a": {"value": 1}}, 1),
        ({"a": {"values": [1, 1.0, True, "1"]}}, 3),
        ({"a": {"min": 0, "max": 9}, "b": {"values": [1, 2]}}, 20),
        ({"a": {"min": 0, "max": 10**18}, "b": {"min": 0, "max": 10**18}}, (10**18 + 1) ** 2),
    ],
)
def test_finite_spaces_are_counted(parameters, size):
    assert space_of(parameters).size == size


def test_a_grid_is_in_the_order_of_wandb():
    inner = {"n": {"values": [True, False]}, "m": {"values": [1, 2]}}
    parameters = {"b": {"values": [3, 1]}, "a": {"parameters": inner}}
    grid = space_of(parameters, "grid").grid
    assert [grid[index] for index in (0, 1, 2, 4)] == [
        {"a.m": 1, "a.n": True, "b": 3},
        {"a.m": 1, "a.n": True, "b": 1},
        {"a.m": 1, "a.n": False, "b": 3},
        {"a.m": 2, "a.n": True, "b": 3},
    ]


def test_a_grid_that_nobody_could_list_is_read_where_it_is_needed():
    space = space_of({name: {"min": 0, "max": 10**9 - 1} for name in "abc"}, "grid")
    assert space.grid.size == 10**27
    assert space.grid[12 * 10**18 + 34 * 10**9 + 56] == {"a": 12, "b": 34, "c": 56}
    last = {"a": 10**9 - 1, "b": 0, "c": 1}
    assert space.grid.index_of(last) == (10**9 - 1) * 10**18 + 1


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=4),
    st.data(),
)
def test_every_place_of_a_grid_is_found_again(axes, data):
    space = space_of({f"p{n}": {"values": values} for n, values in enumerate(axes)}, "grid")
    index = data.draw(st.integers(0, space.grid.size - 1))
    assert space.grid.index_of(space.grid[index]) == index
    with pytest.raises(IndexError):
        space.grid[space.grid.size]


def test_strangers_are_not_on_the_grid():
    grid = space_of({"a": {"values": [1, 2]}, "b": {"values": [True]}}, "grid").grid
    assert grid.index_of({"a": 3, "b": True}) is None
    assert grid.index_of({"a": 1, "b": 1}) is None
    assert grid.index_of({"a": 1}) is None
    assert grid.index_of({}) is None
