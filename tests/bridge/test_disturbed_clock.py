"""What a pad plays again or instead waits for a bar, and the clock that keeps it stops, jumps or is unplugged."""

from __future__ import annotations

import pytest

from midifrag.engine.messages import Failed, Render, Started
from midifrag.events import PortChanged
from midifrag.fragment.appointments import EARLY
from midifrag.intents import Again, AgainHow
from midifrag.midi.messages import Tick, TransportChange
from midifrag.pad_key import PadKey
from tests.bridge.test_on_the_bar import ROUNDING, Show, off

BPM, BAR = 120.0, 4.0
#: Seconds after the press, which is in mid-bar, that the clock is disturbed.
WAITED = 0.55
#: What each pad is asked for (None: a press), and what becomes of it in the engine.
ASKED: dict[int, tuple[AgainHow | None, str]] = {
    36: ("repeat", "works"),
    37: ("same_seed", "works"),
    38: ("variation", "works"),
    39: ("same_seed", "fails"),
    40: ("variation", "fails"),
    41: ("variation", "is late"),
    42: (None, "fails"),
    43: (None, "is late"),
}
#: What is there soon waits for long, so that the clock is disturbed meanwhile.
LANDS = {note: "4 bars" if becomes == "works" else "bar" for note, (_, becomes) in ASKED.items()}


class Disturbed(Show):
    """A show that follows a MIDI clock, which can be disturbed, and an engine that can fail."""

    def __init__(self, seed):
        super().__init__(BPM, seed, pad={"fallback": "last"}, lands=LANDS, time={"source": "auto"})
        self.is_asked = False
        self.ticks = True
        self._beat = self.clock.now() + 0.01
        self.tell("start")
        self.at(self._beat, self._tick)
        self.at(self._beat, self._look)

    def tell(self, kind, sixteenths=None):
        self.rig.bridge.handle(TransportChange("daw", kind, self.clock.now(), sixteenths))

    def _tick(self):
        if self.ticks:
            self.rig.bridge.handle(Tick("daw", self.clock.now()))
        self._beat += 60 / BPM / 24
        self.at(self._beat, self._tick)

    def _look(self):
        self.rig.bridge.housekeeping()
        self.at(self.clock.now() + 0.2, self._look)

    def render(self, render: Render, now: float) -> None:
        becomes = ASKED[int(render.prompt.split()[-1])][1] if self.is_asked else "works"
        if becomes == "works":
            super().render(render, now)
            return
        self.at(now + 0.1, lambda: self.rig.say(Started(render.job)))
        if becomes == "fails":
            self.at(now + 0.3, lambda: self.rig.say(Failed(render.job, "out of memory")))
        else:
            # It takes four bars and more.
            self.at(now + 9.1, lambda: self.rig.rendered(render))

    def ask(self, note, how):
        if how is None:
            self.rig.press(note)
        else:
            self.rig.bridge.handle(Again(PadKey(note), how))

    # --- what is done to the clock -----------------------------------------------------------------------------------

    def nothing(self):
        pass

    def stop(self):
        self.tell("stop")

    def stop_for_a_while(self):
        self.tell("stop")
        self.at(self.clock.now() + 3.3, lambda: self.tell("continue"))

    def stop_with_its_ticks(self):
        self.tell("stop")
        self.ticks = False

    def jump_ahead(self):
        self.tell("position", 99)

    def jump_back(self):
        self.tell("position", 0)

    def start_again(self):
        self.tell("start")

    def unplug(self):
        self.ticks = False
        self.rig.bridge.handle(PortChanged("daw", "in", "lost", ""))

    def unplug_for_a_while(self):
        self.unplug()

        def plug():
            self.ticks = True
            self.rig.bridge.handle(PortChanged("daw", "in", "open", ""))

        self.at(self.clock.now() + 4.7, plug)


DISTURBANCES = [
    Disturbed.nothing,
    Disturbed.stop,
    Disturbed.stop_for_a_while,
    Disturbed.stop_with_its_ticks,
    Disturbed.jump_ahead,
    Disturbed.jump_back,
    Disturbed.start_again,
    Disturbed.unplug,
    Disturbed.unplug_for_a_while,
]


@pytest.mark.parametrize("disturb", DISTURBANCES, ids=lambda one: one.__name__)
def test_whatever_becomes_of_the_clock_each_has_one_outcome_on_a_boundary_that_was_told(disturb):
    show = Disturbed(3)
    begin = show.clock.now()
    for note in ASKED:
        show.at(begin + 0.6, lambda note=note: show.rig.press(note))
    show.run(begin + 8.5)
    assert len(show.landings) == len(ASKED)
    show.is_asked = True
    for note, (how, _) in ASKED.items():
        show.at(begin + 8.8, lambda note=note, how=how: show.ask(note, how))
    show.at(begin + 8.8 + WAITED, lambda: disturb(show))
    show.run(begin + 30.0)
    told = show.changes()
    assert [changes[-1] for changes in told.values() if not changes[-1].state.ended] == []
    for note, (_, becomes) in ASKED.items():
        pad = PadKey(note)
        assert show.rig.pad_states(pad)[-1] != "waiting"
        jobs = {job: changes[-1] for job, changes in told.items() if changes[-1].pad == pad}
        # One thing is heard beside the first press, be it an earlier take.
        heard = [landing for landing in show.landings if landing.job in jobs][1:]
        assert len(heard) == 1, jobs
        ends = [str(last.state) for last in jobs.values()]
        assert ends == ["landed", *(["failed"] if becomes != "works" else []), "landed"]
        (landing,), boundary = heard, jobs[heard[0].job].boundary
        assert -EARLY - ROUNDING <= off(landing, 4 * BAR if LANDS[note] == "4 bars" else BAR) <= ROUNDING
        # What was told last before it landed is where it landed.
        assert landing.line.position_at(boundary.at) == pytest.approx(boundary.position, abs=0.05)
        assert landing.at == pytest.approx(boundary.at, abs=EARLY + ROUNDING)
