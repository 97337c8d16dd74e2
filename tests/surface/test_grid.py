from midifrag.surface.grid import Button, Place, Seat, grid_of

A, B, C, D = (Button("note", number) for number in (1, 2, 3, 4))


def test_rows_are_as_one_sees_them_and_count_from_the_bottom():
    grid = grid_of([[[A, B], [C, None]]], [D], [])
    assert (grid.rows, grid.columns, grid.pages) == (2, 2, 1)
    assert grid.pads == {Seat(0, Place(2, 1)): A, Seat(0, Place(2, 2)): B, Seat(0, Place(1, 1)): C}
    assert grid.seat("note", 3, 9) == Seat(0, Place(1, 1))
    assert grid.seat("note", 4, 9) is None
    assert grid.button("note", 4, 9) == D


def test_a_controller_s_own_banks_are_pages():
    grid = grid_of([[[A]], [[B]]], [], [])
    assert grid.pages == 2
    assert grid.seat("note", 2, 1) == Seat(1, Place(1, 1))


def test_a_pad_of_one_channel_is_heard_on_that_alone():
    grid = grid_of([[[A._replace(channel=3), B]]], [], [C._replace(channel=2)])
    assert grid.seat("note", 1, 3) == Seat(0, Place(1, 1))
    assert grid.seat("note", 1, 4) is None
    assert (grid.names(Button("note", 1, 3)), grid.names(Button("note", 2, 3))) == (True, False)
    assert (grid.button("note", 3, 2), grid.button("note", 3, 1)) == (C._replace(channel=2), None)
