import hashlib
import subprocess
import sys

import numpy as np
import pytest

from midifrag.engine.sketch import (
    AXES,
    FAMILIES,
    SAMPLE_RATE,
    SECONDS_RANGE,
    Sound,
    SoundParameters,
    parse,
    render_parameters,
    render_prompt,
)
from tests.engine.sketch import measures
from tests.support.forms import combined, some

TEXTURES = {name for name, family in FAMILIES.items() if family.texture}


def _check(sound: Sound, seconds):
    audio = sound.audio
    assert audio.shape == (2, round(seconds * SAMPLE_RATE))
    assert audio.dtype == np.float32
    assert np.all(np.isfinite(audio))
    assert 0.05 < np.abs(audio).max() <= 1
    assert np.abs(audio[:, 0]).max() < 1e-3
    assert np.abs(audio[:, -1]).max() < 1e-3
    assert np.abs(audio.mean(axis=1)).max() < 0.01


@pytest.mark.parametrize(("name", "axis"), combined(FAMILIES, AXES))
def test_every_extreme_is_a_clean_sound(name, axis):
    for position in (-1.0, 1.0):
        _check(render_parameters(SoundParameters(families=(name,), **{axis: position}), 0.4, 3), 0.4)


@pytest.mark.parametrize("name", FAMILIES)
def test_all_extremes_at_once_are_a_clean_sound(name):
    for position in (-1.0, 1.0):
        _check(render_parameters(SoundParameters(families=(name,), **dict.fromkeys(AXES, position)), 0.4, 3), 0.4)


@pytest.mark.parametrize(("name", "seconds"), combined(FAMILIES, [0.05, 0.123456, 1.0]))
def test_any_length(name, seconds):
    _check(render_prompt(name, seconds, 1), seconds)


@pytest.mark.parametrize("name", some(["kick", "lead"], ["kick", "rain", "lead", "arpeggio"]))
def test_a_minute_is_as_long_as_it_says_and_sounds_to_the_end_if_it_should(name):
    sound = render_prompt(name, 60.0, 1)
    _check(sound, 60.0)
    assert (measures.sounding(sound.audio) > 20) == (name in {"rain", "lead", "arpeggio"})


@pytest.mark.thorough
def test_the_longest():
    _check(render_prompt("kick", SECONDS_RANGE[1], 1), SECONDS_RANGE[1])


@pytest.mark.parametrize("seconds", [0.0, 0.049, 190.1, -1.0, float("nan"), float("inf")])
def test_other_lengths_are_refused_with_the_limits(seconds):
    with pytest.raises(ValueError, match=r"seconds: .* is outside 0\.05 to 190"):
        render_prompt("kick", seconds, 0)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_seed_is_a_sound(name):
    first, again, other = (render_prompt(name, 0.7, seed).audio for seed in (11, 11, 12))
    assert np.array_equal(first, again)
    # Audibly: where there is something to hear, the spectra of two seeds differ by more than 3 dB on average.
    spectra = np.array([np.abs(np.fft.rfft(audio.mean(axis=0))) for audio in (first, other)])
    heard = spectra.max(axis=0) > 0.01 * spectra.max()
    assert np.mean(np.abs(np.diff(20 * np.log10(spectra[:, heard] + 1e-9), axis=0))) > 3


def test_another_process_renders_the_same_samples():
    prompt, seconds, seed = "dark rain and a bell in D minor, 99 bpm beat", 0.5, 7
    program = (
        "import hashlib; from midifrag.engine.sketch import render_prompt; "
        f"print(hashlib.sha256(render_prompt({prompt!r}, {seconds}, {seed}).audio.tobytes()).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == hashlib.sha256(render_prompt(prompt, seconds, seed).audio.tobytes()).hexdigest()


def test_a_sound_says_what_was_asked_and_played():
    sound = render_prompt("short snare and frobs", 0.3, 1)
    assert sound.parameters == parse("short snare and frobs")
    assert sound.played == ("snare",)
    assert np.array_equal(sound.audio, render_parameters(sound.parameters, 0.3, 1).audio)


def test_a_prompt_without_a_known_word_plays_a_texture_of_its_own():
    played = {
        render_prompt(f"glorp {word}", 0.1, 1).played for word in ("vex", "mib", "sax", "tuft", "qua", "zon", "ply")
    }
    assert {name for (name,) in played} <= TEXTURES
    assert len(played) > 1
    assert render_prompt("glorp", 0.1, 1).played == render_prompt("GLORP!", 0.1, 2).played
    _check(render_prompt("glorp", 0.5, 1), 0.5)
    _check(render_prompt("", 0.5, 1), 0.5)


def test_the_texture_of_unknown_words_never_changes():
    assert render_prompt("glorp vex", 0.1, 1).played == ("bubbles",)


def test_adjectives_shape_the_texture_of_unknown_words():
    dark, bright = (render_prompt(f"{word} glorp", 1.0, 1) for word in ("very dark", "very bright"))
    assert dark.played == bright.played
    assert measures.centroid(dark.audio) < measures.centroid(bright.audio) - 0.3


def test_layers_are_all_heard():
    alone, both = render_prompt("dry sub", 1.0, 1).audio, render_prompt("dry sub and hats", 1.0, 1).audio
    assert render_prompt("dry sub and hats", 1.0, 1).played == ("sub", "hats")
    assert measures.centroid(both[:, :4000]) > measures.centroid(alone[:, :4000]) + 2
    assert abs(measures.centroid(both[:, -20_000:]) - measures.centroid(alone[:, -20_000:])) < 0.5


def test_drums_beside_a_beat_are_its_kit():
    kick, hats = render_prompt("dry beat with a kick", 2.0, 1), render_prompt("dry beat with hats", 2.0, 1)
    assert kick.played == hats.played == ("beat",)
    assert measures.centroid(hats.audio) > measures.centroid(kick.audio) + 3
    assert render_prompt("beat with a kick and rain", 0.5, 1).played == ("beat", "rain")


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if not family.loop])
def test_tails_end_within_the_fragment(name):
    parameters = SoundParameters(families=(name,), length=1.0, reverb=1.0)
    audio = render_parameters(parameters, 1.0, 1).audio
    loudest = np.abs(audio).max()
    assert np.abs(audio[:, -400:]).max() < 0.01 * loudest


@pytest.mark.parametrize("name", FAMILIES)
def test_loudness_is_even_enough_to_mix(name):
    envelope = measures._envelope(render_prompt(name, 2.0, 4).audio)
    loudest = np.sqrt(np.mean(np.sort(envelope**2)[-60:]))
    assert -22 < 20 * np.log10(loudest) < -3
