"""What settings that change the sound gain, and what they cost: milliseconds, and signal to noise beside the plain one.

Of pocket, whose weights mean something, the decibels count; of Stable Audio Open, with random ones, the milliseconds.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from benchmarks.architectures import timed_model
from benchmarks.cases import OPEN, POCKET, Case, audio_of
from benchmarks.engine import decibels
from midifrag.audio import Audio
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.cards import FP8_CAPABILITY
from midifrag.engine.loading.model import Model

#: What is set, by how it is told; ``precision`` is the model's, the rest the engine's.
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "guidance_interval: [0, 0.7]": {"guidance_interval": (0.0, 0.7)},
    "guidance_interval: [0.2, 0.8]": {"guidance_interval": (0.2, 0.8)},
    "step_caching: 2": {"step_caching": 2},
    "step_caching: 3": {"step_caching": 3},
    "precision: fp8": {"precision": "fp8"},
    "fp16_accumulation: true": {"fp16_accumulation": True},
    "kernels: false": {"kernels": False},
}
#: What is for cards alone.
ON_CARDS = ("fp16_accumulation: true", "kernels: false")


def settings(options: argparse.Namespace) -> Iterator[str]:
    """A table for each model, with a line for each setting."""
    for case in (POCKET, OPEN):
        yield ""
        yield f"| {case.architecture}: {case.steps} steps, CFG {case.cfg_scale:g} | takes | signal to noise |"
        yield "| --- | --- | --- |"
        plain: Audio | None = None
        model = _model(case, options)
        for told, changed in VARIANTS.items():
            if options.device == "cpu" and told in ON_CARDS:
                continue
            try:
                seconds, audio = _rendered(case, model, options, changed)
            except (RuntimeError, ValueError) as error:
                yield f"| {told} | failed: {str(error).splitlines()[0][:80]} | |"
                continue
            plain = audio if plain is None else plain
            noise = "" if audio is plain else f"{decibels(plain, audio):.1f} dB"
            yield f"| {told} | {seconds * 1e3:.0f} ms | {noise} |"


def _rendered(case: Case, whole: Model, options: argparse.Namespace, changed: Mapping[str, Any]) -> tuple[float, Audio]:
    engine = dict(changed)
    # In fp8 on a CPU the same numbers are multiplied as on a card, which the loader would refuse.
    model = dataclasses.replace(whole, precision=engine.pop("precision", options.precision))
    if model.precision == "fp8" and options.device == "cuda" and torch.cuda.get_device_capability() < FP8_CAPABILITY:
        raise ValueError("this card does not multiply in fp8")
    steps = case.steps if options.steps is None else min(case.steps, options.steps)
    short = dataclasses.replace(case, seconds=min(case.seconds, model.max_seconds), steps=steps)
    worker = DiffusionWorker.from_model(model, max_in_flight=1, **engine)
    try:
        for _ in worker.warm((short.render(),)):
            pass
        repeats = 1 if case is OPEN else options.repeats
        times: list[float] = []
        # A card makes ready for more in its first render than warm-up has; on a CPU a single one may stand for all.
        for _ in range(repeats + (options.device == "cuda" or repeats > 1)):
            began = time.perf_counter()
            audio = audio_of(worker, short.render())[1]
            times.append(time.perf_counter() - began)
    finally:
        worker.close()
    return statistics.median(times[-repeats:]), audio


def _model(case: Case, options: argparse.Namespace) -> Model:
    return timed_model(
        case.architecture,
        device=options.device,
        precision="fp16" if options.precision == "fp8" else options.precision,
        smaller=options.smaller,
        narrower=options.narrower,
        short_latents=case.short_latents,
    )
