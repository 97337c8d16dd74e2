"""The inverse wavelet against stable-audio-tools' own."""

from types import SimpleNamespace

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from midifrag.engine.network.wavelet import InverseWavelet, quick_decode
from tests.engine.stock import loaded

CPU = torch.device("cpu")


def wavelet(channels: int = 2, levels: int = 7, name: str = "bior4.4") -> object:
    loaded()  # stable-audio-tools is imported as midifrag does it, without a word
    from stable_audio_tools.models.pretransforms import WaveletPretransform

    return WaveletPretransform(channels, levels, name)


def bands(channels: int, levels: int, length: int, batch: int = 1) -> torch.Tensor:
    return torch.randn(batch, channels * 2**levels, length, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("channels", "levels", "name"), [(2, 7, "bior4.4"), (1, 3, "bior2.2"), (2, 4, "bior6.8")])
@pytest.mark.parametrize("length", [8, 9, 140])
def test_it_is_the_stock_one(channels: int, levels: int, name: str, length: int) -> None:
    stock = wavelet(channels, levels, name)
    x = bands(channels, levels, length, batch=2)
    with torch.inference_mode():
        theirs, ours = stock.decode(x), quick_decode(stock, CPU)(x)
        alone = quick_decode(stock, CPU)(x[1:])
    rounding = 2e-6 * float(theirs.abs().max())
    torch.testing.assert_close(ours, theirs, atol=rounding, rtol=0)
    torch.testing.assert_close(ours[1:], alone, atol=rounding, rtol=0)


def test_nothing_is_left_to_onednn_which_makes_code_for_each_length() -> None:
    stock, x = wavelet(), bands(2, 7, 24)
    with torch.inference_mode(), profile(activities=[ProfilerActivity.CPU], acc_events=True) as seen:
        quick_decode(stock, CPU)(x)
    names = {event.name for event in seen.events()}
    assert "aten::mm" in names
    assert not [name for name in names if "mkldnn" in name or name == "aten::_convolution"]


def test_what_is_no_wavelet_or_lies_on_a_card_decodes_by_itself() -> None:
    stock = wavelet()
    assert isinstance(quick_decode(stock, CPU), InverseWavelet)
    assert quick_decode(stock, torch.device("cuda")) == stock.decode
    other = SimpleNamespace(decode=lambda z: z + 1)
    assert quick_decode(other, CPU)(1) == 2
