"""Who is on the device next: a pure choice over the requests in flight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from midifrag.engine.diffusion.request import Flight, Stage, oldest_first

#: Requests of one group can be answered by one call: same number of latents, same precision.
Group = tuple[int, bool]


def group_of(flight: Flight) -> Group:
    """The group that the request belongs to."""
    return flight.settings.frames, flight.exact


def aboard(flights: Iterable[Flight], most: int) -> list[Flight]:
    """The requests that may advance now: presses if there are any, else spares; the ``most`` oldest.

    A spare that has begun keeps its state while presses are rendered and goes on where it was.
    """
    ordered = oldest_first(list(flights))
    return [flight for flight in ordered if flight.spare == ordered[0].spare][:most]


class Rota:
    """Takes turns between groups: of those with work, the one whose last turn is longest ago, the oldest first."""

    def __init__(self) -> None:
        self._served = 0
        self._last: dict[Group, int] = {}

    def next_batch(self, flights: Sequence[Flight], most: int) -> list[Flight]:
        """The at most ``most`` requests among ``flights`` (in order of precedence) to be answered together now."""
        stepping = [flight for flight in flights if flight.stage is Stage.STEPPING]
        if not stepping:
            return []
        group = min((group_of(flight) for flight in stepping), key=lambda each: self._last.get(each, -1))
        together = [flight for flight in stepping if group_of(flight) == group]
        batch = sorted(together, key=lambda flight: flight.turn)[:most]
        for flight in batch:
            self._served += 1
            flight.turn = self._last[group] = self._served
        return batch

    def next_decode(self, flights: Sequence[Flight], most: int) -> list[Flight]:
        """The requests whose next window is decoded together: the one served longest ago and those just like it."""
        # What is asked for already may still be on its way from the device.
        decoding = [each for each in flights if each.stage is Stage.DECODING and each.decoded < each.settings.samples]
        if not decoding:
            return []
        first = min(decoding, key=lambda flight: flight.turn)
        alike = (group_of(first), first.settings.samples, first.decoded)
        same = [each for each in decoding if (group_of(each), each.settings.samples, each.decoded) == alike][:most]
        for flight in same:
            self._served += 1
            flight.turn = self._served
        return same
