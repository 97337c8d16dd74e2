"""What should sound goes on where it would be by now: after an underrun, and on a new device."""

from __future__ import annotations

from midifrag.playback.driver import Driver
from midifrag.playback.voices import Voice, Voices

#: A loop that is off by less than this, in seconds, stays where it is.
IN_TIME = 0.001
#: Seconds from now to the frame at which a loop is put in its place.
AHEAD = 0.05


class Resuming:
    """Puts ``voices`` in their places."""

    def __init__(self, voices: Voices) -> None:
        self._voices = voices
        #: When loops are put in their place; None while they are.
        self._at: float | None = None

    def align_at(self, moment: float) -> None:
        """Have loops put in their place at a moment, in monotonic seconds."""
        self._at = moment

    def resume(self, driver: Driver, slot: int, moment: float, frame: int) -> None:
        """Have what should sound in a slot sound from ``frame`` on, which is heard at ``moment``, from where it is."""
        one = self._voices.playing[slot]
        if one.start.job not in self._voices.samples:
            # It was dropped, and its voice was about to end.
            self._voices.ended(slot, moment)
            return
        if one.sample.offset is None:
            # It is being resampled for this device.
            return
        rate = driver.line.rate if driver.line else float(driver.opened.rate)
        elapsed = max(0, round((moment - one.began) * rate))
        if elapsed >= one.sample.length and not one.sample.load.loop:
            self._voices.ended(slot, moment)
            return
        serial = driver.start(one.start, one.sample, frame, elapsed % one.sample.length, goes_on=True)
        self._voices.by_serial[serial] = Voice(one.start, one.sample, goes_on=True)

    def align(self, driver: Driver, now: float) -> None:
        """After an underrun, or on a new device: bring loops back to where they would be."""
        if self._at is None or now < self._at or driver.line is None:
            return
        self._at = None
        frame = round(driver.line.frame_at(now + AHEAD)) + 2 * driver.opened.block
        moment = driver.line.moment_of(frame) + driver.latency
        for slot, one in list(self._voices.playing.items()):
            length = one.sample.length
            if self._voices.handed_over(slot) is not None:
                # Its place is taken, and what waits there will replace it, unless it is taken back.
                self._at = now + AHEAD
            elif one.serial not in self._voices.by_serial:
                self.resume(driver, slot, moment, frame)
            elif one.sample.load.loop:
                should = (moment - one.began) * driver.line.rate
                off = (should - (one.position + frame - one.frame) + length / 2) % length - length / 2
                if abs(off) > IN_TIME * driver.opened.rate:
                    self.resume(driver, slot, moment, frame)
