"""Each driver against the bytes in the makers' manuals."""

import itertools

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.states import PadState
from midifrag.surface import SURFACES, built_in, grids_of, make_surface
from midifrag.surface.driver import InTempo, Look, PadLight
from midifrag.surface.grid import Button

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


@pytest.mark.parametrize("name", SURFACES)
def test_every_surface_takes_every_state_and_note(name):
    assert all(built_in(file).about and built_in(file).source for _device, file in SURFACES[name])
    for state, note in itertools.product(PadState, [0, 36, 53, 64, 127]):
        surface = make_surface(name, "Some Device")
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


def lit(name, number, *states, channel=1, is_cc=False, device=""):
    surface = make_surface(name, device)
    return [" ".join(hexes(surface.show(PadLight(number, channel, state, "red", is_cc)))) for state in states]


def test_launchpad_mk2():
    """Launchpad MK2 programmer's reference manual 1.03: layout 0 is session, channels 1, 2, 3 static, flash, pulse."""
    surface = make_surface("launchpad_mk2")
    assert hexes(surface.init()) == ["F0 00 20 29 02 18 22 00 F7"]
    assert surface.leave() == []
    assert lit("launchpad_mk2", 11, S.IDLE, S.HELD, S.RENDERING) == ["90 0B 05", "91 0B 09", "92 0B 2D"]
    # Beside its grid there are notes at the right, and CCs above.
    assert hexes(surface.light(Button("note", 89), Look("red"))) == ["90 59 05"]
    assert hexes(surface.light(Button("cc", 104), Look("green", "pulse"))) == ["B2 68 15"]
    assert surface.light(Button("cc", 89), Look("red")) == []


def test_launchpad_mini():
    """Launchpad S programmer's reference manual 1.02: X-Y layout, 16 × green + red + 12, flashing with 8."""
    surface = make_surface("launchpad_mini")
    assert hexes(surface.init()) == ["B0 00 00", "B0 00 28"]
    assert hexes(surface.leave()) == ["B0 00 00"]
    assert lit("launchpad_mini", 0x70, S.IDLE, S.FAILED, S.REFUSED, S.LANDED) == [
        "90 70 0F",
        "90 70 0F",
        "90 70 0B",
        "90 70 3C",
    ]
    assert hexes(surface.clear(0x70, 1)) == ["90 70 0C"]
    assert lit("launchpad_mini", 9, S.FAILED) == [""]
    assert hexes(surface.light(Button("cc", 111), Look("green"))) == ["B0 6F 3C"]


def test_launchkey():
    """Launchkey MK3 programmer's reference guide 1: DAW mode, pads in session mode, channels as on Launchpads."""
    surface = make_surface("launchkey")
    assert hexes(surface.init()) == ["9F 0C 7F"]
    assert hexes(surface.leave()) == ["9F 0C 00"]
    assert lit("launchkey", 112, S.IDLE, S.HELD, S.RENDERING) == ["90 70 05", "91 70 09", "92 70 2D"]
    assert hexes(surface.light(Button("cc", 104), Look("red"))) == ["B0 68 05"]
    assert lit("launchkey", 104, S.IDLE) == [""]


def test_launch_control_xl():
    """Launch Control XL programmer's reference guide 2: template 9 of 16 is the first factory one, on channel 9."""
    surface = make_surface("launch_control_xl")
    assert hexes(surface.init()) == ["F0 00 20 29 02 11 77 08 F7", "B8 00 28"]
    assert hexes(surface.leave()) == ["B8 00 00"]
    assert lit("launch_control_xl", 73, S.IDLE, S.REFUSED, S.LANDED, channel=9) == ["98 49 0F", "98 49 0B", "98 49 3C"]
    assert hexes(surface.light(Button("note", 108, 9), Look("red"))) == ["98 6C 0F"]
    assert lit("launch_control_xl", 73, S.IDLE, channel=1) == [""]


def test_apc_mini():
    """As open drivers have it: 1 green, 3 red, 5 yellow, one more blinks; its buttons 1 on, 2 blinking."""
    assert lit("apc_mini", 63, S.IDLE, S.READY, S.QUEUED, S.RENDERING, S.SOUNDING, S.REFUSED, S.FAILED) == [
        "90 3F 00",
        "90 3F 01",
        "90 3F 05",
        "90 3F 06",
        "90 3F 02",
        "90 3F 04",
        "90 3F 03",
    ]
    surface = make_surface("apc_mini")
    looks = [Look("off"), Look("white"), Look("green"), Look("blue", "pulse")]
    assert [hexes(surface.light(Button("note", 82), look)) for look in looks] == [
        ["90 52 00"],
        ["90 52 00"],
        ["90 52 01"],
        ["90 52 02"],
    ]


def test_apc_mini_mk2_buttons():
    """APC mini mk2 communication protocol 1.0: buttons are off, on and blinking by velocity 0, 1, 2 on channel 1."""
    surface = make_surface("apc_mini_mk2")
    looks = [Look("off"), Look("white"), Look("green"), Look("blue", "pulse")]
    assert [hexes(surface.light(Button("note", 112), look))[0][-2:] for look in looks] == ["00", "00", "01", "02"]
    assert hexes(surface.put_out(Button("note", 112))) == ["90 70 00"]


def test_push1():
    """As open drivers have it: user mode, the palette of Launchpads, and four lines of 68 characters."""
    surface = make_surface("push1")
    assert hexes(surface.init()) == ["F0 47 7F 15 62 00 01 01 F7"]
    assert hexes(surface.leave()) == ["F0 47 7F 15 62 00 01 00 F7"]
    assert lit("push1", 36, S.IDLE, S.RENDERING) == ["90 24 05", "90 24 2D"]
    (line,) = hexes(surface.screen.write(3, "Hi"))
    assert line == "F0 47 7F 15 1B 00 45 00 48 69 " + "20 " * 66 + "F7"


@pytest.mark.parametrize("name", ["mpd218", "lpd8", "nanopad2"])
def test_pads_without_leds_are_pressed_only(name):
    surface = make_surface(name)
    assert surface.init() == surface.leave() == []
    assert all(surface.show(PadLight(number, 10, S.LANDED)) == [] for number in range(128))
    assert surface.clear(36, 1) == surface.light(Button("note", 36), Look("red")) == []


def test_mpd218_has_three_banks_of_sixteen():
    """MPD218 factory presets, Preset1-chroma10: notes 36–83, pad 1 at the lower left."""
    (grid,) = grids_of("mpd218")
    assert [grid.seat("note", note, 10) for note in (36, 51, 52, 83)] == [
        (0, (1, 1)),
        (0, (4, 4)),
        (1, (1, 1)),
        (2, (4, 4)),
    ]


def test_midi_fighter_twister():
    """Midi Fighter Twister user guide 1.01: switches and colours on channel 2, animations on channel 3."""
    assert lit("midi_fighter_twister", 12, S.QUEUED, S.WAITING, S.RENDERING, channel=2, is_cc=True) == [
        "B1 0C 40 B2 0C 2F",
        "B1 0C 6E B2 0C 03",
        "B1 0C 01 B2 0C 0D",
    ]
    assert hexes(make_surface("midi_fighter_twister").put_out(Button("cc", 12, 2))) == ["B2 0C 12"]
    # Its knobs turn on channel 1, and are no pads.
    assert lit("midi_fighter_twister", 12, S.QUEUED, channel=1, is_cc=True) == [""]
    (grid,) = grids_of("midi_fighter_twister")
    assert [grid.seat("cc", cc, 2) for cc in (0, 12, 16, 63)] == [(0, (4, 1)), (0, (1, 1)), (1, (4, 1)), (3, (1, 4))]


def test_xtouch_mini():
    """X-TOUCH MINI quick start guide: CC 127 chooses MC mode; its LEDs are Mackie Control's: 1 blinks, 127 is on."""
    surface = make_surface("xtouch_mini")
    assert hexes(surface.init()) == ["B0 7F 01"]
    assert hexes(surface.leave()) == ["B0 7F 00"]
    assert lit("xtouch_mini", 89, S.IDLE, S.QUEUED, S.LANDED) == ["90 59 00", "90 59 01", "90 59 7F"]
    assert hexes(surface.light(Button("note", 84, 1), Look("green"))) == ["90 54 7F"]


def test_maschine_and_others_of_4_by_4_light_up_by_received_notes():
    assert lit("pads_4x4", 36, S.QUEUED, S.SOUNDING, channel=10) == ["99 24 0D", "99 24 16"]
    assert lit("pads_4x4", 52, S.QUEUED) == [""]


def test_mackie_has_a_display():
    """Logic Control MIDI implementation: the display's two lines of 56 characters, by their offset."""
    surface = make_surface("mackie")
    assert [hexes(surface.screen.write(row, "é~"))[0][:29] for row in (0, 1)] == [
        "F0 00 00 66 14 12 00 3F 7E 20",
        "F0 00 00 66 14 12 38 3F 7E 20",
    ]


def test_ec4_shows_four_lines_of_20():
    """Faderfox, EC4 SysEx commands: each character is 4D, 2h, 1l; 4E 22 14 shows the display, 4E 22 15 hides it."""
    screen = make_surface("ec4").screen
    (line,) = hexes(screen.write(1, "A"))
    assert line.startswith("F0 00 00 00 4E 2C 1B 4E 22 13 4A 21 14 4D 24 11 4D 22 10")
    assert line.endswith("4E 22 14 F7")
    (gone,) = screen.blank()
    assert gone.hex().endswith("4E 22 15 F7")
    # As the document says of a whole display.
    assert len(gone.bytes()) == 257


def test_electra_one_names_its_controls():
    """Electra One, SysEx implementation: control update, 14 07, the control's number low byte first, then JSON."""
    (named,) = make_surface("electra_one").screen.write(0, "steps 20")
    assert bytes(named.bytes()) == bytes.fromhex("F0 00 21 45 14 07 01 00") + b'{"name":"steps 20"}' + b"\xf7"


@given(st.sampled_from(list(SURFACES)), st.sampled_from(list(PadState)), st.integers(0, 127), st.integers(1, 16))
def test_whatever_is_lit_is_valid_midi_of_a_pad_that_is_there(name, state, number, channel):
    surface = make_surface(name, "mk")
    for is_cc in (False, True):
        light = PadLight(number, channel, state, "cyan", is_cc)
        sent = [
            *surface.show(light),
            *surface.put_out(light.button),
            *surface.light(light.button, Look("red", "pulse")),
        ]
        assert all(mido.Message.from_bytes(message.bytes()) == message for message in sent)
        grid = surface.grid
        if grid is not None and grid.seat(*light.button) is None and grid.button(*light.button) is None:
            assert sent == []
