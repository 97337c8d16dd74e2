"""The decoder against stock's, whole and in windows."""

import pytest
import torch

from midifrag.engine.network.decoder import SMALLEST_WINDOW, LatentDecoder, OobleckDecoder, StockDecoder
from midifrag.engine.network.oobleck import NotOobleckError
from tests.engine.stock import loaded
from tests.engine.tiny_models import tiny_model

CPU = torch.device("cpu")
RATIO = 64


def latents(frames: int, batch: int = 1) -> torch.Tensor:
    return torch.randn(batch, 8, frames, generator=torch.Generator().manual_seed(3))


def everything(decoder: LatentDecoder, x: torch.Tensor, samples: int) -> tuple[torch.Tensor, int]:
    pieces, start = [], 0
    while start < samples:
        window = decoder.window_at(start, samples, x.shape[-1])
        pieces.append(decoder.decode(x, window))
        start += pieces[-1].shape[-1]
    return torch.cat(pieces, dim=-1), len(pieces)


def decoder_of(module: object) -> OobleckDecoder:
    return OobleckDecoder(module, torch.float32, CPU)


@pytest.mark.parametrize("samples", [200 * RATIO, 200 * RATIO - 17, 70 * RATIO + 1, 5])
def test_windows_fit_together_exactly(samples: int) -> None:
    module = loaded().module
    decoder, x = decoder_of(module), latents(200)
    for _ in range(10):
        decoder.use_smaller_windows()
    audio, count = everything(decoder, x, samples)
    stock = module.pretransform.decode(x)[..., :samples]
    assert audio.shape == stock.shape
    assert count == -(-samples // (SMALLEST_WINDOW * RATIO))
    torch.testing.assert_close(audio, stock, atol=2e-5 * float(stock.abs().max()), rtol=0)


def test_a_window_needs_no_more_than_its_halo() -> None:
    decoder = decoder_of(loaded().module)
    window = decoder.window_at(64 * RATIO, 1000 * RATIO, 1000)
    assert window.samples == 64 * RATIO
    assert 0 < 64 - window.first < 20
    assert 0 < window.last - 128 < 20
    assert decoder.window_at(0, 1000 * RATIO, 1000).first == 0
    assert decoder.window_at(0, 1000 * RATIO, 1000, alone=True).samples == 256 * RATIO


def test_one_latent_less_of_halo_is_heard() -> None:
    decoder, x = decoder_of(loaded().module), latents(200)
    window = decoder.window_at(64 * RATIO, 200 * RATIO, 200)
    outside, inside = x.clone(), x.clone()
    outside[..., [window.first - 1, window.last]] += 10
    inside[..., [window.first, window.last - 1]] += 10
    whole = decoder.window_at(0, 200 * RATIO, 200)
    whole = type(whole)(0, 200, 64 * RATIO, 64 * RATIO)
    assert torch.equal(decoder.decode(outside, whole), decoder.decode(x, whole))
    assert not torch.equal(decoder.decode(inside, whole), decoder.decode(x, whole))


def test_batches_decode_as_single_ones() -> None:
    decoder, x = decoder_of(loaded().module), latents(40, batch=3)
    audio, _ = everything(decoder, x, 40 * RATIO)
    for index in range(3):
        alone, _ = everything(decoder, x[index : index + 1], 40 * RATIO)
        torch.testing.assert_close(audio[index : index + 1], alone, atol=1e-5, rtol=1e-5)


def test_half_precision_decodes_close() -> None:
    module, x = loaded().module, latents(64)
    stock = module.pretransform.decode(x)
    audio, _ = everything(OobleckDecoder(module, torch.bfloat16, CPU), x, 64 * RATIO)
    error = float((audio - stock).norm() / stock.norm())
    assert 1e-4 < error < 0.05


def test_other_decoders_run_on_stock_s() -> None:
    module, _ = tiny_model("v")
    module.pretransform.model.decoder.layers[1].layers.append(torch.nn.Dropout().eval())
    with pytest.raises(NotOobleckError, match="Dropout"):
        decoder_of(module)
    stock, x = StockDecoder(module), latents(20)
    audio, count = everything(stock, x, 20 * RATIO - 5)
    assert count == 1
    torch.testing.assert_close(audio, module.pretransform.decode(x)[..., :-5])
    stock.use_smaller_windows()
    assert everything(stock, x, 20 * RATIO - 5)[1] == 1


def test_stock_s_decoder_runs_in_fp32_on_a_half_precision_module() -> None:
    module, _ = tiny_model("v")
    whole, x = module.pretransform.decode(latents(20)), latents(20)
    module, _ = tiny_model("v")
    module.pretransform.half()
    stock = StockDecoder(module)
    audio, _ = everything(stock, x, 20 * RATIO)
    assert stock.memory > 0
    assert float((audio - whole).norm() / whole.norm()) < 0.01


def test_a_decoder_within_a_wavelet_is_decoded_whole() -> None:
    from stable_audio_tools.models.pretransforms import WaveletPretransform

    module, _ = tiny_model("v")
    autoencoder = module.pretransform.model
    autoencoder.pretransform = WaveletPretransform(channels=1, levels=1, wavelet="bior4.4")
    module.pretransform.downsampling_ratio *= 2
    decoder, x = decoder_of(module), latents(30)
    audio, count = everything(decoder, x, 30 * 2 * RATIO)
    assert count == 1
    assert audio.shape == (1, 1, 30 * 2 * RATIO)
    torch.testing.assert_close(audio, module.pretransform.decode(x), atol=1e-4, rtol=1e-4)
