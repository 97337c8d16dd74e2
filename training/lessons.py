"""What a student is taught: the teacher's answers along its own ways from noise to sound. No recording is needed.

Both kinds of lessons keep the newest few batches of ways and draw from them at random; what a way has cost is used
several times, with another guidance or another number of steps each time.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor

from midifrag.config.model_inputs import GUIDANCE_NAME, STEPS_NAME
from training.captions import HELD_OUT, NAMES, draw
from training.student import Teacher, Told, ask
from training.transformer import LOG_SNR

#: The guidance that a student learns, and how often it is 1, where nothing is guided.
GUIDANCE, UNGUIDED = (1.0, 7.0), 0.15
#: How often the prompt is left out: what guides away from a negative prompt starts from there.
EMPTY = 0.05
#: Steps of a teacher's way whose answers are kept, and noised copies of its end that are asked of beside them.
WAY_STEPS, NOISED = (6, 16), 4
#: The steps that fewer are to do the work of, and how often a way has them.
ALL_STEPS = 16
#: Batches of ways that are kept.
KEPT = 6
#: How often sounds have another length than the usual, and how often one ends before its window does.
OTHER_LENGTH, SHORTER, SHORTEST = 0.2, 0.35, 0.8
#: Latents that a window may have beyond its sound: lengths are rounded up where a model is played.
SLACK = 10

#: A student's answer to latents, times, what the teacher was told, and the number that is new.
Answer: TypeAlias = Callable[[Tensor, Tensor, Told, Tensor], Tensor]


def schedule(steps: int, shift: float = 0.0) -> Tensor:
    """The stock sampler's times from 1 to 0, with its inner ones moved by ``shift`` steps."""
    low, high = LOG_SNR
    times = torch.sigmoid(-(torch.linspace(low, high, steps + 1) + shift * (high - low) / steps))
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
        names = [NAMES[index] for index in rng.permutation(len(NAMES) * -(-count // len(NAMES)))[:count] % len(NAMES)]
        return [draw(name, rng, evaluation=evaluation).prompt for name in names]


@dataclass(frozen=True)
class Lesson:
    """Latents ``x`` at times ``t``, what is told of them, the ``numbers`` that are new, and the answer to give.

    ``weights`` say how much each counts.
    """

    x: Tensor
    t: Tensor
    told: Told
    numbers: Tensor
    target: Tensor
    weights: Tensor


class Lessons(Protocol):
    """One kind of lessons. ``name``, ``low`` and ``high`` are the number that a student of them hears."""

    name: str
    low: float
    high: float

    def renew(self) -> None:
        """Let the teacher go another batch of ways."""

    def draw(self, count: int) -> Lesson:
        """Some of what it found, at random."""

    def measure(self, answer: Answer) -> dict[str, float]:
        """How far the student is from its teacher on prompts that no lesson has, each time on the same ones."""


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


@dataclass(frozen=True)
class _Answered:
    """Places on ways (places, n, channels, frames) at ``t`` (places, n), with both of the teacher's answers."""

    told: Told
    x: Tensor
    t: Tensor
    given: Tensor
    empty: Tensor


class GuidanceLessons:
    """Two passes in one: the student hears the guidance and answers what the teacher's two answers come to."""

    name = GUIDANCE_NAME
    low, high = GUIDANCE

    def __init__(self, ways: Ways, *, seed: int = 7) -> None:
        self.ways, self.teacher = ways, ways.teacher
        self.kept: deque[_Answered] = deque(maxlen=KEPT)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.held_out = self._go(evaluation=True)
            self.prompts, self.seconds, self.noise = ways.begin(evaluation=True)

    def renew(self) -> None:
        """See `Lessons`."""
        self.kept.append(self._go())

    def _go(self, *, evaluation: bool = False) -> _Answered:
        prompts, seconds, x = self.ways.begin(evaluation=evaluation)
        told = self.teacher.told(prompts, seconds)
        scales = torch.empty(len(x), device=x.device).uniform_(*GUIDANCE)
        low, high = WAY_STEPS
        places: list[tuple[Tensor, ...]] = []

        def look(x: Tensor, t: Tensor) -> Tensor:
            given, empty = self.teacher.both(x, t, told)
            places.append((*(part.to(torch.float16) for part in (x, given, empty)), t))
            return guided(given, empty, scales)

        times = schedule(int(torch.randint(low, high + 1, ())), float(torch.rand(()) - 0.5))
        for now, then in pairwise(times.tolist()):
            x = x + (then - now) * look(x, torch.full((len(x),), now, device=x.device))
        for _ in range(NOISED):
            t = torch.rand(len(x)).to(x.device)
            look(x + t[:, None, None] * (torch.randn(x.shape).to(x.device) - x), t)
        x, given, empty, t = (torch.stack(parts) for parts in zip(*places, strict=True))
        return _Answered(told, x, t, given, empty)

    def draw(self, count: int) -> Lesson:
        """See `Lessons`."""
        block = self.kept[int(torch.randint(len(self.kept), ()))]
        places, rows = torch.randint(len(block.x), (count,)), torch.randint(block.x.shape[1], (count,))
        scales = torch.empty(count).uniform_(*GUIDANCE)
        scales[torch.rand(count) < UNGUIDED] = 1.0
        scales, emptied = scales.to(block.t.device), (torch.rand(count) < EMPTY).to(block.t.device)
        given, empty = block.given[places, rows].float(), block.empty[places, rows].float()
        target = torch.where(emptied[:, None, None], empty, guided(given, empty, scales))
        told = block.told.rows(rows).without_prompt(emptied)
        return Lesson(block.x[places, rows].float(), block.t[places, rows], told, scales, target, scales**-2)

    @torch.no_grad()
    def measure(self, answer: Answer) -> dict[str, float]:
        """The error for some guidances, in parts of what guidance changes (of the answer for 1), and of whole sounds.

        ``sampled`` is how far the student's sounds of 8 steps are from its teacher's, from the same noise, in parts of
        how far the teacher's without guidance are.
        """
        block = self.held_out
        wrong: dict[float, list[Tensor]] = {scale: [] for scale in (1.0, 2.0, 3.0, 5.0, 7.0)}
        changed: dict[float, list[Tensor]] = {scale: [] for scale in wrong}
        for x, t, given, empty in zip(block.x, block.t, block.given.float(), block.empty.float(), strict=True):
            for scale in wrong:
                scales = torch.full((len(x),), scale, device=x.device)
                target = guided(given, empty, scales)
                wrong[scale].append((answer(x.float(), t, block.told, scales) - target).square().mean())
                changed[scale].append((given if scale == 1 else target - given).square().mean())
        found = {f"error_{scale:g}": _ratio(wrong[scale], changed[scale]) for scale in wrong}
        return found | {"sampled": self._sampled(answer)}

    def _sampled(self, answer: Answer, steps: int = 8) -> float:
        told = self.teacher.told(self.prompts, self.seconds)
        scales = torch.full((len(self.noise),), self.teacher.guidance, device=self.noise.device)
        right = go(lambda x, t: guided(*self.teacher.both(x, t, told), scales), self.noise, steps)
        plain = go(lambda x, t: ask(self.teacher.module, x, t, told), self.noise, steps)
        own = go(lambda x, t: answer(x, t, told, scales), self.noise, steps)
        return _ratio([(own - right).square().mean()], [(plain - right).square().mean()])


@dataclass(frozen=True)
class _Gone:
    """Whole ways: latents (places, n, channels, frames) at the times of `schedule`, and their guidance."""

    told: Told
    x: Tensor
    scales: Tensor


class StepLessons:
    """Fewer steps: the student hears how many there will be, and answers how far its teacher gets in such a step.

    The teacher's way of many Euler steps is a chain of straight pieces, so each number of steps, and not only those
    that divide its own, has exact answers on it. Raises ValueError for a teacher that does not hear its guidance.
    """

    name = STEPS_NAME
    low, high = 1.0, float(ALL_STEPS)

    def __init__(self, ways: Ways, *, seed: int = 7) -> None:
        self.ways, self.teacher = ways, ways.teacher
        if not self.teacher.hears(GUIDANCE_NAME):
            raise ValueError(
                f"the teacher does not hear its guidance: distil that first, into an input {GUIDANCE_NAME}"
            )
        self.kept: deque[_Gone] = deque(maxlen=KEPT)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.held_out = self._go(evaluation=True)

    def renew(self) -> None:
        """See `Lessons`."""
        self.kept.append(self._go())

    @torch.no_grad()
    def _go(self, *, evaluation: bool = False) -> _Gone:
        prompts, seconds, x = self.ways.begin(evaluation=evaluation)
        scales = torch.empty(len(x)).uniform_(*GUIDANCE)
        if evaluation:
            scales.fill_(self.teacher.guidance)
        told = self.teacher.told(prompts, seconds, **{GUIDANCE_NAME: scales.tolist()})
        places: list[Tensor] = []
        go(lambda x, t: ask(self.teacher.module, x, t, told), x, ALL_STEPS, places)
        return _Gone(told, torch.stack(places), scales.to(x.device))

    def draw(self, count: int) -> Lesson:
        """See `Lessons`."""
        block = self.kept[int(torch.randint(len(self.kept), ()))]
        rows = torch.randint(block.x.shape[1], (count,))
        # Few steps differ more from each other than many do.
        steps = torch.exp2(torch.rand(count) * np.log2(ALL_STEPS)).round().long()
        index = (torch.rand(count) * steps).long().minimum(steps - 1)
        ends = [schedule(each)[[at, at + 1]] for each, at in zip(steps.tolist(), index.tolist(), strict=True)]
        now, then = torch.stack(ends).to(block.x.device).unbind(1)
        x, target = self._step(block, rows, now, then)
        scales = block.scales[rows.to(block.scales.device)]
        return Lesson(x, now, block.told.rows(rows), steps.to(x.device).float(), target, scales**-2)

    def _step(self, block: _Gone, rows: Tensor, now: Tensor, then: Tensor) -> tuple[Tensor, Tensor]:
        """Where ways are at ``now``, and the one straight way from there to where they are at ``then``."""
        x = place(block.x[:, rows], now)
        return x, (place(block.x[:, rows], then) - x) / (then - now)[:, None, None]

    @torch.no_grad()
    def measure(self, answer: Answer) -> dict[str, float]:
        """How far the sounds of few steps are from those of the teacher's all, in parts of how far its own of few are.

        For all steps, where the teacher has no error, in parts of the sound.
        """
        block = self.held_out
        begin, right = block.x[0], block.x[-1]
        found = {}
        for steps in (1, 2, 4, 8, ALL_STEPS):
            count = torch.full((len(begin),), float(steps), device=begin.device)
            own = go(lambda x, t, count=count: answer(x, t, block.told, count), begin, steps)  # type: ignore[misc]
            usual = (
                go(lambda x, t: ask(self.teacher.module, x, t, block.told), begin, steps) if steps < ALL_STEPS else 0
            )
            found[f"sampled_{steps}"] = _ratio([(own - right).square().mean()], [(usual - right).square().mean()])
        return found


def guided(given: Tensor, empty: Tensor, scales: Tensor) -> Tensor:
    """Classifier-free guidance (arXiv:2207.12598), one scale a row."""
    return empty + scales[:, None, None] * (given - empty)


def go(answer: Callable[[Tensor, Tensor], Tensor], x: Tensor, steps: int, places: list[Tensor] | None = None) -> Tensor:
    """From noise to latents by Euler steps over the stock schedule; ``places`` takes up where it comes by."""
    for now, then in pairwise(schedule(steps).tolist()):
        if places is not None:
            places.append(x)
        x = x + (then - now) * answer(x, torch.full((len(x),), now, device=x.device)).float()
    if places is not None:
        places.append(x)
    return x


def place(way: Tensor, t: Tensor) -> Tensor:
    """Where the ways (`ALL_STEPS` + 1, n, channels, frames) are at the times ``t`` (n)."""
    times = schedule(len(way) - 1).to(way.device)
    after = (times[None] > t[:, None]).sum(dim=1).clamp(1, len(way) - 1)
    before = after - 1
    part = ((times[before] - t) / (times[before] - times[after]))[:, None, None]
    rows = torch.arange(way.shape[1], device=way.device)
    return torch.lerp(way[before, rows], way[after, rows], part)


def _ratio(wrong: list[Tensor], of: list[Tensor]) -> float:
    return round(float((torch.stack(wrong).mean() / torch.stack(of).mean()).sqrt()), 4)
