import re

from midifrag.engine.sketch.words import (
    ADJECTIVES,
    AXES,
    COUNTS,
    FAMILY_SYNONYMS,
    INTENSIFIERS,
    NOTES,
    PLAIN,
    SCALE_SPELLINGS,
    SCALES,
)
from midifrag.engine.stop_words import STOP_WORDS


def test_no_word_means_two_things():
    phrases = [*FAMILY_SYNONYMS, *(word for words in FAMILY_SYNONYMS.values() for word in words)]
    everything = [*phrases, *ADJECTIVES, *INTENSIFIERS, *STOP_WORDS]
    assert sorted(everything) == sorted(set(everything))


def test_every_axis_has_words_both_ways():
    for axis in AXES:
        amounts = [amount for meanings in ADJECTIVES.values() for moved, amount in meanings if moved == axis]
        assert min(amounts) <= -PLAIN
        assert max(amounts) >= PLAIN


def test_words_are_written_as_they_are_looked_up():
    phrases = [*FAMILY_SYNONYMS, *(word for words in FAMILY_SYNONYMS.values() for word in words)]
    for phrase in (*phrases, *ADJECTIVES, *INTENSIFIERS, *COUNTS):
        assert re.fullmatch(r"[a-z0-9]+( [a-z0-9]+)*", phrase), phrase


def test_no_adjective_goes_beyond_an_axis():
    for meanings in ADJECTIVES.values():
        assert {axis for axis, _ in meanings} <= set(AXES)
        assert all(0 < abs(amount) <= 1 for _, amount in meanings)


def test_notes_and_scales_are_those_of_music():
    assert {NOTES["c#"], NOTES["db"]} == {1}
    assert NOTES["b"] - NOTES["a"] == 2
    assert all(len(scale) == 7 and scale[0] == 0 and list(scale) == sorted(set(scale)) for scale in SCALES.values())
    assert [SCALE_SPELLINGS[word] for word in ("maj", "min", "m", "dorian")] == ["major", "minor", "minor", "dorian"]
