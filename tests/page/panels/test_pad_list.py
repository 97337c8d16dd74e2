"""The rows of a bank's pads, what they say and who hears of a click."""

import pytest

from midifrag.config.pads import Pad
from midifrag.pad_key import PadKey
from midifrag.page.panels.pad_list import PadList
from midifrag.page.panels.panel import own_colour

KICK, RAIN, HUM = PadKey(36), PadKey(37), PadKey(35)
PADS = {KICK: Pad(prompt="short kick", colour="red"), RAIN: Pad(prompt="rain")}


class Listed:
    """A list on a page, and what was clicked in it."""

    def __init__(self, page):
        self.page, self.clicked = page, []
        self.rows = page.do(lambda: PadList(self.clicked.append))
        self.show(PADS)

    def show(self, pads, *more):
        self.page.do(lambda: self.rows.show(sorted({*pads, *more}), pads))

    def mark(self, chosen, *drafted):
        self.page.do(lambda: self.rows.mark(chosen, drafted))

    @property
    def buttons(self):
        found = (one for one in self.page.client.elements.values() if one.parent_slot is not None)
        return [one for one in found if "editor-pads" in one.parent_slot.parent.classes]

    @property
    def classes(self):
        return [" ".join(one.classes) for one in self.buttons]

    @property
    def ids(self):
        return [one.id for one in self.buttons]


@pytest.fixture
def listed(headless):
    return Listed(headless())


def test_each_pad_has_a_row_and_so_has_the_new_one(listed):
    assert listed.page.texts("pad-note") == [KICK.name, RAIN.name]
    assert listed.page.texts("editor-label") == ["short kick", "rain"]
    assert own_colour("red") in listed.buttons[0].style["--own"]
    for row in listed.buttons:
        listed.page.click(row)
    assert listed.clicked == [KICK, RAIN, None]


def test_what_is_in_the_form_and_what_has_a_draft_is_marked(listed):
    listed.mark(KICK, RAIN)
    assert listed.classes == ["editor-pad chosen", "editor-pad unsaved", ""]
    listed.mark(None, None)
    assert listed.classes == ["editor-pad", "editor-pad", "chosen unsaved"]


def test_rows_stay_as_long_as_the_pads_are_the_same(listed):
    before = listed.ids
    listed.show({**PADS, RAIN: Pad(prompt="hail", colour="blue")})
    assert listed.page.texts("editor-label") == ["short kick", "hail"]
    assert own_colour("blue") in listed.buttons[1].style["--own"]
    assert listed.ids == before
    listed.show({**PADS, HUM: Pad(prompt="hum")})
    assert listed.page.texts("editor-label") == ["hum", "short kick", "rain"]
    assert not set(listed.ids) & set(before)


def test_a_pad_that_is_gone_from_the_file_has_a_row_without_words(listed):
    listed.show({KICK: PADS[KICK]}, RAIN)
    assert listed.page.texts("editor-label") == ["short kick", "–"]


def test_beside_a_pad_is_the_first_other_one_or_the_new_one(listed):
    assert (listed.rows.first_beside(KICK), listed.rows.first_beside(RAIN)) == (RAIN, KICK)
    listed.show({KICK: PADS[KICK]})
    assert listed.rows.first_beside(KICK) is None
