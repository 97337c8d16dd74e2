from types import SimpleNamespace

import pytest
import torch

from training import decoder
from training.decoder import Adversary, Batch
from training.losses import ReconstructionLoss
from training.presets import RATIO
from training.team import Team


@pytest.fixture
def batch():
    torch.manual_seed(0)
    made, real = 0.1 * torch.randn(2, 2, 2, 24 * RATIO)
    return Batch(made.requires_grad_(), real, torch.tensor([0, 3]))


def test_each_split_is_heard_by_middle_and_side_and_by_left_and_right():
    clips = SimpleNamespace(prompts=["dry organ"], families=torch.tensor([0]))
    for count in (1, 2, 3, 4):
        examples = decoder.Examples([clips] * count, None, None)
        both = {(split, way) for split in range(count) for way in (False, True)}
        # What the adversary's terms weigh is looked at in all of these cases, too.
        for every in (1, decoder.WEIGH_EVERY):
            steps = range(0, 2 * count * every, every)
            assert {(step % count, examples.by_channel(step)) for step in steps} == both


def heard(batch):
    loss = ReconstructionLoss()
    return loss, loss.hear(batch.made), loss.hear(batch.real)


def test_the_adversary_learns_for_itself_alone(batch):
    adversary = Adversary()
    _, made, real = heard(batch)
    assert float(adversary.learn(made, real, batch.families)) > 0
    assert batch.made.grad is None
    assert all(value.grad is not None for value in adversary.parameters())


def test_the_decoder_is_taught_and_the_adversary_stays_as_it_was(batch):
    adversary = Adversary()
    _, made, real = heard(batch)
    torch.stack(adversary.teach(made, real, batch.families)).sum().backward()
    assert batch.made.grad.abs().sum() > 0
    assert all(value.grad is None and value.requires_grad for value in adversary.parameters())


def test_what_the_adversary_says_weighs_by_the_sizes_of_gradients(batch, monkeypatch):
    monkeypatch.setattr(decoder, "FOLLOW", 1.0)
    monkeypatch.setattr(decoder, "MOST", 1e9)
    adversary = Adversary()
    loss, made, real = heard(batch)
    distances, terms = (
        loss.compare(batch.made, batch.real, made, real)["total"],
        adversary.teach(made, real, batch.families),
    )
    adversary.weigh(distances, terms, batch.made, Team())
    (whole,) = torch.autograd.grad(distances, batch.made, retain_graph=True)
    for weight, term in zip(adversary.weights, terms, strict=True):
        # Not of both multiplied: the discriminator rounds gradients to half precision on their way.
        (own,) = torch.autograd.grad(term, batch.made, retain_graph=True)
        assert float(weight * own.norm()) == pytest.approx(decoder.BESIDE * float(whole.norm()), rel=1e-4)
    monkeypatch.setattr(decoder, "MOST", 1e-6)
    adversary.weigh(distances, terms, batch.made, Team())
    assert adversary.weights.tolist() == pytest.approx([1e-6, 1e-6])
