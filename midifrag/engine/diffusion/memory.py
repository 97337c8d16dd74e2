"""What to do about a device whose memory runs out: smaller calls, then more tries with what can be freed."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence

from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.diffusion.request import Request
from midifrag.engine.loading.device import first_line, free_cached
from midifrag.errors import MemoryShortError

_log = logging.getLogger(__name__)


class MemoryLimit:
    """How many requests a call may have: ``most`` of them, and fewer once memory ran out."""

    def __init__(self, most: int) -> None:
        self._most = self.batch = most

    def forget(self) -> None:
        """Try again what memory was too short for."""
        self.batch = self._most

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
