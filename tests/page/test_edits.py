"""What browsers have written, and what they have typed and not saved yet."""

import pytest

from midifrag.config.entry_editing import FileEdit
from midifrag.config.pad_editing import Edit
from midifrag.pad_key import PadKey
from midifrag.page.edits import (
    MOST_EDITS,
    MOST_TABS,
    Draft,
    Edits,
    name_of,
    owner_of,
    read_drafts,
    tab_of,
    written_drafts,
)
from tests.support.shows import bank, loaded


def edit(number, after=b"after"):
    return Edit("opening", PadKey(number), b"before", after)


@pytest.fixture
def edits():
    return Edits()


def test_the_last_edit_is_undone_first_and_done_again_last(edits):
    assert (edits.last, edits.next) == (None, None)
    first, second = edit(1), edit(2)
    edits.add(first)
    edits.add(second)
    edits.undid(edit(12))
    assert (edits.last, edits.next) == (first, edit(12))
    edits.undid(edit(11))
    assert (edits.last, edits.next) == (None, edit(11))
    edits.redid(first)
    assert (edits.last, edits.next) == (first, edit(12))


def test_after_a_new_edit_what_was_undone_is_over(edits):
    edits.add(edit(1))
    edits.undid(edit(11))
    edits.add(edit(2))
    assert edits.next is None


def test_an_edit_that_changed_nothing_is_none(edits):
    edits.add(edit(1))
    edits.undid(edit(11))
    edits.add(edit(2, b"before"))
    assert (edits.last, edits.next) == (None, edit(11))


def test_only_so_many_edits_are_kept(edits):
    for number in range(MOST_EDITS + 1):
        edits.add(edit(number % 128))
    for _ in range(MOST_EDITS):
        edits.undid(edits.last)
    assert edits.last is None


def test_each_tab_has_its_own_drafts_and_only_so_many_tabs_do(edits):
    draft = Draft(None, {"prompt": "rain"})
    edits.drafts("mine")["opening", None] = draft
    assert edits.drafts("yours") == {}
    for number in range(MOST_TABS - 1):
        edits.drafts("mine")
        edits.drafts(f"other {number}")
    assert edits.drafts("mine") == {("opening", None): draft}
    for number in range(MOST_TABS):
        edits.drafts(f"other {number}")
    assert edits.drafts("mine") == {}


def test_an_edit_of_what_is_no_pad_is_named_by_its_key_and_its_file():
    set_up = loaded(bank("opening"))
    of_set = FileEdit(None, "controls.3", 9, b"", b"x")
    assert (name_of(of_set), owner_of(of_set, set_up)) == ("controls.3", set_up.path.name)
    of_bank = FileEdit("opening", "controls.0", 9, b"", b"x")
    assert owner_of(of_bank, set_up) == set_up.banks[0].name
    of_pad = Edit("gone", PadKey(36), b"", b"x")
    assert (name_of(of_pad), owner_of(of_pad, set_up)) == ("C1", "gone")


def test_drafts_are_kept_by_a_browser_and_read_again():
    drafts = {
        ("opening", PadKey(36, 10)): Draft(
            {"prompt": "kick", "velocity": {"range": [1, 2]}}, {"prompt": "dull", "slot": 3}
        ),
        ("second", None): Draft(None, {"note": "E1"}),
    }
    assert read_drafts(written_drafts(drafts)) == drafts
    assert written_drafts({}) == ""


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "7", "[7]", "[{}]", '[{"bank": "a", "pad": "zz", "typed": {}}]', '[{"bank": 1, "typed": {}}]',
        '[{"bank": "a", "pad": 1, "typed": []}]', '[{"bank": "a", "pad": null, "version": 3, "typed": {}}]', "[" * 9999,
        '[{"bank": "a", "pad": {"x": 1}, "typed": {}}]',
    ],
)  # fmt: skip
def test_what_a_browser_may_say_otherwise_is_no_draft(text):
    assert read_drafts(text) == {}


def test_values_that_no_field_holds_are_left_out():
    assert read_drafts('[{"bank": "a", "pad": 36, "typed": {"prompt": "x", "steps": [1]}}]') == {
        ("a", PadKey(36)): Draft(None, {"prompt": "x"})
    }


def test_a_tab_is_known_by_itself_and_by_its_page_before_it_has_come():
    class Browser:
        id, tab_id = "page", None

    assert tab_of(Browser()) == "page"
    Browser.tab_id = "tab"
    assert tab_of(Browser()) == "tab"
