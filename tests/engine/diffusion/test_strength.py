"""How strength becomes noise levels."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from midifrag.config.samplers import SAMPLER_KINDS
from midifrag.engine.diffusion.samplers import SAMPLERS, Sampler
from midifrag.engine.diffusion.strength import first_level, levels_from, mixed, tail

STRENGTHS = (0.01, 0.1, 0.3, 0.6, 0.9, 0.99)


def noise_to_signal(method: Sampler, level: float) -> float:
    if method.scales_noise:
        return level
    return level / (1 - level) if method.is_flow else math.tan(level * math.pi / 2)


@pytest.mark.parametrize("name", SAMPLER_KINDS)
def test_noise_is_to_signal_as_strength_to_the_rest_in_every_sampler(name: str) -> None:
    method = SAMPLERS[name]
    for strength in STRENGTHS:
        level = first_level(method, strength, 500.0)
        assert noise_to_signal(method, level) == pytest.approx(strength / (1 - strength), rel=1e-5)


@pytest.mark.parametrize("name", SAMPLER_KINDS)
def test_no_step_goes_back_up_and_the_last_one_ends_at_none(name: str) -> None:
    method = SAMPLERS[name]
    for strength, steps in itertools.product(STRENGTHS, (1, 2, 8, 50)):
        first = first_level(method, strength, 500.0)
        for curve in (None, lambda times: times, lambda times: times / (times + (1 - times) * 0.4)):
            levels = levels_from(method, steps, first, 0.3, curve)
            assert len(levels) == steps + 1
            assert float(levels[0]) == pytest.approx(first, rel=1e-5)
            assert float(levels[-1]) == 0
            assert bool((levels.diff() < 0).all()), (strength, steps, levels)


def test_a_schedule_is_taken_up_where_it_passes_the_first_level() -> None:
    def curve(times: torch.Tensor) -> torch.Tensor:
        return times / (times + (1 - times) * 0.4)

    levels = tail(10, 0.5, curve)
    # Evenly on the way that the schedule takes: at half of it is 0.5 what comes of 2 / 7.
    torch.testing.assert_close(levels[1:-1], curve(torch.linspace(2 / 7, 0, 11))[1:-1])


def test_a_schedule_that_keeps_away_from_none_stays_even_in_log_snr_and_reaches_its_end() -> None:
    def curve(times: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(-(2.0 - times * 8.0))

    levels = tail(4, 0.9, curve)
    ratios = ((1 - levels[:-1]) / levels[:-1]).log()
    torch.testing.assert_close(ratios.diff(), ratios.diff()[:1].expand(3))
    assert float(ratios[0] + 4 * ratios.diff()[0]) == pytest.approx(2.0, abs=1e-3)
    # From a level below its end, it goes on as far again.
    low = tail(4, 0.05, curve)
    ratios = ((1 - low[:-1]) / low[:-1]).log()
    assert float(ratios[0] + 4 * ratios.diff()[0] - ratios[0]) == pytest.approx(2.0, abs=1e-3)


def test_a_pad_s_own_sigma_max_still_counts() -> None:
    assert first_level(SAMPLERS["dpmpp-2m"], 0.9, 4.0) == 4.0
    assert first_level(SAMPLERS["euler"], 0.9, 0.7) == 0.7
    assert first_level(SAMPLERS["v-ddim"], 0.9, 0.5) == 0.5


def test_a_sound_and_noise_are_mixed_as_each_kind_of_model_was_trained() -> None:
    sound, noise = torch.ones(1), torch.full((1,), 10.0)
    level = torch.tensor(0.25)
    assert float(mixed(SAMPLERS["dpmpp-2m"], sound, noise, level)) == 1 + 2.5
    assert float(mixed(SAMPLERS["euler"], sound, noise, level)) == 0.75 + 2.5
    angle = 0.25 * math.pi / 2
    assert float(mixed(SAMPLERS["v-ddim"], sound, noise, level)) == pytest.approx(
        math.cos(angle) + 10 * math.sin(angle)
    )
