"""Spares: takes rendered ahead of a press while the engine is idle. Owned by the bridge alone."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from midifrag.banks import Preset
from midifrag.engine.messages import Rendered
from midifrag.settings import SpareSettings


@dataclass(frozen=True, slots=True)
class Wish:
    """What a press on a pad would render now."""

    bank: str
    pad: str
    model: str
    preset: Preset

    @property
    def place(self) -> tuple[str, str]:
        """Where it belongs: bank and pad."""
        return self.bank, self.pad


@dataclass(frozen=True, slots=True)
class Spare:
    """A take that waits for its press. ``started`` and ``rendered_at`` are monotonic seconds."""

    wish: Wish
    rendered: Rendered
    started: float
    rendered_at: float


class SpareRack:
    """Ready spares within a budget, least recently used out first, and the one that is being rendered."""

    def __init__(self, settings: SpareSettings) -> None:
        self.settings = settings
        self._ready: OrderedDict[tuple[str, str], Spare] = OrderedDict()
        self._coming: dict[int, tuple[Wish, float]] = {}

    def coming(self, wish: Wish | None = None) -> list[int]:
        """The jobs that render spares, all or those for ``wish``."""
        return [job for job, (wanted, _) in self._coming.items() if wish is None or wanted == wish]

    def expect(self, job: int, wish: Wish, now: float) -> None:
        """A spare is on its way as ``job``."""
        self._coming[job] = (wish, now)

    def forget(self, job: int) -> Wish | None:
        """A spare will not come (cancelled, failed, or it became a press)."""
        return self._coming.pop(job, (None, 0.0))[0]

    def arrived(self, rendered: Rendered, now: float) -> Spare | None:
        """Keep a rendered spare; None if nobody expected it or the budget has no room for it."""
        wish, started = self._coming.pop(rendered.job, (None, 0.0))
        if wish is None:
            return None
        spare = Spare(wish, rendered, started, now)
        self._ready[wish.place] = spare
        self._ready.move_to_end(wish.place)
        while self._ready and not self._within_budget():
            self._ready.popitem(last=False)
        return spare if wish.place in self._ready else None

    def ready_for(self, wish: Wish) -> bool:
        """Whether a press for ``wish`` would land at once."""
        spare = self._ready.get(wish.place)
        return spare is not None and spare.wish == wish

    def take(self, wish: Wish) -> Spare | None:
        """The spare for a press. One with a fixed seed stays: the next press would render the same samples."""
        if not self.ready_for(wish):
            return None
        if wish.preset.seed == "random":
            return self._ready.pop(wish.place)
        self._ready.move_to_end(wish.place)
        return self._ready[wish.place]

    def has_room(self) -> bool:
        """Whether one more spare may be rendered."""
        return len(self._ready) + len(self._coming) < self.settings.count and self._bytes() < self._limit

    def drop_stale(self, wishes: dict[tuple[str, str], Wish]) -> list[Wish]:
        """Drop the spares that no longer are what their pad would render; those of other banks stay."""
        banks = {bank for bank, _ in wishes}
        stale = [p for p, spare in self._ready.items() if p[0] in banks and wishes.get(p) != spare.wish]
        return [self._ready.pop(place).wish for place in stale]

    def clear(self) -> None:
        """Drop all ready spares."""
        self._ready.clear()

    @property
    def _limit(self) -> int:
        return self.settings.megabytes * 1_000_000

    def _bytes(self) -> int:
        return sum(spare.rendered.audio.nbytes for spare in self._ready.values())

    def _within_budget(self) -> bool:
        return len(self._ready) <= self.settings.count and self._bytes() <= self._limit
