import math

import pytest
import torch

from training import losses
from training.losses import BANDS, ReconstructionLoss
from training.spectra import Spectra, mel_bank


@pytest.mark.parametrize("window", [128, 2048, 8192])
def test_spectra_are_fourier_transforms(window):
    torch.manual_seed(0)
    audio = torch.randn(2, 3 * 8192)
    hann = torch.hann_window(window)
    expected = torch.stft(audio, window, window // 2, window=hann, center=False, return_complex=True).abs()
    torch.testing.assert_close(Spectra(window).magnitude(audio), expected[:, 1:].transpose(1, 2) / hann.sum())


def test_what_is_steady_for_long_is_compared_in_a_window_that_tells_its_partials_apart():
    time = torch.arange(4 * 8192)
    two = [torch.sin(2 * math.pi * time * frequency / 8192)[None] for frequency in (100, 104)]
    longest = max(BANDS)
    together = Spectra(longest).magnitude(two[0] + two[1])[0, 1]
    assert together[101] < 0.1 * together[99]


def test_the_loss_hears_partials_and_hiss_far_below_what_is_loudest():
    torch.manual_seed(0)
    time = torch.arange(8 * 8192 + 100) / 44_100
    low, high = (torch.sin(2 * math.pi * hertz * time).expand(2, 2, -1) for hertz in (220, 6600))
    whole = 0.5 * low + 0.001 * high
    real, later = whole[..., 100:], whole[..., :-100]
    loss = ReconstructionLoss()
    hissing = loss(later + 0.0005 * torch.randn_like(real), real)
    missing = loss(0.5 * low[..., :-100], real)
    same = loss(later, real)
    for term in ("mel", "bins"):
        assert 5 * same[term] < min(hissing[term], missing[term])


def test_a_full_scale_sine_has_magnitude_one_half():
    time = torch.arange(8192)
    audio = torch.sin(2 * math.pi * time * 32 / 512)[None]
    assert float(Spectra(512).magnitude(audio).amax()) == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize(("window", "bands"), [(2048, 96), (512, 48), (128, 16), (1024, 64)])
def test_every_mel_band_weighs_some_bins(window, bands):
    bank = mel_bank(window, bands)
    assert bank.shape == (window // 2, bands)
    assert torch.allclose(bank.sum(dim=0), torch.ones(bands), atol=1e-5)


def test_the_loss_is_nothing_for_the_same_and_grows_with_what_is_missing():
    torch.manual_seed(0)
    loss = ReconstructionLoss()
    real = torch.randn(3, 2, 8192) * 0.1
    dull = torch.nn.functional.avg_pool1d(real, 9, 1, 4)
    same, duller, silent = (float(loss(made, real)["total"]) for made in (real, dull, torch.zeros_like(real)))
    assert same < 0.05 < duller < silent


def test_the_loss_forgives_a_turned_phase():
    torch.manual_seed(0)
    loss = ReconstructionLoss()
    real = torch.randn(3, 2, 8192) * 0.1
    assert float(loss(-real, real)["total"]) < 0.5 * float(loss(torch.zeros_like(real), real)["total"])


def test_the_loss_hears_a_noise_that_is_driven_where_its_spectra_hardly_change():
    torch.manual_seed(0)
    loss = ReconstructionLoss()
    # Each channel is driven by itself, as two ears' noises are.
    noise, another = 0.1 * torch.randn(2, 3, 2, 32_768)
    driven = (10 * another).tanh()
    driven = driven * (noise.std() / driven.std())
    there = loss.hear(noise)
    other, flat = (loss.compare(made, noise, loss.hear(made), there) for made in (another, driven))
    assert float(flat["amplitudes"]) > 5 * float(other["amplitudes"])
    assert float(flat["mel"]) < 1.2 * float(other["mel"])


def test_a_loss_hears_middle_and_side_or_left_and_right():
    torch.manual_seed(0)
    left, right = 0.1 * torch.randn(2, 3, 16_384)
    loss = ReconstructionLoss()
    for channels, views in ((True, (left, right)), (False, (0.5 * (left + right), 0.5 * (left - right)))):
        heard = loss.hear(torch.stack([left, right], dim=1), channels=channels)
        for magnitude, view in zip(heard.magnitudes[2048], views, strict=True):
            torch.testing.assert_close(magnitude, loss.spectra[2048].magnitude(view))


def test_all_terms_count(monkeypatch):
    torch.manual_seed(0)
    loss = ReconstructionLoss()
    made, real = 0.1 * torch.randn(2, 3, 2, 16_384)
    terms = loss.compare(made, real, loss.hear(made), loss.hear(real))
    for name in ("linear", "mel", "bins", "wave", "amplitudes"):
        monkeypatch.setattr(losses, name.upper(), 1000.0)
        more = loss.compare(made, real, loss.hear(made), loss.hear(real))
        assert float(more["total"]) > float(terms["total"]) + 900 * float(terms[name]) > float(terms["total"])
        monkeypatch.undo()
