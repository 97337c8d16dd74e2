"""How pads look: as different as their colours are, legible, and told apart without any colour."""

from typing import get_args

import pytest

from midifrag.page import texts
from midifrag.page.pad_looks import BADGE, BADGES, BUTTON_BADGES, LEGIBLE, TEXT, badge_colour, contrast, surface_colour
from midifrag.show.button_looks import ButtonState
from midifrag.states import PadState
from midifrag.surface.driver import DEFAULT_COLOUR
from midifrag.surface.palette import COLOURS

LIT = [name for name in COLOURS if name != "off"]


def rgb(colour):
    return tuple(float(int(colour[at : at + 2], 16)) for at in (1, 3, 5))


def test_contrast_is_as_wcag_has_it():
    assert contrast((0.0, 0.0, 0.0), (255.0, 255.0, 255.0)) == pytest.approx(21)
    assert contrast((118.0, 118.0, 118.0), TEXT) == pytest.approx(4.54, abs=0.01)
    assert contrast(TEXT, TEXT) == 1


@pytest.mark.parametrize("name", COLOURS)
def test_what_is_written_on_a_pad_can_be_read(name):
    assert contrast(rgb(surface_colour(name)), TEXT) > LEGIBLE - 0.05


@pytest.mark.parametrize("name", LIT)
def test_what_is_written_on_a_badge_can_be_read(name):
    assert contrast(rgb(badge_colour(name)), BADGE) > LEGIBLE - 0.05


def test_pads_of_another_colour_have_another_surface():
    assert len({surface_colour(name) for name in COLOURS}) == len(COLOURS)
    assert surface_colour(None) == surface_colour(DEFAULT_COLOUR)
    # Not grey: what is bright in the colour is bright in the surface.
    assert rgb(surface_colour("red"))[0] > 3 * rgb(surface_colour("red"))[2]


def test_every_state_has_a_badge_of_its_own():
    assert set(BADGES) == set(PadState)
    assert len(set(BADGES.values())) == len(PadState)


def test_what_is_so_of_a_button_has_a_shape_and_a_word_of_its_own():
    assert set(BUTTON_BADGES) == set(texts.BUTTON_STATES) == set(get_args(ButtonState))
    assert len(set(BUTTON_BADGES.values())) == len(set(texts.BUTTON_STATES.values())) == len(BUTTON_BADGES)
