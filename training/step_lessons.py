"""Lessons in fewer steps: how far a teacher gets in each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from midifrag.config.model_inputs import GUIDANCE_NAME, STEPS_NAME
from training.lessons import GUIDANCE, KEPT, Answer, Lesson, ratio
from training.student import Told, ask
from training.ways import Ways, go, place, schedule

#: The steps that fewer are to do the work of, and how often a way has them.
ALL_STEPS = 16


@dataclass(frozen=True)
class _Gone:
    """Whole ways: latents (places, n, channels, frames) at the times of `schedule`, and their guidance."""

    told: Told
    x: Tensor
    scales: Tensor


class StepLessons:
    """The student hears how many there will be, and answers how far its teacher gets in such a step.

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
            own = go(_told(answer, block.told, count), begin, steps)
            usual = (
                go(lambda x, t: ask(self.teacher.module, x, t, block.told), begin, steps) if steps < ALL_STEPS else 0
            )
            found[f"sampled_{steps}"] = ratio([(own - right).square().mean()], [(usual - right).square().mean()])
        return found


def _told(answer: Answer, told: Told, numbers: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """A student's answers for these numbers."""
    return lambda x, t: answer(x, t, told, numbers)
