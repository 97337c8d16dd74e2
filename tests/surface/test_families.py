"""Ports' names as each system gives them, and what devices answer."""

from __future__ import annotations

import pytest

from midifrag.surface import SURFACES
from midifrag.surface.families import FAMILIES, is_identity_reply, is_named, model_of, ports_of

#: A surface, the ports of a controller on one system, and the one with pads and lights.
CONTROLLERS = [
    # Linux: ALSA by RtMidi, older and newer kernels; names that were cut off.
    ("launchpad", [
        "Launchpad Mini MK3:Launchpad Mini MK3 LPMiniMK3 DA 20:0",
        "Launchpad Mini MK3:Launchpad Mini MK3 LPMiniMK3 MI 20:1",
    ], 1),
    ("launchpad", ["Launchpad Mini MK3 LPMiniMK3 DA", "Launchpad Mini MK3 LPMiniMK3 MI"], 1),
    ("launchpad", [
        "Launchpad Mini MK3:Launchpad Mini MK3 MIDI 1 24:0",
        "Launchpad Mini MK3:Launchpad Mini MK3 MIDI 2 24:1",
    ], 1),
    ("launchpad", ["Launchpad X:Launchpad X LPX DAW In 28:0", "Launchpad X:Launchpad X LPX MIDI In 28:1"], 1),
    ("launchpad", ["Launchpad X MIDI 1", "Launchpad X MIDI 2"], 1),
    ("launchpad", [
        "Launchpad Pro MK3:Launchpad Pro MK3 LPProMK3 MIDI 20:0",
        "Launchpad Pro MK3:Launchpad Pro MK3 LPProMK3 DIN 20:1",
        "Launchpad Pro MK3:Launchpad Pro MK3 LPProMK3 DAW 20:2",
    ], 0),
    ("launchpad", ["Launchpad Pro MK3 MIDI 1", "Launchpad Pro MK3 MIDI 2", "Launchpad Pro MK3 MIDI 3"], 0),
    # JACK, by a2jmidid.
    ("launchpad", [
        "a2j:Launchpad Mini MK3 [20] (capture): Launchpad Mini MK3 LPMiniMK3 DA",
        "a2j:Launchpad Mini MK3 [20] (capture): Launchpad Mini MK3 LPMiniMK3 MI",
    ], 1),
    # Windows.
    ("launchpad", ["LPMiniMK3 MIDI", "MIDIIN2 (LPMiniMK3 MIDI)"], 1),
    ("launchpad", ["LPMiniMK3 MIDI 1", "MIDIOUT2 (LPMiniMK3 MIDI) 2"], 1),
    ("launchpad", ["LPX MIDI 0", "MIDIIN2 (LPX MIDI) 1"], 1),
    ("launchpad", ["LPProMK3 MIDI 0", "MIDIIN2 (LPProMK3 MIDI) 1", "MIDIIN3 (LPProMK3 MIDI) 2"], 0),
    # macOS.
    ("launchpad", ["Launchpad Mini MK3 LPMiniMK3 DAW Out", "Launchpad Mini MK3 LPMiniMK3 MIDI Out"], 1),
    ("launchpad", ["Launchpad X LPX DAW In", "Launchpad X LPX MIDI In"], 1),
    ("launchpad", ["LPX DAW Out", "LPX MIDI Out"], 1),
    ("launchpad", ["LPProMK3 MIDI", "LPProMK3 DIN", "LPProMK3 DAW"], 0),
    # One port alone, under a name that says no more.
    ("launchpad", ["Launchpad X"], 0),
    ("apc_mini_mk2", ["APC mini mk2:APC mini mk2 Control 20:0", "APC mini mk2:APC mini mk2 Notes 20:1"], 0),
    ("apc_mini_mk2", ["APC mini mk2 0", "MIDIIN2 (APC mini mk2) 1"], 0),
    ("apc_mini_mk2", ["APC mini mk2 MIDI 1", "APC mini mk2 MIDI 2"], 0),
    ("apc40", ["APC40 mkII:APC40 mkII MIDI 1 24:0"], 0),
    ("apc40", ["Akai APC40 0"], 0),
    ("push2", ["Ableton Push 2 Live Port", "Ableton Push 2 User Port"], 1),
    ("push2", ["Ableton Push 2:Ableton Push 2 MIDI 1 24:0", "Ableton Push 2:Ableton Push 2 MIDI 2 24:1"], 1),
    ("push2", ["Ableton Push 2 0", "MIDIIN2 (Ableton Push 2) 1"], 1),
    ("minilab3", ["Minilab3 MIDI", "Minilab3 DIN THRU", "Minilab3 MCU", "Minilab3 ALV"], 0),
    ("minilab3", ["Minilab3 MIDI 0", "MIDIIN2 (Minilab3 MIDI) 1", "MIDIIN3 (Minilab3 MIDI) 2"], 0),
    ("minilab3", ["Minilab3:Minilab3 Minilab3 MIDI 20:0", "Minilab3:Minilab3 Minilab3 DIN THRU 20:1"], 0),
    ("launchpad_mk2", ["Launchpad MK2:Launchpad MK2 MIDI 1 24:0"], 0),
    ("launchpad_mini", ["Launchpad Mini:Launchpad Mini MIDI 1 24:0"], 0),
    ("launchpad_mini", ["Launchpad S 1"], 0),
    ("launchkey", [
        "Launchkey Mini MK3:Launchkey Mini MK3 MIDI 1 24:0",
        "Launchkey Mini MK3:Launchkey Mini MK3 MIDI 2 24:1",
    ], 1),
    ("launchkey", ["Launchkey MK3 49 LKMK3 MIDI Out", "Launchkey MK3 49 LKMK3 DAW Out"], 1),
    ("launch_control_xl", [
        "Launch Control XL:Launch Control XL MIDI 1 24:0",
        "Launch Control XL:Launch Control XL HUI 24:1",
    ], 0),
    ("launch_control_xl", ["Launch Control XL 0", "MIDIIN2 (Launch Control XL) 1"], 0),
    ("apc_mini", ["APC MINI:APC MINI MIDI 1 24:0"], 0),
    ("mpd218", ["MPD218:MPD218 MIDI 1 24:0"], 0),
    ("lpd8", ["LPD8:LPD8 MIDI 1 24:0"], 0),
    ("nanopad2", ["nanoPAD2:nanoPAD2 MIDI 1 24:0"], 0),
    ("push1", ["Ableton Push Live Port", "Ableton Push User Port"], 1),
    ("push1", ["Ableton Push:Ableton Push MIDI 1 24:0", "Ableton Push:Ableton Push MIDI 2 24:1"], 1),
    ("push1", ["Ableton Push 0", "MIDIIN2 (Ableton Push) 1"], 1),
    ("midi_fighter_twister", ["Midi Fighter Twister:Midi Fighter Twister MIDI 1 24:0"], 0),
    ("xtouch_mini", ["X-TOUCH MINI:X-TOUCH MINI MIDI 1 24:0"], 0),
    ("ec4", ["Faderfox EC4:Faderfox EC4 MIDI 1 24:0"], 0),
    ("electra_one", ["Electra Controller Electra Port 1", "Electra Controller Electra Port 2",
                     "Electra Controller Electra CTRL"], 2),
]  # fmt: skip


@pytest.mark.parametrize(("surface", "names", "right"), CONTROLLERS)
def test_of_a_controller_s_ports_the_one_with_pads_and_lights_is_found(surface, names, right):
    others = ["Midi Through:Midi Through Port-0 14:0", "Keys 28:0", "loopMIDI Port 3"]
    assert ports_of(surface, [*others, *names]) == [names[right]]


def test_no_controller_is_taken_for_another():
    for surface, names, _ in CONTROLLERS:
        for other in {family.surface for family in FAMILIES} - {surface}:
            assert ports_of(other, names) == []


def test_several_controllers_of_a_family_are_all_found():
    names = ["Launchpad Mini MK3 LPMiniMK3 MI", "Launchpad X LPX MIDI In", "Launchpad X LPX DAW In"]
    assert ports_of("launchpad", names) == names[:2]


def test_every_family_is_one_of_a_surface_that_is_there():
    assert {family.surface for family in FAMILIES} < set(SURFACES)


@pytest.mark.parametrize(
    ("surface", "identity", "model"),
    [
        ("launchpad", "00 20 29 03 01 00 00", "Launchpad X"),
        ("launchpad", "00 20 29 13 01 00 00", "Launchpad Mini MK3"),
        ("launchpad", "00 20 29 23 01 00 00", "Launchpad Pro MK3"),
        ("launchpad", "00 20 29 51 00 00 00", None),
        ("launchpad", "47 4F 00 19 00 00 00", None),
        ("apc_mini_mk2", "47 4F 00 19 00 00 00", "APC mini mk2"),
        ("apc40", "47 29 00 19 00 00 00", "APC40 mkII"),
        ("apc40", "47 73 00 19 00 00 00", "Akai APC40"),
        ("push2", "00 21 1D 67 32 02 00", "Ableton Push 2"),
        ("minilab3", "00 20 6B 02 00 04 0C", "Minilab3"),
        ("echo", "00 20 29 03 01 00 00", None),
    ],
)
def test_a_device_says_what_it_is(surface, identity, model):
    reply = [0xF0, 0x7E, 0x00, 0x06, 0x02, *bytes.fromhex(identity), 1, 2, 3, 4, 0xF7]
    assert is_identity_reply(reply)
    assert model_of(reply, surface) == model


@pytest.mark.parametrize(
    "data", [[], [0xF8], [0xF0, 0x7E, 0x7F, 0x06, 0x01, 0xF7], [0xF0, 0, 0x20, 0x29, 2, 13, 14, 1, 0xF7]]
)
def test_other_messages_are_no_answers(data):
    assert not is_identity_reply(data)


def test_a_name_tells_a_model_or_not():
    assert is_named("launchpad", "MIDIIN2 (LPX MIDI) 1")
    assert not is_named("launchpad", "USB MIDI")
