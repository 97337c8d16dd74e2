"""The state machine, with samplers of a few lines and no model."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from midifrag.config.samplers import SAMPLER_KINDS, SamplerKind
from midifrag.config.variable_length import VariableLength
from midifrag.engine.diffusion.parameters import ResolvedParameters
from midifrag.engine.diffusion.request import Request, RequestStatus, by_priority
from midifrag.engine.diffusion.samplers import SAMPLERS, Sampler
from midifrag.engine.messages import Rendered
from midifrag.engine.network.call_rows import ModelInput
from midifrag.engine.network.conditioning import Conditioning
from tests.engine.presses import press

CPU = torch.device("cpu")
PREPARED = Conditioning()


def two_evaluations(state):
    """Halves the latent, after it has asked at two times."""
    first = yield ModelInput(state.x, 0.9)
    yield ModelInput(state.x + first, 0.4)
    state.x = state.x / 2


@pytest.fixture
def made(monkeypatch):
    """Makes a request with a sampler of its own, and what of a model it needs."""

    def make(step=two_evaluations, shift=None, **options):
        def levels(steps, _sigma_min, sigma_max, moved):
            times = torch.linspace(sigma_max, 0, steps + 1)
            return times if moved is None else moved(times)

        monkeypatch.setitem(SAMPLER_KINDS, "toy", SamplerKind(("v",)))
        monkeypatch.setitem(SAMPLERS, "toy", Sampler("toy", step, levels, **options))
        parameters = ResolvedParameters(
            prompt="rain",
            negative_prompt="",
            steps=2,
            cfg_scale=3.0,
            guided_scale=3.0,
            seconds=0.5,
            seed=7,
            sampler="toy",
            sigma_min=0.1,
            sigma_max=4.0,
            frames=5,
            samples=6,
        )
        module = SimpleNamespace(io_channels=3, dist_shift=shift)
        model = SimpleNamespace(module=module, device=CPU, noise_device=CPU)
        return Request(press(1), parameters, 1, spare=False), model

    return make


def test_from_waiting_to_decoding(made):
    request, model = made()
    assert request.status is RequestStatus.WAITING
    request.begin(model, PREPARED)
    assert request.status is RequestStatus.DENOISING
    first = request.state.x
    assert first.shape == (1, 3, 5)
    assert request.prepared is PREPARED
    ends, times = [], []
    for _ in range(4):
        times.append(request.model_input.t)
        ends.append(request.receive(torch.ones(1, 3, 5)))
    assert times == [0.9, 0.4, 0.9, 0.4]
    assert ends == [False, True, False, True]
    assert request.status is RequestStatus.DECODING
    assert request.state.index == 2
    assert torch.equal(request.state.x, first / 4)


def test_what_the_sampler_asks_depends_on_what_it_was_told(made):
    request, model = made()
    request.begin(model, PREPARED)
    request.receive(torch.full((1, 3, 5), 10.0))
    assert torch.equal(request.model_input.x, request.state.x + 10)


@pytest.mark.parametrize("attribute", ["state", "model_input", "prepared"])
def test_before_its_beginning_there_is_nothing_to_ask(attribute, made):
    request, _ = made()
    with pytest.raises(RuntimeError):
        getattr(request, attribute)
    with pytest.raises(RuntimeError):
        request.receive(torch.ones(1, 3, 5))


def test_beginning_again_has_the_same_noise(made):
    request, model = made()
    request.begin(model, PREPARED)
    first, attempt = request.state.x, request.attempt
    request.receive(torch.ones(1, 3, 5))
    request.begin(model, PREPARED)
    assert torch.equal(request.state.x, first)
    assert request.state.index == 0
    assert request.attempt == attempt + 1


@pytest.mark.parametrize("scales_noise", [False, True])
def test_the_first_latent_is_noise_at_the_first_level_where_a_sampler_wants_that(scales_noise, made):
    request, model = made(scales_noise=scales_noise)
    request.begin(model, PREPARED)
    noise = torch.randn(1, 3, 5, generator=torch.Generator().manual_seed(7))
    assert torch.equal(request.state.x, noise * 4 if scales_noise else noise)


def test_a_model_s_shift_is_told_the_length(made):
    heard = []
    request, model = made(shift=SimpleNamespace(shift=lambda times, frames: heard.append(frames) or times / 2))
    assert request.levels(model).tolist() == [2.0, 1.0, 0.0]
    assert heard == [5]


def test_the_model_s_own_schedule_is_told_the_take_s_length_where_that_varies(made):
    heard = []
    request, model = made(step=two_evaluations)
    own = SimpleNamespace(shift=lambda times, length: heard.append(length) or times**2)
    model.module.sampling_dist_shift, model.variable = own, None
    request.parameters = dataclasses.replace(request.parameters, sampler="euler", schedule="model", sigma_max=0.5)
    assert request.levels(model).tolist() == [0.5, 0.0625, 0.0]
    assert heard == [5]
    model.variable = VariableLength(8, 2, 100, headroom=1.0)
    request.levels(model)
    assert heard[1].tolist() == [2.0]


@pytest.mark.parametrize("moment", ["start", "middle"])
def test_a_step_that_fails_leaves_a_request_that_can_begin_again(moment, made):
    def failing(state):
        if moment == "start":
            raise MemoryError
        yield ModelInput(state.x, 0.5)
        raise MemoryError

    request, model = made(failing)
    if moment == "start":
        with pytest.raises(MemoryError):
            request.begin(model, PREPARED)
    else:
        request.begin(model, PREPARED)
        with pytest.raises(MemoryError):
            request.receive(torch.ones(1, 3, 5))
    assert request.status is RequestStatus.WAITING
    with pytest.raises(RuntimeError):
        _ = request.model_input


def test_pieces_become_one_take_that_says_what_made_it(made):
    request, _ = made()
    request.clock = iter((10.0, 12.5)).__next__
    request.start_clock()
    request.notes.append("a note")
    request.pieces += [np.ones((2, 4), np.float32), np.zeros((2, 2), np.float32)]
    rendered = request.rendered(8000)
    assert rendered == Rendered(1, rendered.audio, 8000, request.parameters.used(), 2.5, ("a note",))
    assert rendered.audio.tolist() == [[1, 1, 1, 1, 0, 0]] * 2


def test_the_clock_starts_once_and_stands_before(made):
    request, _ = made()
    request.clock = iter((10.0, 30.0)).__next__
    assert request.seconds_taken == 0.0
    request.start_clock()
    request.start_clock()
    assert request.seconds_taken == 20.0


def test_decoding_again_forgets_what_came(made):
    request, _ = made()
    request.decoded, attempt = 64, request.attempt
    request.pieces.append(np.ones((2, 64), np.float32))
    request.decode_again()
    assert (request.decoded, request.pieces, request.attempt) == (0, [], attempt + 1)


def test_presses_come_before_spares_and_old_ones_before_new_ones(made):
    parameters = made()[0].parameters
    given = [
        Request(press(n), parameters, arrival, spare)
        for n, arrival, spare in ((1, 1, True), (2, 3, False), (3, 2, False))
    ]
    assert [request.job for request in by_priority(given)] == [3, 2, 1]
