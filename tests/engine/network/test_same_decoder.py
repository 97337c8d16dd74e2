"""The decoder of Stable Audio 3 against stock's, whole and in windows."""

import pytest
import torch

from midifrag.engine.loading.model import Model
from midifrag.engine.network.same_decoder import NotSameError, SameDecoder
from midifrag.engine.network.windowed import SMALLEST_WINDOW
from tests.engine.network.test_decoder import everything
from tests.engine.sa3_models import DOWNSAMPLING as RATIO
from tests.engine.sa3_models import LATENT_CHANNELS, Sort, sa3
from tests.engine.stock import loaded

CPU = torch.device("cpu")
FRAMES = 96


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    return {sort: sa3(sort) for sort in ("small", "medium")}


def latents(frames: int = FRAMES, batch: int = 1) -> torch.Tensor:
    return torch.randn(batch, LATENT_CHANNELS, frames, generator=torch.Generator().manual_seed(3))


def decoder_of(model: Model, dtype: torch.dtype = torch.float32) -> SameDecoder:
    return SameDecoder(model.module, dtype, CPU)


@pytest.mark.parametrize("samples", [FRAMES * RATIO, FRAMES * RATIO - 17, 35 * RATIO + 1, 5])
@pytest.mark.parametrize("sort", ["small", "medium"])
def test_windows_are_the_whole(models: dict[str, Model], sort: Sort, samples: int) -> None:
    decoder, x = decoder_of(models[sort]), latents()
    for _ in range(10):
        decoder.use_smaller_windows()
    audio, count = everything(decoder, x, samples)
    stock = models[sort].module.pretransform.model.decode(x)[..., :samples]
    assert count == -(-samples // (SMALLEST_WINDOW * RATIO))
    torch.testing.assert_close(audio, stock, atol=1e-5 * float(stock.abs().max()), rtol=0)


@pytest.mark.parametrize("sort", ["small", "medium"])
@pytest.mark.parametrize("first", [32, 33])
def test_a_window_has_what_its_samples_depend_on(models: dict[str, Model], sort: Sort, first: int) -> None:
    """What is outside changes nothing; what is inside does."""
    decoder, x = decoder_of(models[sort]), latents()
    start, stop = first * RATIO, (first + 8) * RATIO
    one, other = decoder._reach(start, stop)
    whole = type(decoder.window_at(0, 1, FRAMES))(0, FRAMES, start, stop - start)
    plain = decoder.decode(x, whole)
    for far in (one - 1, other):
        outside = x.clone()
        outside[..., far] += 10
        assert torch.equal(decoder.decode(outside, whole), plain)
    for near in (one, other - 1) if first % 2 == 0 and sort == "small" else (first - 1, first + 8):
        inside = x.clone()
        inside[..., near] += 10
        assert not torch.equal(decoder.decode(inside, whole), plain)


def test_the_small_one_sees_two_latents_on_each_side_and_begins_at_even_ones(models: dict[str, Model]) -> None:
    decoder = decoder_of(models["small"])
    assert decoder._reach(32 * RATIO, 40 * RATIO) == (30, 42)
    assert decoder._reach(33 * RATIO, 41 * RATIO) == (30, 44)
    assert decoder.window_at(32 * RATIO, FRAMES * RATIO, FRAMES).first == 30
    # Where a chunk would be cut in two, all is decoded at once.
    assert decoder.window_at(32 * RATIO, 90 * RATIO, 95).last == 95


def test_batches_decode_as_single_ones(models: dict[str, Model]) -> None:
    decoder, x = decoder_of(models["small"]), latents(40, batch=3)
    audio, _ = everything(decoder, x, 40 * RATIO)
    for index in range(3):
        alone, _ = everything(decoder, x[index : index + 1], 40 * RATIO)
        torch.testing.assert_close(audio[index : index + 1], alone, atol=1e-5, rtol=1e-5)


def test_half_precision_decodes_close_and_counts_its_copy(models: dict[str, Model]) -> None:
    model, x = models["small"], latents(32)
    decoder = decoder_of(model, torch.bfloat16)
    audio, _ = everything(decoder, x, 32 * RATIO)
    stock = model.module.pretransform.model.decode(x)
    assert 1e-4 < float((audio - stock).norm() / stock.norm()) < 0.05
    assert decoder.memory == 2 * sum(each.numel() for each in model.module.pretransform.model.decoder.parameters())
    assert decoder_of(model).memory == 0


def test_other_decoders_are_none() -> None:
    with pytest.raises(NotSameError, match="OobleckDecoder"):
        decoder_of(loaded())
