"""Stable Audio Open, and Stable Audio 3 small, at full size in shapes: memory, work, and whether warm-up met it all."""

from __future__ import annotations

import pytest

from tests.cuda.card import GIB
from tests.cuda.full_size import SizeRecord, play_chords

NAMES = ("stable-audio-open-1.0", "stable-audio-open-small", "stable-audio-3-small")
MIB = 1 << 20
#: Operations of a step, each of which the host has to launch.
MOST_KERNELS = {"stable-audio-open-1.0": 520, "stable-audio-open-small": 520, "stable-audio-3-small": 740}


@pytest.fixture(scope="module", params=NAMES)
def seen(request: pytest.FixtureRequest) -> SizeRecord:
    """A card with room for everything."""
    return play_chords(request.param, 80)


@pytest.fixture(scope="module", params=NAMES)
def on_a_small_card(request: pytest.FixtureRequest) -> SizeRecord:
    """One of 8 GB, of which the driver has taken half a one."""
    return play_chords(request.param, 7.5)


def test_a_step_is_few_operations(seen: SizeRecord) -> None:
    assert 100 < seen.kernels <= MOST_KERNELS[seen.name]


def test_memory_of_the_model_is_told_truly(seen: SizeRecord) -> None:
    assert seen.told == pytest.approx(seen.live, rel=0.01)


def test_memory_of_recordings_is_told_truly(seen: SizeRecord) -> None:
    assert seen.graphs_told == pytest.approx(seen.graphs_reserved, rel=0.05, abs=8 * MIB)


def test_every_shape_that_chords_meet_was_met_in_warm_up(seen: SizeRecord) -> None:
    assert seen.new_in_chords == set()


def test_lengths_that_nobody_announced_need_no_new_convolution(seen: SizeRecord) -> None:
    assert {shape for shape in seen.new_in_lengths if shape[0] == "convolution"} == set()


def test_chords_of_sixteen_fit_into_16_gigabytes(seen: SizeRecord) -> None:
    assert seen.peaks[16] < 16 * GIB
    assert seen.peaks[1] <= seen.peaks[4] <= seen.peaks[16]


def test_nothing_is_done_that_a_card_would_not_bear(seen: SizeRecord) -> None:
    assert seen.violations == []


def test_a_card_of_8_gigabytes_plays_it_and_never_runs_out_of_memory(on_a_small_card: SizeRecord) -> None:
    assert on_a_small_card.answered == on_a_small_card.pressed
    assert on_a_small_card.refused == 0
    assert on_a_small_card.violations == []
