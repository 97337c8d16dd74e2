import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.fragment.length import MusicalLength, SecondsLength
from midifrag.timeline import Signature

#: A hundred tempos as clocks give them: whole, halves, thirds, and odd ones.
TEMPOS = [30 + 2.7 * number for number in range(98)] + [92.5, 174.0]


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_bars_are_so_many_samples(rate):
    for bpm in TEMPOS:
        assert MusicalLength(2, "bars", bpm).samples(rate) == round(2 * 4 * 60 / bpm * rate), bpm
        assert MusicalLength(3, "bars", bpm, Signature(6, 8)).samples(rate) == round(3 * 3 * 60 / bpm * rate), bpm
        assert MusicalLength(5, "beats", bpm, Signature(6, 8)).samples(rate) == round(2.5 * 60 / bpm * rate), bpm


@pytest.mark.parametrize(
    ("length", "quarters", "text"),
    [
        (MusicalLength(1, "bars", 120), 4, "1 bar"),
        (MusicalLength(2, "bars", 120, Signature(3, 4)), 6, "2 bars"),
        (MusicalLength(3, "beats", 120), 3, "3 beats"),
        (MusicalLength(3, "beats", 120, Signature(7, 8)), 1.5, "3 beats"),
        (MusicalLength(0.5, "bars", 120, Signature(7, 8)), 1.75, "0.5 bars"),
    ],
)
def test_the_signature_says_how_long_bars_and_beats_are(length, quarters, text):
    assert (length.quarters, length.seconds, str(length)) == (quarters, quarters / 2, text)


@given(st.floats(20, 400), st.floats(20, 400), st.floats(20, 400))
def test_a_length_remembers_the_tempo_that_its_sound_was_made_for(first, second, third):
    length = MusicalLength(2, "bars", first).at(second, Signature(3, 4)).at(third, Signature(4, 4))
    assert (length.bpm, length.as_made.bpm) == (third, first)
    assert length.as_made.made_at is None
    assert length.at(first, Signature()) == MusicalLength(2, "bars", first)


def test_seconds_are_so_many_samples():
    assert SecondsLength(1.5).samples(44100) == 66150


def test_what_a_clock_s_jitter_makes_of_a_length_is_near_and_to_the_sample_mostly_the_same():
    length = MusicalLength(2, "bars", 120.0, made_at=118.0)
    for bpm, near, same in ((120.00001, True, True), (120.001, True, False), (120.1, False, False)):
        other = MusicalLength(2, "bars", bpm, made_at=118.0)
        assert (length.is_near(other), length.is_cut_like(other, 44100)) == (near, same)
    other = MusicalLength(2, "bars", 120.0, made_at=119.0)
    assert not length.is_near(other)
    assert not length.is_cut_like(other, 44100)
    assert length.is_cut_like(MusicalLength(8, "beats", 120.0, made_at=118.0), 44100)
