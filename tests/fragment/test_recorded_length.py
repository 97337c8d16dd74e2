import pytest

from midifrag.fragment.length import MusicalLength, SecondsLength
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.recorded_length import fields_of, recorded_bars, recorded_length
from midifrag.timeline import Signature


@pytest.mark.parametrize(
    ("length", "fields"),
    [
        (None, {}),
        (SecondsLength(1.5), {"cut_seconds": 1.5}),
        (MusicalLength(2, "bars", 118, made_at=120), {"bars": 2, "bpm": 120, "signature": "4/4"}),
        (MusicalLength(3, "beats", 90, Signature(6, 8)), {"beats": 3, "bpm": 90, "signature": "6/8"}),
    ],
)
def test_a_record_says_what_its_take_was_made_for_and_is_read_so(length, fields):
    assert fields_of(length) == fields
    record = TakeRecord.from_json(TakeRecord(prompt="rain", **fields).to_json())
    made = length.as_made if isinstance(length, MusicalLength) else length
    assert recorded_length(record) == made


@pytest.mark.parametrize(
    ("length", "bars"),
    [
        (None, None),
        (SecondsLength(1.5), None),
        (MusicalLength(2, "bars", 118, made_at=120), 2.0),
        (MusicalLength(3, "beats", 90, Signature(6, 8)), 0.5),
    ],
)
def test_a_record_says_how_many_bars_its_take_is_long(length, bars):
    assert recorded_bars(TakeRecord(prompt="rain", **fields_of(length))) == bars


def test_it_is_cut_to_the_time_that_is_now():
    record = TakeRecord(prompt="rain", bars=2, bpm=120.0, signature="4/4")
    now = recorded_length(record, 90.0, Signature(3, 4))
    assert now == MusicalLength(2, "bars", 90.0, Signature(3, 4), made_at=120.0)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"bars": 2},
        {"bars": 2, "bpm": 120},
        {"bars": 2, "bpm": 0, "signature": "4/4"},
        {"bars": 0, "bpm": 120, "signature": "4/4"},
        {"bars": 2, "bpm": 120, "signature": "4"},
        {"bars": 2, "bpm": 120, "signature": "4/0"},
        {"bars": 2, "bpm": 120, "signature": "four/4"},
        {"bars": 2, "bpm": 120, "signature": "4444444/4"},
        {"bars": "two", "bpm": 120, "signature": "4/4"},
        {"bars": -2, "bpm": 120, "signature": "4/4"},
        {"cut_seconds": None},
    ],
)
def test_a_record_that_does_not_say_all_has_no_such_length(odd):
    """Also one of a version before there were such lengths."""
    assert recorded_length(TakeRecord.from_values({"prompt": "rain", **odd})) is None
