"""What each pad landed last: to land it again, to render it again, and to know which pads sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from midifrag.bridge.jobs import Job, RenderJob
from midifrag.bridge.source_book import LastBegin
from midifrag.bridge.spares import Place
from midifrag.fragment.length import FragmentLength


@dataclass(frozen=True, slots=True)
class Landing:
    """What a job landed in a slot: its take's number (None while it is not archived), its seed and its length.

    ``begin`` is the sound that it began from.
    """

    job: int
    slot: int
    take: int | None
    seed: int | None
    length: FragmentLength | None = None
    begin: LastBegin | None = None


class LastLanded:
    """By pad, its last landing, and by slot, the pad whose fragment lies there; what sounds is told to `play`."""

    def __init__(self) -> None:
        self._by_place: dict[Place, Landing] = {}
        self._in_slot: dict[int, Place] = {}
        self._playing: set[int] = set()

    def landed(self, job: Job) -> None:
        """A job has landed."""
        if job.slot is None:
            return
        place = job.origin.place
        self._in_slot[job.slot] = place
        if job.origin.pad is not None:
            before = self._by_place.get(place)
            seed = _seed_of(job) if isinstance(job, RenderJob) else before.seed if before else None
            begin = _begin_of(job) if isinstance(job, RenderJob) else before.begin if before else None
            self._by_place[place] = Landing(job.number, job.slot, job.take, seed, job.length, begin)

    def archived(self, job: int, take: int) -> None:
        """A take has come into the archive, perhaps long after it landed."""
        for place, last in self._by_place.items():
            if last.job == job:
                self._by_place[place] = replace(last, take=take)

    def of(self, place: Place) -> Landing | None:
        """What a pad landed last; None if it has landed nothing in this show."""
        return self._by_place.get(place)

    def lies(self, place: Place, slot: int) -> bool:
        """Whether what a pad landed last in a slot lies there still."""
        return self._in_slot.get(slot) == place

    def play(self, slot: int, on: bool) -> None:
        """A slot sounds, or does not any more."""
        (self._playing.add if on else self._playing.discard)(slot)

    def sounds(self, place: Place) -> bool:
        """Whether a fragment of a pad lies in a slot that sounds."""
        return any(self._in_slot.get(slot) == place for slot in self._playing)


def _seed_of(job: RenderJob) -> int | None:
    used: Mapping[str, object] = job.used
    seed = used.get("seed", job.render.seed)
    return seed if isinstance(seed, int) and not isinstance(seed, bool) else None


def _begin_of(job: RenderJob) -> LastBegin | None:
    if job.begin is None or job.preset.sound is None:
        return None
    return LastBegin(job.preset.sound.source, job.begin.sound.checksum, job.begin.told)
