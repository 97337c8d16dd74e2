"""Which stretches a card decodes at a time."""

import pytest

from midifrag.engine.network.windows import (
    BATCHES,
    MOST_LATENTS,
    SIZES,
    Window,
    largest_batch,
    shapes_to_meet,
    window_size,
)


@pytest.mark.parametrize(
    ("needed", "frames", "most", "size"),
    [
        # What SAO 1.0 needs for 47.5, 10, 9.9 and 5 seconds of its 1024 latents.
        (1024, 1024, 1024, 1024),
        (225, 1024, 1024, 256),
        (223, 1024, 1024, 256),
        (117, 1024, 1024, 128),
        (1024, 1024, 300, 256),
        # More latents than there are is no window, and none is larger than a call may be.
        (90, 100, 1024, 64),
        (100, 100, 40, 32),
        # A card too full for the smallest decodes that one.
        (500, 1024, 8, 32),
        (20, 20, 1024, 20),
        (20, 20, 8, 20),
    ],
)
def test_a_window_has_the_smallest_size_that_is_enough_or_the_largest_that_may_be(
    needed: int, frames: int, most: int, size: int
) -> None:
    assert window_size(needed, frames, most, SIZES) == size


def test_a_length_that_has_been_met_is_a_size_too() -> None:
    assert window_size(111, 111, 1024, {*SIZES, 111}) == 111
    assert window_size(111, 111, 100, {*SIZES, 111}) == 64


def test_as_many_are_decoded_together_as_ever_were() -> None:
    met = {(64, 1), (64, 2), (64, 4), (64, 8), (128, 1)}
    together = [largest_batch(count, 64, 1024, met) for count in range(1, 10)]
    assert together == [1, 2, 2, 4, 4, 4, 4, 8, 8]
    assert largest_batch(8, 64, 256, met) == 4
    assert largest_batch(8, 64, 10, met) == 1
    assert largest_batch(8, 128, 1024, met) == 1
    assert largest_batch(8, 32, 1024, met) == 1


def test_what_is_to_be_met_is_little_and_fits_one_call() -> None:
    shapes = shapes_to_meet(1024, SIZES, 16)
    assert len(shapes) <= 21
    assert all(size * batch <= MOST_LATENTS for size, batch in shapes)
    assert shapes[0] == (32, 1)
    assert shapes[-1] == (1024, 1)
    assert {batch for size, batch in shapes if size == 256} == {1, 2, 4}
    assert shapes_to_meet(79, SIZES, 2) == [(32, 1), (32, 2), (64, 1), (64, 2), (79, 1), (79, 2)]
    # Longer ones are decoded piece by piece, unless there is only the whole.
    assert max(shapes_to_meet(2000, SIZES, 1)) == (1024, 1)
    assert shapes_to_meet(2000, (), 4) == [(2000, 1)]


def test_numbers_of_requests_are_such_that_any_is_made_of_few() -> None:
    for count in range(1, 17):
        met, left, calls = {(32, batch) for batch in BATCHES}, count, 0
        while left:
            left -= largest_batch(left, 32, 1024, met)
            calls += 1
        assert calls == count.bit_count()


def test_a_window_knows_how_much_it_takes_in() -> None:
    assert Window(10, 42, 5, 100).latents == 32
