"""What goes out to a server: what it lacks, in pieces, as the line takes it, and nothing that nobody wants."""

import pytest

from midifrag.clock import ManualClock
from midifrag.engine.line import messages as line
from midifrag.engine.remote.parcel import Parcel
from midifrag.engine.remote.uploads import Uploads
from midifrag.errors import LineError


def parcel(letter="a", size=20_000):
    return Parcel(letter * 64, size, f"sound {letter}", lambda _start, many: bytes(many))


def lacking(*wanted, place="r1"):
    return line.Lacking(
        job="0" * 32,
        place=place,
        uploads=tuple(line.Wanted(sha256=letter * 64, ticket=ticket, have=have) for letter, ticket, have in wanted),
    )


class Home:
    def __init__(self, *parcels, window=1 << 20):
        self.clock = ManualClock()
        self.uploads = Uploads("m", self.clock)
        self.uploads.begin(window)
        self.sent = 0
        for number, one in enumerate(parcels, 1):
            self.uploads.hold(number, (one,))

    def drain(self):
        """Everything that goes out while all of it is taken in at once."""
        found = []
        while (piece := self.uploads.next()) is not None:
            found.append((piece.message.ticket, piece.message.start, piece.size))
            self.sent += piece.size
            self.clock.time += 0.01
            self.uploads.taken(self.sent)
        return found

    def whole(self, pieces, ticket, start, size):
        """Whether pieces of an upload are all of it, in a row."""
        for number, begin, many in pieces:
            if number == ticket:
                assert begin == start
                start += many
        return start == size


def test_what_is_lacking_goes_out_in_a_row_from_where_the_server_has_it():
    home = Home(parcel("a"), parcel("b"))
    home.uploads.lacking(lacking(("a", 1, 5_000), ("b", 2, 0), ("c", 3, 0)))
    pieces = home.drain()
    assert home.whole(pieces, 1, 5_000, 20_000)
    assert home.whole(pieces, 2, 0, 20_000)
    assert {number for number, _, _ in pieces} == {1, 2}
    # Asked by another job, it is on its way already, or there.
    home.uploads.lacking(lacking(("a", 1, 0)))
    assert home.drain() == []


def test_it_names_the_model_and_the_replica_that_lacks_it():
    home = Home(parcel())
    home.uploads.lacking(lacking(("a", 1, 0), place="r7"))
    message = home.uploads.next().message
    assert (message.model, message.place) == ("m", "r7")


def test_another_ticket_begins_anew():
    home = Home(parcel())
    home.uploads.lacking(lacking(("a", 1, 0)))
    assert home.uploads.next().message.ticket == 1
    home.uploads.lacking(lacking(("a", 2, 0)))
    home.uploads.taken(4_096)
    home.sent = 4_096
    assert home.whole(pieces := home.drain(), 2, 0, 20_000)
    assert {number for number, _, _ in pieces} == {2}


def test_a_server_that_takes_nothing_in_gets_no_more_than_its_window():
    home = Home(parcel(size=10_000_000), window=30_000)
    home.uploads.lacking(lacking(("a", 1, 0)))
    sent = 0
    while (piece := home.uploads.next()) is not None:
        sent += piece.size
    assert 0 < sent <= 30_000
    for _ in range(9):
        home.uploads.taken(sent)
        while (piece := home.uploads.next()) is not None:
            sent += piece.size
            assert home.uploads._pace.on_its_way <= 30_000
    assert home.uploads._pace.on_its_way > 25_000


def test_what_nobody_wants_any_more_does_not_go_on():
    home = Home(parcel("a"), parcel("a"))
    home.uploads.lacking(lacking(("a", 1, 0)))
    assert home.uploads.next() is not None
    home.uploads.taken(4_096)
    home.uploads.drop(1)
    piece = home.uploads.next()
    home.uploads.taken(4_096 + piece.size)
    home.uploads.drop(2)
    assert home.uploads.next() is None


def test_what_a_press_waits_for_goes_before_what_is_prepared_for():
    home = Home(parcel("b"))
    home.uploads.hold(0, (parcel("a"),))
    home.uploads.lacking(lacking(("a", 1, 0)))
    home.uploads.lacking(lacking(("b", 2, 0)))
    assert home.uploads.next().message.ticket == 2


def test_a_new_connection_begins_with_what_it_is_asked_for():
    home = Home(parcel())
    home.uploads.lacking(lacking(("a", 1, 0)))
    home.drain()
    home.uploads.begin(1 << 20)
    home.sent = 0
    assert home.uploads.next() is None
    home.uploads.lacking(lacking(("a", 1, 12_000)))
    assert home.whole(home.drain(), 1, 12_000, 20_000)


def test_how_far_it_has_come_is_told_about_once_a_second_and_that_it_is_over():
    home = Home(parcel(size=30_000))
    home.uploads.lacking(lacking(("a", 1, 0)))
    [warming] = home.uploads.news("studio")
    assert (warming.what, warming.total, warming.playable) == ("uploading sound a to studio, 0.0 MB", 29, True)
    assert home.uploads.news("studio") == []
    home.uploads.next()
    home.clock.time += 1.1
    [warming] = home.uploads.news("studio")
    assert warming.done == 4
    home.uploads.taken(4_096)
    home.sent = 4_096
    home.drain()
    assert home.uploads.news("studio") == [None]
    assert home.uploads.news("studio") == []


def test_what_cannot_be_read_goes_no_further_and_takes_no_room():
    one = parcel()
    home = Home(one, parcel("b"))
    home.uploads.lacking(lacking(("a", 1, 0)))
    assert home.uploads.jobs_of(one) == [1]
    home.uploads.spoiled(home.uploads.next())
    assert home.uploads.jobs_of(one) == []
    assert home.uploads.next() is None
    home.uploads.lacking(lacking(("b", 2, 0)))
    assert home.whole(home.drain(), 2, 0, 20_000)


def test_more_than_was_sent_cannot_have_been_taken():
    with pytest.raises(LineError, match="bytes taken"):
        Home().uploads.taken(1)
