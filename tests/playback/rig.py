"""A deck on a virtual device."""

import numpy as np

from midifrag.playback.deck import Deck
from midifrag.playback.memory import LOOK_AHEAD, Memory
from midifrag.playback.messages import Load, Sounding, Start
from midifrag.playback.samples import resampled
from tests.playback.virtual import RATE, SAMPLES, Device, noise

LATE = LOOK_AHEAD - 1


class Rig:
    """A deck on a virtual device, and all that it told."""

    def __init__(self, outputs=None, gain=0.0, rate=RATE, channels=2, memory=None, delay=False):
        self.memory = memory or Memory(3, channels, SAMPLES)
        self.told, self.resampling = [], []
        self.deck = Deck(self.memory, outputs or {}, gain, self.resample, self.told.append)
        self.delay = delay
        self.device = None
        self.now = 1000.0
        self.open(rate, channels)

    def resample(self, load, rate):
        self.resampling.append((load, rate))
        if not self.delay:
            self.resampled()

    def resampled(self):
        for load, rate in self.resampling:
            self.deck.placed(load, rate, resampled(load, rate))
        self.resampling.clear()

    def open(self, rate=RATE, channels=2):
        self.device = Device(memory=self.memory, rate=rate, channels=channels)
        self.device.now = self.now
        self.deck.opened(self.device.opened, self.now)

    def say(self, *commands):
        for command in commands:
            self.deck.handle(command, self.now)

    def run(self, seconds):
        """Let the device play, and the deck look every 20 ms; what was heard."""
        heard = []
        for _ in range(round(seconds * 50)):
            heard.append(self.device.run(self.device.rate // 50))
            self.now = self.device.now
            self.deck.tick(self.now)
        return np.concatenate(heard)

    def silence(self, seconds):
        """Time without a device."""
        for _ in range(round(seconds * 50)):
            self.now += 0.02
            self.deck.tick(self.now)

    def sounding(self):
        return [(one.slot, one.job, one.on) for one in self.told if isinstance(one, Sounding)]

    def run_unseen(self, seconds):
        """Let the device play while the deck does not look."""
        heard = self.device.run(round(seconds * self.device.rate))
        self.now = self.device.now
        return heard

    def room(self):
        """How many frames of memory are free."""
        return self.deck._samples._room.free


def sound(frames, seed=1):
    return noise(frames, seed).T


def first_heard(heard):
    return int(np.flatnonzero(heard.any(axis=1))[0])


WHOLE = SAMPLES // 8


def just_begun(loop, audio=None):
    """A rig in which job 1, of 1 s, has begun about 20 ms ago, which the deck does not know yet."""
    rig = Rig()
    rig.run(0.3)
    rig.say(Load(1, sound(RATE) if audio is None else audio, RATE, loop), Start(1, 1, at=rig.now + 0.1))
    rig.run(0.08)
    unseen = rig.run_unseen(0.04)
    rig.heard = len(unseen) - first_heard(unseen)
    assert rig.sounding() == []
    return rig
