"""Workers on the pretended card, and what tests ask of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import torch

from midifrag.audio import Audio
from midifrag.engine.diffusion import rehearsal
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model, Precision
from midifrag.engine.loading.precision import move_model
from midifrag.engine.messages import EngineEvent, Render, Rendered
from midifrag.engine.network import convolutions
from tests.cuda.card import Card, pretended
from tests.engine.presses import press
from tests.engine.sa3_models import sa3
from tests.engine.stock import loaded
from tests.support import garbage

#: How far audio may be from the plain path's, as a share of its norm: other batches round otherwise.
TOLERANCE: dict[Precision, float] = {"fp32": 1e-4, "fp16": 3e-2, "bf16": 1.5e-1}
#: What is pressed: two lengths, three numbers of steps, without and with guidance and a negative prompt.
PRESSES = (
    press(1, cfg_scale=1.0, steps=2),
    press(2, prompt="bell", cfg_scale=3.0, steps=3),
    press(3, prompt="bell", negative_prompt="hum", cfg_scale=3.0, steps=4),
    press(4, seconds=0.4, cfg_scale=3.0, steps=2),
    press(5, cfg_scale=3.0, steps=3),
)


@contextmanager
def playing(card: Card) -> Iterator[Card]:
    """The card in place, and a clock that stands still: nothing is slow."""
    # Whoever frees memory collects, and need not look through all that models are made of, which the first one loads.
    loaded()
    garbage.leave_out()
    with pretended(card), ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if name.startswith("midifrag.engine.diffusion.") and hasattr(module, "monotonic"):
                stack.enter_context(mock.patch.object(module, "monotonic", return_value=0.0))
        # All that is timed is, but once: every way to convolve, and every call that could be recorded.
        stack.enter_context(mock.patch.object(convolutions, "_TIMED_CALLS", 1))
        stack.enter_context(mock.patch.object(rehearsal, "TIMED_CALLS", 1))
        yield card


def tiny(objective: str, precision: Precision, device: str = "cpu", **options: Any) -> Model:
    """A tiny model as the loader hands it over, the same wherever it is; a card has to be in place for ``cuda``."""
    sort = options.pop("stable_audio_3", None)
    model = loaded(objective, precision=precision, **options) if sort is None else sa3(sort, objective)
    where = torch.device(device)
    move_model(model.module, where, precision)
    return replace(model, device=where, precision=precision)


def play(worker: DiffusionWorker, renders: Sequence[Render]) -> list[EngineEvent]:
    """Press all at once; what is told until all of them are answered."""
    events: list[EngineEvent] = []
    for render in renders:
        worker.submit(render)
    while worker._requests:
        events += worker.tick()
    return events


def sounds(events: Sequence[EngineEvent]) -> dict[int, Audio]:
    """What was rendered, by job."""
    return {event.job: event.audio for event in events if isinstance(event, Rendered)}


def one_after_the_other(worker: DiffusionWorker, renders: Sequence[Render]) -> dict[int, Audio]:
    """What comes of presses, each alone."""
    return {job: audio for render in renders for job, audio in sounds(play(worker, [render])).items()}


def furthest(ours: Mapping[int, Audio], plain: Mapping[int, Audio]) -> float:
    """The greatest difference of any sound from the plain path's, as a share of the norm."""
    if ours.keys() != plain.keys():
        raise AssertionError(f"rendered {sorted(ours)} instead of {sorted(plain)}")
    # What is not a number is as far as can be.
    errors = [float(np.linalg.norm(ours[job] - plain[job]) / np.linalg.norm(plain[job])) for job in plain]
    return max(error if error == error else float("inf") for error in errors)
