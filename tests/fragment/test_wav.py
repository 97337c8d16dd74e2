from __future__ import annotations

import pytest
import soundfile

from midifrag.fragment.audio_files import encode_audio, read_wav, write_wav
from midifrag.fragment.wav import read_metadata, with_texts, without_texts
from tests.fragment.sounds import RATE, noise

LONG = {"title": "дождь по жести 🌧 «ближе»", "comment": '{"prompt": "' + "бесконечный " * 9000 + '"}', "software": "a"}


@pytest.mark.parametrize("frames", [100, 101])
@pytest.mark.parametrize("bits", [16, 24, 32])
def test_texts_of_any_length_and_language_come_back(tmp_path, bits, frames):
    path = tmp_path / "a.wav"
    audio = noise(frames / RATE, channels=1)

    write_wav(path, audio, RATE, bits, LONG)

    assert read_metadata(path) == LONG
    assert read_wav(path)[0].shape == audio.shape
    with soundfile.SoundFile(path) as file:
        assert file.title == LONG["title"]
        assert file.frames == frames


def test_without_texts(tmp_path):
    write_wav(tmp_path / "a.wav", noise(), RATE)

    assert read_metadata(tmp_path / "a.wav") == {}


@pytest.mark.parametrize("cut", [0, 5, 11, 12, 40, 1000, -1])
def test_cut_off_file_tells_nothing(tmp_path, cut):
    (tmp_path / "a.wav").write_bytes(with_texts(encode_audio(noise(), RATE, 16), LONG)[:cut])

    assert read_metadata(tmp_path / "a.wav") == {}


@pytest.mark.parametrize("frames", [100, 101])
@pytest.mark.parametrize("bits", [16, 24, 32])
def test_a_file_whose_texts_are_taken_out_is_as_it_was_without(frames, bits):
    content = encode_audio(noise(frames / RATE, channels=1), RATE, bits)
    assert without_texts(with_texts(content, LONG)) == content + b"\0" * (len(content) % 2)
    assert without_texts(without_texts(content)) == without_texts(content)
