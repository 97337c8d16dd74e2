"""The order of replicas: the same for everybody, steady when one comes or goes, and fair."""

from collections import Counter

from midifrag.serving.ranking import key_of, ranked

NAMES = [f"r{number}" for number in range(8)]
KEYS = [key_of("sketch", f"prompt {number}") for number in range(400)]


def first(key, names, loads=None, full=4, place=""):
    return ranked(key, names, loads or {}, full, place)[0]


def test_a_prompt_has_the_same_order_whoever_asks():
    assert ranked(KEYS[0], NAMES, {}, 4) == ranked(KEYS[0], reversed(NAMES), {}, 4)
    assert sorted(ranked(KEYS[0], NAMES, {}, 4)) == NAMES


def test_prompts_spread_over_all_replicas():
    counts = Counter(first(key, NAMES) for key in KEYS)
    assert set(counts) == set(NAMES)
    assert max(counts.values()) < 3 * min(counts.values())


def test_one_that_goes_takes_no_other_prompts_along():
    for key in KEYS:
        before, after = first(key, NAMES), first(key, NAMES[1:])
        assert before in (after, NAMES[0])


def test_a_full_one_comes_after_those_that_have_room_the_least_loaded_first():
    order = ranked(KEYS[0], NAMES, {}, 4)
    loads = {order[0]: 9, order[1]: 4, order[2]: 3}
    assert ranked(KEYS[0], NAMES, loads, 4) == [*order[2:], order[1], order[0]]


def test_who_has_the_job_comes_first_however_full():
    order = ranked(KEYS[0], NAMES, {}, 4)
    assert ranked(KEYS[0], NAMES, {order[3]: 99}, 4, order[3]) == [order[3], *order[:3], *order[4:]]
    # Where that has gone, it is as if nobody had it.
    assert ranked(KEYS[0], NAMES, {}, 4, "gone") == order


def test_another_model_is_another_key():
    assert key_of("a", "b") != key_of("b", "a")


def test_no_prompt_is_too_odd():
    assert len(ranked(key_of("m", "\ud800"), NAMES, {}, 4)) == len(NAMES)
