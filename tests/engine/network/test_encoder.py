"""Audio is encoded in windows as it would be in the whole, with the mean of what the autoencoder would draw from."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from midifrag.engine.loading.model import Model, can_encode
from midifrag.engine.loading.precision import move_model
from midifrag.engine.network import encoder
from midifrag.engine.network.encoder import SoundEncoder
from tests.engine.sa3_models import sa3
from tests.engine.stock import loaded

CPU = torch.device("cpu")


@cache
def model_of(kind: str) -> Model:
    return loaded("v") if kind == "oobleck" else sa3("small")


def audio_of(frames: int, ratio: int = 64, silent_from: int | None = None) -> torch.Tensor:
    audio = torch.randn(1, 2, frames * ratio, generator=torch.Generator().manual_seed(1)) * 0.3
    if silent_from is not None:
        audio[..., silent_from * ratio :] = 0
    return audio


def encoded(model: Model, audio: torch.Tensor) -> tuple[torch.Tensor, int]:
    """The latents, and after how many windows."""
    steps, work = 0, SoundEncoder(model.module, CPU).encode(audio)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value, steps
        steps += 1


@torch.inference_mode()
def mean(model: Model, audio: torch.Tensor) -> torch.Tensor:
    return model.module.pretransform.model.encoder(audio).chunk(2, dim=1)[0]


@pytest.mark.parametrize("silent_from", [None, 20])
def test_windows_are_as_the_whole_and_silence_is_encoded_once(
    silent_from: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "WINDOW", 16)
    model, audio = model_of("oobleck"), audio_of(200, silent_from=silent_from)
    latents, steps = encoded(model, audio)
    torch.testing.assert_close(latents, mean(model, audio), atol=1e-5, rtol=1e-4)
    assert steps == 13 if silent_from is None else steps < 13


def test_stable_audio_3_s_is_stock_s_own() -> None:
    model, audio = model_of("sa3"), audio_of(24)
    with torch.inference_mode():
        torch.testing.assert_close(encoded(model, audio)[0], model.module.pretransform.encode(audio))


def test_a_model_in_half_precision_encodes_in_full() -> None:
    model = loaded("v")
    wanted = mean(model, audio_of(24))
    move_model(model.module, CPU, "bf16")
    parts = model.module.pretransform.model
    assert next(parts.encoder.parameters()).dtype == torch.float32
    assert next(parts.decoder.parameters()).dtype == torch.bfloat16
    latents, _ = encoded(model, audio_of(24))
    torch.testing.assert_close(latents, wanted, atol=1e-5, rtol=1e-4)
    # A copy for another place leaves the model as it is.
    assert parts.decoder is not None


def test_what_has_no_weights_cannot_encode() -> None:
    model = loaded("v")
    assert can_encode(model.module)
    for parameter in model.module.pretransform.model.encoder.parameters():
        parameter.zero_()
    assert not can_encode(model.module)
    model.module.pretransform.model.encoder = None
    assert not can_encode(model.module)
