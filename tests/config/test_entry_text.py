"""One entry more, less or another one in the text of a file; what stands around it stays as it was written."""

import pytest

from midifrag.config.entry_text import in_order, with_entry, with_other_entry, with_value, without_entry

BLOCK = "actions:   # all\n  - {cc: 1}   # one\n  - cc: 2\n    does: tap\n\n# the end\nmodel: sketch\n"
FLOW = "actions: [{cc: 1}, {cc: 2}]   # all\n"


def added(text):
    found = with_entry(text.encode(), "actions", "{cc: 3}", "- {cc: 3}")
    return None if found is None else found.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (BLOCK, BLOCK.replace("    does: tap\n", "    does: tap\n  - {cc: 3}\n")),
        (FLOW, FLOW.replace("}]", "}, {cc: 3}]")),
        ("actions: []\n", "actions: [{cc: 3}]\n"),
        ("actions:\n  # none yet\n", "actions:\n  - {cc: 3}\n  # none yet\n"),
        ("model: sketch", "model: sketch\nactions:\n  - {cc: 3}\n"),
        ("", "actions:\n  - {cc: 3}\n"),
        ("\ufeffmodel: sketch\r\n", "\ufeffmodel: sketch\r\nactions:\r\n  - {cc: 3}\r\n"),
    ],
)
def test_an_entry_is_added_as_the_list_is_written(before, after):
    assert added(before) == after


@pytest.mark.parametrize("text", ["{actions: []}", "- a list", "actions: tap", "actions: [", "a: 1\n b: 2"])
def test_where_it_cannot_be_added_nothing_is(text):
    assert added(text) is None


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [
        (BLOCK, 0, BLOCK.replace("  - {cc: 1}   # one\n", "")),
        (BLOCK, 1, BLOCK.replace("  - cc: 2\n    does: tap\n", "")),
        (FLOW, 0, "actions: [{cc: 2}]   # all\n"),
        (FLOW, 1, "actions: [{cc: 1}]   # all\n"),
        ("actions: [{cc: 1}]", 0, "actions: []"),
        ("\ufeff" + FLOW, 1, "\ufeffactions: [{cc: 1}]   # all\n"),
    ],
)
def test_an_entry_is_taken_out_with_its_own_lines(before, number, after):
    assert without_entry(before.encode(), "actions", number) == after.encode()


@pytest.mark.parametrize(("text", "number"), [(FLOW, 2), ("model: sketch\n", 0), ("actions: [", 0), ("", 0)])
def test_where_there_is_none_nothing_is_taken_out(text, number):
    assert without_entry(text.encode(), "actions", number) is None


# --- the same entries, written anew or in another order ---------------------------------------------------------------

LISTED = b"# a set\nset_list: [one, two , three]  # in order\nmodel: sketch\n"
LISTED_IN_LINES = b"set_list:\n  - one    # first\n  # a note\n  - two\n  - three  # last\nmodel: x\n"
MAPS = b"controls:\n  - {cc: 1, sets: steps}   # knob\n  - cc: 2\n    sets: steps\n  - cc: 3   # loud\n    sets: gain\n"


def test_entries_come_in_another_order_with_the_comments_beside_them():
    assert in_order(LISTED, "set_list", [2, 0, 1]) == LISTED.replace(b"[one, two , three]", b"[three, one , two]")
    assert in_order(LISTED_IN_LINES, "set_list", [1, 2, 0]) == (
        b"set_list:\n  - two\n  # a note\n  - three  # last\n  - one    # first\nmodel: x\n"
    )


@pytest.mark.parametrize("order", [[0, 1], [0, 1, 1], [0, 1, 2, 3], []])
def test_an_order_that_is_not_of_these_entries_is_none(order):
    assert in_order(LISTED, "set_list", order) is None


@pytest.mark.parametrize("content", [b"", b"{]", b"- a\n", b"set_list: word\n", b"set_list:\n  - a\n  - b"])
def test_what_holds_no_such_list_or_has_no_end_is_left_alone(content):
    assert in_order(content, "set_list", [0, 1]) is None
    assert with_other_entry(content, "set_list", 7, "x") is None


def test_one_entry_is_written_anew_and_no_other_byte():
    after = with_other_entry(MAPS, "controls", 0, "{cc: 9, sets: gain}")
    assert after == MAPS.replace(b"{cc: 1, sets: steps}", b"{cc: 9, sets: gain}")
    after = with_other_entry(MAPS, "controls", 1, "{cc: 9}")
    assert after == MAPS.replace(b"cc: 2\n    sets: steps\n", b"{cc: 9}\n")
    # Its comment would go.
    assert with_other_entry(MAPS, "controls", 2, "{cc: 9}") is None
    assert with_other_entry(MAPS, "controls", 3, "{cc: 9}") is None


def test_a_mark_at_the_beginning_stays():
    mark = b"\xef\xbb\xbf"
    for change in (
        lambda content: in_order(content, "set_list", [1, 0, 2]),
        lambda content: with_other_entry(content, "set_list", 1, "four"),
        lambda content: with_value(content, "model", "pocket"),
        lambda content: with_entry(content, "set_list", "four", "- four"),
        lambda content: without_entry(content, "set_list", 1),
    ):
        assert change(mark + LISTED) == mark + change(LISTED)
        assert change(LISTED) != LISTED


def test_a_value_is_written_anew_where_it_is_a_plain_one():
    assert with_value(LISTED, "model", '"p"') == LISTED.replace(b"sketch", b'"p"')
    assert with_value(b"name: 'One' # c\n", "name", "Two") == b"name: Two # c\n"
    for content in (LISTED, b"model:\n", b"model: |\n  x\n", b"model: [x]\n"):
        assert with_value(content, "model" if content is not LISTED else "set_list", "y") is None
