"""When two parameter values are the same."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.sweep.axes import Choices, Steps, decimal
from tracker.sweep.values import loose_key, to_plain, value_key

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (3_000_000, 3e6),
        (-0.0, 0),
        (float("nan"), float("nan")),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}),
        ([1, [2]], [1.0, [2.0]]),
    ],
)
def test_same(one, other):
    assert value_key(one) == value_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0, False),
        (1, True),
        (0, ""),
        (0, None),
        ("", None),
        (False, None),
        (False, ""),
        ("1", 1),
        ([1, 2], (1, 2)),
        ([1, 2], [2, 1]),
        ([0], [False]),
        ([], {}),
        ({"a": 1}, {"a": True}),
        (0.1, 0.2),
    ],
)
def test_different(one, other):
    assert value_key(one) != value_key(other)


@given(VALUES)
def test_a_value_has_one_key_that_can_be_looked_up(value):
    assert value_key(value) == value_key(value)
    assert hash(value_key(value)) == hash(value_key(value))


@given(VALUES)
def test_plain_data_stays_as_it_is(value):
    assert value_key(to_plain(value)) == value_key(value)


def test_array_scalars_and_arrays_become_numbers_and_lists():
    given_values = {"a": np.float32(0.5), "b": np.int64(3), "c": np.bool_(True), "d": np.arange(2)}
    plain = to_plain(given_values)
    assert plain == {"a": 0.5, "b": 3, "c": True, "d": [0, 1]}
    assert [type(value) for value in plain.values()] == [float, int, bool, list]
    json.dumps(plain)


def test_objects_are_refused():
    with pytest.raises(TypeError, match="object is not plain data"):
        to_plain({"a": [object()]})


@given(VALUES.filter(lambda value: value == value))
def test_a_value_is_found_again_after_json_made_lists_of_its_tuples(value):
    through_json = json.loads(json.dumps(value))
    assert loose_key(through_json) == loose_key(value)


def test_choices_keep_each_value_once():
    choices = Choices([0, False, 0.0, "", None, False, [1], (1,)])
    assert choices.values == [0, False, "", None, [1], (1,)]
    assert [choices.index_of(v) for v in (0.0, False, "", None, [1.0], (1,))] == [0, 1, 2, 3, 4, 5]
    assert choices.index_of(True) is None


def test_keys_that_a_run_adds_to_a_dict_do_not_count():
    choices = Choices([{"lr": 1}, {"lr": 2}])
    assert choices.index_of({"lr": 2, "_runtime": 5}) == 1
    assert choices.index_of({"lr": 3}) is None


def test_a_tuple_that_came_back_as_a_list_is_found():
    assert Choices([(1, 2), (3, 4)]).index_of([3, 4]) == 1


@given(
    start=st.integers(-1000, 1000),
    step=st.sampled_from([1, 2, 7, 0.1, 0.25, 0.3, 1e-3, 2.5e-5]),
    size=st.integers(1, 10**12),
    data=st.data(),
)
def test_steps_are_exact_and_find_their_place(start, step, size, data):
    steps = Steps(decimal(start), decimal(step), size, whole=isinstance(step, int))
    index = data.draw(st.integers(0, size - 1))
    assert steps.index_of(steps[index]) == index
    assert type(steps[index]) is (int if isinstance(step, int) else float)


def test_steps_of_a_tenth_are_tenths():
    steps = Steps(decimal(0), decimal(0.1), 4, whole=False)
    assert [steps[index] for index in range(4)] == [0.0, 0.1, 0.2, 0.3]


@pytest.mark.parametrize("stranger", [None, True, "1", 0.05, -0.1, 0.4, float("nan"), float("inf")])
def test_strangers_have_no_place_among_steps(stranger):
    assert Steps(decimal(0), decimal(0.1), 4, whole=False).index_of(stranger) is None
