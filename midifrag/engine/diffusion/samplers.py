"""The samplers: one table of step functions over explicit state.

A step function is a generator. It yields a `ModelInput` whenever it needs the model's output, receives that output, and
leaves the new latent in the state; so a sampler reads as its paper does, whether it takes one evaluation a step or
four, while the engine stays free to evaluate what many requests ask with one call. Everything here is fp32.

Formulas: k-diffusion (Karras et al. 2022, arXiv:2206.00364; DPM-Solver++, arXiv:2211.01095) for models that predict v,
stable-audio-tools' rectified-flow samplers for the others. Stock's ``k-dpm-fast``, ``k-dpm-adaptive`` and
``v-ddim-cfgpp`` are not offered: the first two have no fixed number of steps, the last needs the unguided output.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from midifrag.config.model_defaults import Objective
from midifrag.config.samplers import SAMPLER_KINDS
from midifrag.engine.diffusion import schedules
from midifrag.engine.diffusion.noise import Noise
from midifrag.engine.network.call_rows import ModelInput


@dataclass(slots=True)
class SamplerState:
    """Where a request stands: ``x`` is its latent after ``index`` steps along ``levels``; ``history`` newest first.

    With ``endless``, pure noise has no signal at all for solvers that go by log-SNR; else it has a little.
    """

    x: Tensor
    levels: Tensor
    noise: Noise
    endless: bool = True
    index: int = 0
    history: list[Tensor] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """How many steps the whole way has."""
        return len(self.levels) - 1

    @property
    def done(self) -> bool:
        """Whether ``x`` is the result."""
        return self.index >= self.steps

    def remember(self, tensor: Tensor, depth: int) -> None:
        """Keep ``tensor`` for later steps, and the ``depth`` newest in all."""
        self.history = [tensor, *self.history[: depth - 1]]


Step: TypeAlias = Generator[ModelInput, Tensor, None]


@dataclass(frozen=True, slots=True)
class Sampler:
    """One way through the noise. ``fresh_noise`` says whether steps draw noise of their own (and how it is drawn).

    ``stock`` noise follows the seed's stream exactly as stock inference draws it; ``brownian`` noise is equal to
    stock's in distribution only.
    """

    name: str
    step: Callable[[SamplerState], Step]
    schedule: schedules.Schedule
    scales_noise: bool = False
    fresh_noise: str | None = None

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """For models of which training it is."""
        return SAMPLER_KINDS[self.name].objectives

    @property
    def is_flow(self) -> bool:
        """Whether it is for flow models, whose times run from 1 to 0."""
        return "v" not in self.objectives

    @property
    def uses_sigma_min(self) -> bool:
        """Whether it ends at ``sigma_min``; others end at 0."""
        return SAMPLER_KINDS[self.name].uses_sigma_min


def _denoise(x: Tensor, sigma: Tensor) -> Generator[ModelInput, Tensor, Tensor]:
    """The clean latent that a v model sees in ``x`` at noise level ``sigma`` (k-diffusion's VDenoiser, σ_data = 1)."""
    c_in = 1 / (sigma**2 + 1) ** 0.5
    velocity = yield ModelInput(x * c_in, float(sigma.atan() / math.pi * 2))
    return velocity * (-sigma * c_in) + x * (1 / (sigma**2 + 1))


def _heun(state: SamplerState) -> Step:
    sigma, sigma_next = state.levels[state.index], state.levels[state.index + 1]
    slope = (state.x - (yield from _denoise(state.x, sigma))) / sigma
    ahead = state.x + slope * (sigma_next - sigma)
    if sigma_next > 0:
        slope_ahead = (ahead - (yield from _denoise(ahead, sigma_next))) / sigma_next
        ahead = state.x + (slope + slope_ahead) / 2 * (sigma_next - sigma)
    state.x = ahead


def _dpm_2(state: SamplerState) -> Step:
    sigma, sigma_next = state.levels[state.index], state.levels[state.index + 1]
    slope = (state.x - (yield from _denoise(state.x, sigma))) / sigma
    if sigma_next > 0:
        middle = sigma.log().lerp(sigma_next.log(), 0.5).exp()
        halfway = state.x + slope * (middle - sigma)
        slope = (halfway - (yield from _denoise(halfway, middle))) / middle
    state.x = state.x + slope * (sigma_next - sigma)


def _lms(state: SamplerState) -> Step:
    sigma = state.levels[state.index]
    state.remember((state.x - (yield from _denoise(state.x, sigma))) / sigma, 4)
    order = len(state.history)
    for back, slope in enumerate(state.history):
        state.x = state.x + _lms_coefficient(state.levels, state.index, order, back) * slope


def _lms_coefficient(levels: Tensor, index: int, order: int, back: int) -> float:
    """The integral over this step of the Lagrange polynomial that is 1 at the slope ``back`` steps ago."""
    nodes = levels[index - order + 1 : index + 1].double().numpy()[::-1]
    others = np.delete(nodes, back)
    area = np.polynomial.Polynomial.fromroots(others).integ() if order > 1 else np.polynomial.Polynomial([0.0, 1.0])
    return float((area(float(levels[index + 1])) - area(nodes[0])) / np.prod(nodes[back] - others))


def _dpmpp_2m(state: SamplerState) -> Step:
    levels, i = state.levels, state.index
    denoised = yield from _denoise(state.x, levels[i])
    h = levels[i].log() - levels[i + 1].log()
    estimate = denoised
    if state.history and levels[i + 1] > 0:
        half_ratio = h / (2 * (levels[i - 1].log() - levels[i].log()))
        estimate = (1 + half_ratio) * denoised - half_ratio * state.history[0]
    state.x = levels[i + 1] / levels[i] * state.x - (-h).expm1() * estimate
    state.remember(denoised, 1)


def _dpmpp_2m_sde(state: SamplerState) -> Step:
    levels, i = state.levels, state.index
    denoised = yield from _denoise(state.x, levels[i])
    if levels[i + 1] == 0:
        state.x = denoised
        return
    h = levels[i].log() - levels[i + 1].log()
    towards = -(-2 * h).expm1()
    x = levels[i + 1] / levels[i] * (-h).exp() * state.x + towards * denoised
    if state.history:
        ratio = (levels[i - 1].log() - levels[i].log()) / h
        x = x + 0.5 * towards / ratio * (denoised - state.history[0])
    state.x = x + state.noise.draw() * (levels[i + 1] * towards.sqrt())
    state.remember(denoised, 1)


def _dpmpp_3m_sde(state: SamplerState) -> Step:
    levels, i = state.levels, state.index
    denoised = yield from _denoise(state.x, levels[i])
    if levels[i + 1] == 0:
        state.x = denoised
        return
    h = levels[i].log() - levels[i + 1].log()
    x = (-2 * h).exp() * state.x - (-2 * h).expm1() * denoised
    if state.history:
        phi_2 = (-2 * h).expm1() / (2 * h) + 1
        r0 = (levels[i - 1].log() - levels[i].log()) / h
        near = (denoised - state.history[0]) / r0
        if len(state.history) > 1:
            r1 = (levels[i - 2].log() - levels[i - 1].log()) / h
            bend = near - (state.history[0] - state.history[1]) / r1
            x = x + phi_2 * (near + bend * (r0 / (r0 + r1))) - (phi_2 / (2 * h) - 0.5) * (bend / (r0 + r1))
        else:
            x = x + phi_2 * near
    state.x = x + state.noise.draw() * (levels[i + 1] * (-(-2 * h).expm1()).sqrt())
    state.remember(denoised, 2)


def _dpmpp_2s_ancestral(state: SamplerState) -> Step:
    sigma, sigma_next = state.levels[state.index], state.levels[state.index + 1]
    denoised = yield from _denoise(state.x, sigma)
    if sigma_next == 0:
        state.x = denoised
        return
    up = torch.minimum(sigma_next, (sigma_next**2 * (sigma**2 - sigma_next**2) / sigma**2) ** 0.5)
    down = (sigma_next**2 - up**2) ** 0.5
    h = sigma.log() - down.log()
    middle = (sigma.log() - h / 2).exp()
    halfway = middle / sigma * state.x - (-h / 2).expm1() * denoised
    denoised = yield from _denoise(halfway, middle)
    state.x = down / sigma * state.x - (-h).expm1() * denoised + state.noise.draw() * up


def _v_ddim(state: SamplerState) -> Step:
    t, t_next = state.levels[state.index], state.levels[state.index + 1]
    v = yield ModelInput(state.x, float(t))
    alpha, sigma = torch.cos(t * math.pi / 2), torch.sin(t * math.pi / 2)
    clean = state.x * alpha - v * sigma
    if state.index == state.steps - 1:
        state.x = clean
        return
    eps = state.x * sigma + v * alpha
    state.x = clean * torch.cos(t_next * math.pi / 2) + eps * torch.sin(t_next * math.pi / 2)


def _euler(state: SamplerState) -> Step:
    t, t_next = state.levels[state.index], state.levels[state.index + 1]
    state.x = state.x + (t_next - t) * (yield ModelInput(state.x, float(t)))


def _rk4(state: SamplerState) -> Step:
    t, t_next = state.levels[state.index], state.levels[state.index + 1]
    dt, x = t_next - t, state.x
    middle = float(t + dt / 2)
    k1 = yield ModelInput(x, float(t))
    k2 = yield ModelInput(x + dt / 2 * k1, middle)
    k3 = yield ModelInput(x + dt / 2 * k2, middle)
    # Models are not trained at 0.
    k4 = yield ModelInput(x + dt * k3, max(float(t_next), 1e-5))
    state.x = x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def _flow_dpmpp(state: SamplerState) -> Step:
    levels, i = state.levels, state.index
    t, t_next = levels[i], levels[i + 1]
    denoised = state.x - t * (yield ModelInput(state.x, float(t)))
    least = 0.0 if state.endless else 1e-10
    h = _log_snr(t_next, 0.0) - _log_snr(t, 0.0)
    estimate = denoised
    if state.history and t_next > 0:
        half_ratio = h / (2 * (_log_snr(t, 0.0) - _log_snr(levels[i - 1], least)))
        estimate = (1 + half_ratio) * denoised - half_ratio * state.history[0]
    state.x = t_next / t * state.x - (1 - t_next) * (-h).expm1() * estimate
    state.remember(denoised, 1)


def _log_snr(t: Tensor, least: float) -> Tensor:
    return ((1 - t).clamp(min=least) / t).log()


def _pingpong(state: SamplerState) -> Step:
    t, t_next = state.levels[state.index], state.levels[state.index + 1]
    denoised = state.x - t * (yield ModelInput(state.x, float(t)))
    state.x = (1 - t_next) * denoised + t_next * state.noise.draw()


def _sigma_sampler(name: str, step: Callable[[SamplerState], Step], fresh_noise: str | None = None) -> Sampler:
    return Sampler(name, step, schedules.exponential, scales_noise=True, fresh_noise=fresh_noise)


#: How each sampler of `SAMPLER_KINDS` works. `dpmpp` is the rectified-flow one, as in stock.
SAMPLERS: dict[str, Sampler] = {
    sampler.name: sampler
    for sampler in (
        _sigma_sampler("dpmpp-3m-sde", _dpmpp_3m_sde, "brownian"),
        _sigma_sampler("dpmpp-2m-sde", _dpmpp_2m_sde, "brownian"),
        _sigma_sampler("dpmpp-2m", _dpmpp_2m),
        _sigma_sampler("k-heun", _heun),
        _sigma_sampler("k-lms", _lms),
        _sigma_sampler("k-dpm-2", _dpm_2),
        _sigma_sampler("k-dpmpp-2s-ancestral", _dpmpp_2s_ancestral, "stock"),
        Sampler("v-ddim", _v_ddim, schedules.linear),
        Sampler("euler", _euler, schedules.log_snr),
        Sampler("dpmpp", _flow_dpmpp, schedules.log_snr),
        Sampler("rk4", _rk4, schedules.shifted_linear),
        Sampler("pingpong", _pingpong, schedules.log_snr, fresh_noise="stock"),
    )
}


def model_times(sampler: Sampler, levels: Tensor) -> list[float]:
    """The times at which the model is asked at the levels themselves; steps may ask at some between them too."""
    if sampler.scales_noise:
        return [float(t) for t in levels[:-1].atan() / math.pi * 2]
    return [float(t) for t in levels[:-1]]
