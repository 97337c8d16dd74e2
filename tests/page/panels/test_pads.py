"""Where pads lie on the screen: as they lie on the controller."""

from midifrag.pad_key import PadKey
from midifrag.page.panels.pads import Place, lay_out


def test_sixteen_pads_from_c1_lie_as_on_a_pad_controller():
    columns, rows, places = lay_out([PadKey(note) for note in range(36, 52)])
    assert (columns, rows) == (4, 4)
    assert places[PadKey(36)] == Place(0, 0)
    assert places[PadKey(39)] == Place(3, 0)
    assert places[PadKey(48)] == Place(0, 3)


def test_a_pad_alone_keeps_its_place():
    assert lay_out([PadKey(50)])[2] == {PadKey(50): Place(2, 3)}


def test_the_notes_of_an_eight_by_eight_grid_are_row_and_column():
    notes = [PadKey(10 * row + column) for row in range(1, 9) for column in range(1, 9)]
    columns, rows, places = lay_out(notes)
    assert (columns, rows) == (8, 8)
    assert places[PadKey(11)] == Place(0, 0)
    assert places[PadKey(88)] == Place(7, 7)
    assert places[PadKey(27)] == Place(6, 1)


def test_other_notes_lie_in_their_order():
    columns, rows, places = lay_out([PadKey(60), PadKey(0), PadKey(127, 10), PadKey(127), PadKey(19)])
    assert (columns, rows) == (4, 4)
    assert sorted(places, key=lambda key: (places[key].row, places[key].column)) == [
        PadKey(0),
        PadKey(19),
        PadKey(60),
        PadKey(127),
        PadKey(127, 10),
    ]
    columns, rows, places = lay_out([PadKey(note) for note in range(64)])
    assert (columns, rows, places[PadKey(63)]) == (8, 8, Place(7, 7))


def test_two_channels_on_one_note_are_two_pads():
    assert len(set(lay_out([PadKey(36, 1), PadKey(36, 2), PadKey(37)])[2].values())) == 3
