"""Ports that come and go, each look at a time."""

from __future__ import annotations

import pytest

from midifrag.errors import MidiGoneError, PortError
from midifrag.midi.finding import identity_request
from midifrag.midi.plugs import AGAIN_SECONDS, LOSES
from tests.midi.plug_rig import PADS, Rig, pads

X_REPLY = [0xF0, 0x7E, 0x00, 0x06, 0x02, 0x00, 0x20, 0x29, 0x03, 0x01, 0, 0, 0, 0, 0, 0xF7]


# --- what comes ------------------------------------------------------------------------------------------------------


def test_what_is_there_is_opened_told_and_left_alone():
    rig = Rig("Pads")
    assert rig.look() == pads("open")
    assert rig.texts == ["pads: input Pads is open", "pads: output Pads is open"]
    assert rig.output.done == [("attach", "pads", "Pads", 0.0, None)]
    rig.system.play("Pads", [0x90, 36, 100])
    assert rig.heard == [("pads", [0x90, 36, 100])]
    assert rig.look() == []


def test_what_is_not_there_is_waited_for_and_said_once_for_each_reason():
    rig = Rig("Keys")
    assert rig.look() == pads("waiting")
    assert rig.texts[0] == "pads: waiting for its input: no port matches 'Pads'; there are 'Keys'"
    assert rig.look() == []
    rig.system.plug("Organ")
    assert rig.look() == pads("waiting")
    rig.system.plug("Pads")
    assert rig.look() == pads("open")
    assert rig.look() == []


def test_one_that_cannot_be_opened_is_waited_for_and_hinders_no_other():
    rig = Rig("Pads")
    rig.system.refuses.add("in")
    assert rig.look(strict=True) == [("pads", "in", "waiting"), ("pads", "out", "open")]
    assert rig.texts[0] == "pads: waiting for its input: Pads is held by another program"
    rig.system.refuses.clear()
    assert rig.look() == [("pads", "in", "open")]


def test_several_are_an_error_at_the_start_and_waited_for_later():
    rig = Rig("Pads A", "Pads B")
    with pytest.raises(PortError, match=r"^ports\.pads\.in: 'Pads' matches several"):
        rig.look(strict=True)
    assert rig.look() == pads("waiting")


def test_a_system_that_lists_nothing_is_an_error_at_the_start_and_the_reason_later():
    rig = Rig("Pads")
    rig.system.trouble = PortError("the system lists no ports")
    with pytest.raises(PortError, match="lists no ports"):
        rig.look(strict=True)
    assert rig.look() == pads("waiting")
    assert rig.texts[1] == "pads: waiting for its output: the system lists no ports"
    rig.system.trouble = None
    assert rig.look() == pads("open")


def test_a_client_that_did_not_get_its_name_is_told():
    rig = Rig("Pads", ports={"pads": {"in": "Pads"}})
    rig.system.given = "stage-pads-in-01"
    rig.look()
    assert rig.texts == [
        "pads: input Pads is open as stage-pads-in-01: another program has the name stage-pads-in, so saved "
        "connections may go to the wrong one; `client:` in presets.yaml gives this set a name of its own"
    ]


@pytest.mark.parametrize("name", ["live", "stage:live 128:0", "stage-live-out:live 128:0"])
def test_our_own_virtual_ports_are_made_and_never_taken_for_devices(name):
    rig = Rig(name, ports={"live": {"out": {"virtual": "live"}}, "all": {"in": "."}})
    assert rig.look() == [("live", "out", "open"), ("all", "in", "waiting")]
    assert rig.output.done == [("attach", "live", "live", 0.0, None)]


def test_another_program_s_port_of_a_name_like_ours_is_a_device():
    rig = Rig("other:live 128:0", ports={"live": {"out": {"virtual": "live"}}, "all": {"in": "."}})
    assert rig.look() == [("live", "out", "open"), ("all", "in", "open")]


def test_where_messages_get_lost_that_is_told_once_and_lights_are_said_again():
    rig = Rig("Pads", loses=True)
    rig.look()
    assert rig.texts[-1] == LOSES
    assert rig.output.done == [("attach", "pads", "Pads", 0.0, AGAIN_SECONDS)]
    assert rig.look() == []


# --- what goes -------------------------------------------------------------------------------------------------------


def test_what_went_away_is_closed_told_and_waited_for():
    rig = Rig("Pads")
    rig.look()
    rig.output.done.clear()
    rig.system.unplug("Pads")
    assert rig.look() == pads("lost", "waiting")
    assert rig.texts[0] == "pads: input Pads went away; waiting for it"
    assert rig.output.done == [("detach", "pads")]
    assert [end.open for end in rig.ends] == [None, None]
    assert [port for port in rig.system._ports if port.receive] == []


def test_what_was_cut_off_is_taken_anew_where_the_system_tells():
    rig = Rig("Pads", tells=True)
    rig.look()
    rig.system.cut("Pads")
    assert rig.look() == pads("lost", "open")
    assert rig.texts[0] == "pads: input Pads was cut off; taking it anew"
    rig.system.play("Pads", [0x90, 36, 100])
    assert len(rig.heard) == 1


def test_a_midi_system_that_is_gone_takes_all_with_it_and_is_told_once():
    rig = Rig("Pads", ports=PADS | {"live": {"out": {"virtual": "live"}}})
    rig.look()
    rig.system.trouble = MidiGoneError("JACK has ended")
    assert rig.look() == [*pads("lost"), ("live", "out", "lost")]
    assert rig.texts[0] == "pads: input Pads is gone: JACK has ended"
    assert rig.look() == []
    rig.system.trouble = None
    assert rig.look() == [*pads("open"), ("live", "out", "open")]


def test_an_output_that_failed_is_told_and_taken_again():
    rig = Rig("Pads")
    rig.look()
    rig.changes.clear()
    rig.plugs.send_failed("pads", OSError("pulled"))
    rig.plugs.send_failed("keys", OSError("not ours"))
    assert rig.texts == ["pads: output failed (pulled); trying again"]
    rig.plugs.send_failed("pads", OSError("again"))
    assert len(rig.changes) == 1
    # Where the system does not tell, its input may be dead as well.
    assert rig.look() == [("pads", "out", "open"), ("pads", "in", "open")]
    assert rig.look() == []


def test_closing_inputs_leaves_outputs_to_their_own_thread():
    rig = Rig("Pads")
    rig.look()
    rig.plugs.close_inputs()
    rig.system.play("Pads", [0x90, 36, 100])
    assert rig.heard == []
    assert [end.open is None for end in rig.ends] == [True, False]


# --- who a device is -------------------------------------------------------------------------------------------------

LAUNCHPAD = {"pads": {"surface": "launchpad"}}
NAMED = {"pads": {"in": "USB", "out": "USB", "surface": "launchpad"}}


def test_an_output_with_lights_is_asked_who_it_is():
    rig = Rig("USB", ports=NAMED)
    rig.look()
    assert rig.output.done[1:] == [("send", "pads", [identity_request()], False)]


def test_a_device_is_its_pattern_then_its_name_then_its_model():
    rig = Rig(ports=NAMED | {"live": {"out": {"virtual": "live"}}, "keys": {"in": "Keys"}})
    devices = [rig.plugs.device(port) for port in ("pads", "live", "keys", "nobody")]
    rig.system.plug("USB MIDI")
    rig.look()
    devices.append(rig.plugs.device("pads"))
    rig.plugs.identified("pads", X_REPLY)
    assert [*devices, rig.plugs.device("pads")] == ["USB", "live", "", "", "USB MIDI", "Launchpad X"]
    rig.system.unplug("USB MIDI")
    rig.look()
    rig.system.plug("USB MIDI")
    rig.look()
    # Another one may be there now.
    assert rig.plugs.device("pads") == "USB MIDI"


def test_a_model_is_told_once_and_only_where_the_name_does_not():
    rig = Rig("USB MIDI", ports=NAMED)
    rig.plugs.identified("pads", X_REPLY)
    assert rig.changes == []
    rig.look()
    rig.changes.clear()
    for port, data in (("pads", X_REPLY[:7]), ("keys", X_REPLY), ("pads", X_REPLY), ("pads", X_REPLY)):
        rig.plugs.identified(port, data)
    assert rig.texts == ["pads: USB MIDI is a Launchpad X"]
    named = Rig("USB Launchpad X", ports=NAMED)
    named.look()
    named.changes.clear()
    named.plugs.identified("pads", X_REPLY)
    assert (named.changes, named.plugs.device("pads")) == ([], "USB Launchpad X")


def test_all_are_asked_once_where_no_name_tells_and_the_same_again_after_a_find(monkeypatch):
    asked, answer = [], [None]

    def ask_around(system, surface, free, client):
        asked.append((system, surface, free, client))
        return answer[0]

    monkeypatch.setattr("midifrag.midi.plugs.ask_around", ask_around)
    rig = Rig("Keys", "USB", ports=LAUNCHPAD | {"keys": {"in": "Keys", "out": "Keys"}})
    for _ in range(2):
        rig.look()
    free = {"in": ["USB"], "out": ["USB"]}
    assert asked == [(rig.system, "launchpad", free, "stage")]
    rig.system.plug("USB 2")
    answer[0] = ("USB 2", "USB")
    assert rig.look()[-2:] == pads("open")
    assert [end.name for end in rig.ends[:2]] == ["USB 2", "USB"]
    rig.look()
    assert len(asked) == 2
    for name in ("USB", "USB 2"):
        rig.system.unplug(name)
    rig.look()
    for name in ("USB", "USB 2"):
        rig.system.plug(name)
    rig.look()
    assert len(asked) == 3
    assert rig.look() == []


def test_what_was_found_by_asking_and_cannot_be_opened_is_waited_for(monkeypatch):
    monkeypatch.setattr("midifrag.midi.plugs.ask_around", lambda *_: ("USB", "USB"))
    rig = Rig("USB", ports=LAUNCHPAD)
    rig.system.refuses.add("in")
    assert rig.look() == [*pads("waiting"), ("pads", "in", "waiting"), ("pads", "out", "open")]
    assert rig.texts[2] == "pads: waiting for its input: USB is held by another program"
