"""Which models share replicas, and what each replica gets."""

import re

from midifrag.serving.grouping import SHARED, Group, grouped, shared_out


def test_large_models_have_replicas_of_their_own_and_small_ones_share():
    sizes = {"sketch": 0, "open": 5_000, "pocket": 900, "far": None}
    shared, large, unknown = grouped(sizes, 1_000)
    assert shared == Group(SHARED, ("sketch", "pocket"))
    assert (large.models, unknown.models) == (("open",), ("far",))


def test_where_all_are_large_nothing_is_shared():
    assert [group.models for group in grouped({"a": 2, "b": 3}, 1)] == [("a",), ("b",)]


def test_names_are_such_as_ray_takes_and_each_has_its_own():
    models = ["my model", "my-model", "модель", "x" * 300]
    names = [group.name for group in grouped(dict.fromkeys(models), 1)]
    assert len(set(names)) == len(models)
    assert all(re.fullmatch(rf"{SHARED}-[A-Za-z0-9_-]{{1,60}}", name) for name in names)


def test_a_gpu_each_and_a_part_of_one_only_where_there_are_too_few_for_good():
    assert shared_out([16], 2, (2, 4)).gpus == 1
    assert shared_out([16], 2, (3, 3)).gpus == 1 / 2
    assert shared_out([16], 1, (3, 3)).gpus == 1 / 3
    assert shared_out([16], 1, (3, 3), grows=True).gpus == 1
    # Then no core is asked for, as none is what they lack.
    assert shared_out([16], 2, (2, 4)).cores == 0
    assert shared_out([16], 2, (2, 4)).threads == 4


def test_without_gpus_cores_are_shared_out_over_all_machines():
    one = shared_out([8], 0, (1, 2))
    assert (one.gpus, one.cores, one.threads) == (0, 4, 4)
    # A head without cores has no engine.
    assert shared_out([0, 8, 8], 0, (4, 4)).threads == 4
    assert shared_out([0, 8, 8], 0, (3, 3)).threads == 4


def test_more_replicas_than_cores_still_fit():
    share = shared_out([2], 0, (3, 3))
    assert share.threads == 1
    assert 3 * share.cores <= 2
    assert shared_out([], 0, (1, 1)).threads == 1
