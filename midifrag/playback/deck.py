"""Commands to the player: taken in, and handed to the callback when they are due.

It outlives the player's process: whatever becomes of that, the next one is told what should sound by now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

from midifrag.playback.driver import Driver
from midifrag.playback.levels import Level
from midifrag.playback.memory import Head, Memory, Single
from midifrag.playback.messages import Drop, Load, Meters, Mix, PlayerCommand, Sounding, Start, Stop
from midifrag.playback.process import Opened
from midifrag.playback.resuming import Resuming
from midifrag.playback.samples import Samples
from midifrag.playback.voices import Cue, Playing, Voice, Voices

#: Seconds before its moment that a start is handed to the callback: soon enough, and late enough to know the frame.
HORIZON = 0.5
#: Seconds that the times of a new device are gathered before its loops are put in their place.
SETTLED = 1.0


class Deck:
    """Takes commands, and hands them to the callback when they are due.

    ``outputs`` are channels by slot, both counted from 1; ``gain`` is the master's, in dB. ``resample`` brings audio to
    a rate, in its own time, and what comes of it is given to `placed`; ``tell`` hears what begins, what ends and how
    loud it is. All on one thread.
    """

    def __init__(
        self,
        memory: Memory,
        outputs: Mapping[int, tuple[int, ...]],
        gain: float,
        resample: Callable[[Load, int], None],
        tell: Callable[[Sounding | Meters], None],
    ) -> None:
        self._memory = memory
        self._outputs = outputs
        self._tell = tell
        self._samples = Samples(memory, resample)
        self._stops: list[tuple[float, int | None]] = []
        self._levels: dict[int | None, Level] = {None: Level(gain)}
        self.voices = Voices(self._samples, tell)
        self._resuming = Resuming(self.voices)
        self._driver: Driver | None = None
        self._measured: dict[int, float] = {}
        self._missing = ""

    @property
    def problem(self) -> str:
        """What cannot be done as it was asked for."""
        return "; ".join(filter(None, (self._missing, self._samples.problem)))

    @property
    def underruns(self) -> int:
        """How many the device has had that is open."""
        return self._driver.underruns if self._driver else 0

    @property
    def calls(self) -> int:
        """How often the device has asked for samples."""
        return int(self._memory.state.head[Head.CALLS])

    # --- the device --------------------------------------------------------------------------------------------------

    def opened(self, opened: Opened, now: float) -> None:
        """There is a device, with a memory that was begun anew: what should sound by now goes on."""
        self._driver = Driver(self._memory, opened, self._measured.get(opened.rate))
        self._resuming.align_at(now + SETTLED)
        for cue in self.voices.cues.values():
            cue.serial = None
        self._route(self._driver)
        for slot, level in self._levels.items():
            self._driver.level(slot, level)
        self._samples.use_rate(opened.rate)
        for slot in list(self.voices.playing):
            self._resuming.resume(self._driver, slot, now + self._driver.latency, -1)
        self._do_due(now)

    def lost(self) -> None:
        """The device is gone. What sounds is silent from now on, and goes on where it would be when there is one."""
        self._driver = None
        for one in self.voices.playing.values():
            # The next device counts its voices anew.
            one.serial = 0
        voices, self.voices.by_serial = self.voices.by_serial, {}
        for voice in voices.values():
            self.voices.free(voice.start.job)

    def placed(self, load: Load, rate: int, samples: Single) -> None:
        """A fragment's audio is there at a rate, as (frames, 2)."""
        self._samples.placed(load, rate, samples)

    def _route(self, driver: Driver) -> None:
        """Send each slot to its channels; to the first ones where the device has none of its."""
        missing = []
        for slot, channels in self._outputs.items():
            if max(channels) > driver.opened.channels:
                missing.append(slot)
            elif slot <= self._memory.slots:
                driver.route(slot, channels)
        there = f"the device has {driver.opened.channels} channels"
        self._missing = f"{there}: slot {', '.join(map(str, missing))} plays on the first ones" if missing else ""

    # --- commands ----------------------------------------------------------------------------------------------------

    def handle(self, command: PlayerCommand, now: float) -> None:
        """Take in a command, and do what is due of it."""
        match command:
            case Load():
                self._load(command)
            case Start():
                self._start(command, now)
            case Drop(job):
                self._drop(job, now)
            case Stop():
                self._stop(command, now)
            case Mix(slot):
                self._levels[slot] = self._levels.get(slot, Level()).changed(command)
                if self._driver is not None and (slot is None or slot <= self._memory.slots):
                    self._driver.level(slot, self._levels[slot])
            case _:
                assert_never(command)
        self._do_due(now)

    def _load(self, load: Load) -> None:
        """Take samples in, also other ones of a job that waits for its start; what sounds already goes on."""
        if load.job in self._samples and self.voices.is_playing(load.job):
            return
        cue = self.voices.cues.get(load.job)
        if cue is not None:
            self._take_back(load.job)
            self.voices.cues[load.job] = Cue(cue.start, cue.due)
        self._samples.load(load, self.voices.used())

    def _start(self, start: Start, now: float) -> None:
        if start.job not in self._samples:
            # It was stopped or dropped meanwhile, or never came.
            return
        if not 1 <= start.slot <= self._memory.slots:
            self.voices.free(start.job)
        elif not self.voices.is_playing(start.job):
            self._take_back(start.job)
            self.voices.cues[start.job] = Cue(start, now if start.at is None else start.at)

    def _take_back(self, job: int) -> None:
        """Start a job not, or not where and when it was said; unless it has begun, which the callback will tell."""
        cue = self.voices.cues.pop(job, None)
        if cue is not None and cue.serial is not None and self._driver is not None:
            self._driver.forget(cue.start.slot, cue.serial)

    def _drop(self, job: int, now: float) -> None:
        """Start a job not, and end what has begun of it, also where that is not known yet."""
        self.voices.cues.pop(job, None)
        for serial, voice in self.voices.by_serial.items():
            if voice.start.job == job and self._driver is not None:
                voice.dropped = True
                self._driver.forget(voice.start.slot, serial)
                self._driver.stop(voice.start.slot, serial=serial)
        self._samples.free(job, self.voices.used())
        for slot in [slot for slot, one in self.voices.playing.items() if one.start.job == job]:
            if all(voice.start.job != job for voice in self.voices.by_serial.values()):
                self.voices.ended(slot, now)

    def _stop(self, stop: Stop, now: float) -> None:
        if stop.at is not None and stop.at > now:
            self._stops.append((stop.at, stop.slot))
            return
        if stop.slot is None:
            self._stops.clear()
            for job in list(self.voices.cues):
                self._take_back(job)
                self.voices.free(job)
        if self._driver is not None:
            self._driver.stop(stop.slot)
            for serial, voice in self.voices.by_serial.items():
                if voice.goes_on and stop.slot in (None, voice.start.slot):
                    # On a new device it may not have begun.
                    self._driver.forget(voice.start.slot, serial)
        jobs = {voice.start.job for voice in self.voices.by_serial.values()}
        for slot, one in list(self.voices.playing.items()):
            if stop.slot in (None, slot) and one.start.job not in jobs:
                self.voices.ended(slot, now)

    # --- what is due -------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Look what has happened, and do what is due; many times a second."""
        driver = self._driver
        if driver is None:
            self._go_on_in_silence(now)
            return
        if driver.read_times(now):
            self._resuming.align_at(now)
            for cue in [one for one in self.voices.cues.values() if one.start.at is not None]:
                # The frame that it was told is another moment now.
                self._take_back(cue.start.job)
                self.voices.cues[cue.start.job] = Cue(cue.start, cue.due)
        if driver.line is not None:
            self._measured[driver.opened.rate] = driver.line.rate
        for event in driver.read_events(now):
            self.voices.note(event, driver)
        self._do_due(now)
        self._resuming.align(driver, now)
        meters = driver.read_meters()
        if meters is not None:
            self._tell(meters)

    def _go_on_in_silence(self, now: float) -> None:
        """Let begin and end what would, so that all that should sound is known when there is a device."""
        for cue in list(self.voices.cues.values()):
            began = now if cue.start.at is None else cue.start.at
            if began <= now:
                del self.voices.cues[cue.start.job]
                self.voices.sounds(Playing(cue.start, self._samples[cue.start.job], began))
        for slot, one in list(self.voices.playing.items()):
            end = one.began + one.sample.seconds
            if one.start.job not in self._samples:
                self.voices.ended(slot, now)
            elif not one.sample.load.loop and now >= end:
                self.voices.ended(slot, end)

    def _do_due(self, now: float) -> None:
        driver = self._driver
        if driver is None:
            return
        for cue in sorted(self.voices.cues.values(), key=lambda one: one.due):
            self._hand_over(driver, cue, now)
        for at, slot in [one for one in self._stops if one[0] - now < HORIZON]:
            frame = driver.frame_at(at)
            if frame is not None:
                self._stops.remove((at, slot))
                driver.stop(slot, frame)
        driver.flush()

    def _hand_over(self, driver: Driver, cue: Cue, now: float) -> None:
        """Tell the callback of a start, in the place of a later one in its slot: that gets its turn again."""
        start, sample = cue.start, self._samples[cue.start.job]
        if cue.serial is not None or sample.offset is None or cue.due - now >= HORIZON:
            return
        waiting = self.voices.handed_over(start.slot)
        if waiting is not None and waiting.due <= cue.due:
            return
        frame = -1 if start.at is None else driver.frame_at(start.at)
        if frame is not None:
            if waiting is not None:
                waiting.serial = None
            cue.serial = driver.start(start, sample, frame)
            self.voices.by_serial[cue.serial] = Voice(start, sample)
