"""Models of full size on the card, as shapes alone: what they take of its memory, and what it has to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import torch

from benchmarks.architectures import random_model
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render
from midifrag.engine.network.transformer import FastDenoiser
from tests.cuda.card import GIB, Card
from tests.cuda.playing import play, playing, sounds
from tests.engine.presses import press

#: Requests at once.
MOST = 16
#: Presses together; what is in flight is warm for any number.
CHORDS = (1, 4, 16)
#: Steps of a press: the second has a history, the last no noise.
STEPS = 3
#: How the models are played: with guidance, and without it.
SCALES = {"stable-audio-open-1.0": 7.0, "stable-audio-open-small": 1.0, "stable-audio-3-small": 1.0}

Shapes = frozenset[tuple[Any, ...]]


@dataclass(slots=True)
class SizeRecord:
    """What was seen of one model: bytes told and live after loading, the most that were live, what was new in play.

    ``refused`` counts how often memory ran out while presses waited, ``answered`` the presses that were rendered.
    """

    name: str
    pressed: int = 0
    answered: int = 0
    refused: int = 0
    kernels: int = 0
    told: int = 0
    live: int = 0
    graphs_told: int = 0
    graphs_reserved: int = 0
    reserved_after_warm_up: int = 0
    peaks: dict[int, int] = field(default_factory=dict)
    new_in_chords: set[tuple[Any, ...]] = field(default_factory=set)
    new_in_lengths: set[tuple[Any, ...]] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)


def full_size(name: str) -> Model:
    """A model in half precision on a card of shapes, which has to be in place."""
    with torch.device("meta"), mock.patch("benchmarks.architectures._randomise"):
        return random_model(name, device="cuda", precision="fp16")


def presses(name: str, model: Model, count: int, seconds: float | None = None) -> list[Render]:
    """So many at once."""
    return [
        press(job, seconds=seconds or model.max_seconds, steps=STEPS, cfg_scale=SCALES[name]) for job in range(count)
    ]


def bytes_of_inputs(worker: DiffusionWorker) -> int:
    """What recordings read their inputs from lies in no pool of theirs."""
    denoiser = worker.runner.parts.denoiser()
    assert isinstance(denoiser, FastDenoiser)
    return sum(each.nbytes for memory in denoiser._graphs._memory.values() for each in memory._stretches.values())


@contextmanager
def warmed(name: str, gigabytes: float) -> Iterator[tuple[Card, DiffusionWorker, SizeRecord]]:
    """A card with a model that is warm for presses of its full length."""
    with playing(Card("meta", memory=int(gigabytes * GIB))) as card:
        model, seen = full_size(name), SizeRecord(name)
        worker = DiffusionWorker.from_model(model, max_in_flight=MOST)
        seen.told, seen.live = sum(worker.runner.memory().values()), card.memory.live
        list(worker.warm(tuple(presses(name, model, 1))))
        seen.graphs_told = worker.runner.memory().get("graphs", 0)
        seen.graphs_reserved = card.memory.reserved - card.memory.main.reserved + bytes_of_inputs(worker)
        seen.reserved_after_warm_up = card.memory.reserved
        yield card, worker, seen
        seen.violations = card.violations


def play_chords(name: str, gigabytes: float) -> SizeRecord:
    """Chords of all sizes."""
    with warmed(name, gigabytes) as (card, worker, seen):
        known = frozenset(card.shapes)
        for count in CHORDS:
            card.forget()
            answered = sounds(play(worker, presses(name, worker.model, count)))
            seen.pressed, seen.answered = seen.pressed + count, seen.answered + len(answered)
            seen.refused += card.memory.refused
            seen.peaks[count] = card.memory.peak_live
            seen.new_in_chords |= card.shapes - known
        for seconds in (worker.model.max_seconds / 5, 5.3):
            card.forget()
            play(worker, presses(name, worker.model, 2, seconds))
            seen.new_in_lengths |= card.shapes - known
        seen.kernels = kernels_of_a_step(card, worker, name)
        return seen


def kernels_of_a_step(card: Card, worker: DiffusionWorker, name: str) -> int:
    """Operations of one step of one press, without recordings."""
    plain = DiffusionWorker.from_model(worker.model, graphs=False)
    [render] = presses(name, worker.model, 1)
    plain.submit(render)
    plain.tick()
    for _ in range(2):
        # The first call makes tables.
        card.forget()
        plain.runner.denoise(list(plain._requests.values()))
    return card.kernels.total()
