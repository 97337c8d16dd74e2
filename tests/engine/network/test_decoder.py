"""The decoder against stock's, whole and in windows."""

from types import SimpleNamespace

import pytest
import torch

from midifrag.engine.network.decoder import LatentDecoder, OobleckDecoder, StockDecoder, stock_decoder_on
from midifrag.engine.network.oobleck import NotOobleckError
from midifrag.engine.network.windowed import SMALLEST_WINDOW, module_bytes
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


def on_a_card(module: object) -> OobleckDecoder:
    """A decoder that thinks to be on a card."""
    return OobleckDecoder(module, torch.float32, torch.device("cuda"))


@pytest.mark.parametrize("frames", [20, 40, 64, 79, 200, 256])
@pytest.mark.parametrize("samples_less", [0, 17, 12 * RATIO])
def test_windows_of_a_few_sizes_fit_together_exactly_too(frames: int, samples_less: int) -> None:
    module = loaded().module
    decoder, x, samples = on_a_card(module), latents(frames), frames * RATIO - samples_less
    decoder.bound(128)
    audio, _ = everything(decoder, x, samples)
    stock = module.pretransform.decode(x)[..., :samples]
    torch.testing.assert_close(audio, stock, atol=2e-5 * float(stock.abs().max()), rtol=0)
    assert {latents for latents, _ in decoder._met} <= {64, 128, frames}


def test_whatever_the_length_a_card_meets_only_what_it_has_met() -> None:
    decoder = on_a_card(loaded().module)
    x = latents(256, batch=4)
    for window, batch in decoder.unmet(256, 4, alone=True):
        decoder.decode(x[:batch], window)
    assert decoder.unmet(256, 4, alone=True) == []
    met = set(decoder._met)
    for samples in (1, 500, 64 * RATIO, 101 * RATIO + 3, 256 * RATIO):
        for alone in (True, False):
            start = 0
            while start < samples:
                window = decoder.window_at(start, samples, 256, alone=alone)
                assert {(window.latents, decoder.together(count, window, alone=alone)) for count in (1, 3, 4)} <= met
                start += window.samples
    assert decoder.together(3, decoder.window_at(0, 10 * RATIO, 256), alone=False) == 2
    # Without anything met, one at a time.
    assert on_a_card(loaded().module).together(9, decoder.window_at(0, 10 * RATIO, 256), alone=True) == 1


def test_a_call_on_a_card_stays_within_its_bound() -> None:
    decoder = on_a_card(loaded().module)
    x = latents(256, batch=4)
    for window, batch in decoder.unmet(256, 4, alone=True):
        decoder.decode(x[:batch], window)
    for most in (1024, 256, 130, 64):
        decoder.bound(most)
        for alone in (True, False):
            window = decoder.window_at(0, 256 * RATIO, 256, alone=alone)
            assert window.latents * decoder.together(4, window, alone=alone) <= most
    usual = decoder.window_at(0, 256 * RATIO, 256).latents
    decoder.bound(1024)
    decoder.use_smaller_windows()
    assert usual == 64
    assert decoder.window_at(0, 256 * RATIO, 256).latents == 128
    decoder.use_usual_windows()
    assert decoder.window_at(0, 256 * RATIO, 256).latents == 256


def test_other_devices_take_any_window_for_any_number() -> None:
    decoder = decoder_of(loaded().module)
    window = decoder.window_at(0, 100 * RATIO, 200)
    decoder.bound(10)
    assert decoder.window_at(0, 100 * RATIO, 200) == window
    assert decoder.together(7, window, alone=True) == 7
    assert decoder.unmet(200, 8, alone=True) == []
    stock = StockDecoder(loaded().module)
    assert stock.together(7, stock.window_at(0, 5, 20), alone=False) == 7
    assert stock.unmet(20, 8, alone=True) == []


def test_what_is_decoded_whole_is_met_whole() -> None:
    from stable_audio_tools.models.pretransforms import WaveletPretransform

    module, _ = tiny_model("v")
    module.pretransform.model.pretransform = WaveletPretransform(channels=1, levels=1, wavelet="bior4.4")
    decoder = on_a_card(module)
    assert [(window.latents, batch) for window, batch in decoder.unmet(30, 2, alone=True)] == [(30, 1), (30, 2)]


def test_stock_s_decoder_is_on_a_card_only_to_be_copied() -> None:
    places: list[str] = []
    decoder = SimpleNamespace(to=lambda device: places.append(str(device)))
    module = SimpleNamespace(pretransform=SimpleNamespace(model=SimpleNamespace(decoder=decoder)))
    with stock_decoder_on(module, CPU):
        pass
    with stock_decoder_on(SimpleNamespace(pretransform=None), torch.device("cuda")):
        pass
    assert places == []
    with stock_decoder_on(module, torch.device("cuda")):
        assert places == ["cuda"]
    assert places == ["cuda", "cpu"]
    with pytest.raises(NotOobleckError), stock_decoder_on(module, torch.device("cuda")):
        raise NotOobleckError("something else")
    assert places[2:] == ["cuda"]


def test_bytes_of_a_module_are_told_by_device() -> None:
    layer = torch.nn.Linear(3, 4)
    assert module_bytes(layer) == module_bytes(layer, CPU) == 4 * 16
    assert module_bytes(layer, torch.device("cuda")) == 0
    assert module_bytes(None) == 0
