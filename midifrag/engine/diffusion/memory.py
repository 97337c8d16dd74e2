"""How much a call takes at once: what a card has room for, and less where its memory runs out all the same."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.diffusion.request import Request
from midifrag.engine.loading.device import first_line, free_cached
from midifrag.errors import MemoryShortError

_log = logging.getLogger(__name__)


#: Requests rendered at once, by device kind, unless ``max_in_flight`` says otherwise.
MAX_IN_FLIGHT = {"cpu": 8, "cuda": 16, "mps": 4}
#: Of the memory that is free when all is loaded, the share that one call may take: what is free then may be wanted by
#: others, and what cuDNN takes for another shape is not known.
SHARE = 0.75


def most_at_once(device: torch.device, options: Mapping[str, Any]) -> int:
    """How many requests a device renders at once, as long as there is memory for them."""
    return max(1, int(options.get("max_in_flight", MAX_IN_FLIGHT.get(device.type, 4))))


def fitting(free: int | None, each: int, most: int) -> int:
    """How many of ``most`` things that take ``each`` bytes fit into ``free`` ones at once, but one at least.

    None is a device that does not tell, and no bytes are what nobody has measured: then all of them do.
    """
    return most if free is None or each <= 0 else max(1, min(most, int(free * SHARE) // each))


class MemoryLimit:
    """How many requests a call may have: ``most`` of them, and fewer once memory ran out."""

    def __init__(self, most: int) -> None:
        self.most = self.batch = self.wanted = most

    @property
    def reduced(self) -> int | None:
        """``most`` where that is fewer than were wanted."""
        return self.most if self.most < self.wanted else None

    def bound(self, most: int) -> None:
        """There is room for no more than so many."""
        self.most = min(self.most, most)
        self.batch = min(self.batch, self.most)

    def forget(self) -> None:
        """Try again what memory was too short for."""
        self.batch = self.most

    def give_way(self, batch: Sequence[Request], error: BaseException, runner: ModelRunner) -> MemoryShortError | None:
        """After a call that ran out of memory: see to it that the next one needs less.

        Returns why a single request has to be given up, once there is nothing left to try.
        """
        reason = None
        if len(batch) > 1:
            self.batch = len(batch) // 2
            _log.warning("out of memory with %d requests at once; going on with %d", len(batch), self.batch)
        elif runner.free_memory(batch[0].tries_for_memory):
            batch[0].tries_for_memory += 1
            _log.warning("out of memory with a single request; trying once more with what can be freed")
        else:
            reason = MemoryShortError(
                f"{runner.model.device} is out of memory even for one request of {batch[0].parameters.seconds:g} s. "
                f"Ask for fewer seconds, or close what else uses the device. ({first_line(error)})"
            )
        # What the error remembers of the call would stay in memory.
        traceback.clear_frames(error.__traceback__)
        free_cached(runner.model.device)
        return reason
