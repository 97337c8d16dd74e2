"""What a model's parts make of batches of requests, and the memory that this takes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from midifrag.config.loras import read_loras
from midifrag.engine.diffusion.counters import Counters
from midifrag.engine.diffusion.encoded_sounds import EncodedSounds
from midifrag.engine.diffusion.lora_rack import LoraRack
from midifrag.engine.diffusion.model_parts import AnyDenoiser, ModelParts
from midifrag.engine.diffusion.parameters import ResolvedParameters
from midifrag.engine.diffusion.recordings import Recordings
from midifrag.engine.diffusion.remarks import remarks_on
from midifrag.engine.diffusion.request import Request
from midifrag.engine.diffusion.samplers import model_times
from midifrag.engine.diffusion.shortcuts import NO_SHORTCUTS, Shortcuts
from midifrag.engine.loading.device import free_bytes, live_bytes
from midifrag.engine.loading.lora_files import PlayedLoras
from midifrag.engine.loading.model import Model
from midifrag.engine.loading.precision import frozen_text_encoders
from midifrag.engine.messages import Render, Warming
from midifrag.engine.network.call_rows import Row
from midifrag.engine.network.conditioning import Conditioner, Conditioning, Kept
from midifrag.engine.network.windowed import module_bytes
from midifrag.engine.network.windows import Window
from midifrag.errors import ModelError


class ModelRunner:
    """Prepares, denoises and decodes for batches of requests of one group (same length, same precision).

    Without ``graphs``, the device's work is not recorded where it could be; without ``kernels``, none are made for it.
    """

    def __init__(
        self, model: Model, *, graphs: bool = True, kernels: bool = True, shortcuts: Shortcuts = NO_SHORTCUTS
    ) -> None:
        self.shortcuts = shortcuts
        self.model = model
        self.counters = Counters()
        self.parts = ModelParts(model, self.counters, lambda asked: self._encoded(asked, ()), kernels=kernels)
        #: Whether warm-up has met a call that a press would notice having to wait for.
        self.is_slow = False
        #: Bytes of the longest result that a card has had to bring to the host at once.
        self.longest_result = 0
        # What others of this process have on the card.
        self._foreign_bytes = max(0, (live_bytes(model.device) or 0) - self._model_bytes())
        self._shortages = 0
        self._conditioner = Conditioner(model)
        self.sounds = EncodedSounds(model)
        self.loras = LoraRack(model, self.parts.build_denoiser, self._outgrown)
        self.recordings = Recordings(self.parts.denoiser(), model.device, enabled=graphs)
        self.parts.decoder()

    def begin(self, request: Request) -> bool:
        """Do what a request needs before its first step, and draw its first latent.

        False after a window of the sound that it begins from: there is more of that to do. Raises `LoraError` and
        `HubError` for a LoRA that cannot be played.
        """
        if request.played is None:
            # Once: begun anew, it has the same, also where a file has been replaced meanwhile.
            request.played = self.loras.played(request.parameters.loras)
        played = request.played
        parameters = replace(request.parameters, loras=self.loras.recorded(request.parameters.loras, played))
        request.parameters = parameters
        sound, latents, kept = request.render.sound, None, None
        if sound is not None and (parameters.is_changed or parameters.fill is not None):
            latents = self.sounds.advance(sound, parameters.frames)
            if latents is None:
                return False
        if latents is not None and parameters.fill is not None:
            kept = Kept.outside(parameters.fill, parameters.seconds, latents, self.model)
        conditioning = self._encoded(parameters, played, kept)
        self.counters.text_encoder_runs = self._conditioner.text_runs
        first_times = model_times(parameters.method, request.levels(self.model))
        own = self.parts.denoiser(request.precision)
        placed = self.loras.place(played, own, request.precision or self.model.precision)
        # Held by who is rendered with it, however many others come meanwhile.
        request.merged, request.network = placed.merged, placed.network
        prepared = placed.denoiser.prepare(conditioning, first_times, parameters.frames, placed.strengths)
        request.begin(self.model, prepared, latents, None if kept is None else kept.stays)
        return True

    def _encoded(self, parameters: ResolvedParameters, played: PlayedLoras, kept: Kept | None = None) -> Conditioning:
        return self._conditioner.encode(
            parameters.prompt,
            parameters.negative_prompt,
            parameters.seconds,
            parameters.told,
            played,
            parameters.between,
            kept,
        )

    def prepare_loras(self, renders: Sequence[Render]) -> Iterator[Warming]:
        """Read the LoRAs that these name; before the network's work is recorded, which knows those alone."""
        yield from self.loras.prepare(renders, self.parts.denoiser())

    def _outgrown(self, denoiser: AnyDenoiser) -> None:
        if denoiser is self.parts.denoiser():
            self.recordings.make_anew()

    def remarks_on(self, request: Request) -> list[str]:
        """What a performer should know of how a prompt is understood, and of LoRAs that are not as their files."""
        stale = self.loras.shelf.notes(read_loras(request.parameters.loras))
        return [*stale, *remarks_on(request, self.model, self._conditioner)]

    def denoise(self, batch: Sequence[Request]) -> Tensor:
        """The model's guided outputs for what the requests wait for, (requests, channels, frames).

        As far as `shortcuts` say, it is less than that.
        """
        shortcuts = self.shortcuts
        fresh = [request for request in batch if not request.repeats(shortcuts)]
        if fresh:
            rows = [
                Row(request.model_input, request.prepared, request.guidance(shortcuts), request.parameters.guidance)
                for request in fresh
            ]
            output = self._denoiser_of(batch[0]).evaluate(rows)
            self.counters.denoiser_calls += 1
        if shortcuts.step_caching == 1:
            return output
        for index, request in enumerate(fresh):
            request.last_output = output[index : index + 1]
        return torch.cat([request.last_output for request in batch if request.last_output is not None])

    def window(self, request: Request, *, alone: bool) -> Window:
        """What of a request is decoded next; more at once when no other waits, or would if it came."""
        parameters = request.parameters
        decoder = self.parts.decoder(request.precision)
        large = alone and not self.is_slow
        return decoder.window_at(request.decoded, parameters.samples, parameters.frames, alone=large)

    def together(self, batch: Sequence[Request], *, alone: bool) -> int:
        """How many of these requests, which are equally far, are decoded by one call."""
        window, decoder = self.window(batch[0], alone=alone), self.parts.decoder(batch[0].precision)
        return decoder.together(len(batch), window, alone=alone and not self.is_slow)

    def decode(self, batch: Sequence[Request], *, alone: bool) -> Tensor:
        """The next window of requests that are equally far, (requests, channels, samples)."""
        return self.decode_window(batch, self.window(batch[0], alone=alone))

    def decode_window(self, batch: Sequence[Request], window: Window) -> Tensor:
        """A window of requests, (requests, channels, samples)."""
        latents = torch.cat([request.state.x for request in batch])
        audio = self.parts.decoder(batch[0].precision).decode(latents, window)
        self.counters.decoder_calls += 1
        if audio.device.type == "cuda":
            self.longest_result = max(self.longest_result, audio.numel() * audio.element_size())
        return audio

    @property
    def has_window_sizes(self) -> bool:
        """Whether windows have one of few sizes, all of which can be rehearsed."""
        return self.parts.decoder().has_sizes

    def unmet(self, request: Request, requests: int) -> list[tuple[Window, int]]:
        """The windows that presses like this can need, and for how many of them at once, that never were decoded."""
        return self.parts.decoder().unmet(request.parameters.frames, requests, alone=not self.is_slow)

    def room(self, held: int) -> int | None:
        """Bytes that a call may take beside recordings and ``held`` ones; None where the device does not tell."""
        free = free_bytes(self.model.device)
        return None if free is None else free - self.recordings.bytes - held

    def encode(self, parameters: ResolvedParameters) -> None:
        """Put the embeddings of what a request says into the cache."""
        with contextlib.suppress(ModelError):
            self._encoded(parameters, self.loras.played(parameters.loras))
        self.counters.text_encoder_runs = self._conditioner.text_runs

    def free_memory(self, tries: int) -> bool:
        """Make room for a request that was tried ``tries`` times again already; False once there is nothing left to do.

        What costs little to be without goes first: copies for others, tables, and windows of full size. Then it is
        recordings, the largest first: those of few requests at once are small, and speed up the most.
        """
        if tries == 0:
            self._shortages += 1
            self.parts.drop_others()
            self.sounds.rest()
            self.loras.drop_merged()
            self.parts.use_smaller_windows()
            if self._shortages > 1:
                # Memory that is short again is no passing matter.
                self.recordings.give_up_lost()
        dropped = tries > 0 and self.recordings.drop_largest(for_good=self._shortages > 1)
        self.parts.release_tables()
        return tries == 0 or dropped

    def on_idle(self) -> None:
        """With no request left: free what was for requests alone, and decode in windows of full size again, once."""
        self.parts.drop_others()
        self.loras.drop_replaced()
        self.sounds.forget_unfinished()
        self.release_batch()
        if self._shortages == 1:
            self.parts.use_usual_windows()

    def release_batch(self) -> None:
        """Free what was gathered for the last batch; the next one gathers its own."""
        self.parts.release_batch()

    def memory(self) -> dict[str, int]:
        """Bytes by what they are for: the model with its text encoder, the engine's own copies, recordings.

        On a card that counts, the engine's are all that is in use beside the others.
        """
        live, model = live_bytes(self.model.device), self._model_bytes()
        if live is None:
            engine = self.parts.memory
        else:
            engine = max(0, live - self._foreign_bytes - model - self.recordings.live_bytes)
        recorded = self.recordings.bytes
        return {"model": model, "engine": engine, **({"graphs": recorded} if recorded else {})}

    def _model_bytes(self) -> int:
        module, device = self.model.module, self.model.device
        return sum(module_bytes(part, device) for part in (module, *frozen_text_encoders(module.conditioner)))

    def bytes_held(self, request: Request) -> int:
        """Bytes that a request holds between two ticks."""
        state = request.state
        latents = (1 + len(state.history)) * state.x.numel() * state.x.element_size()
        return latents + self._denoiser_of(request).bytes_held(request.prepared)

    def _denoiser_of(self, request: Request) -> AnyDenoiser:
        return request.network or self.parts.denoiser(request.precision)
