"""Results of device calls on their way to the host, and which requests they belong to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from midifrag.engine.diffusion.request import Request
from midifrag.engine.loading.device import HostCopy
from midifrag.engine.loading.pinned import PinnedBlocks


@dataclass(frozen=True, slots=True)
class RequestSnapshot:
    """A request as it was when a call was made for it: its attempt, and the step that it was at."""

    request: Request
    attempt: int
    step: int

    @property
    def is_current(self) -> bool:
        """Whether it has not begun anew since."""
        return self.request.attempt == self.attempt


class HostTransfers:
    """One result a call, of one row a request, oldest first. A row is to be read before the next is asked for."""

    def __init__(self) -> None:
        self._calls: deque[tuple[list[RequestSnapshot], HostCopy]] = deque()
        self._unwanted: list[HostCopy] = []
        self._blocks = PinnedBlocks()

    def reserve(self, size: int) -> None:
        """Make ready for results of so many bytes."""
        if size:
            self._blocks.reserve(size)

    def add(self, batch: Sequence[Request], result: Tensor) -> bool:
        """Send a call's result to the host. True if it is there already, as on a CPU."""
        self._release_unwanted()
        copy = HostCopy(result, self._blocks)
        self._calls.append(
            ([RequestSnapshot(request, request.attempt, request.state.index + 1) for request in batch], copy)
        )
        return copy.immediate

    def take(self, left: int) -> Iterator[tuple[RequestSnapshot, Tensor]]:
        """Every request's row of all calls but the newest ``left``; waits for those that are still on their way."""
        while len(self._calls) > left:
            yield from self._next()

    def take_arrived(self) -> Iterator[tuple[RequestSnapshot, Tensor]]:
        """Every request's row of the calls whose results are there already."""
        while self._calls and self._calls[0][1].arrived:
            yield from self._next()

    def _next(self) -> Iterator[tuple[RequestSnapshot, Tensor]]:
        snapshots, copy = self._calls.popleft()
        try:
            yield from zip(snapshots, copy.wait(), strict=True)
        finally:
            copy.release()

    def clear(self) -> None:
        """Nobody wants them any more."""
        self._unwanted += [copy for _, copy in self._calls]
        self._calls.clear()
        self._release_unwanted()

    def _release_unwanted(self) -> None:
        """Give back the memory of those that have arrived: the device still writes the others."""
        for copy in [each for each in self._unwanted if each.arrived]:
            copy.release()
            self._unwanted.remove(copy)
