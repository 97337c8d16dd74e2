"""Everything that a cable can carry, at once and for as long as it takes: no press is lost."""

import random
import threading

import mido
import pytest

from midifrag.bridge.items import Introduce
from midifrag.engine.messages import Ready, Render, Started
from midifrag.events import JobChanged
from midifrag.show.playing import ClipPorts
from midifrag.show.runtime import Runtime
from midifrag.states import JobState
from tests.support import PATIENCE
from tests.support.bridges import INFO
from tests.support.forms import form
from tests.support.runtimes import in_its_own_time, log_of
from tests.support.shows import loaded

#: What each of two ports gets, and how many of these are presses of a pad.
MESSAGES, PRESSES = form((3_000, 200), (15_000, 400))
PORTS = {name: {"in": {"virtual": name}, "out": {"virtual": name}} for name in ("pads", "keys")}


class RendersForEver:
    """An engine that begins with each job and says how far it is at each step; none of them ends."""

    def start(self, listener):
        self.listener = listener
        listener(Ready(INFO))

    def send(self, command):
        if isinstance(command, Render):
            self.listener(Started(command.job))

    def close(self):
        pass


def anything(chance):
    """A message of any kind but a press of a pad, which are on notes 36 and 37."""
    channel, data = chance.randrange(16), chance.randrange(128)
    return chance.choice(
        [
            [0x90 | channel, 60 + data % 60, 1 + data % 127],
            [0x80 | channel, data, 64],
            [0x90 | channel, data, 0],
            [0xA0 | channel, data, chance.randrange(128)],
            [0xB0 | channel, data, chance.randrange(128)],
            [0xB0 | channel, 21, chance.randrange(128)],
            [0xC0 | channel, data],
            [0xD0 | channel, data],
            [0xE0 | channel, data, data],
            [0xF0, 0x7E, *[1] * data, 0xF7],
            [0xF8],
            [0xFA],
            [0xF2, data, data],
            [0x90, 200],
            [],
        ]
    )


def flood(show, port, chance):
    presses = set(chance.sample(range(MESSAGES), PRESSES))
    for number in range(MESSAGES):
        press = mido.Message("note_on", note=36 + number % 2, velocity=100).bytes()
        show.play(port, press if number in presses else anything(chance))


@pytest.mark.shortened
def test_no_press_is_lost_in_a_flood_of_anything(tmp_path):
    controls = [
        {"cc": 21, "sets": "steps", "range": [1, 50]},
        {"cc": 2, "bits": 14, "sets": "seconds", "range": [1, 3]},
    ]
    actions = [{"cc": 111, "does": "toggle_lock", "slot": 1}, {"program": 9, "does": "next_bank"}]
    set_of = {"ports": PORTS, "controls": controls, "actions": actions, "queue": {"size": 10_000}, "tempo": 100}
    show = loaded(fragments={"folder": str(tmp_path)}, engine={"spares": {"enabled": False}}, **set_of)
    ports = ClipPorts("pads")
    runtime = Runtime(show, ports, lambda _choice, _host: RendersForEver())
    told, answered = [], threading.Event()
    with in_its_own_time():
        runtime.start()
        threads = [
            threading.Thread(target=flood, args=(ports.backend, name, random.Random(seed)))
            for seed, name in enumerate(PORTS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        runtime.put(Introduce(lambda changes: (told.extend(changes), answered.set())))
        assert answered.wait(PATIENCE)
        runtime.close()
    jobs = [change for change in told if isinstance(change, JobChanged)]
    assert len(jobs) == len(PORTS) * PRESSES
    lines = log_of(tmp_path)
    heard = [line["port"] for line in lines if line["event"] == "NoteOn"]
    assert sorted(heard) == sorted([*PORTS] * PRESSES)
    ends = {line["job"]: line["state"] for line in lines if line["event"] == "JobChanged"}
    assert list(ends.values()) == [JobState.CANCELLED] * len(PORTS) * PRESSES


@pytest.mark.parametrize("kind", [[0xF8], [0xB0, 123, 0], [0x80, 36, 0], [0xF0, 1, 0xF7], [0x90, 99, 1], [0xB0, 21, 5]])
def test_no_press_is_lost_in_a_flood_of_one_kind(tmp_path, kind):
    show = loaded(fragments={"folder": str(tmp_path)}, queue={"size": 10_000}, engine={"spares": {"enabled": False}})
    ports = ClipPorts("midifrag")
    runtime = Runtime(show, ports, lambda _choice, _host: RendersForEver())
    told, answered = [], threading.Event()
    with in_its_own_time():
        runtime.start()
        for number in range(5000):
            ports.backend.play("midifrag", [0x90, 36, 100] if number % 50 == 0 else kind)
        runtime.put(Introduce(lambda changes: (told.extend(changes), answered.set())))
        assert answered.wait(PATIENCE)
        runtime.close()
    assert sum(isinstance(change, JobChanged) for change in told) == 100
