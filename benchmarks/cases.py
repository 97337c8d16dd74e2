"""What the engine's benchmarks ask for, and both sides that answer: the engine and stock inference, warm."""

from __future__ import annotations

import contextlib
import io
import time
from dataclasses import dataclass, replace

import torch

from benchmarks.architectures import timed_model
from midifrag.audio import Audio
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Precision
from midifrag.engine.loading.silence_output import silence_output
from midifrag.engine.messages import EngineEvent, Render, Rendered

PROMPT = "rain on a tin roof"
#: Seconds that a press asks for at least, however small a dry run is.
SHORTEST = 0.5


@dataclass(frozen=True, slots=True)
class Case:
    """A model and the request made of it.

    Where the usual is timed, ours plays ``usual`` in place of the architecture, which stock plays either way.
    """

    architecture: str
    seconds: float
    steps: int
    cfg_scale: float
    sampler: str
    short_latents: bool = True
    usual: str = ""

    def render(self, job: int = 1, steps: int | None = None) -> Render:
        """The request."""
        steps = self.steps if steps is None else steps
        return Render(job, PROMPT, self.seconds, seed=job, steps=steps, cfg_scale=self.cfg_scale, sampler=self.sampler)


POCKET = Case("pocket-1", 3.0, 20, 3.0, "euler", usual="pocket")
SMALL = Case("stable-audio-open-small", 11.88, 8, 1.0, "pingpong")
OPEN = Case("stable-audio-open-1.0", 47.55, 100, 7.0, "dpmpp-3m-sde", short_latents=False)
OPEN_SHORT = Case("stable-audio-open-1.0", 11.88, 100, 7.0, "dpmpp-3m-sde")
SA3 = Case("stable-audio-3-small", 5.0, 8, 1.0, "pingpong")
SA3_MEDIUM = Case("stable-audio-3-medium", 30.0, 8, 1.0, "pingpong")


class Bench:
    """Both sides of a case, warm; ``engine`` are options of ours (`EngineChoice.options`)."""

    def __init__(
        self,
        case: Case,
        device: str,
        precision: Precision,
        smaller: int,
        narrower: int = 1,
        *,
        is_usual: bool = False,
        **engine: object,
    ) -> None:
        options = {
            "device": device,
            "smaller": smaller,
            "narrower": narrower,
            "short_latents": case.short_latents,
        }
        self.stock_model = timed_model(case.architecture, precision="fp32", **options)
        ours = case.usual if is_usual and case.usual else case.architecture
        model = timed_model(ours, precision=precision, **options)
        if device == "cuda":
            self.stock_model.module.half()
        #: What the model plays with where nothing is said.
        self.usual_steps = model.defaults.steps
        seconds = min(max(case.seconds / smaller, SHORTEST), case.seconds, model.max_seconds)
        self.case = replace(case, seconds=seconds)
        self.worker = DiffusionWorker.from_model(model, None, **{"max_in_flight": 8, **engine})
        for _ in self.worker.warm((self.case.render(),)):
            pass
        self.render(self.case.render(steps=2))

    def stock(self, seed: int = 1) -> float:
        """Seconds that stock takes for the request, rendering the latents that the seconds need, no more."""
        from stable_audio_tools.inference import generation

        model, case = self.stock_model, self.case
        inpaints = model.config["model_type"] == "diffusion_cond_inpaint"
        generate = generation.generate_diffusion_cond_inpaint if inpaints else generation.generate_diffusion_cond
        frames = -(-round(case.seconds * model.sample_rate) // model.downsampling)
        if not case.short_latents or model.variable is not None:
            # Of any length, it finds the number of latents by itself.
            frames = model.sample_size // model.downsampling
        sigmas = {"sigma_min": 0.3, "sigma_max": 500.0} if model.objective == "v" else {}
        told = [{"prompt": PROMPT, "seconds_start": 0, "seconds_total": case.seconds}]
        start = time.perf_counter()
        with silence_output(), contextlib.redirect_stderr(io.StringIO()), torch.no_grad():
            audio = generate(
                model.module,
                steps=case.steps,
                cfg_scale=case.cfg_scale,
                conditioning=told,
                sample_size=frames * model.downsampling,
                seed=seed,
                device=str(model.device),
                sampler_type=case.sampler,
                apg_scale=1.0 if model.defaults.guidance == "apg" else 0.0,
                **sigmas,
            )
            audio.cpu()
        return time.perf_counter() - start

    def render(self, *renders: Render) -> float:
        """Seconds from submitting the requests until the last has landed."""
        start = time.perf_counter()
        for render in renders:
            self.worker.submit(render)
        while self.worker.busy:
            self.worker.tick()
        return time.perf_counter() - start

    def audio(self, *renders: Render) -> dict[int, Audio]:
        """The requests' audio."""
        return audio_of(self.worker, *renders)


def audio_of(worker: DiffusionWorker, *renders: Render) -> dict[int, Audio]:
    """Job → audio of requests that are rendered at once."""
    for render in renders:
        worker.submit(render)
    events: list[EngineEvent] = []
    while worker.busy:
        events += worker.tick()
    return {event.job: event.audio for event in events if isinstance(event, Rendered)}
