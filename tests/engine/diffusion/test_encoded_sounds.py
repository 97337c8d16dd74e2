"""Sounds are encoded once, as long as there is room, and brought to the model's rate and channels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from midifrag.audio import SourceSound
from midifrag.engine.diffusion.encoded_sounds import EncodedSounds, fitted
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render


def sound(seed: int = 1, rate: int = 8000, channels: int = 2, samples: int = 640) -> SourceSound:
    drawn = np.random.default_rng(seed).uniform(-0.5, 0.5, (channels, samples)).astype(np.float32)
    return SourceSound.of(drawn, rate)


def whole(sounds: EncodedSounds, one: SourceSound, frames: int = 16) -> torch.Tensor:
    for _ in range(100):
        latents = sounds.advance(one, frames)
        if latents is not None:
            return latents
    raise AssertionError("it is never encoded")


def test_each_sound_and_length_is_encoded_once(model: Model) -> None:
    sounds = EncodedSounds(model)
    first = whole(sounds, sound())
    assert whole(sounds, sound()) is first
    assert sounds.runs == 1
    whole(sounds, sound(), 32)
    whole(sounds, sound(2))
    assert sounds.runs == 3
    assert first.shape == (1, 8, 16)


def test_what_was_used_longest_ago_goes_where_there_is_no_room(model: Model) -> None:
    sounds = EncodedSounds(model, most_bytes=2 * 8 * 16 * 4)
    for seed in (1, 2):
        whole(sounds, sound(seed))
    whole(sounds, sound(1))
    whole(sounds, sound(3))
    assert sounds.bytes == 2 * 8 * 16 * 4
    runs = sounds.runs
    whole(sounds, sound(1))
    assert sounds.runs == runs
    whole(sounds, sound(2))
    assert sounds.runs == runs + 1


def test_at_rest_nothing_is_kept(model: Model) -> None:
    sounds = EncodedSounds(model)
    whole(sounds, sound())
    assert sounds.advance(sound(2, samples=64 * 300), 300) is None
    sounds.rest()
    assert sounds.bytes == 0
    whole(sounds, sound())
    assert sounds.runs == 3


def test_what_a_cancelled_request_was_at_is_forgotten_when_nothing_is_in_flight(model: Model) -> None:
    worker = DiffusionWorker.from_model(model)
    worker.submit(Render(1, "rain", 2.0, 7, steps=2, sound=sound(samples=64 * 300), strength=0.5))
    worker.tick()
    assert worker.runner.sounds._coming
    worker.cancel(1)
    assert not worker.runner.sounds._coming


def test_one_that_fails_is_begun_anew(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    sounds = EncodedSounds(model)
    encode = sounds._encoder.encode

    def broken(_audio: torch.Tensor) -> object:
        raise torch.OutOfMemoryError("out of memory")
        yield

    monkeypatch.setattr(sounds._encoder, "encode", broken)
    with pytest.raises(torch.OutOfMemoryError):
        sounds.advance(sound(), 16)
    monkeypatch.setattr(sounds._encoder, "encode", encode)
    assert whole(sounds, sound()).shape == (1, 8, 16)


def test_a_sound_is_brought_to_the_model_s_rate_channels_and_length() -> None:
    mono = sound(channels=1)
    np.testing.assert_array_equal(fitted(mono, 8000, 2, 640), np.repeat(mono.audio, 2, axis=0))
    many = sound(channels=4)
    np.testing.assert_array_equal(fitted(many, 8000, 2, 640), many.audio[:2])
    np.testing.assert_allclose(fitted(many, 8000, 1, 640), many.audio.mean(axis=0, keepdims=True), atol=1e-7)
    longer = fitted(sound(), 8000, 2, 1000)
    assert longer.shape == (2, 1000)
    assert not longer[:, 640:].any()
    assert fitted(sound(), 8000, 2, 100).shape == (2, 100)


def test_a_tone_of_another_rate_stays_the_same_tone() -> None:
    times = np.arange(44100) / 44100
    tone = np.sin(2 * np.pi * 440 * times).astype(np.float32)
    heard = fitted(SourceSound.of(np.stack((tone, tone)), 44100), 8000, 2, 8000)[0]
    wanted = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    assert np.abs(heard[200:-200] - wanted[200:-200]).max() < 0.01
