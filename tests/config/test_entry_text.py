"""One entry more or less in the text of a file; what stands around it stays as it was written."""

import pytest

from midifrag.config.entry_text import with_entry, without_entry

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
