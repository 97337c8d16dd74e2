"""What is loaded, what waits for its moment and what sounds.

It outlives the player's process: whatever becomes of that, the next one is told what should sound by now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

from midifrag.playback.driver import Driver, VoiceEvent
from midifrag.playback.levels import Level
from midifrag.playback.memory import Happened, Head, Memory, Single
from midifrag.playback.messages import Drop, Load, Meters, Mix, PlayerCommand, Sounding, Start, Stop
from midifrag.playback.process import Opened
from midifrag.playback.samples import Sample, Samples
from midifrag.playback.voices import Cue, Playing, Voice

#: Seconds before its moment that a start is handed to the callback: soon enough, and late enough to know the frame.
HORIZON = 0.5
#: A loop that is off by less than this, in seconds, stays where it is.
IN_TIME = 0.001
#: Seconds from now to the frame at which a loop is put in its place.
AHEAD = 0.05
#: Seconds that the times of a new device are gathered before its loops are put in their place.
SETTLED = 1.0


class Deck:
    """Takes commands, and hands them to the callback when they are due.

    ``outputs`` are channels by slot, both counted from 1; ``gain`` is the master's, in dB. ``resample`` brings audio to
    a rate, in its own time, and what comes of it is given to `placed`; ``tell`` hears what begins, what ends and how
    loud it is. ``offset`` is added to the callback's clock to get monotonic seconds. All on one thread.
    """

    def __init__(
        self,
        memory: Memory,
        outputs: Mapping[int, tuple[int, ...]],
        gain: float,
        resample: Callable[[Load, int], None],
        tell: Callable[[Sounding | Meters], None],
        offset: float = 0.0,
    ) -> None:
        self._memory = memory
        self._outputs = outputs
        self._tell = tell
        self._offset = offset
        self._samples = Samples(memory, resample)
        self._cues: dict[int, Cue] = {}
        self._stops: list[tuple[float, int | None]] = []
        self._levels: dict[int | None, Level] = {None: Level(gain)}
        self._voices: dict[int, Voice] = {}
        self._driver: Driver | None = None
        self._measured: dict[int, float] = {}
        #: When loops are put in their place; None while they are.
        self._align_at: float | None = None
        self._missing = ""
        #: What sounds, by slot.
        self.playing: dict[int, Playing] = {}

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
        self._driver = Driver(self._memory, opened, self._offset, self._measured.get(opened.rate))
        self._align_at = now + SETTLED
        for cue in self._cues.values():
            cue.serial = None
        self._route(self._driver)
        for slot, level in self._levels.items():
            self._driver.level(slot, level)
        self._samples.use_rate(opened.rate)
        for slot in list(self.playing):
            self._resume(self._driver, slot, now + self._driver.latency, -1)
        self._do_due(now)

    def lost(self) -> None:
        """The device is gone. What sounds is silent from now on, and goes on where it would be when there is one."""
        self._driver = None
        for one in self.playing.values():
            # The next device counts its voices anew.
            one.serial = 0
        voices, self._voices = self._voices, {}
        for voice in voices.values():
            self._free(voice.start.job)

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
        if load.job in self._samples and self._is_playing(load.job):
            return
        cue = self._cues.get(load.job)
        if cue is not None:
            self._take_back(load.job)
            self._cues[load.job] = Cue(cue.start, cue.due)
        self._samples.load(load, self._used())

    def _start(self, start: Start, now: float) -> None:
        if start.job not in self._samples:
            # It was stopped or dropped meanwhile, or never came.
            return
        if not 1 <= start.slot <= self._memory.slots:
            self._free(start.job)
        elif not self._is_playing(start.job):
            self._take_back(start.job)
            self._cues[start.job] = Cue(start, now if start.at is None else start.at)

    def _is_playing(self, job: int) -> bool:
        return any(one.start.job == job for one in self.playing.values())

    def _take_back(self, job: int) -> None:
        """Start a job not, or not where and when it was said; unless it has begun, which the callback will tell."""
        cue = self._cues.pop(job, None)
        if cue is not None and cue.serial is not None and self._driver is not None:
            self._driver.forget(cue.start.slot, cue.serial)

    def _drop(self, job: int, now: float) -> None:
        """Start a job not, and end what has begun of it, also where that is not known yet."""
        self._cues.pop(job, None)
        for serial, voice in self._voices.items():
            if voice.start.job == job and self._driver is not None:
                voice.dropped = True
                self._driver.forget(voice.start.slot, serial)
                self._driver.stop(voice.start.slot, serial=serial)
        self._samples.free(job, self._used())
        for slot in [slot for slot, one in self.playing.items() if one.start.job == job]:
            if all(voice.start.job != job for voice in self._voices.values()):
                self._ended(slot, now)

    def _stop(self, stop: Stop, now: float) -> None:
        if stop.at is not None and stop.at > now:
            self._stops.append((stop.at, stop.slot))
            return
        if stop.slot is None:
            self._stops.clear()
            for job in list(self._cues):
                self._take_back(job)
                self._free(job)
        if self._driver is not None:
            self._driver.stop(stop.slot)
            for serial, voice in self._voices.items():
                if voice.goes_on and stop.slot in (None, voice.start.slot):
                    # On a new device it may not have begun.
                    self._driver.forget(voice.start.slot, serial)
        jobs = {voice.start.job for voice in self._voices.values()}
        for slot, one in list(self.playing.items()):
            if stop.slot in (None, slot) and one.start.job not in jobs:
                self._ended(slot, now)

    # --- what is due -------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Look what has happened, and do what is due; many times a second."""
        driver = self._driver
        if driver is None:
            self._go_on_in_silence(now)
            return
        if driver.read_times(now):
            self._align_at = now
            for cue in [one for one in self._cues.values() if one.start.at is not None]:
                # The frame that it was told is another moment now.
                self._take_back(cue.start.job)
                self._cues[cue.start.job] = Cue(cue.start, cue.due)
        if driver.line is not None:
            self._measured[driver.opened.rate] = driver.line.rate
        for event in driver.read_events(now):
            self._note(event)
        self._do_due(now)
        self._align(driver, now)
        meters = driver.read_meters()
        if meters is not None:
            self._tell(meters)

    def _go_on_in_silence(self, now: float) -> None:
        """Let begin and end what would, so that all that should sound is known when there is a device."""
        for cue in list(self._cues.values()):
            began = now if cue.start.at is None else cue.start.at
            if began <= now:
                del self._cues[cue.start.job]
                self._sounds(Playing(cue.start, self._samples[cue.start.job], began))
        for slot, one in list(self.playing.items()):
            end = one.began + one.sample.seconds
            if one.start.job not in self._samples:
                self._ended(slot, now)
            elif not one.sample.load.loop and now >= end:
                self._ended(slot, end)

    def _do_due(self, now: float) -> None:
        driver = self._driver
        if driver is None:
            return
        for cue in sorted(self._cues.values(), key=lambda one: one.due):
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
        waiting = self._handed_over(start.slot)
        if waiting is not None and waiting.due <= cue.due:
            return
        frame = -1 if start.at is None else driver.frame_at(start.at)
        if frame is not None:
            if waiting is not None:
                waiting.serial = None
            cue.serial = driver.start(start, sample, frame)
            self._voices[cue.serial] = Voice(start, sample)

    def _handed_over(self, slot: int) -> Cue | None:
        """What waits in a slot with the callback."""
        cues = (one for one in self._cues.values() if one.serial is not None and one.start.slot == slot)
        return next(cues, None)

    # --- what has happened -------------------------------------------------------------------------------------------

    def _note(self, event: VoiceEvent) -> None:
        match event.kind:
            case Happened.BEGAN:
                self._voice_began(event)
            case Happened.ENDED:
                self._voice_ended(event)
            case Happened.FORGOTTEN:
                self._voice_forgotten(event)
            case _:
                assert_never(event.kind)

    def _voice_began(self, event: VoiceEvent) -> None:
        voice, before = self._voices.get(event.serial), self.playing.get(event.slot)
        if voice is None:
            return
        if voice.goes_on:
            if before is not None and before.start.job == voice.start.job:
                before.serial, before.frame, before.position = event.serial, event.frame, event.position
            elif self._driver is not None:
                # What it was to take over from has ended meanwhile.
                self._driver.stop(event.slot, serial=event.serial)
            return
        if not voice.dropped:
            # What was to change of it meanwhile came too late.
            self._cues.pop(voice.start.job, None)
            self._samples.keep(voice.sample, self._used())
        began = event.moment - event.position / self._samples.rate
        self._sounds(Playing(voice.start, voice.sample, began, event.serial, event.frame, event.position))

    def _voice_ended(self, event: VoiceEvent) -> None:
        voice, there = self._voices.pop(event.serial, None), self.playing.get(event.slot)
        if there is not None and there.serial == event.serial:
            self._ended(event.slot, event.moment)
        elif voice is not None:
            self._free(voice.start.job)

    def _voice_forgotten(self, event: VoiceEvent) -> None:
        voice = self._voices.pop(event.serial, None)
        if voice is None:
            return
        cue, there = self._cues.get(voice.start.job), self.playing.get(event.slot)
        if cue is not None and cue.serial == event.serial:
            # Another voice needed its place, or its job sounds on for a fade: once more.
            cue.serial = None
        is_silent = all(one.start.job != voice.start.job for one in self._voices.values())
        if voice.goes_on and is_silent and there is not None and there.start.job == voice.start.job:
            self._ended(event.slot, event.moment)
        self._free(voice.start.job)

    def tell_playing(self) -> None:
        """Tell of all that sounds."""
        for one in self.playing.values():
            self._tell(one.told())

    def _sounds(self, one: Playing) -> None:
        before = self.playing.get(one.start.slot)
        self.playing[one.start.slot] = one
        self._tell(one.told())
        if before is not None:
            self._free(before.start.job)

    def _ended(self, slot: int, moment: float) -> None:
        job = self.playing.pop(slot).start.job
        self._tell(Sounding(slot, job, False, moment))
        self._free(job)

    def _free(self, job: int) -> None:
        """Forget a sample that nobody plays or will play."""
        if job in self._cues or any(sample.load.job == job for sample in self._used()):
            self._samples.sweep(self._used())
        else:
            self._samples.free(job, self._used())

    def _used(self) -> list[Sample]:
        """The samples that the callback may read, now or on the next device."""
        return [one.sample for one in self._voices.values()] + [one.sample for one in self.playing.values()]

    # --- in time -----------------------------------------------------------------------------------------------------

    def _resume(self, driver: Driver, slot: int, moment: float, frame: int) -> None:
        """Have what should sound in a slot sound from ``frame`` on, which is heard at ``moment``, from where it is."""
        one = self.playing[slot]
        if one.start.job not in self._samples:
            # It was dropped, and its voice was about to end.
            self._ended(slot, moment)
            return
        if one.sample.offset is None:
            # It is being resampled for this device.
            return
        rate = driver.line.rate if driver.line else float(driver.opened.rate)
        elapsed = max(0, round((moment - one.began) * rate))
        if elapsed >= one.sample.length and not one.sample.load.loop:
            self._ended(slot, moment)
            return
        serial = driver.start(one.start, one.sample, frame, elapsed % one.sample.length, goes_on=True)
        self._voices[serial] = Voice(one.start, one.sample, goes_on=True)

    def _align(self, driver: Driver, now: float) -> None:
        """After an underrun, or on a new device: bring loops back to where they would be."""
        if self._align_at is None or now < self._align_at or driver.line is None:
            return
        self._align_at = None
        frame = round(driver.line.frame_at(now + AHEAD)) + 2 * driver.opened.block
        moment = driver.line.moment_of(frame) + driver.latency
        for slot, one in list(self.playing.items()):
            length = one.sample.length
            if self._handed_over(slot) is not None:
                # Its place is taken, and what waits there will replace it, unless it is taken back.
                self._align_at = now + AHEAD
            elif one.serial not in self._voices:
                self._resume(driver, slot, moment, frame)
            elif one.sample.load.loop:
                should = (moment - one.began) * driver.line.rate
                off = (should - (one.position + frame - one.frame) + length / 2) % length - length / 2
                if abs(off) > IN_TIME * driver.opened.rate:
                    self._resume(driver, slot, moment, frame)
