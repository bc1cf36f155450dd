"""Run ids and friendly names."""

import random
import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tracker.run.names import ADJECTIVES, NOUNS, friendly_name, new_run_id

NAMES = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.from_regex(r"[a-z]{2,6}-[a-z]{2,6}-[0-9]{1,12}", fullmatch=True),
    ),
    unique=True,
)


def test_there_are_at_least_ten_thousand_pairs_of_plain_words():
    for words in (ADJECTIVES, NOUNS):
        assert len(words) >= 100
        assert len(set(words)) == len(words)
        assert all(re.fullmatch(r"[a-z]{3,12}", word) for word in words)


@given(seed=st.integers(), taken=NAMES)
def test_a_name_is_two_words_and_a_counter_and_free(seed, taken):
    name = friendly_name(random.Random(seed), taken)
    adjective, noun, counter = name.split("-")
    assert adjective in ADJECTIVES
    assert noun in NOUNS
    assert int(counter) > len(taken)
    assert name not in taken


def test_names_count_up_as_the_project_grows():
    rng = random.Random(7)
    taken = []
    for _ in range(300):
        taken.append(friendly_name(rng, taken))
    counters = [int(name.rsplit("-", 1)[1]) for name in taken]
    assert all(later == earlier + 1 for earlier, later in pairwise(counters))
    assert len({name.rsplit("-", 1)[0] for name in taken}) > 250


def test_the_counter_goes_on_after_runs_were_deleted():
    assert friendly_name(random.Random(0), ["calm-cove-41", "lr-0.1"]).endswith("-42")


def test_a_number_in_a_name_of_the_users_own_is_no_counter():
    assert friendly_name(random.Random(0), ["resnet-50", "sweep-2024"]).endswith("-3")


def test_the_global_generator_is_left_alone():
    random.seed(3)
    expected = random.random()
    random.seed(3)
    friendly_name(random.Random(), [])
    new_run_id()
    assert random.random() == expected


def test_run_ids_are_eight_characters_and_do_not_repeat():
    ids = {new_run_id() for _ in range(5_000)}
    assert len(ids) == 5_000
    assert all(re.fullmatch(r"[0-9a-z]{8}", each) for each in ids)
    assert {character for each in ids for character in each} == set(
        "0123456789abcdefghijklmnopqrstuvwxyz"
    )
