"""Lessons in guidance: two passes in one."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from midifrag.config.model_inputs import GUIDANCE_NAME
from training.lessons import GUIDANCE, KEPT, Answer, Lesson, ratio
from training.student import Told, ask
from training.ways import Ways, go, schedule

#: How often the guidance is 1, where nothing is guided.
UNGUIDED = 0.15
#: How often the prompt is left out: what guides away from a negative prompt starts from there.
EMPTY = 0.05
#: Steps of a teacher's way whose answers are kept, and noised copies of its end that are asked of beside them.
WAY_STEPS, NOISED = (6, 16), 4


@dataclass(frozen=True)
class _Answered:
    """Places on ways (places, n, channels, frames) at ``t`` (places, n), with both of the teacher's answers."""

    told: Told
    x: Tensor
    t: Tensor
    given: Tensor
    empty: Tensor


class GuidanceLessons:
    """The student hears the guidance and answers what the teacher's two answers come to."""

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
        found = {f"error_{scale:g}": ratio(wrong[scale], changed[scale]) for scale in wrong}
        return found | {"sampled": self._sampled(answer)}

    def _sampled(self, answer: Answer, steps: int = 8) -> float:
        told = self.teacher.told(self.prompts, self.seconds)
        scales = torch.full((len(self.noise),), self.teacher.guidance, device=self.noise.device)
        right = go(lambda x, t: guided(*self.teacher.both(x, t, told), scales), self.noise, steps)
        plain = go(lambda x, t: ask(self.teacher.module, x, t, told), self.noise, steps)
        own = go(lambda x, t: answer(x, t, told, scales), self.noise, steps)
        return ratio([(own - right).square().mean()], [(plain - right).square().mean()])


def guided(given: Tensor, empty: Tensor, scales: Tensor) -> Tensor:
    """Classifier-free guidance (arXiv:2207.12598), one scale a row."""
    return empty + scales[:, None, None] * (given - empty)
