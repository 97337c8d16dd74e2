import pytest
import torch

from training.codec import Codec
from training.fast import run
from training.presets import PRESETS, RATIO

PRESET = PRESETS["tiny"].autoencoder


@pytest.fixture(scope="module")
def audio():
    torch.manual_seed(0)
    time = torch.arange(32 * RATIO) / 44_100
    pitch = torch.empty(12, 2, 1).uniform_(60, 900)
    return 0.3 * torch.sin(2 * torch.pi * pitch * time) * torch.rand(12, 2, 1)


@pytest.fixture
def codec(audio):
    torch.manual_seed(1)
    codec = Codec(PRESET)
    codec.start_linear(audio)
    return codec


def error(codec, audio):
    with torch.no_grad():
        made = codec.decode(codec.encode(audio))
    return float((made - audio).square().mean() / audio.square().mean())


def test_the_fast_pass_is_the_stock_one(codec, audio):
    with torch.no_grad():
        stock = codec.stock.encoder(codec.stock.pretransform.encode(audio))[:, :64]
        assert torch.allclose(codec.encode(audio), stock, atol=1e-4)
        assert torch.allclose(codec.decode(stock), codec.stock.decode(stock), atol=1e-4)


def test_an_unknown_module_is_refused():
    with pytest.raises(TypeError, match="Tanh"):
        run(torch.nn.Tanh(), torch.zeros(1, 2, 3))


def test_the_linear_start_already_reconstructs(codec, audio):
    torch.manual_seed(1)
    assert error(codec, audio) < 0.5 < 0.9 < error(Codec(PRESET), audio)


def test_dividing_the_latents_changes_them_and_nothing_else(codec, audio):
    with torch.no_grad():
        latents, made = codec.encode(audio), codec.decode(codec.encode(audio))
        sizes = latents.square().mean(dim=(0, 2)).sqrt()
        codec.divide_latents(sizes)
        assert torch.allclose(codec.encode(audio), latents / sizes[:, None], atol=1e-4)
        assert torch.allclose(codec.decode(codec.encode(audio)), made, atol=1e-4)


def test_the_posterior_is_narrow_whatever_the_sound(codec, audio):
    with torch.no_grad():
        scale = codec.stock.encoder(codec.stock.pretransform.encode(audio))[:, 64:]
    assert torch.allclose(torch.nn.functional.softplus(scale), torch.tensor(0.02), atol=1e-4)
