"""Patterns in time: they keep their tempo, their bars and their key."""

import numpy as np
import pytest

from midifrag.engine.sketch import FAMILIES, SAMPLE_RATE, SoundParameters, render_parameters, render_prompt
from midifrag.engine.sketch.loops import BALANCE, DEFAULT_KITS, KIT, PATTERNS
from midifrag.engine.sketch.words import NOTES, PLAIN, SCALES
from tests.engine.sketch import measures


@pytest.mark.parametrize("direction", [-PLAIN, PLAIN])
def test_arpeggio_goes_up_or_down_note_by_note(direction):
    parameters = SoundParameters(families=("arpeggio",), direction=direction, bpm=120, density=0, reverb=-1, length=-1)
    audio = render_parameters(parameters, 2.0, 5).audio
    steps = np.array_split(audio, 16, axis=1)
    pitches = [measures.fundamental(step) for step in steps]
    assert np.sign(np.median(np.diff(pitches))) == np.sign(direction)


@pytest.mark.parametrize("key", ["C minor", "E major", "G dorian"])
def test_an_arpeggio_stays_in_its_key(key):
    parameters = SoundParameters(families=("arpeggio",), key=key, bpm=120, density=-1.0, reverb=-1.0, length=-0.5)
    audio = render_parameters(parameters, 4.0, 3).audio
    root, scale = key.split()
    allowed = {(NOTES[root.lower()] + step) % 12 for step in SCALES[scale]}
    for step in np.array_split(audio, 16, axis=1):
        semitones = 12 * np.log2(measures.fundamental(step) / 440) + 9
        assert round(semitones) % 12 in allowed
        assert abs(semitones - round(semitones)) < 0.35


@pytest.mark.parametrize("bpm", [90, 120, 150])
def test_a_beat_keeps_its_tempo(bpm):
    audio = render_prompt(f"dry mono beat with hats {bpm} bpm", 6.0, 2).audio
    envelope = measures._envelope(audio)
    change = np.maximum(np.diff(envelope), 0)
    similarity = np.fft.irfft(np.abs(np.fft.rfft(change, 2 * len(change))) ** 2)
    beat = 60 / bpm * SAMPLE_RATE / measures.HOP
    nearby = similarity[round(beat * 0.93) : round(beat * 1.07)]
    assert abs((np.argmax(nearby) + round(beat * 0.93)) / beat - 1) < 0.02
    assert nearby.max() > 0.3 * similarity[0]


def test_bars_end_when_they_are_over():
    audio = render_prompt("tight dry beat with a kick 120 bpm 1 bar", 4.0, 2).audio
    assert np.abs(audio[:, : 2 * SAMPLE_RATE]).max() > 0.3
    assert np.abs(audio[:, round(2.9 * SAMPLE_RATE) :]).max() < 1e-3
    arpeggio = render_prompt("short dry arpeggio 120 bpm 1 bar", 4.0, 2).audio
    assert np.abs(arpeggio[:, round(3.2 * SAMPLE_RATE) :]).max() < 1e-3


def test_bars_without_a_tempo_fill_the_fragment():
    fitted = render_prompt("beat 2 bars", 4.0, 2).audio
    assert np.array_equal(fitted, render_prompt("beat 120 bpm 2 bars", 4.0, 2).audio)


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if family.loop])
def test_a_loop_without_a_tempo_is_made_of_whole_beats(name):
    parameters = SoundParameters(families=(name,), reverb=-1.0, width=-1.0, length=-1.0)
    audio = render_parameters(parameters, 3.7, 4).audio
    starts = np.flatnonzero(np.abs(audio[0]) > 0.02)
    sixteenths = {round(3.7 * SAMPLE_RATE / (4 * beats)) for beats in range(3, 15)}
    assert min(starts[0], 200) < 200
    envelope = np.maximum(np.diff(measures._envelope(audio)), 0)
    similarity = np.fft.irfft(np.abs(np.fft.rfft(envelope, 2 * len(envelope))) ** 2)
    scores = [
        similarity[round(4 * step / measures.HOP) - 1 : round(4 * step / measures.HOP) + 2].max() for step in sixteenths
    ]
    assert max(scores) > 0.25 * similarity[0]


def test_every_drum_of_a_kit_has_patterns_of_a_bar():
    assert set(PATTERNS) == set(KIT)
    assert {len(pattern) for patterns in PATTERNS.values() for pattern in patterns} == {16}
    assert set(BALANCE) <= set(KIT)
    assert {name for kit in DEFAULT_KITS for name in kit} <= set(KIT)


def test_density_thins_a_beat_out_and_fills_it():
    sparse, plain, dense = (
        measures.onsets(render_prompt(f"dry beat 120 bpm {word}", 4.0, 3).audio)
        for word in ("very sparse", "", "very dense")
    )
    assert sparse < plain < dense


def test_a_drum_of_a_beat_is_not_tuned_to_what_plays_beside_it():
    plain, tuned = (render_prompt(f"dry beat with a kick 120 bpm {key}", 1.0, 3).audio for key in ("", "in F# minor"))
    assert np.array_equal(plain, tuned)
