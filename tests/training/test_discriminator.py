import torch

from training.discriminator import LOOKS, Discriminator, given_away, mistaken, unlike
from training.losses import BANDS, ReconstructionLoss
from training.presets import RATIO


def sounds(kind, count):
    time = torch.arange(24 * RATIO) / 44_100
    if kind == "tone":
        return 0.3 * torch.sin(2 * torch.pi * torch.empty(count, 2, 1).uniform_(200, 2000) * time)
    return 0.1 * torch.randn(count, 2, len(time))


def mels(audio):
    return ReconstructionLoss().hear(audio).mels


def test_it_sees_bands_that_are_compared_in_any_case():
    assert set(LOOKS) <= set(BANDS)


def test_it_learns_what_real_sounds_are_and_what_they_are_meant_to_be():
    torch.manual_seed(0)
    discriminator = Discriminator(8)
    optimiser = torch.optim.AdamW(discriminator.parameters(), lr=1e-2)
    real = {"tone": 0, "noise": 1}
    course = []
    for _ in range(40):
        audio = torch.cat([sounds("tone", 2), sounds("noise", 2)])
        right, swapped = torch.tensor([0, 0, 1, 1]), torch.tensor([1, 1, 0, 0])
        heard = mels(audio)
        # The same sounds: what tells them apart is what they are meant to be alone.
        wrong = mistaken(discriminator(heard, swapped), discriminator(heard, right))
        course.append(wrong.item())
        optimiser.zero_grad()
        wrong.backward()
        optimiser.step()
    with torch.no_grad():
        for kind, number in real.items():
            heard = mels(sounds(kind, 2))
            fitting, other = (discriminator(heard, torch.tensor([n, n])) for n in (number, 1 - number))
            assert float(given_away(fitting)) < float(given_away(other))
    assert course[-1] < 0.1 * course[0]


def test_a_decoder_is_taught_by_it():
    torch.manual_seed(0)
    discriminator, families = Discriminator(8), torch.tensor([0, 1])
    made = sounds("noise", 2).requires_grad_()
    seen = discriminator(mels(made), families)
    with torch.no_grad():
        same, other = discriminator(mels(made), families), discriminator(mels(sounds("tone", 2)), families)
    assert unlike(seen, same).item() == 0
    assert unlike(seen, other).item() > 0.1
    (gradient,) = torch.autograd.grad(given_away(seen), made)
    assert gradient.abs().sum() > 0
