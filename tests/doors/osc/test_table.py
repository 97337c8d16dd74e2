"""The table, and that everything that is made from it has a place for each of its rows."""

from midifrag.doors.osc.incoming import _MAKERS
from midifrag.doors.osc.packets import Message, encoded, messages
from midifrag.doors.osc.table import COMING, GOING, IN, OUT, Direction, Kind
from tests.doors.osc.values import values_of


def test_an_address_has_one_row_a_direction_and_all_rows_say_what_they_do():
    assert len(COMING) == len(IN)
    assert len(GOING) == len(OUT)
    for direction, rows in ((Direction.IN, IN), (Direction.OUT, OUT)):
        for row in rows:
            assert row.direction is direction
            assert row.path.startswith("/midifrag/")
            assert row.line
            assert all(argument.line for argument in row.arguments)


def test_what_may_be_left_out_is_at_the_end():
    for row in (*IN, *OUT):
        optional = [argument.optional for argument in row.arguments]
        assert optional == sorted(optional)
        assert row.least == optional.count(False)


def test_every_row_that_comes_in_leads_somewhere():
    assert set(_MAKERS) == set(COMING)


def test_every_row_is_written_and_what_comes_in_is_read_again():
    for row in IN:
        for left_out in range(len(row.arguments) - row.least + 1):
            message = Message(row.path, values_of(row)[: len(row.arguments) - left_out])
            assert list(messages(encoded(message, Direction.IN))) == [message]
    for row in OUT:
        packet = encoded(Message(row.path, values_of(row)))
        tags = "".join("s" if argument.kind is Kind.PAD else argument.kind.tags[0] for argument in row.arguments)
        assert packet.startswith(row.path.encode() + b"\0")
        assert b"," + tags.encode() + b"\0" in packet
