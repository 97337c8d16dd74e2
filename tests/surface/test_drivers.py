"""Each driver against the bytes in the makers' manuals."""

import pytest

from midifrag.states import PadState
from midifrag.surface import SURFACES, built_in, make_surface
from midifrag.surface.driver import InTempo, PadLight

S = PadState


def pad(state, note=36, channel=1, colour=None):
    return PadLight(note, channel, state, colour)


def hexes(messages):
    return [message.hex() for message in messages]


def shown(surface, *args, **kwargs):
    return hexes(surface.show(pad(*args, **kwargs)))


@pytest.mark.parametrize(
    ("state", "velocity"),
    [
        (S.IDLE, 0),
        (S.QUEUED, 13),
        (S.RENDERING, 45),
        (S.LANDED, 21),
        (S.FAILED, 5),
        (S.REFUSED, 5),
        (S.HELD, 9),
        (S.STALLED, 9),
        (S.READY, 37),
        (S.WAITING, 53),
        (S.SOUNDING, 22),
    ],
)
def test_echo_is_the_pad_s_own_note_and_channel(state, velocity):
    assert shown(make_surface("echo"), state, 40, 10) == [f"99 28 {velocity:02X}"]
    assert hexes(make_surface("echo").clear(40, 10)) == ["99 28 00"]


@pytest.mark.parametrize("state", list(PadState))
@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize("note", [0, 36, 53, 64, 127])
def test_every_surface_takes_every_state_and_note(name, state, note):
    surface = make_surface(name, "Some Device")
    assert all(built_in(file).about and built_in(file).source for _device, file in SURFACES[name])
    surface.show(pad(state, note, 16, "purple"))
    surface.clear(note, 16)
    for message in (*surface.init(), *surface.leave()):
        assert message.bytes()


@pytest.mark.parametrize(
    ("name", "device", "note", "channel", "on", "off"),
    [
        ("launchpad", "Mini", 11, 3, "90 0B 35", "90 0B 00"),
        ("apc_mini_mk2", "", 5, 3, "96 05 35", "96 05 00"),
        ("apc_mini_mk2", "", 100, 3, "90 64 01", "90 64 00"),
        ("apc40", "Akai APC40", 53, 2, "91 35 01", "91 35 00"),
        ("apc40", "APC40 mkII", 39, 2, "90 27 35", "90 27 00"),
        ("push2", "", 36, 2, "90 24 16", "90 24 00"),
        ("mackie", "", 24, 2, "90 18 7F", "90 18 00"),
        (
            "minilab3",
            "",
            37,
            2,
            "F0 00 20 6B 7F 42 02 02 16 05 64 00 7F F7",
            "F0 00 20 6B 7F 42 02 02 16 05 00 00 00 F7",
        ),
    ],
)
def test_a_surface_that_blinks_in_tempo_lights_up_and_goes_dark(name, device, note, channel, on, off):
    surface = make_surface(name, device)
    assert isinstance(surface, InTempo)
    assert [hexes(surface.beat(pad(S.WAITING, note, channel), lit)) for lit in (True, False)] == [[on], [off]]


@pytest.mark.parametrize(
    ("name", "device"),
    [("launchpad", ""), ("apc_mini_mk2", ""), ("apc40", ""), ("apc40", "mkII"), ("push2", ""), ("minilab3", "")],
)
def test_a_surface_lights_no_pad_in_tempo_that_it_does_not_have(name, device):
    assert make_surface(name, device).beat(pad(S.WAITING, 127, 16), True) == []


@pytest.mark.parametrize("name", ["echo", "none"])
def test_a_surface_that_says_states_does_not_blink(name):
    assert not isinstance(make_surface(name), InTempo)


def test_none_is_silent():
    surface = make_surface("none")
    assert [surface.init(), surface.leave(), surface.show(pad(S.LANDED)), surface.clear(36, 1)] == [[]] * 4


@pytest.mark.parametrize(
    ("device", "product"),
    [
        ("Launchpad X LPX MIDI In", "0C"),
        ("Launchpad Mini MK3 LPMiniMK3 MIDI", "0D"),
        ("LPProMK3 MIDI", "0E"),
        ("", "0C"),
    ],
)
def test_launchpad_modes(device, product):
    surface = make_surface("launchpad", device)
    assert hexes(surface.init()) == [f"F0 00 20 29 02 {product} 0E 01 F7"]
    assert hexes(surface.leave()) == [f"F0 00 20 29 02 {product} 0E 00 F7"]


def test_launchpad_pads():
    surface = make_surface("launchpad")
    assert shown(surface, S.IDLE, 11, colour="purple") == ["90 0B 35"]
    assert shown(surface, S.IDLE, 11) == ["90 0B 03"]
    assert shown(surface, S.RENDERING, 88, 7) == ["92 58 2D"]
    assert shown(surface, S.REFUSED, 88) == ["91 58 05"]
    assert shown(surface, S.LANDED, 19) == shown(surface, S.LANDED, 20) == []
    assert hexes(surface.clear(88, 3)) == ["90 58 00"]


def test_apc_mini_mk2():
    surface = make_surface("apc_mini_mk2")
    assert surface.init() == []
    assert shown(surface, S.LANDED, 63) == ["96 3F 15"]
    assert shown(surface, S.RENDERING, 0) == ["99 00 2D"]
    assert shown(surface, S.HELD, 0) == ["9E 00 09"]
    assert [shown(surface, state, 0)[0] for state in (S.WAITING, S.SOUNDING)] == ["9E 00 35", "99 00 15"]
    assert [shown(surface, state, 100)[0] for state in (S.IDLE, S.LANDED, S.RENDERING)] == [
        "90 64 00",
        "90 64 01",
        "90 64 02",
    ]
    assert shown(surface, S.LANDED, 108) == []


def test_apc40():
    surface = make_surface("apc40", "Akai APC40 MIDI 1")
    assert hexes(surface.init()) == ["F0 47 7F 73 60 00 04 41 00 01 00 F7"]
    assert shown(surface, S.LANDED, 53, 8) == ["97 35 01"]
    assert shown(surface, S.FAILED, 57, 1) == ["90 39 03"]
    assert shown(surface, S.QUEUED, 57, 1) == ["90 39 05"]
    assert shown(surface, S.RENDERING, 57, 1) == ["90 39 02"]
    assert [shown(surface, state, 57, 1)[0] for state in (S.WAITING, S.SOUNDING)] == ["90 39 02", "90 39 01"]
    assert shown(surface, S.LANDED, 53, 9) == shown(surface, S.LANDED, 52) == []


def test_apc40_mk2():
    surface = make_surface("apc40", "APC40 mkII")
    assert hexes(surface.init()) == ["F0 47 7F 29 60 00 04 41 00 01 00 F7"]
    assert shown(surface, S.QUEUED, 39, 4) == ["90 27 0D"]
    assert shown(surface, S.QUEUED, 40) == []


def test_push2():
    surface = make_surface("push2")
    assert hexes(surface.init()) == ["F0 00 21 1D 01 01 0A 01 F7"]
    assert shown(surface, S.FAILED, 36) == ["90 24 7F"]
    assert shown(surface, S.LANDED, 99) == ["90 63 7E"]
    assert shown(surface, S.RENDERING, 99) == ["90 63 00", "99 63 7D"]
    assert shown(surface, S.REFUSED, 99) == ["90 63 00", "9E 63 7F"]
    assert shown(surface, S.WAITING, 99) == ["90 63 00", "9E 63 16"]
    assert shown(surface, S.SOUNDING, 99) == ["90 63 00", "99 63 7E"]
    assert shown(surface, S.LANDED, 35) == []


def test_mackie():
    surface = make_surface("mackie")
    assert [shown(surface, state, 24, 5)[0] for state in (S.IDLE, S.QUEUED, S.WAITING, S.LANDED, S.SOUNDING)] == [
        "90 18 00",
        "90 18 01",
        "90 18 01",
        "90 18 7F",
        "90 18 7F",
    ]


def test_minilab3():
    surface = make_surface("minilab3")
    assert hexes(surface.init()) == ["F0 00 20 6B 7F 42 02 02 40 6A 21 F7"]
    assert shown(surface, S.FAILED, 37) == ["F0 00 20 6B 7F 42 02 02 16 05 7F 00 00 F7"]
    assert hexes(surface.clear(43, 1)) == ["F0 00 20 6B 7F 42 02 02 16 0B 00 00 00 F7"]
    assert shown(surface, S.FAILED, 44) == ["F0 00 20 6B 7F 42 02 02 16 0C 7F 00 00 F7"]
    assert shown(surface, S.FAILED, 52) == []
