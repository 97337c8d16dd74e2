"""Encoders, parameters, gates, thru and values that go back, over a private JACK server with an independent client."""

import mido
import pytest

from midifrag.engine.messages import Cancel, Cancelled, Render, Started
from midifrag.events import ControlChanged, JobChanged
from midifrag.midi.messages import NoteOff, Nrpn
from midifrag.midi.ports import Ports
from midifrag.show.runtime import Runtime
from midifrag.states import JobState
from tests.jack import EACH, again_and_again
from tests.scenarios.test_real_ports import Opened
from tests.support.runtimes import NeverRenders, Seen
from tests.support.shows import bank, loaded

PORTS = {"pads": {"in": "pads out", "out": "pads in"}}


class Cancels(NeverRenders):
    """An engine that begins with each job, and lets go of it when it is told to."""

    def send(self, command):
        if isinstance(command, Render):
            self.listener(Started(command.job))
        elif isinstance(command, Cancel):
            self.listener(Cancelled(command.job))


def is_further(message):
    """Whether a ring is told a value beyond the one that it began with."""
    return message.type == "control_change" and message.control == 21 and message.value > 64


def cc(control, value):
    return mido.Message("control_change", control=control, value=value)


@pytest.fixture
def opened(jack_server):
    made = []

    def make(**ports):
        made.append(Opened(jack_server, ports))
        return made[-1]

    yield make
    for one in made:
        one.ports.close()


def test_a_parameter_and_a_release_velocity_come_in_as_they_were_sent(opened, peer):
    pads = peer("pads")
    live = opened(**PORTS)
    live.ports.pair([], [(None, None, 300)])
    sends = [cc(99, 2), cc(98, 44), cc(6, 100), cc(38, 7)]
    heard = live.hears(
        lambda: [pads.send(one) for one in sends], lambda item: isinstance(item, Nrpn) and item.fine is not None
    )
    assert (heard.number, heard.value, heard.fine) == (300, 100, 7)
    released = live.hears(
        lambda: pads.send(mido.Message("note_off", note=36, velocity=99)), lambda item: isinstance(item, NoteOff)
    )
    assert released.velocity == 99


def test_messages_go_on_from_one_client_to_another(opened, peer):
    keys, synth = peer("keys"), peer("synth")
    opened(
        keys={"in": "keys out", "thru": "synth"},
        synth={"in": "synth out", "out": "synth in"},
    )
    press = mido.Message("note_on", note=60, velocity=99)
    assert again_and_again(
        lambda: keys.send(press) is not False and synth.wait_for(lambda received: press in received, EACH)
    )


def test_a_show_answers_encoders_gates_and_rings(jack_server, peer, tmp_path):
    pads = peer("pads")
    controls = [{"cc": 21, "sets": "cfg_scale", "range": [0, 10], "relative": "twos", "clicks": 10}]
    show = loaded(
        bank(pads={36: {"prompt": "rain", "press": "gate"}}),
        backend=jack_server,
        ports=PORTS,
        controls=controls,
        defaults={"cfg_scale": 5},
        fragments={"folder": str(tmp_path)},
        page={"enabled": False},
    )
    runtime = Runtime(show, Ports, lambda _choice, _host: Cancels())
    seen = Seen()
    try:
        runtime.start()
        runtime.watch(seen, "test")
        assert again_and_again(lambda: pads.wait_for(lambda received: cc(21, 64) in received, EACH))
        assert again_and_again(
            lambda: (
                pads.send(cc(21, 1)) is not False
                and any(isinstance(one, ControlChanged) and one.value for one in list(seen.changes))
            )
        )
        assert again_and_again(lambda: pads.wait_for(lambda received: any(map(is_further, received)), EACH))

        def pressed_and_let_go():
            pads.send(mido.Message("note_on", note=36, velocity=99))
            pads.send(mido.Message("note_off", note=36))
            return any(isinstance(one, JobChanged) and one.state is JobState.CANCELLED for one in list(seen.changes))

        assert again_and_again(pressed_and_let_go)
    finally:
        runtime.close()
