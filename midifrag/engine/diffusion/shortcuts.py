"""What a performer may leave out of a render, for speed: guidance in some of the steps, and every so many a step.

Both change the sound. Guidance matters least at the ends (Kynkäänniemi et al. 2024, arXiv:2404.07724). The model's
output changes little from step to step in the middle, so that an earlier one can stand for the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Steps at either end that are always worked out: this part of all, and so many at least.
_ENDS, _FEWEST = 0.1, 2


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """What is left out; nothing, as they are here.

    ``guidance_interval`` is the part of the steps, of 0 … 1, that is guided; of every ``step_caching`` in the middle,
    one is worked out.
    """

    guidance_interval: tuple[float, float] = (0.0, 1.0)
    step_caching: int = 1

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Shortcuts:
        """From an engine's options (`EngineChoice.options`)."""
        first, last = options.get("guidance_interval", (0.0, 1.0))
        return cls((float(first), float(last)), int(options.get("step_caching", 1)))

    def guides(self, index: int, steps: int) -> bool:
        """Whether step ``index``, from 0 on, is guided."""
        first, last = self.guidance_interval
        return first <= index / steps < last

    def repeats(self, index: int, steps: int) -> bool:
        """Whether step ``index``, from 0 on, takes the model's last output."""
        ends = max(_FEWEST, round(_ENDS * steps))
        return ends <= index < steps - ends and (index - ends) % self.step_caching != 0

    def __str__(self) -> str:
        """What is left out, in words; nothing for nothing."""
        first, last = self.guidance_interval
        told = []
        if (first, last) != (0.0, 1.0):
            told.append(f"guided from {first:.0%} to {last:.0%} of the steps")
        if self.step_caching > 1:
            told.append(f"one step in {self.step_caching} worked out")
        return ", ".join(told)


NO_SHORTCUTS = Shortcuts()
