"""What a student is taught: the teacher's answers along its own ways from noise to sound. No recording is needed.

Both kinds of lessons (`training.guidance_lessons`, `training.step_lessons`) keep the newest few batches of ways and
draw from them at random; what a way has cost is used several times, with another guidance or another number of steps
each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from training.student import Told

#: The guidance that a student learns.
GUIDANCE = (1.0, 7.0)
#: Batches of ways that are kept.
KEPT = 6

#: A student's answer to latents, times, what the teacher was told, and the number that is new.
Answer: TypeAlias = Callable[[Tensor, Tensor, Told, Tensor], Tensor]


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


def ratio(wrong: list[Tensor], of: list[Tensor]) -> float:
    """How large errors are, in parts of something else."""
    return round(float((torch.stack(wrong).mean() / torch.stack(of).mean()).sqrt()), 4)
