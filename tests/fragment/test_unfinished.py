"""Headers that do not count their sound, as recorders leave them, and files that only look like that."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile

from midifrag.fragment.audio_files import encode_audio
from midifrag.fragment.unfinished import finished
from midifrag.fragment.wav import with_texts
from tests.fragment.sounds import RATE, noise

AUDIO = noise(0.1, channels=2)


def wav(bits=16):
    return bytearray(encode_audio(AUDIO, RATE, bits))


def told(content, riff=None, data=None):
    """The same file with other sizes in its header."""
    content = bytearray(content)
    at = content.index(b"data") + 4
    for place, size in ((4, riff), (at, data)):
        if size is not None:
            content[place : place + 4] = struct.pack("<I", size)
    return bytes(content)


def frames(content):
    whole, wrong = finished(io.BytesIO(content))
    audio, rate = soundfile.read(whole, always_2d=True)
    assert rate == RATE
    return audio, wrong


@pytest.mark.parametrize("bits", [16, 24, 32])
@pytest.mark.parametrize(("riff", "data"), [(0, 0), (36, 0), (None, 0), (0, 400), (0xFFFFFFFF, 0xFFFFFFFF), (0, 2**31)])
def test_all_that_is_there_is_read(bits, riff, data):
    audio, wrong = frames(told(wav(bits), riff, data))

    assert wrong
    np.testing.assert_allclose(audio.T, AUDIO, atol=1e-4)


def test_a_file_that_was_cut_off_is_told(tmp_path):
    audio, wrong = frames(bytes(wav()[:2000]))

    assert wrong
    assert 400 < len(audio) < 500


@pytest.mark.parametrize("kind", ["RF64", "WAV"])
def test_large_recordings_begin_like_small_ones(kind):
    buffer = io.BytesIO()
    soundfile.write(buffer, AUDIO.T, RATE, format=kind, subtype="PCM_24")
    content = bytearray(buffer.getvalue())
    assert not frames(bytes(content))[1]
    if kind == "RF64":
        at = content.index(b"ds64") + 8
        content[at : at + 24] = bytes(24)
    else:
        content = bytearray(told(content, 0, 0))

    audio, wrong = frames(bytes(content))

    assert wrong
    np.testing.assert_allclose(audio.T, AUDIO, atol=1e-4)


def test_the_last_sample_may_be_half_there():
    audio, _ = frames(told(wav(), 0, 0)[:-3])

    assert len(audio) == AUDIO.shape[1] - 1


@pytest.mark.parametrize(
    "content",
    [
        bytes(wav()),
        with_texts(bytes(wav()), {"title": "rain"}),
        with_texts(encode_audio(AUDIO[:, :0], RATE, 16), {"title": "nothing"}),
        encode_audio(AUDIO[:, :0], RATE, 16),
        bytes(wav()) + b"TAG" + bytes(125),
        told(with_texts(bytes(wav()), {"title": "rain"}), riff=0),
        b"",
        b"RIFF",
        b"RIFF\x04\0\0\0WAVE",
        b"RIFF\x04\0\0\0WAVEdata\0\0\0\0" + bytes(90),
        b"no sound at all, but longer than a header" * 9,
    ],
    ids=[
        "finished", "texts", "texts alone", "nothing", "a tag behind", "texts, no length", "empty", "begun", "no chunk",
        "no format", "text",
    ],
)  # fmt: skip
def test_what_is_finished_or_no_sound_is_left_alone(content):
    file = io.BytesIO(content)

    assert finished(file) == (file, False)
    assert file.tell() == 0
