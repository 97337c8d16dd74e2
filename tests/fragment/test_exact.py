"""Fragments with a length in music: exact to the sample, closed where they loop, stretched where the tempo moved."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midifrag.errors import AudioError, SilentTakeError
from midifrag.fragment import exact
from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.length import MusicalLength, SecondsLength
from midifrag.fragment.options import FragmentOptions
from midifrag.timeline import Signature
from tests.fragment.sounds import RATE, noise
from tests.fragment.test_length import TEMPOS
from tests.fragment.test_stretching import needs_the_library
from tests.support.forms import examples, some

LOOP = FragmentOptions(loop=True)


def clicks(bpm, quarters, lead=0.0, spacing=1.0, tail=0.6):
    """A click on each quarter, each louder than what rings on, after some silence."""
    samples = round((lead + quarters * 60 / bpm + tail) * RATE)
    audio = np.zeros((2, samples), np.float32)
    rng = np.random.default_rng(3)
    click = (rng.uniform(-1, 1, 2000) * np.exp(-np.arange(2000) / 300)).astype(np.float32)
    for number in range(int(quarters / spacing)):
        at = round((lead + number * spacing * 60 / bpm) * RATE)
        audio[:, at : at + 2000] += click[: samples - at] * (1.0 if number == 0 else 0.8)
    return audio


def onsets(audio, threshold=0.2):
    """Where the level of 1 ms first exceeds a part of its peak after it was below, in samples."""
    size = RATE // 1000
    level = np.abs(audio).max(axis=0)
    loud = level >= threshold * level.max()
    found, last = [], -(10**9)
    for at in np.flatnonzero(loud):
        if at - last > 60 * size:
            found.append(int(at))
        last = at
    return found


def seam(audio):
    """The step from the last sample to the first, and the largest inside."""
    return np.abs(audio[:, 0] - audio[:, -1]).max(), np.abs(np.diff(audio, axis=1)).max()


@pytest.mark.parametrize("bpm", some(TEMPOS[::12], TEMPOS))
def test_a_fragment_is_so_many_bars_to_the_sample(bpm):
    length = MusicalLength(1, "beats", bpm)
    for options in (FragmentOptions(), LOOP):
        fragment = make_fragment(noise(2.3, seed=int(bpm)), RATE, options, length)
        assert fragment.audio.shape == (2, round(60 / bpm * RATE))
        assert fragment.notes == ()


@settings(max_examples=examples(40))
@given(
    bpm=st.floats(30, 300),
    made_at=st.none() | st.floats(30, 300),
    count=st.sampled_from([0.5, 1, 1.5, 3]),
    signature=st.sampled_from([Signature(), Signature(3, 4), Signature(7, 8)]),
    seconds=st.floats(0.05, 3),
    loop=st.booleans(),
    trim=st.booleans(),
    crossfade=st.sampled_from([0.0, 10.0, 50.0, 5000.0]),
)
def test_whatever_the_take_the_length_is_exact_and_loops_have_no_step(
    bpm, made_at, count, signature, seconds, loop, trim, crossfade
):
    options = FragmentOptions(loop=loop, trim=trim, loop_crossfade_ms=crossfade, fade_ms=crossfade)
    length = MusicalLength(count, "beats", bpm, signature, made_at)
    fragment = make_fragment(noise(seconds, seed=7), RATE, options, length)
    assert fragment.audio.shape[1] == round(count * signature.beat * 60 / bpm * RATE)
    assert np.abs(fragment.audio).max() == pytest.approx(1.0, abs=1e-6)
    if loop:
        step, inside = seam(fragment.audio)
        assert step <= inside


def test_the_first_sound_is_on_the_one_and_silence_at_the_end_stays():
    audio = clicks(120, 4, lead=0.37, tail=1.0)
    fragment = make_fragment(audio, RATE, FragmentOptions(fade_ms=0), MusicalLength(2, "bars", 240))
    found = onsets(fragment.audio)
    assert found[0] <= 2
    assert np.diff(found) == pytest.approx([RATE / 2] * 3, abs=3)
    # The last click rings for 45 ms, and the bar goes on.
    last = fragment.audio[:, found[-1] + 2000 :]
    assert last.shape[1] > 0.4 * RATE
    assert not last.any()


def test_without_trim_it_begins_where_the_take_does():
    audio = clicks(120, 4, lead=0.37)
    options = FragmentOptions(fade_ms=0, trim=False)
    fragment = make_fragment(audio, RATE, options, MusicalLength(1, "bars", 120))
    assert onsets(fragment.audio)[0] == pytest.approx(0.37 * RATE, abs=3)


def test_what_the_take_lacks_is_silence_and_told():
    for options in (FragmentOptions(), LOOP):
        fragment = make_fragment(noise(1.5), RATE, options, MusicalLength(1, "bars", 120))
        assert fragment.audio.shape[1] == 2 * RATE
        assert not fragment.audio[:, round(1.5 * RATE) :].any()
        assert fragment.notes == ("1.50 s of 2.00 s are sound, and silence follows: the take is too short",)
        assert np.abs(fragment.audio[:, round(1.5 * RATE) - 1]).max() < 0.01


def test_a_loop_goes_on_where_its_end_went_on():
    """What follows the end of the bars is mixed into their beginning, so that the seam is one of the take's own."""
    audio = noise(2.2, seed=4)
    fragment = make_fragment(audio, RATE, FragmentOptions(loop=True, trim=False), MusicalLength(1, "bars", 120))
    scale = fragment.audio[0, -1] / audio[0, 2 * RATE - 1]
    np.testing.assert_allclose(fragment.audio[:, -1], audio[:, 2 * RATE - 1] * scale, rtol=1e-4)
    np.testing.assert_allclose(fragment.audio[:, 0], audio[:, 2 * RATE] * scale, rtol=1e-4)


def test_a_loop_whose_take_ends_with_the_bars_has_a_short_crossfade_and_says_so():
    fragment = make_fragment(noise(2.01), RATE, LOOP, MusicalLength(1, "bars", 120))
    assert fragment.notes == ("crossfade shortened to 10 ms",)
    assert fragment.audio.shape[1] == 2 * RATE
    step, inside = seam(make_fragment(noise(2.0), RATE, LOOP, MusicalLength(1, "bars", 120)).audio)
    assert step <= inside


def test_the_level_is_that_of_what_was_cut():
    """A take that is loudest after its bars comes to its peak all the same."""
    audio = noise(3.0)
    audio[:, 2 * RATE + 4000 :] *= 3
    for options in (FragmentOptions(), LOOP):
        fragment = make_fragment(audio, RATE, options, MusicalLength(1, "bars", 120))
        assert np.abs(fragment.audio).max() == 1.0


def test_bars_of_which_nothing_sounds_are_silent():
    audio = noise(3.0)
    audio[:, : 2 * RATE] = 0
    with pytest.raises(SilentTakeError):
        make_fragment(audio, RATE, FragmentOptions(trim=False), MusicalLength(2, "beats", 120))


def test_seconds_of_a_longer_take_are_cut_and_then_trimmed_as_ever():
    audio = np.concatenate([np.zeros((2, RATE // 2), np.float32), noise(0.3), np.zeros((2, 4 * RATE), np.float32)], 1)
    assert make_fragment(audio, RATE, FragmentOptions(), SecondsLength(1.0)).seconds == pytest.approx(0.3, abs=0.001)
    long = noise(4.0)
    assert make_fragment(long, RATE, FragmentOptions(), SecondsLength(1.0)).seconds == 1.0
    assert make_fragment(long, RATE, FragmentOptions(), SecondsLength(5.0)).seconds == 4.0


# --- a tempo that has moved ------------------------------------------------------------------------------------------


def test_without_stretch_a_moved_tempo_is_told():
    length = MusicalLength(1, "bars", 118, made_at=120)
    fragment = make_fragment(noise(3.0), RATE, FragmentOptions(), length)
    assert fragment.audio.shape[1] == round(4 * 60 / 118 * RATE)
    assert fragment.notes == ("made for 120 BPM and cut at 118: beats in it keep 120",)


def test_a_tempo_that_moved_by_less_than_anybody_hears_is_not_told_and_nothing_is_stretched(monkeypatch):
    monkeypatch.setattr(exact, "stretched", lambda *_: pytest.fail("stretched"))
    length = MusicalLength(1, "bars", 120.02, made_at=120)
    fragment = make_fragment(noise(3.0), RATE, FragmentOptions(stretch=True), length)
    assert (fragment.audio.shape[1], fragment.notes) == (round(4 * 60 / 120.02 * RATE), ())


@pytest.mark.parametrize(("made_at", "bpm"), [(120, 126.5), (120, 96), (92.5, 100), (174, 160)])
@pytest.mark.parametrize("loop", [False, True])
@needs_the_library
def test_a_stretched_fragment_has_its_onsets_in_the_new_tempo(made_at, bpm, loop):
    length = MusicalLength(2, "bars", bpm, made_at=made_at)
    options = FragmentOptions(loop=loop, stretch=True, fade_ms=0, loop_crossfade_ms=5)
    fragment = make_fragment(clicks(made_at, 9, lead=0.2), RATE, options, length)
    assert fragment.audio.shape[1] == round(8 * 60 / bpm * RATE)
    assert fragment.notes == (f"stretched from {made_at:g} to {bpm:g} BPM",)
    found = onsets(fragment.audio, 0.35)
    # The first of a loop is where its seam was closed.
    inner = [at for at in found if 0.1 * RATE < at < fragment.audio.shape[1] - 0.1 * RATE]
    meant = [number * 60 / bpm * RATE for number in range(1, 8)]
    assert len(inner) == len(meant)
    assert np.abs(np.array(inner) - meant).max() <= RATE / 1000
    if loop:
        step, inside = seam(fragment.audio)
        assert step <= inside


@pytest.mark.parametrize("bpm", TEMPOS[10:60:7])
@needs_the_library
def test_stretched_loops_are_exact_and_closed(bpm):
    length = MusicalLength(2, "beats", bpm, made_at=100)
    options = FragmentOptions(loop=True, stretch=True)
    time = np.arange(round(2.4 * RATE)) / RATE
    tone = np.stack([0.5 * np.sin(2 * np.pi * 220 * time), 0.4 * np.sin(2 * np.pi * 331 * time)]).astype(np.float32)
    fragment = make_fragment(tone, RATE, options, length)
    assert fragment.audio.shape[1] == round(2 * 60 / bpm * RATE)
    step, inside = seam(fragment.audio)
    assert step <= inside


def test_what_would_be_stretched_too_far_is_cut_and_told(monkeypatch):
    monkeypatch.setattr(exact, "stretched", lambda *_: pytest.fail("stretched"))
    length = MusicalLength(1, "bars", 260, made_at=120)
    fragment = make_fragment(noise(3.0), RATE, FragmentOptions(stretch=True), length)
    assert fragment.audio.shape[1] == round(4 * 60 / 260 * RATE)
    assert fragment.notes == ("made for 120 BPM and cut at 260: beats in it keep 120; too far to be stretched",)


def test_a_stretcher_that_fails_does_not_keep_the_sound_from_landing(monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("no library")

    monkeypatch.setattr(exact, "stretched", broken)
    length = MusicalLength(1, "bars", 118, made_at=120)
    fragment = make_fragment(noise(3.0), RATE, FragmentOptions(stretch=True), length)
    assert fragment.audio.shape[1] == round(4 * 60 / 118 * RATE)
    assert fragment.notes[0].endswith("beats in it keep 120; it could not be stretched: no library")


@needs_the_library
def test_a_short_take_is_stretched_as_far_as_it_goes():
    for loop, made_at in itertools.product((False, True), (110, 130)):
        length = MusicalLength(1, "bars", 120, made_at=made_at)
        fragment = make_fragment(noise(1.0), RATE, FragmentOptions(stretch=True, loop=loop), length)
        assert fragment.audio.shape[1] == 2 * RATE
        assert any("silence follows" in note for note in fragment.notes)


def test_bars_without_end_are_refused():
    with pytest.raises(AudioError, match="2e\\+06 bars at 120 BPM are 4000000 s, and a fragment has 1200 s at most"):
        make_fragment(noise(1.0), RATE, FragmentOptions(), MusicalLength(2e6, "bars", 120))
