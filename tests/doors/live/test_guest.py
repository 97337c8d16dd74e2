import socket

import pytest

from midifrag.doors.live import guest
from midifrag.doors.live.guest import Guest
from midifrag.doors.live.wire import LONGEST_LINE, OddLineError


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield Guest(ours, 1.0), theirs


def test_lines_come_whole_whatever_pieces_they_come_in(pair):
    one, theirs = pair
    assert one.read(2.0)
    assert one.heard == 0.0
    theirs.sendall(b"a\nb")
    assert one.read(3.0)
    assert (list(one.lines()), one.heard) == ([b"a"], 3.0)
    theirs.sendall(b"c\n\nd\n")
    assert one.read(4.0)
    assert list(one.lines()) == [b"bc", b"", b"d"]
    theirs.close()
    assert not one.read(5.0)


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_that_is_too_long_is_an_error(pair, end):
    one, theirs = pair
    sent = b"x" * LONGEST_LINE + end
    while sent:
        sent = sent[theirs.send(sent[:30_000]) :]
        assert one.read(2.0)
    with pytest.raises(OddLineError):
        list(one.lines())


def test_what_waits_is_sent_and_who_has_what_they_came_for_goes(pair):
    one, theirs = pair
    one.waiting += b"abc"
    assert one.write()
    assert (theirs.recv(10), bytes(one.waiting)) == (b"abc", b"")
    one.waiting += b"d"
    one.leaves = True
    assert not one.write()
    assert theirs.recv(10) == b"d"


def test_one_who_does_not_read_is_kept_to_a_limit(pair, monkeypatch):
    one, theirs = pair
    monkeypatch.setattr(guest, "MOST_WAITING", 10_000_000)
    one.waiting += b"x" * 9_000_000
    assert one.write()
    assert one.waiting
    one.waiting += b"x" * 10_000_000
    assert not one.write()
    theirs.close()
    assert not one.write()
