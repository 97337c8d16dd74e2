"""Who is on the device next: a pure choice over the requests in flight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from midifrag.engine.diffusion.request import Request, RequestStatus, by_priority
from midifrag.engine.loading.lora_files import PlayedLoras
from midifrag.engine.loading.model import Precision

#: Requests of one group can be evaluated by one call: same number of latents, same precision, the same network: another
#: one of the same weights may have other LoRAs beside them.
Group = tuple[int, Precision | None, PlayedLoras, int]

#: Groups of which it is remembered when they were served last.
GROUPS = 64


def group_of(request: Request) -> Group:
    """The group that the request belongs to."""
    network = 0 if request.network is None else id(request.network)
    return request.parameters.frames, request.precision, request.merged, network


def progress_of(request: Request) -> tuple[Group, RequestStatus, int, int]:
    """What requests have in common that have come equally far on the same way."""
    return group_of(request), request.status, request.parameters.samples, request.decoded


def admitted(requests: Iterable[Request], most: int) -> list[Request]:
    """The requests that may advance now: presses if there are any, else spares; the ``most`` oldest.

    A spare that has begun keeps its state while presses are rendered and goes on where it was.
    """
    ordered = by_priority(list(requests))
    return [request for request in ordered if request.spare == ordered[0].spare][:most]


class RoundRobin:
    """Lets groups take turns: of those with work, the one that was served longest ago, the oldest first."""

    def __init__(self) -> None:
        self._served = 0
        self._last_served: dict[Group, int] = {}

    def next_batch(self, requests: Sequence[Request], most: int) -> list[Request]:
        """The at most ``most`` requests among ``requests`` (in order of precedence) to be denoised together now."""
        denoising = [request for request in requests if request.status is RequestStatus.DENOISING]
        if not denoising:
            return []
        group = min((group_of(request) for request in denoising), key=lambda each: self._last_served.get(each, -1))
        together = [request for request in denoising if group_of(request) == group]
        batch = sorted(together, key=lambda request: request.last_served)[:most]
        for request in batch:
            self._served += 1
            request.last_served = self._last_served[group] = self._served
        if len(self._last_served) > GROUPS:
            # Each new strength of a LoRA that is merged makes a group, which holds that LoRA.
            del self._last_served[min(self._last_served, key=self._last_served.__getitem__)]
        return batch

    def next_decode(
        self, requests: Sequence[Request], most: int, together: Callable[[Sequence[Request]], int] = len
    ) -> list[Request]:
        """The requests whose next window is decoded together: the one served longest ago and those just like it.

        ``together`` says how many of at most ``most`` such it is.
        """
        # What is asked for already may still be on its way from the device.
        decoding = [
            each
            for each in requests
            if each.status is RequestStatus.DECODING and each.decoded < each.parameters.samples
        ]
        if not decoding:
            return []
        first = min(decoding, key=lambda request: request.last_served)
        same = [each for each in decoding if progress_of(each) == progress_of(first)][:most]
        same = same[: together(same)]
        for request in same:
            self._served += 1
            request.last_served = self._served
        return same
