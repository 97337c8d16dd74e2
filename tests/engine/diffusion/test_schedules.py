import math

import pytest
import torch

from midifrag.engine.diffusion.schedules import exponential, linear, log_snr, shifted_linear
from midifrag.engine.loading.silence_output import silence_output


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_exponential_is_k_diffusions_polyexponential(steps: int) -> None:
    with silence_output():
        from k_diffusion.sampling import get_sigmas_polyexponential
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
