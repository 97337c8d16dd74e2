import numpy as np
import pytest

from midifrag.engine.sketch import tones
from midifrag.engine.sketch.tones import accent, chord, glide, string, sustain
from midifrag.engine.sketch.words import SCALES
from tests.engine.sketch.measures import centroid, fundamental, side_share, sounding
from tests.engine.sketch.voices import measured, stereo, voice


@pytest.mark.parametrize("name", ["sub", "bass", "pluck", "bell", "lead"])
def test_the_pitch_is_the_one_asked_for(name):
    assert measured(fundamental, getattr(tones, name), pitch_hz=110.0) == pytest.approx(110.0, rel=0.02)


@pytest.mark.parametrize(("name", "holds"), [("sub", True), ("pad", True), ("lead", True), ("organ", True)])
def test_sustained_tones_fill_their_time(name, holds):
    assert (measured(sounding, getattr(tones, name)) > 1.7) is holds


@pytest.mark.parametrize("name", ["bass", "pluck", "bell"])
def test_struck_tones_die_away(name):
    assert measured(sounding, getattr(tones, name)) < 1.0


def test_low_and_bright_are_in_their_order():
    order = [measured(centroid, getattr(tones, name)) for name in ("sub", "bass", "pluck", "lead")]
    assert order == sorted(order)


def test_wide_tones_are_wide():
    assert min(measured(side_share, getattr(tones, name)) for name in ("pad", "lead")) > 0.1


def test_a_string_loses_its_high_harmonics_first():
    plucked = string(voice(), 220.0, 1.5, 0.2)
    early, late = plucked[:8000], plucked[30_000:50_000]
    assert centroid(stereo(late)) < centroid(stereo(early)) - 0.5
    assert fundamental(stereo(late)) == pytest.approx(220.0, rel=0.02)


def test_a_glide_goes_as_far_as_it_is_told():
    rising, steady = glide(voice(direction=1.0), 100.0, 2.0, 1.0), glide(voice(), 100.0, 2.0, 1.0)
    assert (rising[0], rising[-1]) == (pytest.approx(50.0), pytest.approx(200.0))
    assert np.all(steady == 100.0)


def test_an_envelope_begins_and_ends_with_nothing():
    envelope = sustain(voice(length=-1.0), 0.01, 0.25)
    assert envelope[0] == 0
    assert envelope.max() == pytest.approx(1.0, abs=1e-3)
    assert np.all(envelope[round(0.26 * 44_100) :] == 0)


def test_an_accent_is_as_strong_as_it_is_hard():
    assert [accent(voice(hardness=hardness), 0.5, 0.1)[0] for hardness in (-1.0, 0.0, 1.0)] == [1.0, 1.5, 2.0]


@pytest.mark.parametrize("key", ["C major", "C dorian", "C lydian"])
def test_a_chord_stays_in_its_scale(key):
    steps = {step for seed in range(20) for step in chord(voice(seed=seed, key=key))}
    assert {step % 12 for step in steps} <= {*SCALES[key.split()[1]], 7, 2}
    assert len(steps) > 3
