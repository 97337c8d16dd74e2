import numpy as np
import pytest

from midifrag.errors import NonFiniteTakeError
from midifrag.fragment.fades import crossfaded, faded, in_words, longest_fade, peak
from tests.fragment.sounds import noise


def test_a_fade_begins_and_ends_with_zero_and_leaves_the_middle():
    audio = noise()
    result = faded(audio, 100)
    assert not result[:, [0, -1]].any()
    np.testing.assert_array_equal(result[:, 100:-100], audio[:, 100:-100])
    assert np.abs(result[:, 50]).max() < np.abs(audio[:, 50]).max()
    np.testing.assert_array_equal(faded(audio, 0), audio)


@pytest.mark.parametrize(("samples", "longest"), [(0, 0), (2, 0), (3, 1), (10, 5)])
def test_two_fades_leave_something_between_them(samples, longest):
    assert longest_fade(samples) == longest


def test_a_crossfade_takes_its_length_from_the_end_and_closes_the_loop():
    audio = noise(level=0.1)
    loop = crossfaded(audio, 200)
    assert loop.shape[1] == audio.shape[1] - 200
    np.testing.assert_array_equal(loop[:, 0], audio[:, -200])
    np.testing.assert_array_equal(loop[:, 200:], audio[:, 200:-200])
    np.testing.assert_array_equal(crossfaded(audio, 0), audio)
    assert crossfaded(audio, 10**6).shape[1] == audio.shape[1] // 2


def test_the_peak_is_that_of_all_channels_and_never_odd():
    audio = noise(level=0.1)
    audio[1, 7] = -0.75
    assert peak(audio) == 0.75
    assert peak(np.zeros((2, 0), np.float32)) == 0
    audio[0, 3] = np.inf
    with pytest.raises(NonFiniteTakeError, match=f"1 of {audio.size} samples are not numbers"):
        peak(audio)


@pytest.mark.parametrize(
    ("samples", "words"), [(441, "10 ms"), (44099, "1e+03 ms"), (44100, "1.00 s"), (66150, "1.50 s")]
)
def test_lengths_are_told_in_words(samples, words):
    assert in_words(samples, 44100) == words
