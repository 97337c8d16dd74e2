"""A request in flight: a small state machine that the worker feeds, step by step, until there is audio."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from midifrag.audio import Audio
from midifrag.clock import monotonic
from midifrag.engine.diffusion import schedules, strength
from midifrag.engine.diffusion.noise import Noise
from midifrag.engine.diffusion.parameters import ResolvedParameters
from midifrag.engine.diffusion.samplers import SamplerState, Step
from midifrag.engine.diffusion.shortcuts import Shortcuts
from midifrag.engine.loading.lora_files import PlayedLoras
from midifrag.engine.loading.model import Model, Precision
from midifrag.engine.messages import Render, Rendered
from midifrag.engine.network.call_rows import ModelInput, SupportsGuidance
from midifrag.engine.network.denoiser import Denoiser


class RequestStatus(enum.Enum):
    """How far a request is."""

    WAITING = enum.auto()
    DENOISING = enum.auto()
    DECODING = enum.auto()


@dataclass(eq=False, slots=True)
class Request:
    """One request: its parameters, the sampler's state and what of it is prepared on the device.

    ``arrival`` is its number in the order of arrival, ``last_served`` a number that grows with whoever was served last.
    ``precision`` is set when it is rendered again in another one than the model's, which went to NaN in it;
    ``tries_for_memory`` counts how often it was tried again for want of memory, ``announced`` is set once its beginning
    was told. ``decoded`` counts the samples that the decoder was asked for, ``pieces`` are those that came; ``attempt``
    counts how often it was begun or decoded anew. ``last_output`` is the model's, where it may be taken once more; a
    ``rehearsal`` leaves nothing out. ``played`` are the LoRAs that it began with, of which
    ``merged`` are in the weights of its ``network``, where it has one of its own.
    """

    render: Render
    parameters: ResolvedParameters
    arrival: int
    spare: bool
    status: RequestStatus = RequestStatus.WAITING
    precision: Precision | None = None
    last_served: int = 0
    notes: list[str] = field(default_factory=list)
    tries_for_memory: int = 0
    announced: bool = False
    attempt: int = 0
    decoded: int = 0
    pieces: list[Audio] = field(default_factory=list)
    began: float | None = None
    clock: Callable[[], float] = monotonic
    last_output: Tensor | None = None
    rehearsal: bool = False
    played: PlayedLoras | None = None
    merged: PlayedLoras = ()
    network: Denoiser[Any] | None = None
    _prepared: SupportsGuidance | None = None
    _state: SamplerState | None = None
    _step: Step | None = None
    _model_input: ModelInput | None = None
    _sound: Tensor | None = None
    _kept: Tensor | None = None

    @property
    def job(self) -> int:
        """The request's number."""
        return self.render.job

    @property
    def seconds_taken(self) -> float:
        """Seconds since the device first worked on it."""
        return 0.0 if self.began is None else self.clock() - self.began

    @property
    def state(self) -> SamplerState:
        """The sampler's state; there is one from `begin` on."""
        if self._state is None:
            raise RuntimeError("this request has not begun")
        return self._state

    @property
    def model_input(self) -> ModelInput:
        """What the sampler wants the model to evaluate next."""
        if self._model_input is None:
            raise RuntimeError("this request waits for no output of the model")
        return self._model_input

    def repeats(self, shortcuts: Shortcuts) -> bool:
        """Whether the model's last output stands for what the sampler wants next."""
        if self.rehearsal or self.last_output is None:
            return False
        return shortcuts.repeats(self.state.index, self.parameters.steps)

    def guidance(self, shortcuts: Shortcuts) -> float:
        """The scale of guidance by a second pass in this step; 1 is none."""
        guides = self.rehearsal or shortcuts.guides(self.state.index, self.parameters.steps)
        return self.parameters.guided_scale if guides else 1.0

    def start_clock(self) -> None:
        """Note that work on it begins, unless it had begun before."""
        if self.began is None:
            self.began = self.clock()

    def levels(self, model: Model) -> Tensor:
        """The noise levels of its way."""
        parameters, method = self.parameters, self.parameters.method
        own = self._own_shift(model)
        trained = model.module.dist_shift
        shift = own or (None if trained is None else schedules.classic_shift(trained, parameters.frames))
        if parameters.strength is not None and parameters.is_changed:
            if parameters.strength == 0:
                return torch.zeros(1)
            first = strength.first_level(method, parameters.strength, parameters.sigma_max)
            is_even = own is None and method.schedule is schedules.log_snr
            curve = None if is_even else shift or (lambda times: times)
            return strength.levels_from(method, parameters.steps, first, parameters.sigma_min, curve)
        if own is not None:
            return schedules.shifted(parameters.steps, parameters.sigma_max, own)
        return method.schedule(parameters.steps, parameters.sigma_min, parameters.sigma_max, shift)

    def _own_shift(self, model: Model) -> schedules.Shift | None:
        """How the model's configuration shifts times, where it is played so."""
        parameters = self.parameters
        if not parameters.method.is_flow or parameters.schedule != "model":
            return None
        known = model.variable
        # Stock takes it for a tensor, in fp32.
        length = parameters.frames if known is None else torch.tensor([float(known.effective(parameters.seconds))])
        own = model.module.sampling_dist_shift
        return lambda times: own.shift(times, length).view(-1)

    @property
    def prepared(self) -> SupportsGuidance:
        """Its conditioning as the denoiser wants it; there is one from `begin` on."""
        if self._prepared is None:
            raise RuntimeError("this request has not begun")
        return self._prepared

    @torch.inference_mode()
    def begin(
        self, model: Model, prepared: SupportsGuidance, sound: Tensor | None = None, kept: Tensor | None = None
    ) -> None:
        """Draw the first latent and take up the first step. Called again, it starts over with the same noise.

        ``sound`` (1, channels, frames) are the latents of what it begins from, of which those stay as they are that
        ``kept`` (1, 1, frames) says, where it makes a part anew.
        """
        self._prepared, self.last_output, self._sound, self._kept = prepared, None, sound, kept
        levels = self.levels(model)
        noise = Noise(
            self.parameters.seed, model.module.io_channels, self.parameters.frames, model.device, model.noise_device
        )
        first = noise.draw()
        method = self.parameters.method
        if sound is not None and self.parameters.is_changed:
            x = strength.mixed(method, sound, first, levels[0])
        else:
            x = first * levels[0] if method.scales_noise else first
        self._state = SamplerState(x, levels, noise, endless=self.parameters.schedule == "classic")
        self.decode_again()
        if self._state.done:
            self._end()
            return
        self._start_step()
        self.status = RequestStatus.DENOISING

    def _end(self) -> None:
        """All steps are done: what is kept of a sound is so to the bit."""
        self._step = self._model_input = None
        if self._kept is not None and self._sound is not None:
            self.state.x = torch.where(self._kept, self._sound, self.state.x)
        self.status = RequestStatus.DECODING

    def decode_again(self) -> None:
        """Forget what was decoded, also what is still on its way."""
        self.attempt += 1
        self.pieces.clear()
        self.decoded = 0

    def rendered(self, sample_rate: int) -> Rendered:
        """What has come of it, once all of it is decoded."""
        audio = np.concatenate(self.pieces, axis=-1) if len(self.pieces) > 1 else self.pieces[0]
        used, notes = self.parameters.used(), tuple(self.notes)
        return Rendered(self.job, audio, sample_rate, used, self.seconds_taken, notes=notes)

    @torch.inference_mode()
    def receive(self, output: Tensor) -> bool:
        """Give the sampler the model's output (1, channels, frames); True when that ended a step."""
        if self._step is None:
            raise RuntimeError("this request waits for no output of the model")
        try:
            self._model_input = self._step.send(output)
        except StopIteration:
            pass
        except Exception:
            self._start_over()
            raise
        else:
            return False
        self.state.index += 1
        if self.state.done:
            self._end()
        else:
            self._start_step()
        return True

    def _start_step(self) -> None:
        try:
            self._step = self.parameters.method.step(self.state)
            self._model_input = next(self._step)
        except Exception:
            self._start_over()
            raise

    def _start_over(self) -> None:
        """A step's generator died: what comes next is the beginning, with the same noise."""
        self._step = self._model_input = None
        self.status = RequestStatus.WAITING


def by_priority(requests: Sequence[Request]) -> list[Request]:
    """Presses before spares, oldest first within a kind."""
    return sorted(requests, key=lambda request: (request.spare, request.arrival))
