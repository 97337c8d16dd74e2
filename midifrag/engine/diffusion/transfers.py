"""Results of device calls on their way to the host, and which requests they belong to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from midifrag.engine.diffusion.request import Request
from midifrag.engine.loading.device import HostCopy


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
    """One result a call, of one row a request, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[tuple[list[RequestSnapshot], HostCopy]] = deque()

    def add(self, batch: Sequence[Request], result: Tensor) -> bool:
        """Send a call's result to the host. True if it is there already, as on a CPU."""
        copy = HostCopy(result)
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
        return zip(snapshots, copy.wait(), strict=True)

    def clear(self) -> None:
        """Nobody wants them any more."""
        self._calls.clear()
