"""What a student is taught: the teacher's guided answers along its own ways from noise to sound, in one pass.

Two numbers are new to the student: the guidance (arXiv:2210.03142) and how many steps there will be (the average
velocities of arXiv:2410.12557 and arXiv:2505.13447, learned from whole ways of the teacher as in arXiv:2202.00512). No
recording is needed. The newest few batches of ways are kept and drawn from at random: what a way has cost is used
several times, with other guidances and, of a way of the teacher's, other numbers of steps.

Half of the ways are the student's own (arXiv:1011.0686): it takes the steps, and from each place that it comes by the
teacher shows how one goes on from there. Else it would only know places that it never comes by.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from midifrag.config.model_inputs import GUIDANCE_NAME, STEPS_NAME
from training.student import USUAL_STEPS, Told, ask
from training.ways import Ways, along, go, place, schedule

#: The guidance that a student learns.
GUIDANCE = (1.0, 7.0)
#: The steps of a teacher's way, the most that a student is told.
ALL_STEPS = 16
#: What a student hears beside what its teacher does, and from where to where.
NUMBERS = {GUIDANCE_NAME: GUIDANCE, STEPS_NAME: (1.0, float(ALL_STEPS))}
#: Batches of ways that are kept.
KEPT = 6
#: How often the guidance is 1, where nothing is guided, and the prompt is left out: a negative prompt takes both.
UNGUIDED, EMPTY = 0.15, 0.05
#: How often guidance, and apart from it steps, are set to what the student is played with where nothing is said.
USUAL = 0.35
#: How often ways are the student's own, and in how many steps.
LED, LED_STEPS = 0.5, (2, 4, 4, 8)
#: The share of lessons that are of all steps, and noised copies of a way's end that are asked of beside it.
SINGLE, NOISED = 0.5, 4

#: A student's answer to latents, times, what the teacher was told, and the numbers that are new (n, 2).
Answer: TypeAlias = Callable[[Tensor, Tensor, Told, Tensor], Tensor]
#: A teacher's answer to latents and times.
Look: TypeAlias = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Lesson:
    """Latents ``x`` at times ``t``, what is told of them, the ``numbers`` (n, 2) that are new, and the answer to give.

    ``weights`` say how much each counts.
    """

    x: Tensor
    t: Tensor
    told: Told
    numbers: Tensor
    target: Tensor
    weights: Tensor

    def and_also(self, other: Lesson) -> Lesson:
        """Both, one after the other."""
        own = (self.x, self.t, self.numbers, self.target, self.weights)
        more = (other.x, other.t, other.numbers, other.target, other.weights)
        x, t, numbers, target, weights = (torch.cat(parts) for parts in zip(own, more, strict=True))
        return Lesson(x, t, self.told.and_rows(other.told), numbers, target, weights)


@dataclass(frozen=True)
class _Gone:
    """Whole ways of ``scales``: latents ``way`` (steps + 1, n, channels, frames) at the times of `schedule`.

    Of a student's own way it is what it came by, and ``reached`` (steps, n, channels, frames) is how far the teacher
    gets from each place but the last. ``x`` (places, n, channels, frames) are where the teacher was asked, at ``t``
    (places, n), with both its answers.
    """

    told: Told
    scales: Tensor
    way: Tensor
    reached: Tensor | None
    x: Tensor
    t: Tensor
    given: Tensor
    empty: Tensor


class Lessons:
    """The student answers, in one pass, how far its teacher's two get in a step; one of 16 is a pass of the teacher's.

    The teacher's own way of many Euler steps is a chain of straight pieces, so each number of steps, and not only those
    that divide it, has exact answers on it. On a student's way there are answers for the steps that were taken.
    """

    def __init__(self, ways: Ways, *, seed: int = 7) -> None:
        self.ways, self.teacher = ways, ways.teacher
        self.usual = min(max(self.teacher.guidance, GUIDANCE[0]), GUIDANCE[1])
        self.kept: deque[_Gone] = deque(maxlen=KEPT)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.held_out = self._go(evaluation=True)

    def renew(self, answer: Answer) -> None:
        """Let the teacher go another batch of ways, its own or those of a student that gives this ``answer``."""
        # Never the first: it would be all there is to draw from, and at the start goes nowhere.
        led = bool(self.kept) and float(torch.rand(())) < LED
        self.kept.append(self._go(answer if led else None))

    def _scales(self, count: int) -> Tensor:
        """Guidances (count) to teach."""
        scales = torch.empty(count).uniform_(*GUIDANCE)
        scales[torch.rand(count) < USUAL] = self.usual
        scales[torch.rand(count) < UNGUIDED] = 1.0
        return scales

    @torch.no_grad()
    def _go(self, student: Answer | None = None, *, evaluation: bool = False) -> _Gone:
        prompts, seconds, x = self.ways.begin(evaluation=evaluation)
        count, told = len(x), self.teacher.told(prompts, seconds)
        scales = torch.full((count,), self.usual) if evaluation else self._scales(count)
        if not evaluation:
            told = told.without_prompt((torch.rand(count) < EMPTY).to(x.device))
        scales, asked = scales.to(x.device), list[tuple[Tensor, ...]]()

        def look(x: Tensor, t: Tensor) -> Tensor:
            with torch.autocast(self.teacher.device.type, dtype=torch.bfloat16, enabled=not evaluation):
                given, empty = (part.float() for part in self.teacher.both(x, t, told))
            asked.append((*(part.to(torch.float16) for part in (x, given, empty)), t))
            return guided(given, empty, scales)

        places, reached = list[Tensor](), None
        if student is None:
            end = go(look, x, ALL_STEPS, places)
        else:
            reached = self._led(student, look, told, scales, x, places)
            end = reached[-1]
        for _ in range(NOISED):
            t = torch.rand(count).to(x.device)
            look(end + t[:, None, None] * (torch.randn(x.shape).to(x.device) - end), t)
        x, given, empty, t = (torch.stack(parts) for parts in zip(*asked, strict=True))
        return _Gone(told, scales, torch.stack(places), reached, x, t, given, empty)

    def _led(self, student: Answer, look: Look, told: Told, scales: Tensor, x: Tensor, places: list[Tensor]) -> Tensor:
        """Where the teacher gets from each place that the student comes by, in so many steps as make one of its own.

        (steps, n, channels, frames); ``places`` takes up the student's own, one more.
        """
        steps = LED_STEPS[int(torch.randint(len(LED_STEPS), ()))]
        take = _telling(student, told, torch.stack([scales, torch.full_like(scales, steps)], dim=1))
        reached = []
        for times in schedule(ALL_STEPS).unfold(0, ALL_STEPS // steps + 1, ALL_STEPS // steps):
            places.append(x)
            reached.append(along(look, x, times))
            with torch.autocast(x.device.type, dtype=torch.bfloat16):
                x = along(take, x, times[[0, -1]])
        places.append(x)
        return torch.stack(reached)

    def draw(self, count: int) -> Lesson:
        """Some of what the teacher found, at random."""
        block = self.kept[int(torch.randint(len(self.kept), ()))]
        single = round(count * SINGLE)
        return self._single(block, single).and_also(self._longer(block, count - single))

    def _single(self, block: _Gone, count: int) -> Lesson:
        """A step of all, with any guidance: what the two answers come to."""
        places, rows = torch.randint(len(block.x), (count,)), torch.randint(block.x.shape[1], (count,))
        scales = self._scales(count).to(block.t.device)
        given, empty = block.given[places, rows].float(), block.empty[places, rows].float()
        numbers = torch.stack([scales, torch.full_like(scales, ALL_STEPS)], dim=1)
        x, told = block.x[places, rows].float(), block.told.rows(rows)
        return Lesson(x, block.t[places, rows], told, numbers, guided(given, empty, scales), scales**-2)

    def _longer(self, block: _Gone, count: int) -> Lesson:
        """A step of fewer, with the way's guidance: the straight way from where it begins to where the teacher gets."""
        rows, steps = torch.randint(block.way.shape[1], (count,)), self._steps(block, count)
        index = (torch.rand(count) * steps).long().minimum(steps - 1)
        ends = [schedule(each)[[at, at + 1]] for each, at in zip(steps.tolist(), index.tolist(), strict=True)]
        now, then = torch.stack(ends).to(block.way.device).unbind(1)
        if block.reached is None:
            x, end = (place(block.way[:, rows], t) for t in (now, then))
        else:
            x, end = block.way[index, rows], block.reached[index, rows]
        target = (end - x) / (then - now)[:, None, None]
        scales = block.scales[rows.to(block.scales.device)]
        numbers = torch.stack([scales, steps.to(x.device).float()], dim=1)
        return Lesson(x, now, block.told.rows(rows), numbers, target, scales**-2)

    @staticmethod
    def _steps(block: _Gone, count: int) -> Tensor:
        """Numbers of steps (count): those that a student took, or any, fewer of them the more they are."""
        if block.reached is not None:
            return torch.full((count,), len(block.reached))
        # Few steps differ more from each other than many do.
        steps = torch.exp2(torch.rand(count) * np.log2(ALL_STEPS)).round().long()
        return steps.masked_fill(torch.rand(count) < USUAL, USUAL_STEPS)

    @torch.no_grad()
    def measure(self, answer: Answer) -> dict[str, float]:
        """How far the student is from its teacher on prompts that no lesson has, each time on the same ones.

        ``error_<guidance>`` of a single step, in parts of what guidance changes (of the answer for 1);
        ``sampled_<steps>`` of whole sounds of so many steps from the teacher's of all, in parts of how far the
        teacher's of so many are, and for all in parts of how far its own without guidance are.
        """
        block = self.held_out
        wrong: dict[float, list[Tensor]] = {scale: [] for scale in (1.0, 3.0, 7.0)}
        changed: dict[float, list[Tensor]] = {scale: [] for scale in wrong}
        for x, t, given, empty in zip(block.x, block.t, block.given.float(), block.empty.float(), strict=True):
            for scale in wrong:
                scales = torch.full((len(x),), scale, device=x.device)
                target = guided(given, empty, scales)
                told = torch.stack([scales, torch.full_like(scales, ALL_STEPS)], dim=1)
                wrong[scale].append((answer(x.float(), t, block.told, told) - target).square().mean())
                changed[scale].append((given if scale == 1 else target - given).square().mean())
        return {f"error_{scale:g}": ratio(wrong[scale], changed[scale]) for scale in wrong} | self._sampled(answer)

    def _sampled(self, answer: Answer) -> dict[str, float]:
        block, module = self.held_out, self.teacher.module
        begin, right = block.way[0], block.way[-1]
        found = {}
        for steps in (1, 2, 4, 8, ALL_STEPS):
            told = torch.stack([block.scales, torch.full_like(block.scales, steps)], dim=1)
            own = go(_telling(answer, block.told, told), begin, steps)
            if steps == ALL_STEPS:
                usual = go(lambda x, t: ask(module, x, t, block.told), begin, steps)
            else:
                usual = go(lambda x, t: guided(*self.teacher.both(x, t, block.told), block.scales), begin, steps)
            found[f"sampled_{steps}"] = ratio([(own - right).square().mean()], [(usual - right).square().mean()])
        return found


def _telling(answer: Answer, told: Told, numbers: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """A student's answers for these numbers."""
    return lambda x, t: answer(x, t, told, numbers)


def guided(given: Tensor, empty: Tensor, scales: Tensor) -> Tensor:
    """Classifier-free guidance (arXiv:2207.12598), one scale a row."""
    return empty + scales[:, None, None] * (given - empty)


def ratio(wrong: list[Tensor], of: list[Tensor]) -> float:
    """How large errors are, in parts of something else."""
    return round(float((torch.stack(wrong).mean() / torch.stack(of).mean()).sqrt()), 4)
