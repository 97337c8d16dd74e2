import math

import pytest
import torch

from midifrag.engine.diffusion.schedules import classic_shift, exponential, linear, log_snr, shifted, shifted_linear
from midifrag.engine.loading.silence_output import silence_output


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_exponential_is_k_diffusions_polyexponential(steps: int) -> None:
    with silence_output():
        from stable_audio_tools.inference.k_diffusion.sampling import get_sigmas_polyexponential
    ours, stock = exponential(steps, 0.3, 500.0, None), get_sigmas_polyexponential(steps, 0.3, 500.0, 1.0)
    assert torch.equal(ours, stock)
    assert len(ours) == steps + 1


@pytest.mark.parametrize(("sigma_max", "top"), [(0.5, 0.5), (1.0, 1.0), (500.0, 1.0)])
@pytest.mark.parametrize("schedule", [linear, shifted_linear, log_snr])
def test_flow_times_fall_from_the_top_to_zero(schedule, sigma_max: float, top: float) -> None:
    times = schedule(4, 0.3, sigma_max, None)
    assert len(times) == 5
    assert times[0] == pytest.approx(top)
    assert times[-1] == 0
    assert (times.diff() < 0).all()


@pytest.mark.parametrize("frames", [100, 256, 3000, 9000])
def test_the_classic_shift_is_stock_s_within_the_lengths_that_this_names_and_goes_on_beyond(frames: int) -> None:
    with silence_output():
        from stable_audio_tools.inference.sampling import DistributionShift
    distribution, times = DistributionShift(min_length=256, max_length=4096), linear(4, 0.0, 1.0, None)
    ours, stock = classic_shift(distribution, frames)(times), distribution.shift(times, frames)
    assert torch.allclose(ours, stock) == (256 <= frames <= 4096)
    assert ours[0] == 1.0
    assert abs(float(ours[-1])) < 1e-6
    sine = classic_shift(DistributionShift(use_sine=True), frames)(times)
    torch.testing.assert_close(sine, torch.sin(classic_shift(DistributionShift(), frames)(times) * math.pi / 2))


def test_another_kind_of_shift_is_asked_as_it_is() -> None:
    class Halving:
        def shift(self, times: torch.Tensor, frames: int) -> torch.Tensor:
            return times / frames

    assert classic_shift(Halving(), 2)(torch.ones(1)).tolist() == [0.5]


@pytest.mark.parametrize("sigma_max", [1.0, 0.6, 9.0])
def test_a_model_s_schedule_is_stock_s(sigma_max: float) -> None:
    with silence_output():
        from stable_audio_tools.inference.sampling import LogSNRShift, build_schedule
    own = LogSNRShift(rate=1.0)
    ours = shifted(5, sigma_max, lambda times: own.shift(times, 90))
    assert torch.equal(ours, build_schedule(5, min(sigma_max, 1.0), own, fallback_seq_len=90))


def test_linear_is_even() -> None:
    assert linear(4, 0.0, 1.0, None).tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_only_the_shifted_schedule_is_shifted() -> None:
    def shift(times: torch.Tensor) -> torch.Tensor:
        return times**2

    assert shifted_linear(2, 0.0, 1.0, shift).tolist() == [1.0, 0.25, 0.0]
    assert linear(2, 0.0, 1.0, shift).tolist() == [1.0, 0.5, 0.0]
    assert log_snr(2, 0.0, 1.0, shift)[1] == log_snr(2, 0.0, 1.0, None)[1]


@pytest.mark.parametrize(("sigma_max", "first"), [(1.0, -6.0), (0.75, math.log(0.25 / 0.75))])
def test_log_snr_is_even_in_the_logarithm_of_the_signal_to_noise_ratio(sigma_max: float, first: float) -> None:
    inner = log_snr(4, 0.0, sigma_max, None)[1:-1]
    expected = torch.linspace(first, 2, 5)[1:-1]
    torch.testing.assert_close(((1 - inner) / inner).log(), expected, atol=1e-4, rtol=0)
