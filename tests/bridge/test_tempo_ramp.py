"""A clock whose tempo was turned by hand while a fragment waits: bridge, files and stretcher are the real ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from midifrag.bridge.items import FromEngine
from midifrag.engine.messages import Rendered
from midifrag.fragment.audio_files import read_wav
from midifrag.fragment.length import MusicalLength
from midifrag.fragment.writer_commands import CancelLanding, LandTake, Recut, Retime
from midifrag.fragment.writer_events import Landed
from midifrag.intents import SlotPlaying
from midifrag.midi.messages import Tick, TransportChange
from tests.fragment.sounds import RATE
from tests.fragment.test_exact import seam
from tests.fragment.test_stretching import needs_the_library
from tests.support.bridges import Rig
from tests.support.landers import LanderRig
from tests.support.shows import loaded, one_pad

#: Seconds by which a clock's ticks are off, and between two looks of the bridge.
JITTER, LOOK = 0.001, 0.1
FROM = 100.0
#: When the hand begins to turn the tempo, in seconds after the clock's start.
TURNED = 2.0


def ticks(to: float, until: float) -> Iterator[float]:
    """Seconds from its start to each tick of a clock that goes from one tempo to another, up to a moment, and stays."""
    chance, moment = random.Random(5), 0.0
    while True:
        yield moment + chance.uniform(-JITTER, JITTER)
        way = min(max((moment - TURNED) / (until - TURNED), 0.0), 1.0)
        moment += 60 / (FROM + way * (to - FROM)) / 24


class Show:
    """A bridge and a writer on one clock."""

    def __init__(self, folder, to, until):
        settings = {"folder": str(folder), "count": 3, "stretch": True, "loop": True}
        pad = one_pad(bars=2, slot=1, land="4 bars")
        self.rig = Rig(loaded(pad, fragments=settings, time={"source": "midi:daw"}, tempo=FROM))
        self.rig.ready()
        self.files = LanderRig(folder)
        self.began = self.rig.clock.time
        self.files.now = self.began
        self._told = self._written = 0
        self._ticks = ticks(to, until)
        self._tick = next(self._ticks)
        self._looked = 0.0
        self.rig.bridge.handle(TransportChange("daw", "start", self.began))

    def run(self, until):
        """Let time go by, up to so many seconds after the start."""
        while self._tick < until:
            self.rig.clock.time = max(self.rig.clock.time, self.began + self._tick)
            self.rig.bridge.handle(Tick("daw", self.began + self._tick))
            if self._tick - self._looked > LOOK:
                self._looked = self._tick
                self.rig.bridge.housekeeping()
                self._write()
            self._tick = next(self._ticks)

    def _write(self):
        """The writer does what is due by now, and then what it was asked for."""
        self.files.until(self.rig.clock.time)
        for command in self.rig.writes[self._written :]:
            self._do(command)
        self._written = len(self.rig.writes)
        for event in self.files.told[self._told :]:
            self.rig.bridge.handle(event)
        self._told = len(self.files.told)

    def _do(self, command):
        lander = self.files.lander
        match command:
            case LandTake():
                lander.announce(command)
                lander.handle(command)
            case Retime(job, at):
                lander.punctual.move(job, at)
            case Recut():
                lander.recut(command)
            case CancelLanding(job):
                lander.cancel(job)
            case SlotPlaying():
                lander.play(command)

    def render(self):
        """The engine renders what was asked for last: a tone with a click on each beat of its tempo."""
        render = self.rig.engines.renders()[-1]
        time = np.arange(round(render.seconds * RATE)) / RATE
        tone = 0.4 * np.sin(2 * np.pi * 220 * time) + 0.4 * ((time * FROM / 60) % 1 < 0.01)
        audio = np.stack([tone, 0.8 * tone]).astype(np.float32)
        self.rig.bridge.handle(FromEngine("sketch", Rendered(render.job, audio, RATE, {"seed": 1}, 0.3)))


@pytest.mark.parametrize(
    ("to", "until"),
    [(126.0, 6.0), (90.0, 30.0)],
    ids=["faster", "slower, and still on its way when it lands"],
)
@needs_the_library
def test_what_waits_while_the_tempo_is_turned_lands_with_the_samples_of_its_bars_and_a_closed_seam(tmp_path, to, until):
    show = Show(tmp_path, to, until)
    with closing(show.files):
        show.run(1.0)
        show.rig.press()
        show.run(1.3)
        show.render()
        show.run(14.0)
        (take,) = show.files.archive.find()
    (landed,) = [event for event in show.files.told if isinstance(event, Landed)]
    job = show.rig.jobs()[-1]
    assert (job.state, job.bar, job.missed) == ("landed", 5, 0)
    recuts = [command for command in show.rig.writes if isinstance(command, Recut)]
    fragment, rate = read_wav(tmp_path / "output01.wav")
    by_samples = {MusicalLength(2, "bars", one.bpm).samples(rate): one.bpm for one in recuts}
    assert fragment.shape[1] in by_samples
    bpm = by_samples[fragment.shape[1]]
    # The last one that came in time for it.
    at_the_landing = FROM + min(1.0, (job.lands_at - show.began - TURNED) / (until - TURNED)) * (to - FROM)
    assert bpm == pytest.approx(at_the_landing, abs=0.2 if until < 10 else 1.0)
    assert landed.notes[0] == f"stretched from {round(take.bpm, 2):g} to {round(bpm, 2):g} BPM"
    assert len(landed.notes) == 1
    step, inside = seam(fragment)
    assert step <= inside
    # The archive keeps the sound as it was made.
    assert take.bpm == pytest.approx(FROM, abs=0.1)
