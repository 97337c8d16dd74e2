from __future__ import annotations

import dataclasses

import pytest

from midifrag.fragment.encoding import EncodedFragment
from midifrag.fragment.unwritten import UnwrittenTake
from tests.fragment.sounds import RATE, noise, record


@pytest.mark.parametrize(
    ("archived", "landed", "waits_for"),
    [(False, False, "archive and slot"), (False, True, "archive"), (True, False, "slot"), (True, True, None)],
)
def test_what_a_take_waits_for(archived, landed, waits_for):
    take = UnwrittenTake(1, noise(), RATE, record(1), 0.0)
    if archived:
        take.record = dataclasses.replace(take.record, number=4)
    if not landed:
        take.fragment = EncodedFragment(b"x" * 100, 0.1)

    assert take.waits_for == waits_for


def test_memory_of_a_take_and_its_fragment():
    take = UnwrittenTake(1, noise(), RATE, record(1), 0.0)
    assert take.size == take.audio.nbytes

    take.fragment = EncodedFragment(b"x" * 100, 0.1)

    assert take.size == take.audio.nbytes + 100


def test_two_takes_of_the_same_values_are_two():
    audio = noise()

    assert UnwrittenTake(1, audio, RATE, record(1), 0.0) != UnwrittenTake(1, audio, RATE, record(1), 0.0)
