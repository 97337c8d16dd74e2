import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.config.layout import Plan, Shown, lying, page_count, pages_on, places_of, whole, windows_on
from midifrag.pad_key import PadKey
from midifrag.surface import SURFACES, grids_of
from midifrag.surface.grid import CORNER, Grid, Place, Seat

GRIDS = {f"{name} {number}": grid for name in SURFACES for number, grid in enumerate(grids_of(name))}
(LAUNCHPAD,) = grids_of("launchpad")
(MINILAB,) = grids_of("minilab3")
SIXTEEN = [PadKey(note) for note in range(36, 52)]

any_key = st.builds(PadKey, st.integers(0, 127), st.none() | st.integers(1, 16))
any_place = st.builds(Place, st.integers(1, 16), st.integers(1, 16))
any_grid = st.sampled_from(list(GRIDS.values()))


def at(**places):
    return {PadKey(int(note.removeprefix("n"))): Place(*place) for note, place in places.items()}


def numbers(grid: Grid, page):
    return {grid.pads[seat].number: key.note for seat, key in page.items()}


def plan(slug, keys=SIXTEEN, written=None, port=None):
    return Plan(slug, dict.fromkeys(keys, port), written or {})


def test_the_notes_of_most_pad_controllers_are_its_4_by_4():
    assert places_of(SIXTEEN)[PadKey(36)] == (1, 1)
    assert places_of([PadKey(36), PadKey(51)]) == at(n36=(1, 1), n51=(4, 4))


def test_the_notes_of_a_launchpad_are_its_8_by_8():
    assert places_of([PadKey(11), PadKey(88), PadKey(45)]) == at(n11=(1, 1), n88=(8, 8), n45=(4, 5))


def test_other_notes_lie_in_their_order():
    keys = [PadKey(60), PadKey(62), PadKey(64), PadKey(65), PadKey(67)]
    assert [places_of(keys)[key] for key in keys] == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1)]
    # The same note on two channels is two pads.
    assert places_of([PadKey(36), PadKey(36, 10)]) == {PadKey(36): Place(1, 1), PadKey(36, 10): Place(1, 2)}


def test_what_is_written_is_the_place_and_the_others_lie_around_it():
    keys = [PadKey(note) for note in (36, 37, 38)]
    assert places_of(keys, at(n38=(1, 1))) == at(n38=(1, 1), n36=(1, 2), n37=(1, 3))
    # A place of a pad that is not there takes none.
    assert places_of(keys, at(n99=(1, 1)))[PadKey(36)] == (1, 1)


@given(st.sets(any_key, min_size=1, max_size=200), st.data())
def test_every_pad_has_one_place_of_its_own(keys, data):
    some = data.draw(st.lists(st.sampled_from(sorted(keys)), unique=True, max_size=20))
    spots = data.draw(st.lists(any_place, unique=True, min_size=len(some), max_size=len(some)))
    written = dict(zip(some, spots, strict=True))
    places = places_of(keys, written)
    assert set(places) == keys
    assert len(set(places.values())) == len(keys)
    assert all(places[key] == place for key, place in written.items())


@given(any_grid, st.sets(any_key, min_size=1, max_size=200), any_place)
def test_on_any_grid_every_pad_lies_on_exactly_one_page_once(grid, keys, corner):
    pages = pages_on(grid, places_of(keys), whole(grid, corner))
    lie = [key for page in pages for key in page.values()]
    assert sorted(lie) == sorted(keys)
    assert all(seat in grid.pads for page in pages for seat in page)


def test_pad_36_lies_at_11_of_a_launchpad():
    (page,) = pages_on(LAUNCHPAD, places_of(SIXTEEN), whole(LAUNCHPAD))
    rows = [11, 12, 13, 14, 21, 22, 23, 24, 31, 32, 33, 34, 41, 42, 43, 44]
    assert numbers(LAUNCHPAD, page) == dict(zip(rows, range(36, 52), strict=True))


def test_a_block_lies_where_the_port_says():
    (page,) = pages_on(LAUNCHPAD, places_of(SIXTEEN), whole(LAUNCHPAD, Place(5, 5)))
    assert numbers(LAUNCHPAD, page)[55] == 36
    assert numbers(LAUNCHPAD, page)[88] == 51
    # A corner that the grid does not have is its own.
    (page,) = pages_on(LAUNCHPAD, places_of(SIXTEEN), whole(LAUNCHPAD, Place(9, 9)))
    assert numbers(LAUNCHPAD, page)[11] == 36


def test_a_bank_larger_than_the_grid_goes_on_on_its_own_pages_then_on_ours():
    (page,) = pages_on(MINILAB, places_of(SIXTEEN), whole(MINILAB))
    assert {seat.page for seat in page} == {0, 1}
    assert numbers(MINILAB, page) == dict(zip(range(36, 52), range(36, 52), strict=True))
    two = pages_on(MINILAB, places_of([PadKey(note) for note in range(40, 60)]), whole(MINILAB))
    assert [len(page) for page in two] == [16, 4]


def test_four_banks_have_room_on_a_launchpad_two_on_an_apc40_none_on_a_minilab():
    assert [window.corner for window in windows_on(LAUNCHPAD, 16)] == [(1, 1), (1, 5), (5, 1), (5, 5)]
    assert len(windows_on(grids_of("apc40")[1], 16)) == 2
    assert windows_on(MINILAB, 16) == []


def lie(active, shown, plans, grid=LAUNCHPAD):
    found = lying(grid, plans, active, "pads", CORNER, shown)
    return {grid.pads[seat].number: f"{slug} {key}" for seat, (slug, key) in found.items()}


FIVE = [plan(slug) for slug in "abcde"]


def test_banks_side_by_side_stay_where_they_are_as_another_becomes_active():
    four = lie(0, Shown(side=4), FIVE)
    assert (four[11], four[15], four[51], four[88], len(four)) == ("a 36", "b 36", "c 36", "d 51", 64)
    assert lie(3, Shown(side=4), FIVE) == four
    assert lie(4, Shown(side=4), FIVE) == lie(4, Shown(), FIVE)
    assert lie(1, Shown(side=2), FIVE)[15] == "b 36"


def test_one_bank_alone_is_the_active_one_in_the_corner():
    assert lie(2, Shown(), FIVE)[11] == "c 36"
    assert lie(2, Shown(side=4), FIVE, MINILAB)[36] == "c 36"


def test_pages_go_round():
    plans = [plan("a", [PadKey(note) for note in range(40, 60)])]
    assert page_count(MINILAB, plans, 0, "pads", CORNER, Shown()) == 2
    assert lie(0, Shown(page=1), plans, MINILAB)[36] == "a 56"
    assert lie(0, Shown(page=2), plans, MINILAB)[36] == "a 40"


def test_a_pad_of_another_port_has_no_place_here():
    assert lie(0, Shown(), [plan("a", port="keys")]) == {}


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_a_grid_is_read_both_ways(grid):
    for seat, pad in grid.pads.items():
        assert grid.seat(pad.kind, pad.number, pad.channel or 7) == seat
        assert 1 <= seat.place.row <= grid.rows
        assert 1 <= seat.place.column <= grid.columns
        assert grid.button(pad.kind, pad.number, pad.channel or 7) is None
    for button in grid.buttons:
        assert grid.button(button.kind, button.number, button.channel or 7) == button
        assert grid.seat(button.kind, button.number, button.channel or 7) is None


@given(any_grid, st.sampled_from(["note", "cc"]), st.integers(0, 127), st.integers(1, 16))
def test_whatever_a_cable_carries_is_one_seat_or_none(grid, kind, number, channel):
    seat = grid.seat(kind, number, channel)
    if seat is not None:
        assert grid.pads[seat][:2] == (kind, number)
        assert grid.pads[seat].channel in (None, channel)
        assert isinstance(seat, Seat)
