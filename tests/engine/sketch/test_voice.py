"""What the words mean in seconds, hertz and beats; keys and notes are what they say."""

import numpy as np
import pytest

from midifrag.engine.sketch import SoundParameters, render_parameters
from midifrag.engine.sketch.voice import LONGEST_DECAY, SHORTEST, SOFTEST_IMPACT, spawn
from midifrag.engine.sketch.words import NOTES
from tests.engine.sketch import measures
from tests.engine.sketch.voices import voice

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


@pytest.mark.parametrize(("length", "seconds"), [(-1.0, 0.25), (-1 / 3, 1.0), (0.0, 2.0), (1.0, 2.0)])
def test_a_sustained_sound_fills_its_time_unless_it_is_asked_to_be_short(length, seconds):
    short = voice(length=length)
    assert short.span == pytest.approx(seconds)
    assert short.progress[0] == 0
    assert short.progress[-1] == 1.0 or seconds == 2.0


def test_a_piece_is_within_the_sound_and_long_enough_to_be_heard():
    whole = voice(seconds=0.5)
    assert whole.piece(0.1, whole.rng).seconds == pytest.approx(0.1)
    assert whole.piece(0.0, whole.rng).seconds == pytest.approx(SHORTEST, abs=1e-4)
    assert whole.piece(9.0, whole.rng).seconds == 0.5


def test_an_impact_dies_away_within_the_sound():
    assert voice().decay(0.4) == pytest.approx(0.4)
    assert voice(length=-1.0).decay(0.4) == pytest.approx(0.4 / 4.5)
    assert voice(length=1.0).decay(1.0) == pytest.approx(LONGEST_DECAY * 2.0)


def test_hard_rises_at_once_and_soft_slowly():
    hard, plain, soft = (voice(hardness=hardness).attack(0.004) for hardness in (1.0, 0.0, -1.0))
    assert hard == pytest.approx(0.001)
    assert plain == pytest.approx(0.004)
    assert soft == pytest.approx(SOFTEST_IMPACT)
    assert voice(seconds=0.05, hardness=-1.0).attack(0.1) == pytest.approx(0.35 * 0.05)


def test_a_pitch_may_be_folded_to_the_octave_that_suits_the_sound():
    assert voice(pitch_hz=440.0).hertz(50.0) == 440.0
    assert voice(pitch_hz=440.0).hertz(50.0, fold=True) == 55.0
    assert voice(key="A minor", pitch=1.0).hertz(100.0, 1.0) == 220.0
    assert {voice(seed=seed).hertz(100.0) for seed in range(60)} == {100.0 * 2 ** (step / 12) for step in range(-2, 3)}


def test_movement_falls_on_divisions_of_the_beat():
    assert voice(speed=0.5).rate(1.0) == pytest.approx(2.0)
    assert voice(bpm=90).rate(1.0) == pytest.approx(0.75)
    assert voice(bpm=90, speed=0.5).rate(1.0) == pytest.approx(1.5)


def test_a_tempo_is_as_asked_or_fits_the_time():
    assert voice(bpm=90, bars=3).tempo(120) == 90
    assert voice(seconds=4.0, bars=2).tempo(120) == 120
    beats = voice(seconds=3.7, seed=5).tempo(120) * 3.7 / 60
    assert beats == pytest.approx(round(beats))


@pytest.mark.parametrize(("position", "value"), [(-1.0, 2.0), (-0.5, 3.0), (0.0, 4.0), (0.5, 7.0), (1.0, 10.0)])
def test_a_level_is_linear_on_either_side(position, value):
    assert voice(brightness=position).level("brightness", 2.0, 4.0, 10.0) == pytest.approx(value)


def test_spawned_generators_are_independent_and_come_from_the_seed():
    one, other = (spawn(np.random.Generator(np.random.PCG64(3)), 2) for _ in range(2))
    assert [each.random() for each in one] == [each.random() for each in other]
    assert len({each.random() for each in one}) == 2
