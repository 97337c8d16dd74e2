"""What a deck knows of a start: that it waits, which voice of the callback it has, and since when it sounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from midifrag.playback.driver import Driver, VoiceEvent
from midifrag.playback.memory import Happened
from midifrag.playback.messages import Sounding, Start
from midifrag.playback.samples import Sample, Samples


@dataclass(slots=True)
class Playing:
    """What sounds in a slot, or would: since ``began``, monotonic seconds of its first sample.

    Its voice ``serial`` began at ``frame``, with sample ``position``.
    """

    start: Start
    sample: Sample
    began: float
    serial: int = 0
    frame: int = 0
    position: int = 0

    def told(self) -> Sounding:
        """What watchers hear of it."""
        sample = self.sample
        return Sounding(self.start.slot, self.start.job, True, self.began, sample.seconds, sample.load.loop)


@dataclass(slots=True)
class Cue:
    """A start that has not come, ``due`` at a moment; ``serial`` is its voice, once the callback knows of it."""

    start: Start
    due: float
    serial: int | None = None


@dataclass(slots=True)
class Voice:
    """What a voice of the callback is: its start, and whether it takes over from an earlier one of that.

    ``dropped``: it ends as soon as it can. Its sample stays where it is until the callback has said what became of it.
    """

    start: Start
    sample: Sample
    goes_on: bool = False
    dropped: bool = False


class Voices:
    """All of them: what waits, what the callback knows of, and what sounds. ``tell`` hears what begins and ends."""

    def __init__(self, samples: Samples, tell: Callable[[Sounding], None]) -> None:
        self.samples = samples
        self._tell = tell
        #: What waits, by job.
        self.cues: dict[int, Cue] = {}
        #: What the callback knows of, by its number there.
        self.by_serial: dict[int, Voice] = {}
        #: What sounds, by slot.
        self.playing: dict[int, Playing] = {}

    def is_playing(self, job: int) -> bool:
        """Whether a job sounds in some slot."""
        return any(one.start.job == job for one in self.playing.values())

    def handed_over(self, slot: int) -> Cue | None:
        """What waits in a slot with the callback."""
        cues = (one for one in self.cues.values() if one.serial is not None and one.start.slot == slot)
        return next(cues, None)

    def note(self, event: VoiceEvent, driver: Driver) -> None:
        """Take in what the callback of ``driver`` says of a voice."""
        match event.kind:
            case Happened.BEGAN:
                self._began(event, driver)
            case Happened.ENDED:
                self._has_ended(event)
            case Happened.FORGOTTEN:
                self._forgotten(event)
            case _:
                assert_never(event.kind)

    def _began(self, event: VoiceEvent, driver: Driver) -> None:
        voice, before = self.by_serial.get(event.serial), self.playing.get(event.slot)
        if voice is None:
            return
        if voice.goes_on:
            if before is not None and before.start.job == voice.start.job:
                before.serial, before.frame, before.position = event.serial, event.frame, event.position
            else:
                # What it was to take over from has ended meanwhile.
                driver.stop(event.slot, serial=event.serial)
            return
        if not voice.dropped:
            # What was to change of it meanwhile came too late.
            self.cues.pop(voice.start.job, None)
            self.samples.keep(voice.sample, self.used())
        began = event.moment - event.position / self.samples.rate
        self.sounds(Playing(voice.start, voice.sample, began, event.serial, event.frame, event.position))

    def _has_ended(self, event: VoiceEvent) -> None:
        voice, there = self.by_serial.pop(event.serial, None), self.playing.get(event.slot)
        if there is not None and there.serial == event.serial:
            self.ended(event.slot, event.moment)
        elif voice is not None:
            self.free(voice.start.job)

    def _forgotten(self, event: VoiceEvent) -> None:
        voice = self.by_serial.pop(event.serial, None)
        if voice is None:
            return
        cue, there = self.cues.get(voice.start.job), self.playing.get(event.slot)
        if cue is not None and cue.serial == event.serial:
            # Another voice needed its place, or its job sounds on for a fade: once more.
            cue.serial = None
        is_silent = all(one.start.job != voice.start.job for one in self.by_serial.values())
        if voice.goes_on and is_silent and there is not None and there.start.job == voice.start.job:
            self.ended(event.slot, event.moment)
        self.free(voice.start.job)

    def tell_playing(self) -> None:
        """Tell of all that sounds."""
        for one in self.playing.values():
            self._tell(one.told())

    def sounds(self, one: Playing) -> None:
        """Take down that this sounds now, in the place of what did in its slot."""
        before = self.playing.get(one.start.slot)
        self.playing[one.start.slot] = one
        self._tell(one.told())
        if before is not None:
            self.free(before.start.job)

    def ended(self, slot: int, moment: float) -> None:
        """Take down that what sounded in a slot is silent from a moment on, in monotonic seconds."""
        job = self.playing.pop(slot).start.job
        self._tell(Sounding(slot, job, False, moment))
        self.free(job)

    def free(self, job: int) -> None:
        """Forget a sample that nobody plays or will play."""
        if job in self.cues or any(sample.load.job == job for sample in self.used()):
            self.samples.sweep(self.used())
        else:
            self.samples.free(job, self.used())

    def used(self) -> list[Sample]:
        """The samples that the callback may read, now or on the next device."""
        return [one.sample for one in self.by_serial.values()] + [one.sample for one in self.playing.values()]
