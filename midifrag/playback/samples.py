"""The fragments that the player has in its memory, at the device's rate."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np

from midifrag.audio import Audio
from midifrag.playback.memory import Memory, Single
from midifrag.playback.messages import Load
from midifrag.playback.room import Room


@dataclass(slots=True, eq=False)
class Sample:
    """A fragment. ``offset`` is where it lies in the memory, None until it does; ``length`` in frames of the device."""

    load: Load
    offset: int | None = None
    length: int = 0

    @property
    def seconds(self) -> float:
        """How long it is."""
        return float(self.load.audio.shape[1] / self.load.sample_rate)


class Samples:
    """What was loaded and not freed, by job.

    ``resample`` brings audio to a rate, in its own time, and what comes of it is given to `placed`.
    """

    def __init__(self, memory: Memory, resample: Callable[[Load, int], None]) -> None:
        self._memory = memory
        self._resample = resample
        self._room = Room(memory.frames)
        self._samples: dict[int, Sample] = {}
        #: What nobody wants any more, but the callback may still read.
        self._leaving: list[Sample] = []
        #: The device's, 0 before there was one.
        self.rate = 0
        #: What found no room.
        self.problem = ""

    def __contains__(self, job: object) -> bool:
        return job in self._samples

    def __getitem__(self, job: int) -> Sample:
        return self._samples[job]

    def __iter__(self) -> Iterator[int]:
        return iter(list(self._samples))

    def load(self, load: Load, used: Collection[Sample] = ()) -> None:
        """Take a fragment in, instead of an earlier one of its job; where the rate is known, into the memory."""
        self.free(load.job, used)
        self._samples[load.job] = Sample(load)
        if self.rate:
            self._place(load)

    def use_rate(self, rate: int) -> None:
        """The device's rate: at another one than before, everything is brought into the memory anew."""
        if rate == self.rate:
            return
        self.rate, self._room = rate, Room(self._memory.frames)
        self._leaving.clear()
        for sample in self._samples.values():
            sample.offset = None
        for sample in list(self._samples.values()):
            self._place(sample.load)

    def placed(self, load: Load, rate: int, samples: Single) -> None:
        """A fragment's audio is there at a rate, as (frames, 2)."""
        sample = self._samples.get(load.job)
        if sample is None or sample.load is not load or rate != self.rate or sample.offset is not None:
            return
        offset = self._room.take(len(samples))
        if offset is not None and self._is_written(offset, samples):
            sample.offset, sample.length = offset, len(samples)
        else:
            self.problem = f"no memory for {len(samples) / rate:.0f} s more: a fragment stays silent"

    def _is_written(self, offset: int, samples: Single) -> bool:
        try:
            self._memory.write(offset, samples)
        except OSError:
            self._room.give(offset, len(samples))
            return False
        return True

    def free(self, job: int, used: Collection[Sample] = ()) -> None:
        """Forget a fragment; while it is ``used`` it keeps its place in the memory, until a `sweep` finds it unused."""
        sample = self._samples.pop(job, None)
        if sample is not None:
            self._leaving.append(sample)
        self.sweep(used)

    def keep(self, sample: Sample, used: Collection[Sample]) -> None:
        """Have these be the samples of their job after all, and no others that came later."""
        job = sample.load.job
        if self._samples.get(job) is not sample:
            self.free(job, used)
            self._samples[job] = sample
            self._leaving = [one for one in self._leaving if one is not sample]

    def sweep(self, used: Collection[Sample]) -> None:
        """Give the places away of what was freed and is not ``used``."""
        for sample in [one for one in self._leaving if one not in used]:
            self._leaving.remove(sample)
            if sample.offset is not None:
                self._room.give(sample.offset, sample.length)

    def _place(self, load: Load) -> None:
        if load.sample_rate == self.rate:
            self.placed(load, self.rate, stereo(load.audio))
        else:
            self._resample(load, self.rate)


def stereo(audio: Audio) -> Single:
    """Audio of shape (channels, samples) as (frames, 2): the only channel on both sides, of many the first two."""
    left, right = audio[0], audio[min(1, len(audio) - 1)]
    return np.ascontiguousarray(np.stack((left, right), axis=1), np.float32)


def resampled(load: Load, rate: int) -> Single:
    """A fragment's audio at a rate, as (frames, 2)."""
    import soxr

    return stereo(soxr.resample(load.audio.T, load.sample_rate, rate).T)
