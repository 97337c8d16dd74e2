"""A take in pieces: in order, checked as a whole, and begun anew where it was not what was sent."""

import hashlib

import pytest

from midifrag.engine.line import messages as line
from midifrag.engine.line.assembly import Assembly
from midifrag.errors import LineError

JOB = "0" * 32
DATA = bytes(range(40))


def told(data=DATA, samples=10):
    digest = hashlib.sha256(data).hexdigest()
    return line.Rendered(
        job=JOB, channels=1, samples=samples, sample_rate=8000, used={}, engine_seconds=0.1, sha256=digest
    )


def piece(start):
    return line.Audio(job=JOB, start=start)


def test_pieces_become_the_whole():
    assembly = Assembly()
    assembly.add(piece(0), DATA[:16])
    assert assembly.have == 16
    assembly.add(piece(16), DATA[16:])
    assert assembly.whole(told()) == DATA


def test_a_gap_is_refused():
    assembly = Assembly()
    assembly.add(piece(0), DATA[:16])
    with pytest.raises(LineError, match="begins at byte 20, and 16"):
        assembly.add(piece(20), DATA[20:])


def test_what_begins_at_0_begins_anew():
    assembly = Assembly()
    assembly.add(piece(0), b"another replica's")
    assembly.add(piece(0), DATA)
    assert assembly.whole(told()) == DATA


@pytest.mark.parametrize(("data", "samples", "why"), [(DATA, 11, "40 bytes of 44"), (DATA[::-1], 10, "checksum")])
def test_what_is_not_what_was_sent_has_to_come_again(data, samples, why):
    assembly = Assembly()
    assembly.add(piece(0), DATA)
    with pytest.raises(LineError, match=why):
        assembly.whole(told(data, samples))
    assert assembly.have == 0


def test_no_take_is_larger_than_any_can_be(monkeypatch):
    monkeypatch.setattr("midifrag.engine.line.assembly.MOST_AUDIO", 20)
    with pytest.raises(LineError, match="larger than any"):
        Assembly().add(piece(0), DATA)
