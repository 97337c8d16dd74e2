"""A performer, a bridge that lights what is pressed, and a cable from the output to the input; the clock is ours."""

from __future__ import annotations

import heapq
import itertools
import random

import mido
import pytest

from midifrag.midi.loops import Loops
from tests.support.forms import combined, some


def note(number, velocity, channel=0):
    return mido.Message("note_on", note=number, velocity=velocity, channel=channel)


class Stage:
    """``wire(message)`` gives what comes back of a message that goes out (a list), ``delay`` seconds later.

    Each press is lit as the pads of an echo surface are: queued, rendering, landed.
    """

    def __init__(self, wire=lambda _message: [], delay=0.005, lights=((0.001, 13), (0.002, 45), (0.11, 21)), pads=8):
        self.wire, self.delay, self.lights = wire, delay, lights
        self.time, self.held, self.kept = 0.0, False, {}
        self.pressed, self.told, self.sent = [], [], []
        self._agenda, self._order = [], itertools.count()
        self.loops = Loops(["pads"], ["pads"], self, lambda _port, text: self.told.append(text))
        for pad in range(pads):
            self.at(0.0, self._light, note(36 + pad, 0))
        self.tick()

    # What the loops may do to the feedback.

    def hold(self, _name):
        self.held = True

    def silence(self, _name):
        pass

    def release(self, _name):
        self.held = False
        kept, self.kept = self.kept, {}
        for message in kept.values():
            self.at(self.time, self._light, message)

    def insist(self, _name, message):
        self._out(message)

    # What happens.

    def at(self, time, do, *what):
        heapq.heappush(self._agenda, (time, next(self._order), do, what))

    def tick(self):
        self.loops.tick(self.time)
        self.at(self.time + 0.5, self.tick)

    def run(self, until):
        while self._agenda[0][0] <= until:
            self.time, _, do, what = heapq.heappop(self._agenda)
            do(*what)
        self.time = until

    def roll(self, start, count, apart, velocities=(100,), pads=(36,), release=True):
        for number in range(count):
            message = note(pads[number % len(pads)], velocities[number % len(velocities)])
            self.at(start + number * apart, self._arrive, message)
            if release:
                self.at(start + (number + 0.5) * apart, self._arrive, message.copy(velocity=0))

    def _arrive(self, message):
        if self.loops.is_echo("pads", message, self.time) or not message.velocity:
            return
        self.pressed.append((round(self.time, 3), message.note, message.velocity))
        for later, velocity in self.lights:
            self.at(self.time + later, self._light, note(message.note, velocity))

    def _light(self, message):
        if self.held:
            self.kept[message.note] = message
        else:
            self._out(message)

    def _out(self, message):
        self.loops.sent("pads", message, self.time)
        self.sent.append((self.time, message))
        for back in self.wire(message):
            self.at(self.time + self.delay, self._arrive, back)


def same(message):
    return [message]


def louder(message):
    return [message.copy(velocity=min(message.velocity + 1, 127))] if message.velocity else []


def without_releases(message):
    return [message] if message.velocity else []


def on_another_channel(message):
    return [message.copy(channel=9)] if message.velocity else []


#: Lights of a pad while the engine is busy: each press waits, and nothing else is told.
QUEUED = ((0.001, 13),)


@pytest.mark.parametrize(
    ("velocities", "apart", "pads", "lights", "release"),
    combined(
        [(13,), (21,), (45,), (100,), (13, 45), (13, 45, 21), (21, 13)],
        [1 / 30, 1 / 16, 0.125, 0.5],
        [(36,), (36, 37), (36, 38, 40, 41)],
        [((0.001, 13), (0.002, 45), (0.11, 21)), ((0.001, 13), (0.002, 45), (0.003, 21)), QUEUED],
        [True, False],
    ),
)
def test_no_roll_of_any_velocity_loses_a_press(velocities, apart, pads, lights, release):
    stage = Stage(lights=lights)
    stage.roll(2.0, 60, apart, velocities, pads, release)
    stage.run(2.0 + 60 * apart + 5)
    assert len(stage.pressed) == 60
    assert (stage.told, stage.held, stage.loops.counts["pads"]) == ([], False, 0)


@pytest.mark.parametrize("delay", [0.001, 0.005, 0.03, 0.08, 0.3, 0.7])
@pytest.mark.parametrize("pads", [1, 8])
def test_an_echo_of_any_delay_presses_nothing_and_is_told_once(delay, pads):
    stage = Stage(same, delay, pads=pads)
    stage.roll(2.0, 2, 0.4)
    stage.run(12.0)
    # With one pad there was one light before the first press: too little to tell a slow loop from a hand.
    assert len(stage.pressed) <= (35 if pads == 1 and delay > 0.012 else 2)
    assert stage.pressed[0] == (2.0, 36, 100)
    assert [f"comes back {1000 * delay:.0f} ms later" in text for text in stage.told] == [True]
    assert stage.loops.counts["pads"] >= 2
    assert not stage.held


@pytest.mark.parametrize("velocity", [13, 21, 45, 100])
@pytest.mark.parametrize("delay", [0.005, 0.08])
def test_in_a_loop_real_presses_count_all_the_same(delay, velocity):
    stage = Stage(same, delay)
    stage.roll(2.0, 60, 1 / 30, (velocity,))
    stage.run(8.0)
    assert len(stage.pressed) == 60


@pytest.mark.parametrize("delay", [0.005, 0.08, 0.3])
def test_where_releases_do_not_come_back_the_first_press_tells(delay):
    stage = Stage(without_releases, delay)
    stage.roll(2.0, 2, 0.4)
    stage.run(12.0)
    assert len(stage.pressed) <= 35
    assert any("is left out" in text for text in stage.told)


@pytest.mark.parametrize("delay", [0.001, 0.005, 0.01])
def test_a_quick_loop_that_begins_in_the_middle_of_a_show_presses_nothing(delay):
    stage = Stage(delay=delay)
    stage.roll(2.0, 1, 0.4)
    stage.run(4.0)
    stage.wire = same
    stage.roll(5.0, 2, 0.4)
    stage.run(12.0)
    assert [press[0] for press in stage.pressed] == [2.0, 5.0, 5.4]


@pytest.mark.parametrize("wire", [louder, on_another_channel])
@pytest.mark.parametrize("delay", [0.002, 0.005, 0.08, 0.3])
@pytest.mark.parametrize("lights", [((0.001, 13), (0.002, 45), (0.11, 21)), QUEUED])
def test_what_comes_back_changed_is_stopped_told_once_and_left_when_it_ends(wire, delay, lights):
    stage = Stage(wire, delay, lights)
    stage.roll(2.0, 2, 0.4)
    stage.run(20.0)
    assert len(stage.pressed) < 40
    assert stage.held
    assert len(stage.told) == 1
    assert "comes back as presses" in stage.told[0]
    quiet = len(stage.pressed)
    stage.run(60.0)
    assert len(stage.pressed) == quiet

    stage.wire = lambda _message: []
    stage.run(90.0)
    assert not stage.held
    assert "on again" in stage.told[1]
    stage.roll(100.0, 1, 0.4)
    stage.run(110.0)
    assert len(stage.pressed) == quiet + 1
    assert stage.sent[-1][1].velocity == stage.lights[-1][1]


def test_what_comes_back_on_other_pads_is_stopped_too():
    stage = Stage(lambda message: [message.copy(note=36 + (message.note + 3) % 60)] if message.velocity else [], 0.01)
    stage.roll(2.0, 2, 0.4)
    stage.run(20.0)
    assert len(stage.pressed) < 250
    assert stage.held


def test_a_hand_that_looks_like_a_loop_waits_for_its_lights_a_moment_and_is_not_accused():
    stage = Stage(lights=QUEUED)
    stage.roll(2.0, 200, 1 / 30)
    stage.run(20.0)
    gaps = [later[0] - earlier[0] for earlier, later in itertools.pairwise(stage.sent[8:])]
    assert 0.5 < max(gaps) < 2.0
    assert (len(stage.pressed), stage.told, stage.held) == (200, [], False)


@pytest.mark.parametrize("seed", some(range(6), range(40)))
@pytest.mark.parametrize("velocities", [(13,), (100,), (13, 21, 45, 100)])
def test_a_hand_that_goes_on_playing_while_a_light_asks_loses_nothing(seed, velocities):
    dice = random.Random(seed)
    stage = Stage(lights=QUEUED)
    stage.roll(2.0, 40, 1 / 30)
    # A lull in which the test begins, and then playing at will.
    count, time = 40, 2.0 + 40 / 30 + 1.6
    while time < 12.0:
        stage.at(time, stage._arrive, note(dice.randrange(36, 44), dice.choice(velocities)))
        time += dice.choice([0.02, 0.15, 0.4])
        count += 1
    stage.run(20.0)
    assert (len(stage.pressed), stage.told, stage.held) == (count, [], False)


def test_a_light_on_one_port_excuses_nothing_on_another():
    told = []
    loops = Loops(["pads", "keys"], ["pads", "keys"], Stage(), lambda port, text: told.append((port, text)))
    loops.sent("pads", note(36, 13), 1.0)
    assert not loops.is_echo("keys", note(36, 13), 1.003)
    assert loops.is_echo("pads", note(36, 13), 1.003)
    assert loops.counts == {"pads": 1}


def test_a_track_that_brings_one_ports_lights_to_another_is_found_out():
    told = []
    loops = Loops(["pads", "keys"], ["pads", "keys"], Stage(), lambda port, text: told.append((port, text)))
    found = []
    for number in range(5):
        loops.sent("pads", note(36 + number, 13), 2 * number)
        found.append(loops.is_echo("keys", note(36 + number, 13), 2 * number + 0.02))
    assert found == [False, True, True, True, True]
    assert [(port, "feedback of pads" in text) for port, text in told] == [("keys", True)]


def test_a_loop_that_ends_is_forgotten():
    stage = Stage(same)
    stage.roll(2.0, 1, 0.4)
    stage.run(4.0)
    stage.wire = lambda _message: []
    stage.roll(5.0, 40, 1 / 30, (13,))
    stage.run(10.0)
    assert len(stage.pressed) == 41
