"""What the Max for Live device does with notes and OSC, in as much of Max as that needs; Max itself is not here."""

import pytest
from py2max.m4l import read_amxd

from tests.tools.small_max import Bus, SmallMax
from tools import max_device

TAKEN = (0, ("set", "another", "midifrag", "device", "has", "this", "port"))
LISTENING = (0, ("set", "listening"))


@pytest.fixture
def bus():
    return Bus()


@pytest.fixture
def put(bus):
    """Puts devices onto tracks."""
    found = read_amxd(max_device.DEVICE)
    patch = found["patcher"] if isinstance(found, dict) else found[0]["patcher"]
    identities = iter(range(11, 99))

    def make():
        device = SmallMax(patch, bus, next(identities))
        device.load()
        return device

    return make


def played(device):
    """What the slots' players were told since the last look, by slot."""
    said = {
        number: [message for inlet, message in device.told.pop(f"groove~ ---mf{number} 2 @loop 0", []) if inlet == 0]
        for number in range(1, max_device.SLOTS + 1)
    }
    return {number: messages for number, messages in said.items() if messages}


def gains(device):
    """What the slots' levels were set to since the last look."""
    return [message[0] for inlet, message in device.told.pop("*~ 0.", []) if inlet == 1]


def test_it_is_silent_before_its_first_note(put):
    device = put()
    told = played(device)
    assert set(told) == set(range(1, 9))
    assert all(messages[-1] == ("stop",) for messages in told.values())
    assert gains(device) == []


def test_a_landing_replaces_its_own_slot_with_the_file_that_is_told(put):
    device = put()
    device.say("udpreceive", "/midifrag/slot", 3, "/home/me/my set/output03.wav", 1.5, "rain on tin", 2)
    files = {text: told for text, told in device.told.items() if text.startswith("buffer~")}
    assert files == {"buffer~ ---mf3 1000 2": [(0, ("replace", "/home/me/my set/output03.wav"))]}
    device.say("udpreceive", "/midifrag/pad", 36, "landed")
    device.say("udpreceive", "/midifrag/slot", 9, "/nine.wav")
    assert {text for text in device.told if text.startswith("buffer~")} == set(files)


@pytest.mark.parametrize(("note", "slot"), [(35, None), (36, 1), (43, 8), (44, None), (30, None), (127, None)])
def test_each_slot_has_its_note(put, note, slot):
    device = put()
    played(device)
    device.note(note, 127)
    assert played(device) == ({} if slot is None else {slot: [("startloop",)]})
    assert gains(device) == ([] if slot is None else [1.0, 1.0])
    device.note(note, 0)
    assert played(device) == {}


def test_a_slot_that_is_chosen_plays_on_every_note_as_loud_as_it_is_hit(put):
    device = put()
    played(device)
    device.say("live.menu", 5)
    device.note(60, 64)
    assert played(device) == {5: [("startloop",)]}
    assert gains(device) == [64 / 127] * 2
    device.say("live.menu", 0)
    device.note(36, 64)
    assert played(device) == {1: [("startloop",)]}


def test_a_loop_ends_with_its_note(put):
    device = put()
    device.say("live.toggle", 1)
    assert all(messages[-1] == ("loop", 1) for messages in played(device).values())
    device.note(37, 100)
    device.note(37, 0)
    assert played(device) == {2: [("startloop",), ("stop",)]}
    device.say("live.toggle", 0)
    played(device)
    device.note(37, 100)
    device.note(37, 0)
    assert played(device) == {2: [("startloop",)]}


def test_the_port_is_a_parameter(put):
    device = put()
    assert device.told["udpreceive 7401"] == [(0, ("port", 7401))]
    device.say("live.numbox", 7500.0)
    assert device.told["udpreceive 7401"][-1] == (0, ("port", 7500))


def test_a_second_device_on_one_port_says_so_until_it_has_another(put):
    first, second = put(), put()
    assert first.told["listening"][-1] == LISTENING
    assert second.told["listening"][-1] == TAKEN
    second.say("live.numbox", 7402.0)
    assert second.told["listening"][-1] == LISTENING
    third = put()
    assert third.told["listening"][-1] == TAKEN
    assert [first.told["listening"][-1], second.told["listening"][-1]] == [LISTENING] * 2
