"""Keys, notes, tempo and bars are what they say."""

import numpy as np
import pytest

from midifrag.engine.sketch import FAMILIES, SAMPLE_RATE, SoundParameters, render_parameters, render_prompt
from midifrag.engine.sketch.words import NOTES, SCALES
from tests.engine.sketch import measures

#: Families whose lowest strong partial is the root itself; the others are compared with themselves, see below.
ROOTED = ("kick", "sub", "bass", "pluck", "lead", "drone", "tom", "cowbell")


def _cents(hertz, target):
    """The distance from the nearest octave of ``target``."""
    return abs((1200 * np.log2(hertz / target) + 600) % 1200 - 600)


@pytest.mark.parametrize("name", ROOTED)
@pytest.mark.parametrize("root", ["C", "F#", "A"])
def test_a_key_sets_the_root(name, root):
    parameters = SoundParameters(families=(name,), key=f"{root} minor", length=1.0, reverb=-1.0)
    audio = render_parameters(parameters, 2.0, 3).audio
    target = 440 * 2 ** ((NOTES[root.lower()] - 9) / 12)
    # A kick and a tom start above their pitch.
    assert _cents(measures.fundamental(audio[:, 10_000:]), target) < 35


@pytest.mark.parametrize("name", ["sub", "bass", "pluck", "lead", "drone"])
@pytest.mark.parametrize("hertz", [82.4, 110.0, 196.0])
def test_a_note_sets_the_pitch_exactly(name, hertz):
    parameters = SoundParameters(families=(name,), pitch_hz=hertz, pitch=1.0, length=1.0, reverb=-1.0)
    found = measures.fundamental(render_parameters(parameters, 2.0, 3).audio[:, 10_000:])
    assert abs(1200 * np.log2(found / hertz)) < 35


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if family.pitched])
def test_a_note_moves_every_pitched_family(name):
    low, high = (
        measures.register(render_parameters(SoundParameters(families=(name,), pitch_hz=hertz), 1.0, 2).audio)
        for hertz in (110.0, 130.8)
    )
    assert 0.1 < high - low < 0.5


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if not family.pitched])
def test_a_note_means_nothing_to_the_others(name):
    plain, noted = (render_prompt(prompt, 0.3, 2).audio for prompt in (name, f"{name} A3"))
    assert np.array_equal(plain, noted)


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
