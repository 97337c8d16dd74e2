"""Ways from noise to sound, as a teacher goes them: where they begin, and the times that they come by."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.captions import HELD_OUT, NAMES, Caption, draw, missed
from training.student import Teacher
from training.transformer import LOG_SNR

#: How often sounds have another length than the usual, and how often one ends before its window does.
OTHER_LENGTH, SHORTER, SHORTEST = 0.2, 0.35, 0.8
#: How often a caption names one of the adjectives that a family's captions have less often than others.
NAMED = 1 / 4
#: How many times as often as others captions name the families whose sounds are lost first in few passes.
FRAIL = {"lead": 3, "pluck": 2}
#: Latents that a window may have beyond its sound: lengths are rounded up where a model is played.
SLACK = 10


def schedule(steps: int) -> Tensor:
    """The stock sampler's times from 1 to 0."""
    times = torch.sigmoid(-torch.linspace(*LOG_SNR, steps + 1))
    times[0], times[-1] = 1.0, 0.0
    return times


class Prompts:
    """Random prompts: the captions of midifrag's synthesiser, or the lines of a file. One in eight is held out."""

    def __init__(self, file: Path | None = None) -> None:
        lines = [] if file is None else [line.strip() for line in file.read_text().splitlines() if line.strip()]
        kept = [line for line in lines if hashlib.sha256(line.encode()).digest()[0] % HELD_OUT == 0]
        self.lines = {True: kept or lines, False: [line for line in lines if line not in kept] or lines}

    def __call__(self, count: int, *, evaluation: bool = False) -> list[str]:
        """So many prompts, drawn from torch's global generator; for ``evaluation`` those that are held out."""
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        lines = self.lines[evaluation]
        if lines:
            return [lines[index] for index in rng.integers(len(lines), size=count)]
        pool = [name for name in NAMES for _ in range(1 if evaluation else FRAIL.get(name, 1))]
        names = [pool[index] for index in rng.permutation(len(pool) * -(-count // len(pool)))[:count] % len(pool)]
        return [_caption(name, rng, evaluation=evaluation).prompt for name in names]


def _caption(family: str, rng: np.random.Generator, *, evaluation: bool) -> Caption:
    words = missed(family)
    if evaluation or not words or rng.random() >= NAMED:
        return draw(family, rng, evaluation=evaluation)
    return draw(family, rng, word=str(rng.choice(words)))


class Ways:
    """Where teachers' ways begin: prompts, lengths and noise."""

    def __init__(self, teacher: Teacher, prompts: Prompts, each: int) -> None:
        self.teacher, self.prompts, self.each = teacher, prompts, each

    def seconds_in(self, frames: int) -> float:
        """The seconds that so many latents hold."""
        return frames * self.teacher.ratio / self.teacher.rate

    def begin(self, *, evaluation: bool = False) -> tuple[list[str], list[float], Tensor]:
        """Prompts, their seconds, and noise (n, channels, frames) of a length at random."""
        usual = min(self.teacher.longest, int(np.ceil(self.teacher.seconds / self.seconds_in(1))))
        frames = min(self.teacher.longest, usual + int(torch.randint(SLACK + 1, ())))
        if not evaluation and torch.rand(()) < OTHER_LENGTH:
            shortest = min(usual, int(np.ceil(SHORTEST / self.seconds_in(1))))
            frames = int(torch.randint(shortest, self.teacher.longest + 1, ()))
        whole = self.teacher.seconds if usual <= frames <= usual + SLACK else self.seconds_in(frames)
        shorter = torch.rand(self.each) < SHORTER
        ends = torch.rand(self.each) * max(whole - SHORTEST, 0.0) + min(SHORTEST, whole)
        seconds = torch.where(shorter, ends, torch.tensor(whole))
        noise = torch.randn(self.each, self.teacher.channels, frames).to(self.teacher.device)
        return self.prompts(self.each, evaluation=evaluation), seconds.tolist(), noise


def go(answer: Callable[[Tensor, Tensor], Tensor], x: Tensor, steps: int, places: list[Tensor] | None = None) -> Tensor:
    """From noise to latents by Euler steps over the stock schedule; ``places`` takes up where it comes by."""
    return along(answer, x, schedule(steps), places)


def along(
    answer: Callable[[Tensor, Tensor], Tensor], x: Tensor, times: Tensor, places: list[Tensor] | None = None
) -> Tensor:
    """From the first of ``times`` to the last by an Euler step to each; ``places`` takes up where it comes by."""
    for now, then in pairwise(times.tolist()):
        if places is not None:
            places.append(x)
        x = x + (then - now) * answer(x, torch.full((len(x),), now, device=x.device)).float()
    if places is not None:
        places.append(x)
    return x


def place(way: Tensor, t: Tensor) -> Tensor:
    """Where the ways (steps + 1, n, channels, frames) are at the times ``t`` (n)."""
    times = schedule(len(way) - 1).to(way.device)
    after = (times[None] > t[:, None]).sum(dim=1).clamp(1, len(way) - 1)
    before = after - 1
    part = ((times[before] - t) / (times[before] - times[after]))[:, None, None]
    rows = torch.arange(way.shape[1], device=way.device)
    return torch.lerp(way[before, rows], way[after, rows], part)
