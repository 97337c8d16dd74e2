"""How batches are evaluated, by what calls were measured to take."""

import pytest

from midifrag.engine.network.call_costs import CallCosts, CallTime, Piece, RowKind
from midifrag.engine.network.graphs import GraphShape

FRAMES = 64
PLAIN, GUIDED, REFUSING = RowKind(False, False), RowKind(True, False), RowKind(True, True)


def shape(batch: int, kind: RowKind = GUIDED) -> GraphShape:
    return GraphShape(batch, FRAMES, kind.guided, kind.has_negative)


def costs(plain: dict[int, float], recorded: dict[GraphShape, float]) -> CallCosts:
    made = CallCosts()
    for evaluations, seconds in plain.items():
        made.note_plain(FRAMES, evaluations, seconds)
    for each, seconds in recorded.items():
        made.note_recorded(each, seconds)
    return made


def batches(pieces: list[Piece]) -> list[int | None]:
    """The sizes of the recordings that are used, None for a plain call."""
    return [None if piece.shape is None else piece.shape.batch for piece in pieces]


@pytest.mark.parametrize(
    ("time", "bound"),
    [
        # An H200 with Stable Audio Open: the host has it on its way long before the card is done.
        (CallTime(2.9e-3, 10.2e-3, 0), False),
        # With small, the card is done as soon as the host is.
        (CallTime(3.0e-3, 3.05e-3, 0), True),
        (CallTime(3.0e-3, 4.2e-3, 0), False),
        (CallTime(0.0, 0.0, 0), True),
    ],
)
def test_only_where_the_card_waits_for_the_host_a_recording_saves_time(time: CallTime, bound: bool) -> None:
    assert time.is_launch_bound is bound


#: A model that a card is busy with: eight requests cost eight times as much as one.
BUSY = costs({2 * n: n * 10e-3 for n in (1, 2, 4, 8, 16)}, {shape(n): n * 9.8e-3 for n in (1, 2, 4, 8, 16)})
#: One that a card waits for: eight cost as much as one, and a recording half of it.
WAITING = costs({2 * n: 3.0e-3 for n in (1, 2, 4, 8, 16)}, {shape(n): 1.5e-3 for n in (1, 2, 4, 8, 16)})


@pytest.mark.parametrize(
    ("count", "busy", "waiting"),
    [
        (1, [1], [1]),
        (3, [1, 2], [4]),
        (5, [1, 4], [8]),
        (9, [1, 8], [16]),
        (16, [16], [16]),
    ],
)
def test_a_batch_is_filled_up_only_where_that_costs_less_than_splitting_it(
    count: int, busy: list[int], waiting: list[int]
) -> None:
    pieces = BUSY.pieces(FRAMES, [GUIDED] * count)
    assert sorted(batches(pieces)) == busy
    assert [row for piece in pieces for row in piece.rows] == list(range(count))
    assert batches(WAITING.pieces(FRAMES, [GUIDED] * count)) == waiting


def test_a_plain_call_is_made_where_it_costs_least() -> None:
    """Recordings that cost more than the call itself are left alone; so is filling up to them."""
    table = costs({2: 3.0, 4: 3.1, 8: 3.2, 16: 9.0}, {shape(1): 2.0, shape(2): 3.5})
    assert batches(table.pieces(FRAMES, [GUIDED])) == [1]
    assert batches(table.pieces(FRAMES, [GUIDED] * 2)) == [None]
    assert batches(table.pieces(FRAMES, [GUIDED] * 3)) == [None]


def test_nine_are_eight_and_one_where_only_the_one_is_recorded() -> None:
    """What is left is evaluated plainly, all of it at once."""
    table = costs({2: 3.0, 16: 12.0, 18: 22.0}, {shape(1): 2.5})
    pieces = table.pieces(FRAMES, [GUIDED] * 9)
    assert sorted(map(str, batches(pieces))) == ["1", "None"]
    assert sorted(len(piece.rows) for piece in pieces) == [1, 8]


def test_one_guided_among_seven_others_is_not_made_eight_guided() -> None:
    recorded = {shape(n): n * 9.8e-3 for n in (1, 2, 4, 8)} | {shape(n, PLAIN): n * 4.9e-3 for n in (1, 2, 4, 8)}
    table = costs({n: n * 5e-3 for n in (1, 2, 4, 8, 16)}, recorded)
    pieces = table.pieces(FRAMES, [PLAIN, PLAIN, GUIDED, *[PLAIN] * 5])
    assert not any(piece.shape and piece.shape.guided and len(piece.rows) > 1 for piece in pieces)
    assert sorted(row for piece in pieces for row in piece.rows) == list(range(8))
    assert next(piece.rows for piece in pieces if piece.shape and piece.shape.guided) == (2,)
    # Where all cost the same, one call is best.
    flat = costs(dict.fromkeys((1, 2, 16), 3.0), {shape(8): 1.5, shape(8, PLAIN): 1.4, shape(1): 1.4})
    assert batches(flat.pieces(FRAMES, [PLAIN] * 7 + [GUIDED])) == [8]


def test_rows_with_a_negative_prompt_want_a_recording_with_one() -> None:
    table = costs({2: 3.0, 4: 3.0}, {shape(2): 1.0, shape(2, REFUSING): 1.5})
    [piece] = table.pieces(FRAMES, [GUIDED, REFUSING])
    assert piece == Piece((0, 1), shape(2, REFUSING))


def test_without_figures_the_smallest_recording_with_room_is_filled_up() -> None:
    table = costs({}, {shape(n): 0.0 for n in (8, 4, 1)})
    assert batches(table.pieces(FRAMES, [GUIDED] * 3)) == [4]
    assert batches(table.pieces(FRAMES, [GUIDED] * 9)) == [None]
    assert batches(table.pieces(FRAMES + 1, [GUIDED])) == [None]
    assert batches(table.pieces(FRAMES, [PLAIN])) == [None]


def test_a_recording_that_was_not_measured_yet_is_tried() -> None:
    table = costs({2: 3.0, 4: 5.0}, {shape(2): 0.0})
    assert batches(table.pieces(FRAMES, [GUIDED] * 2)) == [2]
    table.note_recorded(shape(2), 6.0)
    assert batches(table.pieces(FRAMES, [GUIDED] * 2)) == [None]


def test_what_was_dropped_is_used_no_more() -> None:
    table = costs({2: 3.0}, {shape(1): 1.0})
    assert batches(table.pieces(FRAMES, [GUIDED])) == [1]
    table.drop([shape(1), shape(2)])
    assert batches(table.pieces(FRAMES, [GUIDED])) == [None]


def test_between_measured_numbers_of_rows_a_straight_line_counts_and_beyond_them_a_proportion() -> None:
    table = costs({2: 2.0, 4: 6.0}, {})
    assert [table._plain_seconds(FRAMES, count) for count in (1, 2, 3, 4, 6)] == [2.0, 2.0, 4.0, 6.0, 9.0]


def test_a_length_that_was_measured_alone_is_not_played_one_by_one_in_chords() -> None:
    """What the card waits for takes no longer for several: four recordings of one would cost more."""
    table = costs({}, {shape(1): 1.5})
    table.note_plain(FRAMES, 2, 3.0, grows=False)
    assert batches(table.pieces(FRAMES, [GUIDED] * 4)) == [None]
    assert batches(table.pieces(FRAMES, [GUIDED])) == [1]
    table.note_plain(FRAMES, 4, 3.5, grows=True)
    assert batches(table.pieces(FRAMES, [GUIDED] * 4)) == [1] * 4
