"""The fragment algorithm against a reference that goes through the samples one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from midifrag.errors import NonFiniteTakeError, SilentTakeError
from midifrag.fragment.cutting import crossfaded, make_fragment, without_offset
from midifrag.fragment.options import FragmentOptions
from tests.fragment.sounds import RATE, noise
from tests.support.forms import examples


def reference(audio, rate, threshold_db=-40.0, fade_ms=10.0):
    """What `make_fragment` says of itself, sample by sample, in Python's own double precision; without offsets."""
    channels = [[float(sample) for sample in channel] for channel in audio]
    peak = max(abs(sample) for channel in channels for sample in channel)
    first, last = heard(channels, rate, threshold_db)
    channels = [[sample / peak for sample in channel[first : last + 1]] for channel in channels]
    length = last + 1 - first
    fade = min(round(fade_ms * rate / 1000), length // 2 if length > 2 else 0)
    for channel in channels:
        for at in range(fade):
            factor = at / (fade - 1) if fade > 1 else 0.0
            channel[at] *= factor
            channel[length - 1 - at] *= factor
    return np.array(channels)


def heard(channels, rate, threshold_db):
    """The first and the last sample that are loud enough, in blocks of 1 ms of which ten make a level."""
    block, length = max(1, round(rate / 1000)), len(channels[0])
    count = max(math.ceil(length / block), 10)
    powers = [
        max(sum(sample**2 for sample in channel[at * block : (at + 1) * block]) / block for channel in channels)
        for at in range(count)
    ]
    levels = [
        max(sum(sample**2 for sample in channel[at * block : (at + 10) * block]) / block / 10 for channel in channels)
        for at in range(count - 9)
    ]
    limit = max(levels) * 10 ** (threshold_db / 10)
    loud = [at for at, level in enumerate(levels) if level >= limit]
    blocks = [at for at in range(loud[0], loud[-1] + 10) if powers[at] >= limit]
    samples = range(blocks[0] * block, min((blocks[-1] + 1) * block, length))
    found = [at for at in samples if any(abs(channel[at]) >= limit**0.5 for channel in channels)]
    return found[0], found[-1]


def click():
    audio = np.zeros((2, 3000), np.float32)
    audio[1, 1234] = -0.02
    return audio


def quiet_ends():
    audio = noise(0.1)
    audio[:, :700] *= 0.005
    audio[:, -300:] = 0.0
    audio[1, 650] = 0.05
    return audio


def gap_inside():
    audio = noise(0.1)
    audio[:, 1500:3500] = 0.0
    return audio


TAKES = {
    "noise": noise(0.1),
    "noise beyond full scale": noise(0.1, level=3.0),
    "click in one channel": click(),
    "quiet ends": quiet_ends(),
    "silence inside stays": gap_inside(),
    "too short to have an offset": np.full((2, 2000), -0.25, np.float32),
    "mono": noise(0.1, channels=1),
    "six channels": noise(0.05, channels=6),
    "one sample": np.array([[0.1]], np.float32),
    "two samples": np.array([[0.1, -0.2], [0.0, 0.3]], np.float32),
    "just two fades": noise(882 / RATE),
    "one sample less than two fades": noise(881 / RATE),
    "soft": noise(0.05, level=1e-3),
}


@pytest.mark.parametrize("audio", TAKES.values(), ids=TAKES.keys())
def test_is_what_the_reference_says(audio):
    expected = reference(audio, RATE)

    fragment = make_fragment(audio, RATE, FragmentOptions())

    assert fragment.audio.dtype == np.float32
    assert fragment.audio.shape == expected.shape
    np.testing.assert_allclose(fragment.audio, expected, atol=2e-7)


@settings(max_examples=examples(150))
@given(
    audio=arrays(
        np.float32,
        st.tuples(st.integers(1, 3), st.integers(1, 60)),
        elements=st.sampled_from([0.0, 2.0**-10, -(2.0**-9), 2.0**-8, 0.25, -0.5, 1.0, -2.0]),
    ),
    threshold=st.sampled_from([-6.5, -33.0, -41.0, -60.5]),
    fade=st.sampled_from([0.0, 1.0, 3.0, 20.0]),
)
def test_is_what_the_reference_says_for_any_take(audio, threshold, fade):
    options = FragmentOptions(silence_threshold_db=threshold, fade_ms=fade)
    if not audio.any():
        with pytest.raises(SilentTakeError):
            make_fragment(audio, 1000, options)
        return

    fragment = make_fragment(audio, 1000, options)

    expected = reference(audio, 1000, threshold, fade)
    assert fragment.audio.shape == expected.shape
    np.testing.assert_allclose(fragment.audio, expected, atol=2e-7)


def test_leaves_the_take_alone():
    audio = quiet_ends()
    before = audio.copy()

    make_fragment(audio, RATE, FragmentOptions())

    np.testing.assert_array_equal(audio, before)


def test_loudest_sample_is_full_scale_whatever_the_level():
    for level in (1e-4, 0.013, 0.77, 5.0):
        fragment = make_fragment(noise(0.2, level=level), RATE, FragmentOptions(fade_ms=0))
        assert np.max(np.abs(fragment.audio)) == 1.0


def test_silence_may_be_kept():
    audio = quiet_ends()

    fragment = make_fragment(audio, RATE, FragmentOptions(trim=False, fade_ms=0))

    np.testing.assert_allclose(fragment.audio, audio / np.abs(audio).max(), atol=1e-7)


@pytest.mark.parametrize("level", [0.0, 1e-6])
def test_silent_take(level):
    with pytest.raises(SilentTakeError, match="silent"):
        make_fragment(noise(level=level), RATE, FragmentOptions())


def test_take_without_samples_is_silent():
    with pytest.raises(SilentTakeError):
        make_fragment(np.zeros((2, 0), np.float32), RATE, FragmentOptions())


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_take_that_is_not_finite(wrong):
    audio = noise()
    audio[1, 77] = wrong

    with pytest.raises(NonFiniteTakeError, match="1 of 8820"):
        make_fragment(audio, RATE, FragmentOptions())


RATES = (22050, 44100, 48000)


def tone(seconds, rate, hertz=110.0, level=1.0):
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def stereo(*parts):
    mono = np.concatenate(parts)
    return np.stack([mono, 0.5 * mono]).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_a_click_over_a_soft_pad_is_no_reason_to_cut_the_pad(rate):
    audio = stereo(tone(4.0, rate, level=10 ** (-45 / 20)))
    audio[:, 2 * rate] = 1.0

    fragment = make_fragment(audio, rate, FragmentOptions())

    assert fragment.seconds == pytest.approx(4.0, abs=0.01)
    assert fragment.notes == ()


@pytest.mark.parametrize("rate", RATES)
def test_a_click_in_a_silence_does_not_keep_it(rate):
    audio = stereo(np.zeros(rate), tone(1.0, rate), np.zeros(rate))
    audio[:, [rate // 2, 5 * rate // 2]] = 0.05

    fragment = make_fragment(audio, rate, FragmentOptions(fade_ms=0))

    assert fragment.seconds == pytest.approx(1.0, abs=0.001)


@pytest.mark.parametrize("hertz", [40.0, 110.0, 997.0])
@pytest.mark.parametrize("offset", [0.006, -0.05, 0.4])
def test_an_offset_is_taken_out_before_silence_is_measured(offset, hertz):
    audio = stereo(np.zeros(RATE), tone(1.0, RATE, hertz, 0.5), np.zeros(3 * RATE)) + np.float32(offset)
    before = audio.copy()

    fragment = make_fragment(audio, RATE, FragmentOptions(fade_ms=0))

    assert fragment.seconds == pytest.approx(1.0, abs=0.005)
    assert np.abs(fragment.audio.mean(axis=1)).max() < 0.005
    assert np.abs(fragment.audio).max() == 1.0
    np.testing.assert_array_equal(audio, before)


@pytest.mark.parametrize(
    "sound",
    [tone(0.5, RATE, 997.0, 0.3), tone(2.0, RATE, 55.3, 0.3), noise(0.1, level=0.1)[0], noise(2.0, level=0.3)[1]],
    ids=["tone", "bass", "short noise", "noise"],
)
def test_an_offset_of_a_sound_without_silence_is_taken_out(sound):
    fragment = make_fragment(stereo(sound) + np.float32([[0.2], [0.0]]), RATE, FragmentOptions(trim=False, fade_ms=0))

    ratio = fragment.audio[0].std() / fragment.audio[1].std()
    assert ratio == pytest.approx(2.0, rel=1e-3)
    assert np.abs(fragment.audio.mean(axis=1)).max() < 0.03


def decaying(hertz):
    return np.exp(-8 * np.arange(2 * RATE) / RATE) * tone(2.0, RATE, hertz)


def burst(begin, end):
    audio = np.zeros(RATE)
    audio[begin:end] = 0.25
    return audio


@pytest.mark.parametrize(
    "sound",
    [
        decaying(45.0),
        burst(10000, 20000),
        burst(1500, 43000),
        tone(2.0, RATE, 30.0),
        tone(2.0, RATE, 12.0),
        noise(0.1)[0],
        noise(1.0)[0],
        np.sign(tone(1.0, RATE, 100.0) - 0.5) + 1 / 3,
        np.full(2000, 0.5),
    ],
    ids=["kick", "burst", "long burst", "sub", "below hearing", "short noise", "noise", "pulses", "short"],
)
def test_what_is_no_offset_stays(sound):
    audio = stereo(sound)

    np.testing.assert_array_equal(without_offset(audio, RATE), audio)


def test_nothing_but_an_offset_is_silent():
    with pytest.raises(SilentTakeError, match="silent"):
        make_fragment(np.full((2, RATE), 0.25, np.float32), RATE, FragmentOptions())


def test_what_is_left_of_a_sound_is_told():
    audio = stereo(np.zeros(4 * RATE), tone(0.1, RATE), np.zeros(RATE))
    assert make_fragment(audio, RATE, FragmentOptions()).notes == ("over 95% was cut off: 100 ms of 5.10 s are left",)
    assert make_fragment(audio, RATE, FragmentOptions(trim=False)).notes == ()
    assert make_fragment(audio[:, 4 * RATE :], RATE, FragmentOptions()).notes == ()
    (short,) = make_fragment(stereo(tone(0.015, RATE)), RATE, FragmentOptions(fade_ms=1)).notes
    assert short == "only 15 ms long"


@pytest.mark.parametrize(("samples", "fade"), [(882, 441), (881, 440), (100, 50), (5, 2), (3, 1)])
def test_fades_that_do_not_fit_are_shortened_and_told(samples, fade):
    fragment = make_fragment(np.ones((2, samples), np.float32), RATE, FragmentOptions())

    assert fragment.audio[:, [0, -1]].tolist() == [[0.0, 0.0]] * 2
    assert np.abs(np.diff(fragment.audio[0])).max() <= 1.001 / max(1, fade - 1)
    assert fragment.audio.max() == 1.0
    assert any("fades shortened" in note for note in fragment.notes) == (samples < 882)


def test_half_a_second_of_fade_on_a_sound_of_less_than_two_of_them():
    fragment = make_fragment(stereo(tone(0.9, RATE)), RATE, FragmentOptions(fade_ms=451, trim=False))

    assert fragment.notes == ("fades shortened to 450 ms, half of the sound",)
    np.testing.assert_array_equal(fragment.audio[:, [0, -1]], 0.0)


def test_a_crossfade_that_does_not_fit_is_told():
    fragment = make_fragment(stereo(tone(0.08, RATE)), RATE, FragmentOptions(loop=True, trim=False))

    assert fragment.notes == ("crossfade shortened to 40 ms, half of the sound",)


def test_level_stays_unless_it_would_clip():
    options = FragmentOptions(normalise="none", fade_ms=0)

    np.testing.assert_array_equal(make_fragment(click(), RATE, options).audio, [[0.0], [np.float32(-0.02)]])
    assert np.abs(make_fragment(noise(level=4.0), RATE, options).audio).max() == 1.0


def sine(seconds, level):
    tone = level * np.sin(2 * np.pi * 997 * np.arange(round(seconds * 48000)) / 48000)
    return np.stack([tone, np.zeros_like(tone)]).astype(np.float32)


def test_loudness_of_a_tone_is_brought_to_the_target():
    """ITU-R BS.1770: a 997 Hz sine at full scale in one channel measures −3.01 LUFS."""
    options = FragmentOptions(normalise="loudness", loudness=-20.0, fade_ms=0)

    fragment = make_fragment(sine(2, 0.5), 48000, options)

    assert 20 * math.log10(np.abs(fragment.audio).max()) == pytest.approx(-20.0 + 3.01, abs=0.05)
    assert fragment.notes == ()


def test_loudness_never_clips():
    audio = sine(2, 0.1)
    audio[:, 5000] = 1.0

    fragment = make_fragment(audio, 48000, FragmentOptions(normalise="loudness", loudness=-5.0))

    assert np.abs(fragment.audio).max() <= 1.0
    assert "more would clip" in fragment.notes[0]


def test_too_short_for_loudness_is_brought_to_its_peak():
    fragment = make_fragment(noise(0.3), RATE, FragmentOptions(normalise="loudness", fade_ms=0))

    assert np.abs(fragment.audio).max() == 1.0
    assert "-14 LUFS" in fragment.notes[0]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rate", [1, 7, 999])
@pytest.mark.parametrize("options", [{}, {"normalise": "loudness"}, {"loop": True}, {"silence_threshold_db": -1e-300}])
def test_any_rate_will_do(rate, options):
    audio = np.zeros((2, 50_000), np.float32)
    audio[:, 700:] = 1.0

    fragment = make_fragment(audio, rate, FragmentOptions(**options))

    assert np.abs(fragment.audio).max() == 1.0


def test_loop_has_no_seam():
    """A slow sine whose ends do not meet: no step at the seam is larger than its own steepest one."""
    tone = np.sin(2 * np.pi * 3.3 * np.arange(RATE) / RATE)[None].astype(np.float32)

    fragment = make_fragment(tone, RATE, FragmentOptions(loop=True, trim=False))

    length = round(0.05 * RATE)
    assert fragment.audio.shape == (1, RATE - length)
    around = np.concatenate([fragment.audio[0], fragment.audio[0, :length]])
    assert np.abs(np.diff(around)).max() < 2 * np.abs(np.diff(tone[0])).max()
    softer = fragment.audio[0, length] / tone[0, length]
    assert fragment.audio[0, 0] == pytest.approx(softer * tone[0, RATE - length], abs=1e-6)


def test_loop_keeps_its_power_over_the_seam():
    audio = noise(2.0, level=0.2)

    looped = crossfaded(audio, RATE // 2)

    inside, seam = looped[:, RATE // 2 :], looped[:, : RATE // 2]
    assert np.mean(seam**2) == pytest.approx(np.mean(inside**2), rel=0.05)


def test_loop_does_not_clip():
    assert np.abs(crossfaded(np.ones((1, 1000), np.float32), 400)).max() <= 1.0


@pytest.mark.parametrize("samples", [1, 2, 3])
def test_loop_of_almost_nothing(samples):
    looped = make_fragment(np.ones((1, samples), np.float32), RATE, FragmentOptions(loop=True))

    assert looped.audio.shape == (1, samples - samples // 2)
