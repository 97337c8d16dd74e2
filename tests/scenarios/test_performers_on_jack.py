"""Two performers on one show over a private JACK server, each with controllers of their own."""

import mido
import pytest

from midifrag.events import BankChanged, JobChanged
from midifrag.midi.ports import Ports
from midifrag.show.runtime import Runtime
from midifrag.states import JobState
from tests.jack import EACH, again_and_again
from tests.scenarios.test_controls import Cancels, cc
from tests.support.runtimes import Seen
from tests.support.shows import bank, loaded

pytestmark = pytest.mark.linux
#: The lower left pad of a Launchpad, and of an APC mini mk2.
LAUNCHPAD, APC = 11, 0


def port(name, surface, performer):
    return {"in": f"{name} out", "out": f"{name} in", "surface": surface, "performer": performer}


PORTS = {
    "left": port("left", "launchpad", "left"),
    "beside": port("beside", "apc_mini_mk2", "left"),
    "right": port("right", "launchpad", "right"),
}


class Stage:
    """A show, its controllers, and what was told."""

    def __init__(self, backend, peer, folder):
        self.hands = {name: peer(name) for name in PORTS}
        pads = {36: {"prompt": "rain", "press": "gate"}}
        show = loaded(
            bank("one", pads),
            bank("two", pads, program=5, bank_select=129),
            backend=backend,
            ports=PORTS,
            fragments={"folder": str(folder)},
            page={"enabled": False},
        )
        self.runtime = Runtime(show, Ports, lambda _choice, _host: Cancels())
        self.seen = Seen()

    def jobs(self, slug):
        """The state of each press of a bank, in order."""
        told = [one for one in list(self.seen.changes) if isinstance(one, JobChanged) and one.bank == slug]
        return list({one.job: one.state for one in told}.values())

    def until(self, name, messages, condition):
        """Send until something has come of it: on a machine that is late, JACK leaves messages out."""

        def attempt():
            self.hands[name].send(*messages)
            return self.hands[name].wait_for(lambda _received: condition(), EACH / 5)

        assert again_and_again(attempt), self.seen.changes[-5:]

    def shows(self, name, note):
        """Whether a controller has been told that its pad pulses, as one does whose fragment renders."""
        pulsing = {2} if note == LAUNCHPAD else set(range(7, 11))
        return any(one.type == "note_on" and (one.note, one.channel in pulsing) == (note, True) for one in
                   list(self.hands[name].received))  # fmt: skip


@pytest.fixture
def stage(jack_server, peer, tmp_path):
    made = Stage(jack_server, peer, tmp_path)
    try:
        made.runtime.start()
        made.runtime.watch(made.seen, "test")
        yield made
    finally:
        made.runtime.close()


def pad(note):
    return mido.Message("note_on", note=note, velocity=99)


def test_each_has_lights_banks_and_held_pads_of_their_own(stage):
    # A program with its bank select, on one port: that performer's bank alone.
    program = [cc(0, 1), cc(32, 1), mido.Message("program_change", program=4)]

    def selected():
        return [(one.slug, one.performer) for one in list(stage.seen.changes) if isinstance(one, BankChanged)]

    stage.until("right", program, lambda: ("two", "right") in selected())
    assert ("two", "") not in selected()
    # A press is shown by both controllers of its performer.
    stage.until("left", [pad(LAUNCHPAD)], lambda: JobState.RENDERING in stage.jobs("one"))
    stage.until("left", [], lambda: stage.shows("left", LAUNCHPAD) and stage.shows("beside", APC))
    assert not stage.shows("right", LAUNCHPAD)
    stage.until("right", [pad(LAUNCHPAD)], lambda: JobState.RENDERING in stage.jobs("two"))
    stage.until("right", [], lambda: stage.shows("right", LAUNCHPAD))
    # What a keyboard sends at its last key up ends its performer's held pads, and nobody else's.
    for number in (123, 120):
        stage.until("left", [pad(LAUNCHPAD)], lambda: stage.jobs("one")[-1] is JobState.RENDERING)
        stage.until("left", [cc(number, 0)], lambda: stage.jobs("one")[-1] is JobState.CANCELLED)
    assert stage.jobs("two")[-1] is JobState.RENDERING
    # The same program once more changes nothing.
    before = len(selected())
    stage.until("right", [*program, pad(LAUNCHPAD)], lambda: len(stage.jobs("two")) > 1)
    assert len(selected()) == before
