"""Where pads and buttons are drawn, from the lower left."""

import dataclasses

import pytest

from midifrag.bridge.view import View
from midifrag.config.layout import Shown
from midifrag.events import BankChanged
from midifrag.pad_key import PadKey
from midifrag.page.picture import controllers, of_bank, of_controller
from midifrag.surface.grid import Place
from tests.support.shows import bank, loaded

SIXTEEN = {note: {"prompt": "x"} for note in range(36, 52)}


def alone(*notes, written=None):
    picture = of_bank("x", [PadKey(note) for note in notes], written)
    return picture.rows, picture.columns, {key.note: place for place, (_, key) in picture.pads.items()}


def test_sixteen_pads_from_c1_lie_as_on_a_pad_controller():
    rows, columns, places = alone(*range(36, 52))
    assert (rows, columns) == (4, 4)
    assert (places[36], places[39], places[48]) == ((1, 1), (1, 4), (4, 1))


def test_a_pad_alone_keeps_its_place():
    assert alone(50) == (4, 4, {50: (4, 3)})


def test_the_notes_of_an_eight_by_eight_grid_are_row_and_column():
    rows, columns, places = alone(*(10 * row + column for row in range(1, 9) for column in range(1, 9)))
    assert (rows, columns, places[11], places[88], places[27]) == (8, 8, (1, 1), (8, 8), (2, 7))


def test_other_notes_lie_in_their_order():
    assert alone(60, 0, 127, 19) == (4, 4, {0: (1, 1), 19: (1, 2), 60: (1, 3), 127: (1, 4)})
    assert alone(*range(64))[:2] == (8, 8)


def test_places_that_are_written_count():
    assert alone(36, written={PadKey(36): Place(2, 9)})[:2] == (4, 9)


def drawn(surface="launchpad", shown=None, port="pads", **keys):
    ports = {"pads": {"in": "x", "surface": surface, **keys}, "keys": {"in": "y"}}
    show = loaded(bank("one", SIXTEEN), bank("two", SIXTEEN), ports=ports)
    view = View(show, bank=BankChanged("one", "One", 0, ()))
    if shown:
        view.layouts["pads"] = shown
    assert controllers(show) == ([] if keys.get("place") == "notes" else ["pads"])
    return of_controller(show, view, port)


def at(picture, note):
    (place,) = (place for place, there in picture.pads.items() if there == ("one", PadKey(note)))
    return place


def test_a_launchpad_has_buttons_above_and_at_its_right():
    picture = drawn()
    assert (picture.rows, picture.columns, at(picture, 36), at(picture, 51)) == (9, 9, (1, 1), (4, 4))
    assert {place: use.use for place, use in picture.buttons.items() if place in ((9, 1), (8, 9), (1, 9))} == {
        (9, 1): "slot",
        (8, 9): "previous",
        (1, 9): "panic",
    }
    # The corner, and two buttons for banks that are not there.
    assert picture.bare == {(9, 9), (4, 9), (3, 9)}


def test_an_apc_mini_has_them_below():
    picture = drawn("apc_mini_mk2")
    assert (at(picture, 36), picture.buttons[1, 1].use, picture.rows) == ((2, 1), "slot", 9)


def test_own_pages_lie_one_above_the_other_as_far_as_something_lies_on_them():
    picture = drawn("minilab3")
    assert (picture.rows, picture.columns, at(picture, 36), at(picture, 44)) == (2, 8, (1, 1), (2, 1))
    assert drawn("mpd218").rows == 4


def test_several_banks_and_a_corner_of_its_own():
    assert len(drawn(shown=Shown(side=4)).pads) == 32
    assert at(drawn(place=[5, 5]), 36) == (5, 5)


@pytest.mark.parametrize("keys", [{"port": "keys"}, {"port": "nowhere"}, {"place": "notes"}])
def test_where_banks_lie_by_notes_there_is_no_controller_to_draw(keys):
    assert drawn(**keys) is None


def test_a_picture_is_another_when_something_else_lies_there():
    assert drawn() == drawn()
    assert drawn() != drawn(shown=Shown(side=4))
    assert dataclasses.replace(drawn(), port="x") != drawn()
