import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from midifrag.engine.sketch import AXES, FAMILIES, SoundParameters, parse
from midifrag.engine.sketch.words import ADJECTIVES, FAMILY_SYNONYMS, INTENSIFIERS, PLAIN
from tests.support.forms import examples


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_known_by_its_name_and_all_synonyms(name):
    for word in (name, *FAMILIES[name].synonyms):
        parameters = parse(word)
        assert parameters.families == (name,), word
        assert parameters.unknown == (), word


@pytest.mark.parametrize("word", [word for word, meanings in ADJECTIVES.items() if len(meanings) == 1])
def test_an_adjective_moves_its_axis_alone(word):
    ((axis, amount),) = ADJECTIVES[word]
    assert parse(f"a {word} sound") == SoundParameters(**{axis: amount})


@pytest.mark.parametrize(
    ("prompt", "brightness"),
    [
        ("bright", PLAIN),
        ("very bright", 1.0),
        ("slightly bright", 0.4 * PLAIN),
        ("not bright", -0.5 * PLAIN),
        ("not too bright", -0.8 * PLAIN),
        ("a little bit dark", -0.4 * PLAIN),
        ("bright and dark", 0.0),
        ("very very dark", -1.0),
        ("very loud, bright", PLAIN),
    ],
)
def test_intensifiers(prompt, brightness):
    assert parse(prompt).brightness == pytest.approx(brightness)


def test_no_and_without():
    assert parse("snare without reverb").reverb == -PLAIN
    assert parse("beat without snare, no claps").families == ("beat",)
    assert parse("no snare but a kick").families == ("kick",)


@pytest.mark.parametrize(
    ("prompt", "families"),
    [
        ("Hi-Hats!", ("hats",)),
        ("HIGH HAT", ("hats",)),
        ("sub-bass", ("sub",)),
        ("synth bass", ("bass",)),
        ("bass drum", ("kick",)),
        ("drum loop", ("beat",)),
        ("strings", ("pad",)),
        ("glitches", ("crackle",)),
        ("a kick, two snares & a kick", ("kick", "snare")),
        ("rain over a low drone", ("rain", "drone")),
    ],
)
def test_families(prompt, families):
    assert parse(prompt).families == families


def test_high_hat_says_nothing_about_pitch():
    assert parse("high hat").pitch == 0.0
    assert parse("high tom").pitch == PLAIN


def test_a_prompt_as_people_write_it():
    assert parse("Rain on a tin roof, close mic") == SoundParameters(
        families=("rain",), brightness=PLAIN, reverb=-PLAIN, unknown=("roof", "mic")
    )


def test_unknown_words_are_named_once_and_in_order():
    assert parse("frobnicate the glorp on a frobnicate KICK").unknown == ("frobnicate", "glorp")


@pytest.mark.parametrize(
    ("prompt", "fact"),
    [
        ("beat 120 bpm", {"bpm": 120.0}),
        ("beat at 87.5BPM", {"bpm": 87.5}),
        ("2 bars of beat", {"bars": 2}),
        ("a four bar beat", {"bars": 4}),
        ("2-bar beat", {"bars": 2}),
        ("440 Hz organ", {"pitch_hz": 440.0}),
        ("1.2kHz organ", {"pitch_hz": 1200.0}),
        ("A2 pluck", {"pitch_hz": 110.0}),
        ("pluck, a4", {"pitch_hz": 440.0}),
        ("C#3 pluck", {"pitch_hz": 138.591}),
        ("Bb3 pluck", {"pitch_hz": 233.082}),
        ("pad in C minor", {"key": "C minor"}),
        ("pad in C", {"key": "C major"}),
        ("PAD IN F♯ MINOR", {"key": "F# minor"}),
        ("pad, e flat major", {"key": "Eb major"}),
        ("pad in the key of Bb", {"key": "Bb major"}),
        ("pad in Am", {"key": "A minor"}),
        ("pad in A", {"key": "A major"}),
        ("pad in A with rain", {"key": "A major"}),
        ("d dorian pad", {"key": "D dorian"}),
    ],
)
def test_musical_facts(prompt, fact):
    parameters = parse(prompt)
    found = {name: getattr(parameters, name) for name in ("bpm", "bars", "pitch_hz", "key")}
    assert found == {"bpm": None, "bars": None, "pitch_hz": None, "key": None, **fact}
    assert parameters.unknown == ()


@pytest.mark.parametrize("prompt", ["pad in a hall", "a bell", "a minimal beat", "a pad by e", "bar", "mp3"])
def test_what_is_no_musical_fact(prompt):
    parameters = parse(prompt)
    assert (parameters.key, parameters.pitch_hz, parameters.bars, parameters.bpm) == (None, None, None, None)


def test_facts_out_of_range_are_unknown_words():
    parameters = parse("beat 9000 bpm 0 bars 3 hz")
    assert (parameters.bpm, parameters.bars, parameters.pitch_hz) == (None, None, None)
    assert {"9000", "0", "3"} <= set(parameters.unknown)


def test_an_empty_prompt_asks_for_nothing():
    assert parse("") == parse("  ,.! ") == SoundParameters()


@given(st.text(max_size=60))
@settings(max_examples=examples(150))
def test_any_text_is_parsed(prompt):
    assert parse(prompt) == parse(prompt)


@given(st.lists(st.sampled_from([*ADJECTIVES, *INTENSIFIERS, *FAMILY_SYNONYMS, "a", "glorp", "2 bars"]), max_size=8))
@settings(max_examples=examples(150))
def test_any_words_are_parsed_within_range_whatever_the_case_and_punctuation(words):
    parameters = parse(" ".join(words))
    assert all(-1 <= getattr(parameters, axis) <= 1 for axis in AXES)
    assert parse("  ".join(words).upper() + "!") == parameters
