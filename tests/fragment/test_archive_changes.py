"""``changes.jsonl``: what is added comes back in order, and what anybody else wrote does no harm."""

from __future__ import annotations

import pytest

from midifrag.fragment.archive_changes import CHANGEABLE, Changes, Place, Read, change_of, line_of, together

STARRED, NOTED = (1, {"starred": True}), (2, {"note": "gut, 🌧"})


@pytest.fixture
def changes(tmp_path):
    return Changes(tmp_path / "changes.jsonl")


def add(changes, *added):
    changes.append([line_of(number, values) for number, values in added])


@pytest.mark.parametrize(
    "values",
    [
        {"slot": 3, "landed_at": 1000.5},
        {"starred": False},
        {"note": ""},
        {"tempo": 120.0},
        {"tempo": None},
        {},
    ],
)
def test_a_line_says_what_changed(values):
    assert change_of(line_of(7, values)) == (7, values)
    assert values.keys() <= CHANGEABLE


def test_what_may_not_change_is_left_out_of_a_line():
    assert change_of('{"take": 7, "prompt": "other", "number": 8, "starred": true}') == (7, {"starred": True})


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[7]",
        "7",
        '{"starred": true}',
        '{"take": 0}',
        '{"take": "7"}',
        '{"take": true}',
        '{"take": 7, "starred": 1}',
        '{"take": 7, "note": 5}',
        '{"take": 7, "starred": true, "slot": "3"}',
        b"\xff",
    ],
)
def test_a_line_that_cannot_be_ours_is_none(line):
    assert change_of(line) is None


def test_the_last_of_a_take_s_values_counts_each_for_itself():
    told = [(1, {"starred": True, "note": "a"}), (2, {"slot": 1}), (1, {"note": "b"})]
    assert together(told) == {1: {"starred": True, "note": "b"}, 2: {"slot": 1}}


def test_a_file_that_is_not_there_is_empty(changes):
    assert (changes.read(), changes.size()) == (Read(), 0)
    assert changes.read(Place(10, "ff")) == Read()


def test_what_is_added_is_read_in_order_and_then_only_what_is_new(changes):
    add(changes, STARRED, NOTED)
    first = changes.read()
    assert (first.changes, first.odd, first.whole) == ([STARRED, NOTED], [], True)
    assert first.place.offset == changes.size() == changes.path.stat().st_size
    again = changes.read(first.place)
    assert (again.changes, again.place, again.whole) == ([], first.place, False)
    add(changes, (3, {"slot": 1}))
    then = changes.read(first.place)
    assert (then.changes, then.whole, then.place.offset) == ([(3, {"slot": 1})], False, changes.size())
    assert changes.read(then.place).changes == []


@pytest.mark.parametrize("other", ["longer", "shorter"])
def test_a_file_that_is_another_by_now_is_read_from_its_beginning(changes, other):
    add(changes, STARRED, NOTED)
    place = changes.read().place
    changes.path.unlink()
    add(changes, *[(9, {"starred": False})] * (5 if other == "longer" else 1))
    read = changes.read(place)
    assert read.changes == [(9, {"starred": False})] * (5 if other == "longer" else 1)
    assert (read.whole, read.place) == (True, changes.read().place)


def test_what_is_no_change_is_kept_apart_and_empty_lines_are_passed_over(changes):
    changes.path.write_bytes(b'\n\n  \nmine\n{"take": 1, "starred": true}\n{"take": 2')
    add(changes, NOTED)
    read = changes.read()
    assert (read.changes, read.odd) == ([STARRED, NOTED], [b"mine", b'{"take": 2'])


def test_a_folder_in_its_place_is_an_error(changes):
    changes.path.mkdir()
    with pytest.raises(OSError, match="directory"):
        changes.read()
    with pytest.raises(OSError, match="directory"):
        add(changes, STARRED)
