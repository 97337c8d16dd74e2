"""The grid is found by its entry point and lights up with the show's pads."""

import mido
import pytest

from midifrag.config.layout import pages_on, places_of, whole
from midifrag.config.settings import Settings
from midifrag.pad_key import PadKey
from midifrag.states import PadState
from midifrag.surface import grids_of, make_surface, surfaces
from midifrag.surface.driver import Gridded, Look, PadLight
from midifrag.surface.grid import Button


@pytest.fixture(autouse=True, scope="module")
def grid(installed):
    installed("surface_plugin")


def pad(number, state, colour=None):
    return PadLight(number, 1, state, colour)


def test_a_set_may_name_it():
    show = Settings.model_validate({"ports": {"pads": {"in": "My Grid", "out": "My Grid", "surface": "my_grid"}}})
    assert show.ports["pads"].surface == "my_grid"
    assert "my_grid" in surfaces()


@pytest.mark.parametrize(
    ("state", "colour", "velocity"),
    [
        (PadState.IDLE, "green", 1),
        (PadState.IDLE, None, 5),
        (PadState.QUEUED, None, 5),
        (PadState.LANDED, None, 1),
        (PadState.FAILED, None, 3),
        (PadState.IDLE, "off", 0),
    ],
)
def test_states_are_colours(state, colour, velocity):
    made = make_surface("my_grid", "My Grid 1")
    assert made.show(pad(7, state, colour)) == [mido.Message("note_on", note=7, velocity=velocity)]


def test_what_it_has_no_pad_for_is_left_out():
    made = make_surface("my_grid", "My Grid 1")
    assert made.show(pad(64, PadState.LANDED)) == made.clear(64, 1) == []
    assert made.clear(63, 1) == [mido.Message("note_on", note=63, velocity=0)]


def test_it_is_taken_over_and_given_back():
    made = make_surface("my_grid", "My Grid 1")
    assert [message.value for message in (*made.init(), *made.leave())] == [127, 0]


def hexes(messages):
    return [message.hex() for message in messages]


def test_banks_lie_on_it_by_their_places_and_its_buttons_show_slots():
    made = make_surface("my_grid", "My Grid 1")
    assert isinstance(made, Gridded)
    (grid,) = grids_of("my_grid")
    (page,) = pages_on(grid, places_of([PadKey(note) for note in range(36, 52)]), whole(grid))
    assert {grid.pads[seat].number: key.note for seat, key in page.items()}[8] == 40
    assert hexes(made.light(grid.foot[0], Look("green"))) == ["B0 14 01"]
    assert hexes(made.put_out(grid.foot[0])) == ["B0 14 00"]
    assert hexes(made.put_out(Button("note", 5))) == ["90 05 00"]
