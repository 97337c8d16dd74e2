from __future__ import annotations

import struct
import wave

import numpy as np
import pytest

from midifrag.errors import AudioError, StorageError
from midifrag.fragment.audio_files import read_wav, write_wav
from midifrag.fragment.wav import read_metadata
from tests.fragment.sounds import RATE, noise


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_samples_are_rounded_to_the_nearest_step(tmp_path, bits, channels):
    audio = noise(0.011, channels=channels, level=1.0)

    write_wav(tmp_path / "a.wav", audio, RATE, bits, {"title": "rain"})

    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (channels, RATE, bits // 8)
    read, rate = read_wav(tmp_path / "a.wav")
    assert rate == RATE
    assert np.abs(read - audio).max() <= 0.5 / 2 ** (bits - 1) + 1e-9
    assert read_metadata(tmp_path / "a.wav") == {"title": "rain"}


def test_full_scale_does_not_wrap(tmp_path):
    write_wav(tmp_path / "a.wav", np.array([[1.0, -1.0, 7.0, -7.0, 0.0]], np.float32), RATE)

    with wave.open(str(tmp_path / "a.wav")) as file:
        assert struct.unpack("<5h", file.readframes(5)) == (32767, -32768, 32767, -32768, 0)


def test_floating_point_keeps_everything(tmp_path):
    audio = np.array([[np.nan, np.inf, -3.5, 1e-30]], np.float32)

    write_wav(tmp_path / "a.wav", audio, RATE, 32)

    np.testing.assert_array_equal(read_wav(tmp_path / "a.wav")[0], audio)


def test_file_is_replaced_and_nothing_else_left(tmp_path):
    path = tmp_path / "a.wav"
    path.write_text("old")

    write_wav(path, noise(), RATE)

    assert read_wav(path)[1] == RATE
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_audio(tmp_path):
    (tmp_path / "a.wav").write_text("no audio at all")

    with pytest.raises(AudioError, match=r"a\.wav"):
        read_wav(tmp_path / "a.wav")
    with pytest.raises(StorageError, match="gone"):
        read_wav(tmp_path / "b.wav")
